import { checkFunction } from '../../core/errors/checks.ts'
import { DeadlockError, MisuseError } from '../../core/errors/errors.ts'
import { isThenable } from '../../core/errors/thenable.ts'
import { type Owner, ownerOf } from '../../core/scope/owner.ts'
import { isAlive, ownTag } from '../../core/system/thread-table.ts'
import { type Arrived, headWords, registerHandle, SharedHandle } from '../memory/handle.ts'
import { given, type SharedOptions } from '../memory/name.ts'
import { eventCountWords } from '../waiting/attempt.ts'
import { checkBlocking, EventCount } from '../waiting/event-count.ts'
import { checkMayWait } from '../waiting/may-wait.ts'

/** 0 not done, the tag of the thread that does it, or -1 done. A dead thread does not do it any more: the next one may. */
const state = headWords
const attempts = headWords + 1
const count = headWords + 2
const isDone = -1

/**
 * Has something done once, by whichever thread comes first; the others wait until it is done.
 *
 * Use it for what fills shared memory before anybody reads it: tables, a header. If the function throws, or its thread dies in it, the next who comes does it
 * again and is told which attempt that is, so that it can clear away what the earlier one has left.
 *
 * **Cancellation**: waiting for the one who does it is a cancel point.
 *
 * **Errors**: what the function throws, to the one that called it; `SKEIN_MISUSE` for a blocking wait on the main thread; `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * import { SharedOnce } from 'skein/shared'
 *
 * const filled = new SharedOnce({ name: 'primes' })
 * console.log(await filled.run(() => {})) // true
 * console.log(await filled.run(() => {})) // false
 */
export class SharedOnce extends SharedHandle {
  static {
    registerHandle(this, 'SharedOnce', 2 + eventCountWords)
  }

  readonly #count: EventCount

  /** @param options `name`: how it is called in errors */
  constructor(options: SharedOptions = {}) {
    super('SharedOnce', 'once', given(options as SharedOptions | Arrived, 'once', 2 + eventCountWords))
    this.#count = new EventCount(this.words, count)
  }

  /** True once it has been done. */
  get done(): boolean {
    return Atomics.load(this.words, state) === isDone
  }

  /**
   * Calls the function if nobody has done so, and waits else until it is done.
   *
   * **Cancellation**: waiting is a cancel point.
   *
   * **Errors**: what the function throws: then it is not done, and the next one does it.
   *
   * @param fn what is to be done; it gets the number of the attempt, from 1
   * @returns whether it was this call that has done it
   */
  async run(fn: (attempt: number) => unknown, owner?: Owner): Promise<boolean> {
    checkFunction(fn, 'the first argument of run')
    const by = ownerOf(owner)
    checkMayWait(by, this.title)
    const attempt = this.#begin() ?? (await this.#count.wait(() => this.#begin(), by, this.title))
    if (attempt === 0) return false
    let isOver = false
    try {
      await fn(attempt)
      isOver = true
    } finally {
      this.#end(isOver)
    }
    return true
  }

  /**
   * `run` for synchronous code: blocks this thread while another one does it.
   *
   * **Cancellation**: waiting is a cancel point, looked at 100 times a second.
   *
   * **Errors**: those of `run`; `SKEIN_MISUSE` on the main thread, and when the function returns a promise; `SKEIN_DEADLOCK` when a task of this same
   * thread is doing it, or it is called inside of it.
   */
  runSync(fn: (attempt: number) => unknown, owner?: Owner): boolean {
    checkFunction(fn, 'the first argument of runSync')
    const by = ownerOf(owner)
    checkBlocking(this.title, 'await once.run(fn, s)')
    checkMayWait(by, this.title)
    const attempt = this.#begin() ?? this.#count.waitSync(() => this.#begin() ?? this.#refuseOwn(), by, this.title)
    if (attempt === 0) return false
    let isOver = false
    try {
      const result = fn(attempt)
      if (isThenable(result)) {
        Promise.resolve(result).catch(() => {})
        throw new MisuseError(
          `The function of runSync returned a promise, but ${this.title} counts as done when it has returned. Write await once.run(fn, s).`,
        )
      }
      isOver = true
    } finally {
      this.#end(isOver)
    }
    return true
  }

  /** 0 where it is done, the number of the attempt where it is up to this one; undefined while another one does it. */
  #begin(): number | undefined {
    const seen = Atomics.load(this.words, state)
    if (seen === isDone) return 0
    if (seen !== 0 && isAlive(seen)) return undefined
    if (Atomics.compareExchange(this.words, state, seen, ownTag()) !== seen) return undefined
    return Atomics.add(this.words, attempts, 1) + 1
  }

  #end(isOver: boolean): void {
    Atomics.store(this.words, state, isOver ? isDone : 0)
    this.#count.ring(isOver ? undefined : 1)
  }

  #refuseOwn(): undefined {
    if (Atomics.load(this.words, state) !== ownTag()) return undefined
    throw new DeadlockError(
      `${this.title} is being done by this same thread, which cannot finish it while it is blocked. Write await once.run(fn, s); and do not ` +
        'run it inside of itself.',
    )
  }
}
