import { isFor, readCommand, writeReply } from '../../../celery/remote/control.ts'
import type { ControlMessage } from '../../../celery/remote/control.ts'
import { errorReply } from '../../../celery/remote/control-replies.ts'
import { MalformedMessageError } from '../../../core/errors/errors.ts'
import { now } from '../../../core/time/clock.ts'
import { settlesWithin } from '../../../core/time/settles-within.ts'
import { Timer } from '../../../core/time/timer.ts'
import type { Claim } from '../../../stores/roles/broker.ts'
import type { Remote } from '../../../stores/roles/remote.ts'
import type { Attempt, StopCause } from '../attempt.ts'
import type { Ending } from '../conclude.ts'
import type { AttemptWatcher } from '../job-teller.ts'
import type { WorkerRules } from '../rules.ts'
import { FleetClock } from './clock.ts'
import { type Commanded, Commands } from './commands.ts'
import { Revoked } from './revoked.ts'
import { defaultName, FleetTeller } from './teller.ts'

/** As Celery does. */
const defaultHeartbeat = 2_000
/** The longest that a worker waits until it hears commands before it takes jobs, in milliseconds. */
const patience = 5_000

/** The part of a worker in a fleet, as its options say it. */
export interface FleetSettings {
  readonly name: string | undefined
  readonly events: boolean
  /** Milliseconds; undefined where there is one only as long as somebody wants events. */
  readonly heartbeat: number | undefined
}

/** The worker behind it. */
export interface FleetWorker extends Pick<
  Commanded,
  'url' | 'tasks' | 'queues' | 'capacity' | 'attempts' | 'hasBegun' | 'takeFrom' | 'close'
> {
  readonly running: number
  /** The number of calls that have ended. */
  readonly ended: number
  stop(attempt: Attempt, cause: StopCause): void
  trouble(doing: string, error: unknown): void
}

/** A worker as a member of a fleet of Celery: it is heard of, answers commands and tells what happens. */
export class FleetMember implements AttemptWatcher, WorkerRules {
  readonly name: string
  readonly #remote: Remote
  readonly #worker: FleetWorker
  readonly #settings: FleetSettings
  readonly #clock = new FleetClock()
  readonly #revoked = new Revoked()
  readonly #teller: FleetTeller
  readonly #commands: Commands
  readonly #totals: Record<string, number> = Object.create(null) as Record<string, number>
  readonly #limits = new Map<string, { readonly timeout: number; readonly grace: number }>()
  #tells: boolean
  #beats: Timer | undefined
  #unlisten: (() => void) | undefined
  #closed = false

  constructor(remote: Remote, worker: FleetWorker, settings: FleetSettings) {
    this.#remote = remote
    this.#worker = worker
    this.#settings = settings
    this.name = settings.name ?? defaultName()
    this.#tells = settings.events
    this.#teller = new FleetTeller(remote, this.name, this.#clock)
    this.#commands = new Commands(this.#commanded(), remote, this.#clock, this.#revoked)
  }

  /** Joins the fleet. */
  async start(): Promise<void> {
    const listening = this.#remote.listen(command => void this.#hear(command))
    const heard = listening.then(
      unlisten => {
        if (this.#closed) unlisten()
        else this.#unlisten = unlisten
      },
      (error: unknown) => this.#worker.trouble('join the fleet', error),
    )
    await settlesWithin(heard, patience)
    await this.#beat('worker-online')
    this.#armHeartbeat()
  }

  /** Leaves the fleet. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#beats?.clear()
    this.#unlisten?.()
    await this.#teller.flush()
    await this.#beat('worker-offline')
  }

  /** True while somebody wants to hear of each call. */
  get watches(): boolean {
    return this.#tells
  }

  /** True for a call that is not to run. */
  isRevoked({ message }: Attempt): boolean {
    return this.#revoked.has(message)
  }

  limitsOf({ message, claim }: Attempt): { readonly timeout: number; readonly grace: number } | undefined {
    return message.timeout === undefined ? this.#limits.get(claim.task) : undefined
  }

  received(attempt: Attempt): void {
    const { task } = attempt.claim
    this.#totals[task] = (this.#totals[task] ?? 0) + 1
    if (this.#tells) this.#teller.received(attempt)
  }

  started(attempt: Attempt): void {
    if (this.#tells) this.#teller.started(attempt)
  }

  ended(claim: Claim, ending: Ending, attempt: Attempt | undefined): void {
    if (this.#tells) this.#teller.ended(claim, ending, attempt)
  }

  #commanded(): Commanded {
    const worker = this.#worker
    const { name } = this
    const totals = this.#totals
    return {
      name,
      totals,
      url: worker.url,
      tasks: worker.tasks,
      capacity: worker.capacity,
      get queues() {
        return worker.queues
      },
      get attempts() {
        return worker.attempts
      },
      hasBegun: attempt => worker.hasBegun(attempt),
      revoke: (attempt, reason) => worker.stop(attempt, { kind: 'cancelled', reason }),
      takeFrom: queues => worker.takeFrom(queues),
      limitTime: (task, limits) => {
        if (limits === undefined) this.#limits.delete(task)
        else this.#limits.set(task, limits)
      },
      tellEvents: on => this.#tellEvents(on),
      beat: () => void this.#beat('worker-heartbeat'),
      close: () => worker.close(),
    }
  }

  async #hear(message: ControlMessage): Promise<void> {
    const command = readCommand(message)
    if (command instanceof MalformedMessageError || this.#closed) return
    this.#clock.heard(command.clock)
    if (!isFor(command, this.name, now())) return
    const answer = this.#commands.run(command)
    const { reply } = command
    // Python answers with null where there is nothing to say, and so does not keep the one who has asked waiting; but for one that ends.
    if (reply === undefined || command.method === 'shutdown') return
    try {
      await this.#remote.answer(reply, this.#written(reply.ticket, answer ?? null))
    } catch (error) {
      if (!this.#closed) this.#worker.trouble('answer a command', error)
    }
  }

  #written(ticket: string, answer: unknown): ControlMessage {
    try {
      return writeReply(ticket, this.name, this.#clock.forward(), answer)
    } catch (error) {
      return writeReply(ticket, this.name, this.#clock.forward(), errorReply((error as Error).message))
    }
  }

  #tellEvents(on: boolean): boolean {
    if (this.#tells === on) return false
    this.#tells = on
    this.#armHeartbeat()
    return true
  }

  /** Heartbeats are sent as long as somebody wants events, or where the options say so. */
  #armHeartbeat(): void {
    this.#beats?.clear()
    const every = this.#settings.heartbeat ?? (this.#tells ? defaultHeartbeat : Infinity)
    if (every === Infinity || this.#closed) return
    this.#beats = new Timer(
      every,
      () => {
        this.#armHeartbeat()
        void this.#beat('worker-heartbeat')
      },
      undefined,
      false,
    )
  }

  #beat(type: 'worker-online' | 'worker-heartbeat' | 'worker-offline'): Promise<void> {
    const { running, ended } = this.#worker
    const every = this.#settings.heartbeat ?? defaultHeartbeat
    const frequency = every === Infinity ? defaultHeartbeat : every
    return this.#teller.worker(type, { active: running, processed: ended }, frequency / 1_000)
  }
}
