import { checkFunction } from '../../core/errors/checks.ts'
import { AbandonedError } from '../../core/errors/abandoned.ts'
import { DeadlockError, MisuseError } from '../../core/errors/errors.ts'
import { isThenable } from '../../core/errors/thenable.ts'
import { callIn } from '../../core/scope/slot.ts'
import { type Owner, ownerOf, scopeOf } from '../../core/scope/owner.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { runBlock } from '../../core/sync/block.ts'
import { isAlive, ownTag, threadName } from '../../core/system/thread-table.ts'
import { steady } from '../../core/time/platform.ts'
import { type Arrived, headWords, type Holding, registerHandle, SharedHandle } from '../memory/handle.ts'
import { given, type SharedOptions } from '../memory/name.ts'
import { type Attempt, eventCountWords } from '../waiting/attempt.ts'
import type { Contested } from '../waiting/deadlock.ts'
import { checkBlocking, EventCount } from '../waiting/event-count.ts'
import { asksFor } from '../waiting/order.ts'
import { tuning } from '../waiting/tuning.ts'
import { checkMayWait } from '../waiting/may-wait.ts'

/** The state of a readers-writer lock in shared memory, at this moment. */
export interface SharedRWLockStats {
  /** The number that read now. */
  readonly readers: number
  /** The thread that writes or is about to, as in `thread 3`; undefined where none is. */
  readonly writer: string | undefined
  /** True after a thread has died while it wrote, and until somebody has mended that with `repair`. */
  readonly abandoned: boolean
}

/**
 * A word for the writer: 0, its tag while it waits for the readers to leave, its tag and `writes` once it is in, or -1 after one has died in there. And a word for
 * each reader with its tag. A reader first takes its word and looks at the writer's after that; a writer first takes its word and looks at the readers' after that. Of two that
 * come at the same time at least one sees the other, and the reader steps back. The word `used` is how many of the readers' words were ever taken: it grows before one is, so a writer need not look at the rest.
 */
const writer = headWords
const abandoner = headWords + 1
const readersFirst = headWords + 2
const used = headWords + 3
const readCount = headWords + 4
const writeCount = readCount + eventCountWords
const firstReader = writeCount + eventCountWords
const mostReaders = 512

const writes = 1 << 30
const tagBits = writes - 1
const isAbandoned = -1

/**
 * Many may read at the same time, or one may write.
 *
 * Use it where reading takes long and writing is rare; for a few words a `SharedMutex` is faster. Fair to both: as soon as a writer waits, new readers wait behind it; and when it
 * is done, those readers that were waiting go before the next writer.
 *
 * It has blocks alone, nothing to forget. A reader that dies has changed nothing, so its place is free. A writer that dies leaves the lock *abandoned*: everybody
 * gets `SKEIN_ABANDONED` until `repair` has mended what it protects. Reading inside of reading may wait for a writer that waits for the outer one: don't.
 *
 * **Cancellation**: waiting is a cancel point; a wait that was cancelled has taken nothing and kept nothing from others.
 *
 * **Errors**: `SKEIN_ABANDONED`; `SKEIN_DEADLOCK` when a thread would block for itself; `SKEIN_MISUSE` for a blocking wait on the main thread.
 *
 * @example
 * import { scope } from 'skein'
 * import { SharedRWLock } from 'skein/shared'
 *
 * const prices = new SharedRWLock({ name: 'prices' })
 * await scope(async s => {
 *   await prices.write(() => console.log('one writes'), s) // one writes
 *   s.spawn(s => prices.read(() => s.sleep(1), s))
 *   await prices.read(() => console.log(prices.stats().readers), s) // 2
 * })
 */
export class SharedRWLock extends SharedHandle {
  static {
    registerHandle(this, 'SharedRWLock', firstReader - headWords + mostReaders)
  }

  readonly #readCount: EventCount
  readonly #writeCount: EventCount
  readonly #contested: Contested
  /** Those of this thread that read, write, or are about to write. */
  readonly #holdings = new Set<Holding>()

  /** @param options `name`: how it is called in errors */
  constructor(options: SharedOptions = {}) {
    super(
      'SharedRWLock',
      'rwlock',
      given(options as SharedOptions | Arrived, 'rwlock', firstReader - headWords + mostReaders),
    )
    this.#readCount = new EventCount(this.words, readCount)
    this.#writeCount = new EventCount(this.words, writeCount)
    this.#contested = {
      id: this.words[1] as number,
      title: this.title,
      isFree: () => true,
      holder: () => Atomics.load(this.words, writer) & tagBits,
    }
  }

  /**
   * Runs a function while reading: others may read as well, and nobody writes. `current()` in it is the owner.
   *
   * **Cancellation**: waiting is a cancel point; the function starts only when it may read.
   *
   * **Errors**: `SKEIN_ABANDONED`, `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`, and what the function throws.
   */
  read<R>(fn: () => R | PromiseLike<R>, owner?: Owner): Promise<R> {
    let at = 0
    let holding: Holding
    return runBlock(
      this,
      fn,
      owner,
      async by => {
        checkMayWait(by, this.title)
        const since = tuning.watches ? asksFor(this, scopeOf(by), false) : undefined
        at =
          this.#enterRead() ??
          (await this.#readCount.wait(() => this.#enterRead(), by, this.title, true, this.#contested))
        holding = this.#hold(scopeOf(by), since)
      },
      () => {
        this.#holdings.delete(holding)
        this.#leaveRead(at)
      },
    )
  }

  /**
   * Runs a function while nobody else reads or writes. `current()` in it is the owner.
   *
   * **Cancellation**: waiting is a cancel point; the function starts only when it may write.
   *
   * **Errors**: those of `read`.
   */
  write<R>(fn: () => R | PromiseLike<R>, owner?: Owner): Promise<R> {
    let holding: Holding
    return runBlock(
      this,
      fn,
      owner,
      async by => {
        checkMayWait(by, this.title)
        const since = tuning.watches ? asksFor(this, scopeOf(by), false) : undefined
        await this.#waitToWrite(by, false)
        holding = this.#hold(scopeOf(by), since)
      },
      () => {
        this.#holdings.delete(holding)
        this.#leaveWrite()
      },
    )
  }

  /**
   * `read` for synchronous code: blocks this thread until it may read.
   *
   * **Cancellation**: a cancel point, looked at 100 times a second while it blocks.
   *
   * **Errors**: those of `read`; `SKEIN_MISUSE` on the main thread and when the function returns a promise; `SKEIN_DEADLOCK` when a task of this thread writes.
   */
  readSync<R>(fn: () => R, owner?: Owner): R {
    const by = this.#checkSync(fn, owner, 'read')
    const attempt = (): number | undefined => {
      const at = this.#enterRead()
      if (at === undefined && (Atomics.load(this.words, writer) & tagBits) === ownTag()) throw this.#ownThread('writes')
      return at
    }
    const since = tuning.watches ? asksFor(this, scopeOf(by), true) : undefined
    const at = this.#enterRead() ?? this.#readCount.waitSync(attempt, by, this.title, this.#contested)
    const holding = this.#hold(scopeOf(by), since)
    try {
      return this.#run(fn, by, 'read')
    } finally {
      this.#holdings.delete(holding)
      this.#leaveRead(at)
    }
  }

  /**
   * `write` for synchronous code: blocks this thread until it may write.
   *
   * **Cancellation**: a cancel point, looked at 100 times a second while it blocks.
   *
   * **Errors**: those of `write`; `SKEIN_MISUSE` on the main thread and when the function returns a promise; `SKEIN_DEADLOCK` when a task of this thread reads or
   * writes.
   */
  writeSync<R>(fn: () => R, owner?: Owner): R {
    const by = this.#checkSync(fn, owner, 'write')
    if ((Atomics.load(this.words, writer) & tagBits) === ownTag()) throw this.#ownThread('writes')
    const since = tuning.watches ? asksFor(this, scopeOf(by), true) : undefined
    const intent = this.#intent(scopeOf(by), true)
    try {
      if (intent.attempt(false) === undefined)
        this.#writeCount.waitSync(intent.attempt, by, this.title, this.#contested)
    } catch (error) {
      intent.drop()
      throw error
    }
    const holding = this.#hold(scopeOf(by), since)
    try {
      return this.#run(fn, by, 'write')
    } finally {
      this.#holdings.delete(holding)
      this.#leaveWrite()
    }
  }

  /**
   * Takes the lock for writing, abandoned or not, and calls the function if it is abandoned: it mends what the lock protects. If it returns, the lock is sound again
   * for everybody; if it throws, the lock stays abandoned.
   *
   * **Cancellation**: waiting is a cancel point.
   *
   * **Errors**: those of `write` but `SKEIN_ABANDONED`, and what the function throws.
   *
   * @returns whether it was this call that has mended it
   */
  async repair(fn: () => unknown, owner?: Owner): Promise<boolean> {
    checkFunction(fn, 'the first argument of repair')
    const by = ownerOf(owner)
    checkMayWait(by, this.title)
    const wasAbandoned = await this.#waitToWrite(by, true)
    let isMended = false
    try {
      if (wasAbandoned) await fn()
      isMended = true
    } finally {
      this.#leaveWrite(isMended ? 0 : isAbandoned)
    }
    return wasAbandoned
  }

  /** The number that read and the thread that writes, at this moment. */
  stats(): SharedRWLockStats {
    let readers = 0
    for (let at = firstReader; at < this.words.length; at++) {
      const tag = Atomics.load(this.words, at)
      if (tag !== 0 && isAlive(tag)) readers++
    }
    const seen = Atomics.load(this.words, writer)
    const tag = seen & tagBits
    const isHeld = seen > 0 && isAlive(tag)
    return Object.freeze({
      readers,
      writer: isHeld ? threadName(tag) : undefined,
      abandoned: seen === isAbandoned || (!isHeld && seen >= writes),
    })
  }

  /** @internal */
  override holds(): readonly Holding[] {
    return [...this.#holdings]
  }

  #hold(by: Scope | undefined, since: Error | undefined, kind: 1 | -1 = 1): Holding {
    const holding: Holding = { by, kind, since }
    this.#holdings.add(holding)
    return holding
  }

  /** Its place among the readers. */
  #enterRead(): number | undefined {
    if (!this.#isWriterGone()) return undefined
    const at = this.#takePlace()
    if (at === undefined) return undefined
    if (Atomics.load(this.words, writer) !== 0) {
      this.#leaveRead(at)
      return undefined
    }
    const due = Atomics.load(this.words, readersFirst)
    if (due > 0 && Atomics.compareExchange(this.words, readersFirst, due, due - 1) === due && due === 1) {
      this.#writeCount.ring()
    }
    return at
  }

  #takePlace(): number | undefined {
    for (let at = firstReader; at < this.words.length; at++) {
      const seen = Atomics.load(this.words, at)
      if (seen !== 0 && isAlive(seen)) continue
      const n = at - firstReader
      for (let most = Atomics.load(this.words, used); most <= n; most = Atomics.load(this.words, used)) {
        Atomics.compareExchange(this.words, used, most, n + 1)
      }
      if (Atomics.compareExchange(this.words, at, seen, ownTag()) === seen) return at
    }
    return undefined
  }

  #leaveRead(at: number): void {
    Atomics.store(this.words, at, 0)
    this.#writeCount.ring()
    this.#readCount.ring(1) // there may have been no place for another one
  }

  /** True where the writer's word is free; cleans up after a dead one. Throws where that had begun to write. */
  #isWriterGone(): boolean {
    const seen = Atomics.load(this.words, writer)
    if (seen === 0) return true
    if (seen === isAbandoned) throw this.#abandonedError()
    const tag = seen & tagBits
    if (isAlive(tag)) return false
    const isHalfDone = seen >= writes
    if (Atomics.compareExchange(this.words, writer, seen, isHalfDone ? isAbandoned : 0) !== seen) return false
    if (isHalfDone) Atomics.store(this.words, abandoner, tag)
    this.#ringAll()
    if (isHalfDone) throw this.#abandonedError()
    return true
  }

  async #waitToWrite(by: Owner | undefined, isRepair: boolean): Promise<boolean> {
    const intent = this.#intent(scopeOf(by), false, isRepair)
    try {
      const done = this.#writeCount.isIdle ? intent.attempt(false) : undefined
      return done ?? (await this.#writeCount.wait(intent.attempt, by, this.title, false, this.#contested))
    } catch (error) {
      intent.drop()
      throw error
    }
  }

  /**
   * One writer on its way in: it takes the writer's word first, so that no new readers come, and then waits for the others to leave.
   *
   * @returns false where it is in as usual, true where what it has got was abandoned
   */
  #intent(
    by: Scope | undefined,
    isBlocking: boolean,
    isRepair = false,
  ): { readonly attempt: Attempt<boolean>; drop(): void } {
    let isTaken = false
    let holding: Holding | undefined
    let wasAbandoned = false
    let since: number | undefined
    const take = (): boolean => {
      if (isRepair && Atomics.compareExchange(this.words, writer, isAbandoned, ownTag()) === isAbandoned) {
        return (wasAbandoned = true)
      }
      if (!isRepair) {
        if (!this.#isWriterGone()) return false
      } else {
        try {
          if (!this.#isWriterGone()) return false
        } catch {
          return false // abandoned a moment ago; it is rung for that
        }
      }
      if (Atomics.load(this.words, readersFirst) > 0) {
        // After a writer its readers go first, unless they have given up.
        since ??= steady()
        if (this.#readCount.waiting > 0 && steady() - since < tuning.courtesy) return false
        Atomics.store(this.words, readersFirst, 0)
      }
      return Atomics.compareExchange(this.words, writer, 0, ownTag()) === 0
    }
    return {
      attempt: () => {
        if (!isTaken) isTaken = take()
        if (!isTaken) return undefined
        holding ??= this.#hold(by, undefined, -1) // the readers that come now wait for this one
        const most = Atomics.load(this.words, used)
        for (let n = 0; n < most; n++) {
          const at = firstReader + n
          const seen = Atomics.load(this.words, at)
          if (seen === 0) continue
          if (isBlocking && seen === ownTag()) throw this.#ownThread('reads')
          if (isAlive(seen)) return undefined
          Atomics.compareExchange(this.words, at, seen, 0)
        }
        Atomics.store(this.words, writer, ownTag() + writes)
        this.#holdings.delete(holding)
        return wasAbandoned
      },
      drop: () => {
        if (holding !== undefined) this.#holdings.delete(holding)
        if (isTaken) this.#setWriter(wasAbandoned ? isAbandoned : 0)
      },
    }
  }

  #leaveWrite(to: number = 0): void {
    Atomics.store(this.words, readersFirst, this.#readCount.waiting)
    this.#setWriter(to)
  }

  #setWriter(to: number): void {
    Atomics.store(this.words, writer, to)
    this.#ringAll()
  }

  #ringAll(): void {
    this.#readCount.ring()
    this.#writeCount.ring()
  }

  #checkSync(fn: unknown, owner: Owner | undefined, what: 'read' | 'write'): Owner | undefined {
    checkFunction(fn, `the first argument of ${what}Sync`)
    const by = ownerOf(owner)
    checkBlocking(this.title, `await rwlock.${what}(fn, s)`)
    checkMayWait(by, this.title)
    return by
  }

  #run<R>(fn: () => R, by: Owner | undefined, what: 'read' | 'write'): R {
    const scope = scopeOf(by)
    const result = scope === undefined ? fn() : callIn(scope, fn, undefined)
    if (!isThenable(result)) return result
    Promise.resolve(result).catch(() => {})
    throw new MisuseError(
      `The function of ${what}Sync returned a promise, but ${this.title} is left as soon as it has returned. Write await rwlock.${what}(fn, s) for what waits.`,
    )
  }

  #ownThread(what: string): DeadlockError {
    return new DeadlockError(
      `A task of this same thread ${what} under ${this.title} already, and cannot leave it while the thread is blocked. Keep the outer block short, or write ` +
        'await rwlock.read(fn, s) and rwlock.write(fn, s).',
    )
  }

  #abandonedError(): AbandonedError {
    const tag = Atomics.load(this.words, abandoner)
    const thread = tag === 0 ? 'a thread that has ended' : threadName(tag)
    return new AbandonedError(
      `${this.title} was abandoned: ${thread} ended while it wrote, so what it protects may be half changed. Mend that with rwlock.repair(fn, s), ` +
        'which makes the lock sound again; until then nobody gets it.',
      { lock: this.title, thread },
    )
  }
}
