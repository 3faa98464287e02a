import { brandClass } from '../brand.ts'
import { checkFunction, checkInteger } from '../errors/checks.ts'
import { BrokenError, MisuseError } from '../errors/errors.ts'
import { isThenable } from '../errors/thenable.ts'
import { type Owner, ownerOf, refusalOf, waitUnder } from '../scope/owner.ts'
import { type NameOptions, titleOf } from './options.ts'
import { type QueueOwner, Waiter, WaitQueue } from './wait-queue.ts'

/** Options of a Barrier. */
export interface BarrierOptions extends NameOptions {
  /**
   * Called by the last one to arrive, before any goes on: what has to be done once a round, while nobody works. It must not wait. If it
   * throws, the barrier is broken, as by `abort`: the last one gets the error itself, the others `SKEIN_BROKEN`. Default: nothing.
   */
  readonly action?: () => void
}

const known: ReadonlySet<string> = new Set(['name', 'action'])

/** The counts of a barrier. */
export interface BarrierStats {
  /** The number that have to arrive. */
  readonly parties: number
  /** The number that have arrived and wait. */
  readonly waiting: number
  /** True after `abort`, until `reset`. */
  readonly broken: boolean
}

/**
 * Makes a number of tasks wait for each other: when the last one arrives, all go on, and the barrier is ready for the next
 * round.
 *
 * Each gets its index in the order of arrival; exactly one, the last, gets `parties - 1`, which is a good one to do what
 * has to be done once a round. To wait for tasks to end, no barrier is needed: a scope does that.
 *
 * **Cancellation**: `wait` is a cancel point. Who is cancelled has not arrived: the others wait for another one to come.
 *
 * **Errors**: `SKEIN_BROKEN` after `abort`, and for those who wait when it is reset.
 *
 * @example
 * import { Barrier, scope } from 'skein'
 *
 * const round = new Barrier(3)
 * const indexes: number[] = []
 * await scope(async s => {
 *   for (let i = 0; i < 3; i++) s.spawn(async s => { indexes.push(await round.wait(s)) })
 * })
 * console.log(indexes.sort((a, b) => a - b).join(' ')) // 0 1 2
 */
export class Barrier implements QueueOwner {
  static {
    brandClass(this, 'Barrier')
  }

  /** Its title in errors: `barrier 'round'`. */
  readonly title: string
  /** The number that have to arrive. */
  readonly parties: number
  readonly #action: (() => unknown) | undefined
  #broken = false
  readonly #line: WaitQueue<number> = new WaitQueue(this)

  /**
   * @param parties how many have to arrive: an integer from 1 up
   * @param options `action`: what is done once a round, before all go on; `name`: how it is called in errors and dumps
   */
  constructor(parties: number, options: BarrierOptions = {}) {
    checkInteger(parties, 'parties', 1)
    this.title = titleOf('barrier', options, known)
    if (options.action !== undefined) checkFunction(options.action, 'action')
    this.parties = parties
    this.#action = options.action
  }

  /** True after `abort`, until `reset`. */
  get broken(): boolean {
    return this.#broken
  }

  /**
   * Waits until all have arrived, and resolves to the index in the order of arrival, from 0.
   *
   * **Cancellation**: a cancel point.
   *
   * **Errors**: `SKEIN_BROKEN`, `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  wait(owner?: Owner): Promise<number> {
    try {
      const by = ownerOf(owner)
      const refusal = refusalOf(by, this.title)
      if (refusal !== undefined) return Promise.reject(refusal)
      const index = this.tryWait()
      if (index !== undefined) return Promise.resolve(index)
      return waitUnder(new Waiter(this.#line, undefined), by, this.title)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Arrives only if that completes the round, and returns its index then; else undefined. Not a cancel point.
   *
   * **Errors**: `SKEIN_BROKEN`; what the action throws.
   */
  tryWait(): number | undefined {
    if (this.#broken) throw new BrokenError(`${this.title} was aborted. Call reset() to use it again.`)
    const last = this.parties - 1
    if (this.#line.size < last) return undefined
    if (this.#action !== undefined) this.#act(this.#action)
    for (let index = 0; index < last; index++) this.#line.shift()?.settle(index)
    return last
  }

  /** Breaks the waits of all who have arrived, and of all who come until `reset`: for when one of the parties cannot come. */
  abort(): void {
    this.#broken = true
    this.#line.failAll(
      new BrokenError(`${this.title} was aborted while waiting for the others. Call reset() to use it again.`),
    )
  }

  /** Begins anew: breaks the waits of those who have arrived, and takes back `abort`. */
  reset(): void {
    this.#broken = false
    this.#line.failAll(
      new BrokenError(`${this.title} was reset while waiting for the others. Arrive again for the next round.`),
    )
  }

  /** The number that have arrived, at this moment. */
  stats(): BarrierStats {
    return Object.freeze({ parties: this.parties, waiting: this.#line.size, broken: this.#broken })
  }

  #act(action: () => unknown): void {
    try {
      const given = action()
      if (isThenable(given)) {
        Promise.resolve(given).catch(() => {})
        throw new MisuseError(
          `The action of ${this.title} returned a promise, but nobody goes on before it has returned, so it must not wait. Let the ` +
            `one that gets the index ${this.parties - 1} do what waits.`,
        )
      }
    } catch (error) {
      this.abort()
      throw error
    }
    if (this.#broken)
      throw new BrokenError(`${this.title} was aborted by its own action. Call reset() to use it again.`)
  }

  /** @internal */
  describe(): string {
    return `${this.title}, ${this.#line.size} of ${this.parties} have arrived`
  }
}
