import type { ControlMessage } from '../../celery/remote/control.ts'
import type { EventMessage } from '../../celery/remote/events.ts'

/**
 * The remote control of Celery: workers hear commands, answer them, and tell what happens. Nothing of it is kept: what is said while
 * nobody listens is lost, as in Celery.
 */
export interface Remote {
  /** The place of the broker, for those who ask a worker for it. */
  readonly server: RemoteServer
  /** Hears the commands that are given to workers. Resolves once none is missed any more, with the function that ends it. */
  listen(hear: (command: ControlMessage) => void): Promise<() => void>
  /** Answers a command, under the address that came with it. Nothing is sent where nobody waits there. */
  answer(to: { readonly exchange: string; readonly routingKey: string }, reply: ControlMessage): Promise<void>
  /** Tells events to those who listen. */
  tell(events: readonly EventMessage[]): Promise<void>
}

/** The place of a broker, without its password. */
export interface RemoteServer {
  /** `redis`, `amqp` */
  readonly transport: string
  readonly hostname: string
  readonly port: number
  /** The number of the database, or the name of the virtual host. */
  readonly virtualHost: string
  readonly user?: string
  readonly ssl: boolean
}
