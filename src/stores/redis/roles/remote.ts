import { randomUUID } from 'node:crypto'
import { readEnvelope, writeEnvelope } from '../../../celery/envelope.ts'
import { channelOf } from '../../../celery/redis-keys.ts'
import type { ControlMessage } from '../../../celery/remote/control.ts'
import type { EventMessage } from '../../../celery/remote/events.ts'
import { MalformedMessageError } from '../../../core/errors/errors.ts'
import type { Remote, RemoteServer } from '../../roles/remote.ts'
import type { Handle } from '../handle.ts'
import { answer, tell } from '../scripts/remote.ts'

/** Celery's remote control as kombu has it on Redis: commands and events go out on channels, answers into lists. */
export class RedisRemote implements Remote {
  readonly server: RemoteServer
  readonly #store: Handle
  readonly #database: number
  readonly #hearing = new Set<(command: ControlMessage) => void>()

  constructor(store: Handle) {
    this.#store = store
    const { host = '127.0.0.1', port = 6379, db = 0, username, tls } = store.place.connection
    this.#database = db
    this.server = {
      transport: 'redis',
      hostname: host,
      port,
      virtualHost: `${db}`,
      ...(username === undefined ? {} : { user: username }),
      ssl: tls !== undefined,
    }
  }

  /** The channel on which all workers hear commands, without what is in front of all keys. */
  get #channel(): string {
    return channelOf('celery.pidbox', '', this.#database)
  }

  async listen(hear: (command: ControlMessage) => void): Promise<() => void> {
    this.#store.mustBeOpen()
    const { listening, place } = this.#store
    this.#hearing.add(hear)
    const unlisten = listening.want([place.prefix + this.#channel])
    await listening.settled()
    return () => {
      if (this.#hearing.delete(hear)) unlisten()
    }
  }

  async answer(
    { exchange, routingKey }: { readonly exchange: string; readonly routingKey: string },
    reply: ControlMessage,
  ): Promise<void> {
    this.#store.mustBeOpen()
    await this.#store.link.run(answer, [exchange, routingKey, enveloped(reply, exchange, routingKey)])
  }

  async tell(events: readonly EventMessage[]): Promise<void> {
    this.#store.mustBeOpen()
    const given = events.flatMap(each => [
      channelOf(each.exchange, each.routingKey, this.#database),
      enveloped(each, each.exchange, each.routingKey),
    ])
    await this.#store.link.run(tell, given)
  }

  /** @internal Something was said on a channel. Returns false for one that is not for commands. */
  heard(channel: string, text: string): boolean {
    if (channel !== this.#channel) return false
    const envelope = readEnvelope(text)
    if (envelope instanceof MalformedMessageError || envelope.body instanceof MalformedMessageError) return true
    const { headers, body } = envelope
    for (const hear of this.#hearing) hear({ headers, body })
    return true
  }
}

/** As it is sent: of use only at once. */
function enveloped({ headers, body }: ControlMessage, exchange: string, routingKey: string): string {
  return writeEnvelope({ headers, body, exchange, routingKey, deliveryTag: randomUUID(), durable: false })
}
