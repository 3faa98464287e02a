import { checkInteger } from '../../core/errors/checks.ts'
import { BrokenError } from '../../core/errors/errors.ts'
import { type Owner, ownerOf } from '../../core/scope/owner.ts'
import { isAlive, ownTag } from '../../core/system/thread-table.ts'
import { Arrived, headWords, registerHandle, SharedHandle } from '../memory/handle.ts'
import { given, type SharedOptions } from '../memory/name.ts'
import { eventCountWords } from '../waiting/attempt.ts'
import { checkBlocking, EventCount } from '../waiting/event-count.ts'
import { checkMayWait } from '../waiting/may-wait.ts'

const most = 1_024
const countBits = 11

/**
 * The state is one word: the number of the round, a bit for "broken", and the number that have arrived in it. Who arrives adds one; the last one
 * begins the next round with none; who gives up subtracts one, unless the round has ended meanwhile: then it has passed. Beside it each who has arrived
 * leaves its tag, so that the others find out that it died. A reset breaks the round first, so that it cannot pass any more, then writes down that it was
 * cut, and then begins the next one: who looks late, when the next one has begun, still finds how its own has ended.
 */
const state = headWords
const count = headWords + 1
const cuts = count + eventCountWords
const rememberedCuts = 32
const tags = cuts + rememberedCuts
const broken = 1 << countBits
const oneRound = broken << 1

/** The state of a barrier in shared memory, at this moment. */
export interface SharedBarrierStats {
  readonly parties: number
  /** The number that have arrived in this round. */
  readonly waiting: number
  /** True after `abort` or the death of one that had arrived, until `reset`. */
  readonly broken: boolean
}

/**
 * Makes threads wait for each other: when the last one arrives, all go on, and the barrier is ready for the next round.
 *
 * Use it for work in steps, each of which needs what all have done in the one before. Each gets its index in the order of arrival; exactly one, the last,
 * gets `parties - 1`.
 *
 * When a thread dies that has arrived, the others get `SKEIN_BROKEN`. Of one that has not arrived yet nobody knows that it was to come: end the wait of the
 * others with `abort`, or cancel them.
 *
 * **Cancellation**: `wait` and `waitSync` are cancel points. Who is cancelled has not arrived: the others wait for another one to come.
 *
 * **Errors**: `SKEIN_BROKEN` after `abort`, and for those who wait when it is reset; `SKEIN_MISUSE` for a blocking wait on the main thread;
 * `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * import { SharedBarrier } from 'skein/shared'
 *
 * const round = new SharedBarrier(2)
 * console.log(await Promise.all([round.wait(), round.wait()])) // [ 0, 1 ]
 */
export class SharedBarrier extends SharedHandle {
  static {
    registerHandle(this, 'SharedBarrier', words => words.length > tags)
  }

  /** The number that have to arrive. */
  readonly parties: number
  readonly #count: EventCount

  /**
   * @param parties how many have to arrive: an integer from 1 to 1024
   * @param options `name`: how it is called in errors
   */
  constructor(parties: number, options: SharedOptions = {}) {
    const arrived = (parties as unknown) instanceof Arrived ? (parties as unknown as Arrived) : undefined
    if (arrived === undefined) checkInteger(parties, 'parties', 1, most)
    super(
      'SharedBarrier',
      'barrier',
      arrived ?? given(options, 'barrier', 1 + eventCountWords + rememberedCuts + parties),
    )
    this.parties = this.words.length - tags
    this.#count = new EventCount(this.words, count)
  }

  /** True after `abort` or the death of one that had arrived, until `reset`. */
  get broken(): boolean {
    return (Atomics.load(this.words, state) & broken) !== 0
  }

  /**
   * Waits until all have arrived, while the event loop goes on, and resolves to the index in the order of arrival, from 0.
   *
   * **Cancellation**: a cancel point.
   *
   * **Errors**: `SKEIN_BROKEN`, `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  async wait(owner?: Owner): Promise<number> {
    const by = ownerOf(owner)
    checkMayWait(by, this.title)
    const { index, round } = this.#arrive()
    if (round === undefined) return index
    try {
      await this.#count.wait(() => this.#passed(round), by, this.title, false)
    } catch (error) {
      if (this.#withdraw(round)) throw error
      this.#passed(round) // and what comes first, counts
    }
    return index
  }

  /**
   * Blocks this thread until all have arrived, and returns the index in the order of arrival, from 0.
   *
   * **Cancellation**: a cancel point, looked at 100 times a second while it blocks.
   *
   * **Errors**: those of `wait`, and `SKEIN_MISUSE` on the main thread.
   */
  waitSync(owner?: Owner): number {
    const by = ownerOf(owner)
    checkBlocking(this.title, 'await barrier.wait(s)')
    checkMayWait(by, this.title)
    const { index, round } = this.#arrive()
    if (round === undefined) return index
    try {
      this.#count.waitSync(() => this.#passed(round), by, this.title)
    } catch (error) {
      if (this.#withdraw(round)) throw error
      this.#passed(round) // and what comes first, counts
    }
    return index
  }

  /** Breaks the waits of all who have arrived, and of all who come until `reset`: for when one of the parties cannot come. */
  abort(): void {
    Atomics.or(this.words, state, broken)
    this.#count.ring()
  }

  /** Begins anew: breaks the waits of those who have arrived, and takes back `abort`. */
  reset(): void {
    const round = roundOf(Atomics.or(this.words, state, broken))
    Atomics.store(this.words, placeOfCut(round), round | 1)
    for (let seen = Atomics.load(this.words, state); roundOf(seen) === round;) {
      const found = Atomics.compareExchange(this.words, state, seen, (round + oneRound) | 0)
      if (found === seen) break
      seen = found
    }
    this.#count.ring()
  }

  /** The number that have arrived, at this moment. */
  stats(): SharedBarrierStats {
    const seen = Atomics.load(this.words, state)
    return Object.freeze({ parties: this.parties, waiting: countOf(seen), broken: (seen & broken) !== 0 })
  }

  /** @returns the round to wait for; none where this one was the last */
  #arrive(): { readonly index: number; readonly round: number | undefined } {
    for (let seen = Atomics.load(this.words, state); ;) {
      if ((seen & broken) !== 0) throw this.#error('was aborted, or one that had arrived has died')
      const index = countOf(seen)
      const isLast = index === this.parties - 1
      const found = Atomics.compareExchange(this.words, state, seen, isLast ? (roundOf(seen) + oneRound) | 0 : seen + 1)
      if (found !== seen) {
        seen = found
        continue
      }
      if (isLast) this.#count.ring()
      else Atomics.store(this.words, tags + index, ownTag())
      return { index, round: isLast ? undefined : roundOf(seen) }
    }
  }

  /** True where the round has ended as it should. Throws where it never will. */
  #passed(round: number): true | undefined {
    const seen = Atomics.load(this.words, state)
    if (roundOf(seen) === round) {
      if ((seen & broken) !== 0) throw this.#error('was aborted, or one that had arrived has died')
      for (let n = 0; n < countOf(seen) && n < this.parties; n++) {
        const tag = Atomics.load(this.words, tags + n)
        if (tag !== 0 && !isAlive(tag)) return this.#breakRound(seen)
      }
      return undefined
    }
    if (Atomics.load(this.words, placeOfCut(round)) === (round | 1)) throw this.#error('was reset')
    return true
  }

  #breakRound(seen: number): undefined {
    if (Atomics.compareExchange(this.words, state, seen, seen | broken) !== seen) return undefined
    this.#count.ring()
    throw this.#error('is broken: one that had arrived has died')
  }

  /** Takes the arrival back. False: the round has ended before, so it has passed. */
  #withdraw(round: number): boolean {
    for (let seen = Atomics.load(this.words, state); roundOf(seen) === round;) {
      const found = Atomics.compareExchange(this.words, state, seen, seen - 1)
      if (found === seen) return true
      seen = found
    }
    return false
  }

  #error(what: string): BrokenError {
    return new BrokenError(`${this.title} ${what}. Call reset() to use it again, and let all arrive anew.`)
  }
}

function roundOf(seen: number): number {
  return seen & ~(oneRound - 1)
}

function countOf(seen: number): number {
  return seen & (broken - 1)
}

function placeOfCut(round: number): number {
  return cuts + ((round / oneRound) & (rememberedCuts - 1))
}
