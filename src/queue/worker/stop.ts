import { monotonic } from '../../core/time/clock.ts'
import { Timer } from '../../core/time/timer.ts'
import type { StopReport } from './reports.ts'
import type { WorkerCore } from './worker.ts'

/** The part of the time that is kept for writing what has come of jobs that were broken off, in milliseconds. */
const forWriting = 1_000
/** The part of the time that is kept for closing, in milliseconds. */
const forClosing = 500
/** The pause between two looks after what the executor has taken back into its queue, in milliseconds. */
const lookEvery = 50

/**
 * The way in which a worker stops, with one deadline for all of it:
 *
 *     stop claiming, hand back what has not started -> let run -> abort -> (after the executor's grace: by force) -> write -> close
 *
 * `hurry` skips to the abort. What was broken off goes back too, and its attempt does not count. A store that takes nothing, since
 * another program keeps it locked, does not hold it up: what is not written by then is given up.
 */
export class Stop {
  readonly #core: WorkerCore
  /** The time that jobs have to finish by themselves, in milliseconds. */
  readonly #patience: number
  /** The time that is kept for breaking off what then still runs, for writing, and for closing. */
  readonly #reserve: number
  /** The end of all of it, by the clock that never goes back. */
  #endsAt = Infinity
  #deadline: Timer | undefined
  #hurried = false
  #late = false
  #wake: (() => void) | undefined

  /**
   * @param timeout milliseconds until all has to be over; Infinity lets everything finish
   * @param grace what the executor grants a job that is asked to stop, in milliseconds
   */
  constructor(core: WorkerCore, timeout: number, grace: number) {
    this.#core = core
    this.#reserve = grace + forWriting + forClosing
    this.#patience = Math.max(0, timeout - this.#reserve)
  }

  /** Does not wait any longer: what runs is broken off, which takes no longer than the reserve. */
  hurry(): void {
    if (this.#hurried) return
    this.#hurried = true
    this.#endAt(monotonic() + this.#reserve)
    this.#wake?.()
  }

  /** The time that is left for closing, in milliseconds. */
  get left(): number {
    return Math.max(0, this.#endsAt - monotonic())
  }

  async run(): Promise<StopReport> {
    const core = this.#core
    const before = { ...core.counts }
    this.#endAt(monotonic() + this.#patience + this.#reserve)
    const abort = new Timer(this.#patience, () => this.hurry(), undefined)
    core.onChange = () => this.#wake?.()
    try {
      let claimsAreIn = false
      void core.stopClaiming().then(() => {
        claimsAreIn = true
        this.#wake?.()
      })
      await this.#until(() => claimsAreIn || this.#hurried)
      await this.#until(() => core.held === 0 || this.#hurried)
      for (const attempt of core.attempts) core.stop(attempt, { kind: 'shutdown' })
      await this.#until(() => (claimsAreIn && core.held === 0 && core.unsettled === 0) || this.#late)
    } finally {
      abort.clear()
      this.#deadline?.clear()
      core.onChange = undefined
    }
    const after = core.counts
    const ended = (['done', 'failed', 'retried', 'cancelled', 'dead'] as const).map(each => after[each] - before[each])
    return {
      finished: ended.reduce((sum, each) => sum + each, 0),
      handedBack: Math.max(0, after.released - before.released - core.interrupted.length),
      interrupted: core.interrupted,
      unwritten: core.giveUp(),
    }
  }

  #endAt(time: number): void {
    this.#endsAt = time
    this.#deadline?.clear()
    this.#deadline = new Timer(
      Math.max(0, time - forClosing - monotonic()),
      () => {
        this.#late = true
        this.#wake?.()
      },
      undefined,
    )
  }

  async #until(reached: () => boolean): Promise<void> {
    while (!reached()) {
      await new Promise<void>(resolve => {
        const timer = new Timer(lookEvery, resolve, undefined)
        this.#wake = () => {
          timer.clear()
          resolve()
        }
      })
      this.#wake = undefined
      // What a thread had at hand unstarted may have gone back to the executor's queue.
      this.#core.handBack()
    }
  }
}
