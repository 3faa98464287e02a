import { ClosedError } from '../../core/errors/errors.ts'
import { settlesWithin } from '../../core/time/settles-within.ts'
import type { Listeners } from '../listeners.ts'
import type { StoreThread } from './store-thread.ts'
import type { ThreadAccess } from './thread-access.ts'

/** A thread that stores share, and how many do. */
interface Shared<A, D> {
  readonly thread: Promise<StoreThread<A, D>>
  users: number
  /** The very thing that it works on, once that is open. */
  identity: unknown
}

/** The parts of a store that shares its thread. */
export interface ShareOptions<A, D> {
  /** The URL of this store, for messages. */
  readonly url: string
  /** Equal for stores that may share a thread: what it works on, and its settings. */
  readonly key: string
  /** Returns what the thread works on, where that can be replaced under its name: the number of the file. */
  readonly identity: () => unknown
  /** Starts a thread. */
  readonly start: () => Promise<StoreThread<A, D>>
}

/**
 * The threads that the stores of one program share, since a hundred connections to one file in one program need not be a hundred
 * threads with a connection each.
 *
 * For stores that neither take calls nor announce workers: what a thread holds is held for all of its users, and let go when it
 * ends. Each store closes, fails and waits by itself; the thread ends with the last of them.
 */
export class SharedThreads<A, D> {
  readonly #open = new Map<string, Shared<A, D>>()

  async share(options: ShareOptions<A, D>): Promise<ThreadAccess<A>> {
    const { url, key, identity } = options
    const shared = this.#open.get(key) ?? this.#start(options)
    // Counted before anything is waited for, so that it does not end meanwhile.
    shared.users++
    const leave = (): boolean => {
      if (--shared.users > 0) return false
      this.#forget(key, shared)
      return true
    }
    let thread: StoreThread<A, D>
    try {
      thread = await shared.thread
    } catch (error) {
      leave()
      throw error
    }
    shared.identity ??= identity()
    if (thread.works && shared.identity === identity()) return new SharedAccess(thread, url, leave)
    // It has died, or works on a file that is not there any more: this store, and those after it, get another one.
    this.#forget(key, shared)
    if (leave()) await thread.close()
    return this.share(options)
  }

  #start({ key, start }: ShareOptions<A, D>): Shared<A, D> {
    const shared: Shared<A, D> = { thread: start(), users: 0, identity: undefined }
    this.#open.set(key, shared)
    return shared
  }

  #forget(key: string, shared: Shared<A, D>): void {
    if (this.#open.get(key) === shared) this.#open.delete(key)
  }
}

/** One store's part in a thread. */
class SharedAccess<A, D> implements ThreadAccess<A> {
  readonly listeners: Pick<Listeners, 'on' | 'watch'>
  readonly unended: ThreadAccess<A>['unended']
  readonly #thread: StoreThread<A, D>
  readonly #url: string
  readonly #leave: () => boolean
  readonly #listening = new Set<() => void>()
  #asked = 0
  #onAnswered: (() => void) | undefined
  #closing: Promise<void> | undefined

  /** @param leave says whether it was the last one */
  constructor(thread: StoreThread<A, D>, url: string, leave: () => boolean) {
    this.#thread = thread
    this.unended = thread.unended
    this.#url = url
    this.#leave = leave
    this.listeners = {
      on: (signal, listener) => this.#listens(this.#thread.listeners.on(signal, listener)),
      watch: (id, listener, hold) => this.#listens(this.#thread.listeners.watch(id, listener, hold)),
    }
  }

  #listens(stop: () => void): () => void {
    const own = (): void => {
      if (this.#listening.delete(own)) stop()
    }
    this.#listening.add(own)
    return own
  }

  ask<T>(asked: A, atOnce?: boolean): Promise<T> {
    this.mustBeOpen()
    const answer = this.#thread.ask<T>(asked, atOnce)
    this.#asked++
    answer.then(this.#answered, this.#answered)
    return answer
  }

  readonly #answered = (): void => {
    if (--this.#asked === 0) this.#onAnswered?.()
  }

  mustBeOpen(): void {
    if (this.#closing) throw new ClosedError(`The store ${this.#url} has been closed. Open it again to go on with it`)
    this.#thread.mustBeOpen()
  }

  turned(): Promise<void> {
    return this.#thread.turned()
  }

  close(timeout?: number): Promise<void> {
    this.#closing ??= this.#close(timeout)
    return this.#closing
  }

  async #close(timeout: number = Infinity): Promise<void> {
    for (const stop of this.#listening) stop()
    if (this.#leave()) return this.#thread.close(timeout)
    // What was asked is still done, as when a thread of its own ends.
    if (this.#asked > 0) await settlesWithin(new Promise<void>(resolve => (this.#onAnswered = resolve)), timeout)
  }
}
