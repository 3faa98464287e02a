import type { CapacityLimiter } from '../../core/sync/capacity-limiter.ts'
import type { Entry } from './entry.ts'
import { PendingQueue } from './pending-queue.ts'

/** On whose behalf an executor has a token; what `limiter.stats()` names. */
class Token {
  readonly executor: string

  constructor(executor: string) {
    this.executor = executor
  }
}

/** The entries that nobody has accepted yet: where none waits for a token, the one that comes is theirs. */
interface Others<P> {
  count(): number
  /** Accepts the first of them. */
  take(): Entry<P> | undefined
}

/**
 * The accepted entries of an executor that wait for a token of a limiter, which others use, too.
 *
 * Tokens are asked for on behalf of the executor, not of an entry: the one that comes goes to the entry that is first then.
 * Never more are asked for than the executor has places, so that no token lies about in its queue while others could use it.
 */
export class TokenLine<P> {
  readonly #limiter: CapacityLimiter
  readonly #executor: string
  readonly #places: () => number
  readonly #start: (entry: Entry<P>) => void
  readonly #others: Others<P>
  readonly #waiting = new PendingQueue<P>()
  readonly #held = new Map<Entry<P>, Token>()
  /** Tokens of entries that have ended for their callers, and have not ended. */
  #kept = 0
  #asked = 0

  /**
   * @param places how many entries the executor can run at the same time
   * @param start called with an entry that has its token
   */
  constructor(
    limiter: CapacityLimiter,
    executor: string,
    places: () => number,
    start: (entry: Entry<P>) => void,
    others: Others<P>,
  ) {
    this.#limiter = limiter
    this.#executor = executor
    this.#places = places
    this.#start = start
    this.#others = others
  }

  /** The number of entries that wait for a token. */
  get size(): number {
    return this.#waiting.size
  }

  /** The number of tokens that could be had at once. */
  get available(): number {
    return this.#limiter.available
  }

  entries(): Iterable<Entry<P>> {
    return this.#waiting.entries()
  }

  push(entry: Entry<P>): void {
    this.#waiting.push(entry)
    this.ask()
  }

  /** Takes out an entry that waits for a token; false where it does not. */
  remove(entry: Entry<P>): boolean {
    return this.#waiting.remove(entry)
  }

  /** The entry runs no more, for now or for ever. */
  giveBack(entry: Entry<P>): void {
    const token = this.#held.get(entry)
    if (token === undefined) return
    this.#held.delete(entry)
    this.#limiter.releaseFor(token)
    this.ask()
  }

  /** The entry ends for its caller, but what it runs has not ended. To be called when it has. */
  keep(entry: Entry<P>): () => void {
    const token = this.#held.get(entry)
    if (token === undefined) return () => {}
    this.#held.delete(entry)
    this.#kept++
    return () => {
      this.#kept--
      this.#limiter.releaseFor(token)
      this.ask()
    }
  }

  /** Asks for a token for each that wants one, as far as there are places. */
  ask(): void {
    while (
      this.#asked < this.#waiting.size + this.#others.count() &&
      this.#asked + this.#held.size + this.#kept < this.#places()
    ) {
      const token = new Token(this.#executor)
      if (this.#limiter.tryAcquireFor(token)) this.#use(token)
      else {
        this.#asked++
        void this.#limiter.lendTo(token).then(() => {
          this.#asked--
          this.#use(token)
        })
      }
    }
  }

  #use(token: Token): void {
    const entry = this.#places() === 0 ? undefined : (this.#waiting.take() ?? this.#others.take())
    // Who wanted it has been cancelled meanwhile, or may not begin for now.
    if (entry === undefined) return this.#limiter.releaseFor(token)
    this.#held.set(entry, token)
    this.#start(entry)
  }
}
