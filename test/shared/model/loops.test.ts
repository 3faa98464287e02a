import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EventCount } from '#skein/shared/waiting/event-count.js'
import { ModelError } from '../../models/explore.ts'
import { arrived, type Body, type Thread } from './simulated.ts'
import { everyOrder, type Scene, withFault } from './trial.ts'

/** A lock of nothing but a word and an event count, as it is used by a thread that blocks and by an event loop. */
class Bare {
  readonly count: EventCount
  readonly words: Int32Array
  constructor({ words }: { readonly words: Int32Array }) {
    this.words = words
    this.count = new EventCount(words, 3)
  }

  take(tag: number): true | undefined {
    return Atomics.compareExchange(this.words, 2, 0, tag) === 0 || undefined
  }

  give(): void {
    Atomics.store(this.words, 2, 0)
    this.count.ring(1)
  }
}

/** In the place of a scope, which tells its waits of the cancellation in the same way. */
class Stop {
  isCancelled = false
  #wait: Wait | undefined
  enlist(wait: Wait): void {
    wait.owner = this
    this.#wait = wait
  }
  delist(wait: Wait): void {
    wait.owner = undefined
  }
  cancelError(): Error {
    return new Error('cancelled')
  }
  cancel(): void {
    this.isCancelled = true
    if (this.#wait?.owner === this) this.#wait.cancel()
  }
}

interface Wait {
  owner: unknown
  cancel(): void
}

const blocks =
  (isFirst = false): Body =>
  thread => {
    const lock = arrived(Bare as never, memory) as Bare
    if (!isFirst) lock.count.waitSync(() => lock.take(thread.tag), undefined, 'lock')
    thread.mark(() => {})
    lock.give()
  }

/** So many tasks of one event loop that want the lock, the first of which may be cancelled at any moment. */
const awaits =
  (tasks: number, cancels = false): Body =>
  thread => {
    const lock = arrived(Bare as never, memory) as Bare
    const order: number[] = []
    let open = tasks
    const stop = new Stop()
    for (let n = 0; n < tasks; n++) {
      const take = (): true | undefined => {
        if (lock.take(thread.tag) === undefined) return undefined
        order.push(n)
        open--
        return true
      }
      lock.count.wait(take, (cancels && n === 0 ? stop : undefined) as never, 'lock').catch(() => open--)
    }
    const isCancelled = (): boolean => cancels && stop.isCancelled && !order.includes(0)
    let given = 0
    const finish = (): boolean => {
      while (given < order.length) {
        given++
        lock.give()
      }
      return order.length + (isCancelled() ? 1 : 0) === tasks
    }
    thread.loop(finish, cancels ? () => stop.cancel() : undefined)
    thread.mark(() => {
      if (order.some((each, n) => n > 0 && each < (order[n - 1] as number)))
        throw new ModelError(`served ${order.join()}`)
    })
  }

let memory: Int32Array

function scene(held: boolean, ...bodies: readonly Body[]): (world: { thread(n: number): Thread }) => Scene {
  return world => {
    memory = new Int32Array(new SharedArrayBuffer(32))
    if (held) memory[2] = world.thread(0).tag
    return { words: memory, bodies }
  }
}

describe('waits on event loops, in every order of their steps with so many preemptions', () => {
  test('are told by a thread that blocks, and tell one', () => {
    everyOrder({ threads: 2, preemptions: 3 }, scene(true, blocks(true), awaits(1)))
    everyOrder({ threads: 3, preemptions: 2 }, scene(true, blocks(true), awaits(1), blocks()))
    everyOrder({ threads: 3, preemptions: 2 }, scene(true, blocks(true), awaits(1), awaits(1)))
  })

  test('of one loop are served in order', () => {
    everyOrder({ threads: 2, preemptions: 2 }, scene(true, blocks(true), awaits(2)))
  })

  test('leave no trace when they are cancelled, at any step', () => {
    everyOrder({ threads: 3, preemptions: 1 }, scene(true, blocks(true), awaits(1, true), blocks()))
    everyOrder({ threads: 2, preemptions: 2 }, scene(true, blocks(true), awaits(2, true)))
    everyOrder({ threads: 3, preemptions: 1 }, scene(true, blocks(true), awaits(1, true), awaits(1)))
  })

  test('would be found out: a bell that only those hear who block', () => {
    const fault = function ring(this: EventCount): void {
      if (Atomics.load(this.words, this.at + 2) % 65_536 === 0) return
      Atomics.add(this.words, this.at + 1, 1)
      Atomics.notify(this.words, this.at + 1)
    }
    withFault(EventCount.prototype, 'ring', fault, () =>
      assert.throws(
        () => everyOrder({ threads: 2, preemptions: 2 }, scene(true, blocks(true), awaits(1))),
        /waits for ever/,
      ),
    )
  })

  test('would be found out: one that rings before it has given the lock back', () => {
    const fault = function give(this: Bare): void {
      this.count.ring(1)
      Atomics.store(this.words, 2, 0)
    }
    withFault(Bare.prototype, 'give', fault, () =>
      assert.throws(
        () => everyOrder({ threads: 2, preemptions: 2 }, scene(true, blocks(true), awaits(1))),
        /waits for ever/,
      ),
    )
  })
})
