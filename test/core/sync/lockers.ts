import { CapacityLimiter, channel, Condition, Lock, type Owner, RLock, RWLock, Semaphore } from 'skein'

/** Anything that lets one in at a time. */
export interface Locker {
  acquire(owner?: Owner): Promise<unknown>
  tryAcquire(owner?: Owner): boolean
  release(owner?: Owner): void
  hold<R>(fn: () => R | PromiseLike<R>, owner?: Owner): Promise<R>
}

/** A lock made of a channel: who has the one value has the lock. */
class ChannelLock implements Locker {
  readonly #put: (value: true) => boolean
  readonly #get: (owner?: Owner) => Promise<true>
  readonly #tryGet: () => true | undefined

  constructor() {
    const [sender, receiver] = channel<true>({ capacity: 1 })
    sender.trySend(true)
    this.#put = value => sender.trySend(value)
    this.#get = owner => receiver.receive(owner)
    this.#tryGet = () => receiver.tryReceive()
  }

  acquire(owner?: Owner): Promise<unknown> {
    return this.#get(owner)
  }

  tryAcquire(): boolean {
    return this.#tryGet() === true
  }

  release(): void {
    this.#put(true)
  }

  async hold<R>(fn: () => R | PromiseLike<R>, owner?: Owner): Promise<R> {
    await this.acquire(owner)
    try {
      return await fn()
    } finally {
      this.release()
    }
  }
}

/** A lock made of a full channel: who could put a value in has the lock. */
class FullChannelLock implements Locker {
  readonly #ends: ReturnType<typeof channel<true>> = channel<true>({ capacity: 1 })

  acquire(owner?: Owner): Promise<unknown> {
    return this.#ends[0].send(true, owner)
  }

  tryAcquire(): boolean {
    return this.#ends[0].trySend(true)
  }

  release(): void {
    this.#ends[1].tryReceive()
  }

  async hold<R>(fn: () => R | PromiseLike<R>, owner?: Owner): Promise<R> {
    await this.acquire(owner)
    try {
      return await fn()
    } finally {
      this.release()
    }
  }
}

/** Everything that can be used as a lock, each made anew. */
export const lockers: Readonly<Record<string, () => Locker>> = {
  Lock: () => new Lock(),
  RLock: () => new RLock(),
  'Semaphore(1)': () => {
    const semaphore = new Semaphore(1)
    return {
      acquire: owner => semaphore.acquire(owner),
      tryAcquire: () => semaphore.tryAcquire(),
      release: () => semaphore.release(),
      hold: (fn, owner) => semaphore.hold(fn, owner),
    }
  },
  'CapacityLimiter(1)': () => new CapacityLimiter(1),
  'the write side of RWLock': () => new RWLock().write,
  'the lock of a Condition': () => new Condition().lock,
  'a channel with one token': () => new ChannelLock(),
  'a channel that is full': () => new FullChannelLock(),
}
