import { brandClass } from '../core/brand.ts'
import { BrokenError, InvalidArgumentError, MisuseError } from '../core/errors/errors.ts'
import { Wait } from '../core/scope/waits.ts'
import { type Owner, ownerOf, refusalOf, waitUnder } from '../core/scope/owner.ts'

/**
 * Forces the pieces of several tasks into one order: each piece has a number, and runs when the one before it has ended.
 *
 * For tests that need one exact interleaving, without a sleep. Every number from 0 up is used exactly once. A piece that is
 * cancelled while it waits for its turn breaks the whole sequence, loudly: all that wait or come later fail, instead of
 * waiting for a turn that never comes.
 *
 * @example
 * import { scope } from 'skein'
 * import { Sequencer } from 'skein/testing'
 *
 * const order = new Sequencer()
 * const seen: string[] = []
 * await scope(s => {
 *   s.spawn(async s => {
 *     await order.run(0, () => seen.push('first'), s)
 *     await order.run(2, () => seen.push('third'), s)
 *   })
 *   s.spawn(async s => { await order.run(1, () => seen.push('second'), s) })
 * })
 * console.log(seen.join()) // first,second,third
 */
export class Sequencer {
  static {
    brandClass(this, 'Sequencer')
  }

  readonly #waiting = new Map<number, TurnWait>()
  readonly #used = new Set<number>()
  #turn = 0
  #broken: string | undefined = undefined

  /** The number whose turn it is. */
  get turn(): number {
    return this.#turn
  }

  /**
   * Waits for the turn of a number, runs the body, and passes the turn to the next number when the body has ended, whether
   * it returned or threw.
   *
   * **Cancellation**: while it waits for its turn: breaks the sequence. The body is not affected by it.
   *
   * **Errors**: what the body throws; `SKEIN_BROKEN` when the sequence is broken; `SKEIN_MISUSE` for a number that has been
   * used; `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_INVALID_ARGUMENT`.
   *
   * @param position from 0 up
   */
  async run<T>(position: number, body: () => T | Promise<T>, owner?: Owner): Promise<T> {
    if (!Number.isInteger(position) || position < 0) {
      throw new InvalidArgumentError(`The position must be a whole number from 0 up, got ${String(position)}`)
    }
    if (this.#used.has(position)) throw new MisuseError(`The position ${position} of the sequence was used twice`)
    const by = ownerOf(owner)
    this.#used.add(position)
    const refusal = refusalOf(by, 'Sequencer.run')
    if (refusal !== undefined) {
      this.#break(position)
      throw refusal
    }
    if (this.#broken !== undefined) throw this.#brokenError()
    if (position !== this.#turn) {
      const wait = new TurnWait(position, () => this.#break(position))
      this.#waiting.set(position, wait)
      await waitUnder(wait, by, 'Sequencer.run')
    }
    try {
      return await body()
    } finally {
      this.#turn = position + 1
      const next = this.#waiting.get(this.#turn)
      this.#waiting.delete(this.#turn)
      next?.settle(undefined)
    }
  }

  #break(position: number): void {
    this.#broken ??= `position ${position} was cancelled while it waited for its turn, after ${this.#turn} had the turn`
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const wait of waiting) wait.fail(this.#brokenError())
  }

  #brokenError(): BrokenError {
    return new BrokenError(`The sequence is broken: ${this.#broken}. Every position needs its turn.`)
  }
}

class TurnWait extends Wait<void> {
  readonly #position: number
  readonly #onCancel: () => void

  constructor(position: number, onCancel: () => void) {
    super()
    this.#position = position
    this.#onCancel = onCancel
  }

  override describe(): string {
    return `turn ${this.#position} of a sequence`
  }

  override cancel(cause: Parameters<Wait<void>['cancel']>[0]): void {
    super.cancel(cause)
    this.#onCancel()
  }
}
