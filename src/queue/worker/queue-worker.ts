import { onShutdown } from '../../core/program/shutdown.ts'
import { clearInterval, setInterval } from '../../core/time/platform.ts'
import { brandClass } from '../../core/brand.ts'
import { hostname } from 'node:os'
import { type Duration, milliseconds } from '../../core/time/duration.ts'
import type { SkeinEvent } from '../../core/events/event.ts'
import { Observers } from '../../core/events/observers.ts'
import { longestDelay } from '../../core/time/real-timer.ts'
import { TimeoutError } from '../../core/errors/errors.ts'
import { Timer } from '../../core/time/timer.ts'
import { settlesWithin } from '../../core/time/settles-within.ts'
import { checkKnown } from '../../core/errors/checks.ts'
import type { ExecutorSurface } from '../../call/run/surface.ts'
import type { Store } from '../../stores/roles/store.ts'
import type { Allowlist } from './allowlist.ts'
import { JobTeller } from './job-teller.ts'
import type { QueueWorkerStats, StopReport, WorkerHealth } from './reports.ts'
import { healthOf } from './health.ts'
import { type HealthServer, serveHealth } from './health-server.ts'
import { FleetMember, type FleetSettings } from './celery/fleet-member.ts'
import { ScheduleDriver } from '../schedules/driver.ts'
import { Stop } from './stop.ts'
import { WorkerCore } from './worker.ts'

/** The pause between two announcements that a worker is alive, in milliseconds. */
const announceEvery = 5_000

/** The time that each of the last steps of a stop has at least, in milliseconds. */
const leastForOne = 100

/** The time for which a worker is closed before its program ends regardless, in milliseconds. */
const beforeExit = 500

/** Options of a worker's `close`. */
export interface CloseWorkerOptions {
  /**
   * The one deadline for all of it: jobs that run may finish until shortly before, then they are asked to stop, then they
   * are stopped by force. 0 asks them at once, which then takes as long as the worker's `grace` at most. Default: '30s'.
   */
  readonly timeout?: Duration
}

/** Runs the jobs of a store; `work` starts one. */
export interface QueueWorker extends AsyncDisposable {
  /** As it appears in the store: host, process and a random part. */
  readonly id: string
  /** The names of the tasks that it runs, as messages carry them. */
  readonly tasks: readonly string[]
  readonly queues: readonly string[]
  /** The port of the health page; undefined without one. */
  readonly healthPort: number | undefined
  /** Resolves when it has stopped, with what it left behind. Never rejects. */
  readonly done: Promise<StopReport>
  /** Its numbers, right now. */
  stats(): QueueWorkerStats
  /** Its health: whether it does its work. */
  health(): WorkerHealth
  /**
   * Reports what happens from now on to the jobs that it takes, and to itself, in the words of every executor: see
   * `CallEvent` and `WorkerEvent`. The end of an attempt is reported once the store has it.
   *
   * What the listener throws harms nothing: it is reported once, as a process warning, and the listener hears on.
   *
   * @returns ends that
   */
  observe(listener: (event: SkeinEvent) => void): () => void
  /**
   * Stops, with one deadline for everything: takes no more jobs, hands back those that have not started, lets the others
   * run, breaks off what still runs shortly before the deadline, and writes what is to be written. A second call with a
   * shorter timeout hurries the first one.
   */
  close(options?: CloseWorkerOptions): Promise<StopReport>
}

/** The parts of a worker, which it closes in the end. */
export interface QueueWorkerParts {
  readonly store: Store
  readonly ownsStore: boolean
  readonly executor: ExecutorSurface
  readonly ownsExecutor: boolean
  readonly tasks: Allowlist
  readonly queues: readonly string[]
  readonly lease: number
  readonly grace: number
  readonly rates: Readonly<Record<string, { readonly count: number; readonly per: number }>>
  readonly stopTimeout: number
  /** False: no timers that only look whether all is well. */
  readonly pulse: boolean
  /** Its part in a fleet of Celery; undefined where it is to have none. */
  readonly fleet: FleetSettings | undefined
}

/** The worker as its user holds it: its heart, its pulse, its health page and its end. */
export class QueueWorkerHandle implements QueueWorker {
  static {
    brandClass(this, 'QueueWorker')
  }

  readonly id: string = `${hostname()}:${process.pid}:${Math.random().toString(36).slice(2, 8)}`
  readonly tasks: readonly string[]
  readonly done: Promise<StopReport>
  readonly #parts: QueueWorkerParts
  readonly #core: WorkerCore
  /** Absent where the store keeps no schedules. */
  readonly #driver: ScheduleDriver | undefined
  /** Absent where the store has no remote control. */
  readonly #fleet: FleetMember | undefined
  readonly #observers = new Observers<SkeinEvent>()
  readonly #teller: JobTeller
  /** A worker that waits for jobs keeps its program running, as a server does. */
  readonly #alive = setInterval(() => {}, longestDelay)
  #state: 'running' | 'stopping' | 'stopped' = 'running'
  #stop: Stop | undefined
  #tellDone!: (report: StopReport) => void
  #pulse: Timer | undefined
  #server: HealthServer | undefined
  #consuming = true
  /** Takes back the wish to hear of the program's end. */
  #ignoreShutdown: (() => void) | undefined

  constructor(parts: QueueWorkerParts) {
    this.#parts = parts
    this.tasks = parts.tasks.names
    this.done = new Promise(resolve => (this.#tellDone = resolve))
    this.#teller = new JobTeller(this.id, this.#observers)
    this.#core = new WorkerCore({
      worker: this.id,
      store: parts.store,
      executor: parts.executor,
      tasks: parts.tasks,
      queues: parts.queues,
      lease: parts.lease,
      rates: parts.rates,
      teller: this.#teller,
      rules: {
        isRevoked: attempt => this.#fleet?.isRevoked(attempt) === true,
        limitsOf: attempt => this.#fleet?.limitsOf(attempt),
      },
    })
    this.#fleet = this.#teller.watcher = this.#memberOf(parts)
    const { schedules, results } = parts.store
    this.#driver =
      schedules &&
      new ScheduleDriver({
        schedules,
        results,
        pulse: parts.pulse,
        trouble: error => this.#teller.trouble('drive schedules', error),
      })
  }

  /** Begins to take jobs, once the store knows of the worker. */
  async start(health: { readonly port: number; readonly host: string } | undefined): Promise<void> {
    await this.#announce()
    if (health) this.#server = await serveHealth(() => this.health(), health.port, health.host)
    if (this.#parts.pulse) this.#armPulse()
    this.#core.start(this.#parts.pulse)
    this.#driver?.start()
    await this.#fleet?.start()
    const { stopTimeout } = this.#parts
    this.#ignoreShutdown = onShutdown(
      (_, within) => void this.close({ timeout: Math.min(stopTimeout, Math.max(0, within - beforeExit)) }),
    )
  }

  get healthPort(): number | undefined {
    return this.#server?.port
  }

  get queues(): readonly string[] {
    return this.#core.queues
  }

  stats(): QueueWorkerStats {
    const core = this.#core
    const { running } = core
    const waiting = Math.max(0, core.held - running)
    return {
      worker: this.id,
      state: this.#state,
      running,
      waiting,
      capacity: this.#parts.executor.capacity,
      ...core.counts,
    }
  }

  health(): WorkerHealth {
    const { intake, resting, running, held, blocked } = this.#core
    return healthOf({
      intake,
      resting,
      state: this.#state,
      running,
      held,
      capacity: this.#parts.executor.capacity,
      blocked,
    })
  }

  observe(listener: (event: SkeinEvent) => void): () => void {
    return this.#observers.add(listener)
  }

  close(options: CloseWorkerOptions = {}): Promise<StopReport> {
    checkKnown(options, knownClose, 'option of close')
    const timeout = options.timeout === undefined ? this.#parts.stopTimeout : milliseconds(options.timeout, 'timeout')
    if (this.#stop) {
      if (timeout === 0) this.#stop.hurry()
      else if (timeout !== Infinity && options.timeout !== undefined) this.#hurryIn(timeout)
      return this.done
    }
    this.#state = 'stopping'
    this.#teller.worker('leaving', { running: this.#core.running })
    const driven = this.#driver?.stop()
    this.#stop = new Stop(this.#core, timeout, this.#parts.grace)
    void this.#end(this.#stop, driven)
    return this.done
  }

  #memberOf({ store, tasks, executor, fleet }: QueueWorkerParts): FleetMember | undefined {
    const { remote } = store
    if (remote === undefined || fleet === undefined) return undefined
    const core = this.#core
    return new FleetMember(
      remote,
      {
        url: store.url,
        tasks: tasks.names,
        capacity: executor.capacity,
        get queues() {
          return core.queues
        },
        get attempts() {
          return core.attempts
        },
        get running() {
          return core.running
        },
        get ended() {
          const { done, failed, dead, cancelled } = core.counts
          return done + failed + dead + cancelled
        },
        hasBegun: attempt => core.hasBegun(attempt),
        takeFrom: queues => core.takeFrom(queues),
        stop: (attempt, cause) => core.stop(attempt, cause),
        trouble: (doing, error) => this.#teller.trouble(doing, error),
        close: () => void this.close(),
      },
      fleet,
    )
  }

  #hurryIn(timeout: number): void {
    const timer = new Timer(timeout, () => this.#stop?.hurry(), undefined, false)
    void this.done.then(() => timer.clear())
  }

  async #end(stop: Stop, driven: Promise<void> | undefined): Promise<void> {
    const { store, executor, ownsExecutor, ownsStore } = this.#parts
    const report = await stop.run()
    this.#state = 'stopped'
    this.#ignoreShutdown?.()
    this.#pulse?.clear()
    this.#core.release()
    const within = (part: number): number => Math.max(leastForOne, stop.left * part)
    if (driven) await this.#last('write down the terms of schedules', within(0.5), () => driven)
    await this.#last('say goodbye', within(0.5), async () => store.registry?.announce(this.id, undefined))
    if (this.#fleet) await this.#last('leave the fleet', within(0.5), async () => this.#fleet?.close())
    if (ownsExecutor) await this.#last('close the executor', within(0.5), () => executor.close({ cancel: true }))
    if (ownsStore) {
      const timeout = within(1)
      await this.#last('close the store', timeout + leastForOne, () => store.close({ timeout }))
    }
    await this.#server?.close()
    clearInterval(this.#alive)
    this.#teller.worker('gone')
    this.#tellDone(report)
  }

  /** One of the last steps: whatever becomes of it, the worker ends, and in time. */
  async #last(what: string, timeout: number, step: () => Promise<unknown>): Promise<void> {
    try {
      if (await settlesWithin(step(), timeout)) return
      const message = `It could not be done in the time that the worker had to stop, since something held it up: is another program keeping ${this.#parts.store.url} locked?`
      this.#teller.trouble(what, new TimeoutError(message, { timeout }))
    } catch (error) {
      this.#teller.trouble(what, error)
    }
  }

  #armPulse(): void {
    this.#pulse = new Timer(
      announceEvery,
      () => {
        this.#armPulse()
        this.#checkHealth()
        this.#announce().catch((error: unknown) => this.#teller.trouble('announce', error))
      },
      undefined,
      false,
    )
  }

  async #announce(): Promise<void> {
    const { store, executor } = this.#parts
    await store.registry?.announce(this.id, {
      queues: this.queues,
      tasks: this.tasks,
      concurrency: executor.capacity,
      place: executor.kind,
    })
  }

  #checkHealth(): void {
    const { consuming, reason } = this.health()
    if (consuming === this.#consuming) return
    this.#consuming = consuming
    this.#teller.worker(consuming ? 'ready' : 'blocked', { reason })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

const knownClose: ReadonlySet<string> = new Set(['timeout'])
