import { monotonic, since } from '../../core/time/clock.ts'
import { Timer } from '../../core/time/timer.ts'
import type { Scope } from '../../core/scope/scope.ts'
import type { ScopeSource } from '../../core/scope/slot.ts'
import type { Store } from '../../stores/roles/store.ts'
import { jobAsk } from '../inside/asks.ts'
import type { ThisJob } from '../inside/this-job.ts'

/** A wait that lasts so long, in milliseconds, is looked at, and again after as much. */
const lookAfter = 5_000

/** So many waits are looked at in that time, however many there are: a job may wait for thousands of others. */
const mostLooks = 100

/** The tasks, waiting and waited for, of which this program has said it already. */
const told = new Set<string>()

/** Counts the looks at the waits of one connection. */
export class Looks {
  #since = -Infinity
  #count = 0

  /** True when there may be another one now, which is counted. */
  take(): boolean {
    if (since(this.#since) >= lookAfter) {
      this.#since = monotonic()
      this.#count = 0
    }
    return this.#count++ < mostLooks
  }
}

/**
 * Notices that a job waits for another one that cannot start, since all places that could run it are taken, one of them by the
 * job that waits: where that is the only place, neither ever ends. Says so as a warning of the process, once for each two tasks.
 *
 * It asks nothing before the wait has lasted for seconds, and there is none for what is waited for outside of a job.
 */
export class StuckWait {
  readonly #store: Store
  readonly #looks: Looks
  readonly #by: ScopeSource
  readonly #id: string
  #timer: Timer
  #over = false

  /**
   * @param looks those of all waits of the same connection
   * @param by the task that waits
   * @param id the job that it waits for
   */
  constructor(store: Store, looks: Looks, by: ScopeSource, id: string) {
    this.#store = store
    this.#looks = looks
    this.#by = by
    this.#id = id
    this.#timer = this.#arm()
  }

  /** The wait is over. */
  stop(): void {
    this.#over = true
    this.#timer.clear()
  }

  #arm(): Timer {
    return new Timer(lookAfter, () => void this.#look(), undefined, false)
  }

  async #look(): Promise<void> {
    try {
      if (await this.#isStuck()) return
    } catch {
      // A store that cannot be asked now; the wait itself will hear of it.
    }
    if (!this.#over) this.#timer = this.#arm()
  }

  /** True when there is nothing more to look for. */
  async #isStuck(): Promise<boolean> {
    const { inspector, registry } = this.#store
    const { services } = this.#by.toScope() as Scope
    if (services?.ask === undefined || inspector?.find === undefined || registry === undefined) return true
    if (!this.#looks.take()) return false
    const parent = (await services.ask(jobAsk, undefined)) as ThisJob
    const child = await inspector.find(this.#id)
    if (child?.state !== 'ready') return child === undefined
    const at = (await inspector.find(parent.id))?.worker
    const able = (await registry.workers()).filter(
      ({ queues, tasks }) => queues.includes(child.queue) && tasks.includes(child.task),
    )
    if (!able.some(({ worker }) => worker === at) || able.some(each => each.running < each.concurrency)) return false
    const pair = `${parent.task} ${child.task}`
    if (told.has(pair)) return true
    told.add(pair)
    const places = able.reduce((sum, { concurrency }) => sum + concurrency, 0)
    process.emitWarning(
      `Job ${parent.id}, task ${parent.task}, waits for job ${child.id}, task ${child.task}, which cannot start: ` +
        `${places === 1 ? 'the only place' : `each of the ${places} places`} that could run it is taken, ` +
        `${places === 1 ? '' : 'one of them '}by the job that waits. Give the workers more places (concurrency, workers), ` +
        `run the jobs that are waited for in a queue and a worker of their own, or submit them at the end of the job instead of ` +
        `waiting for them.`,
      { type: 'SkeinQueueWarning' },
    )
    return true
  }
}
