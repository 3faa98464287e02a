import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AbandonedError } from 'skein'
import { SharedRWLock } from '#skein/shared/locks/rw-lock.js'
import { EventCount } from '#skein/shared/waiting/event-count.js'
import { ModelError } from '../../models/explore.ts'
import { arrived, type Body, type Thread } from './simulated.ts'
import { everyOrder, type Scene, unlessCancelled, withFault } from './trial.ts'

/** The memory of a lock that has room for two readers at once. */
function smallLock(): Int32Array {
  const { words } = new SharedRWLock()
  const small = new Int32Array(new SharedArrayBuffer((words.length - 510) * 4))
  small.set(words.subarray(0, small.length))
  return small
}

class Room {
  readers = 0
  writers = 0
  enter(kind: 'readers' | 'writers'): void {
    this[kind]++
    if (this.writers > 1 || (this.writers === 1 && this.readers > 0)) {
      throw new ModelError(`${this.writers} write while ${this.readers} read`)
    }
  }
}

function scene(bodies: readonly ((lock: SharedRWLock, room: Room, thread: Thread, told: string[]) => void)[]) {
  return (): Scene => {
    const words = smallLock()
    const room = new Room()
    const told: string[] = []
    return {
      words,
      bodies: bodies.map(
        (body): Body =>
          thread =>
            body(arrived(SharedRWLock, words), room, thread, told),
      ),
      shared: () => `${room.readers},${room.writers},${told.join()}`,
    }
  }
}

const reads = (lock: SharedRWLock, room: Room, thread: Thread): void =>
  lock.readSync(() => {
    thread.mark(() => room.enter('readers'))
    thread.mark(() => room.readers--)
  })

const writes = (lock: SharedRWLock, room: Room, thread: Thread): void =>
  lock.writeSync(() => {
    thread.mark(() => room.enter('writers'))
    thread.mark(() => room.writers--)
  })

describe('the readers-writer lock, in every order of its steps with so many preemptions', () => {
  test('lets one write, or readers in, and each in the end', () => {
    everyOrder({ threads: 2, preemptions: 2 }, scene([reads, writes]))
    everyOrder({ threads: 2, preemptions: 2 }, scene([writes, writes]))
    everyOrder({ threads: 3, preemptions: 1 }, scene([reads, writes, reads]))
    everyOrder({ threads: 3, preemptions: 1 }, scene([writes, reads, writes]))
  })

  test('goes on as if a cancelled one had not come', () => {
    const cancelled = (kind: 'readSync' | 'writeSync') => (lock: SharedRWLock, _room: Room, thread: Thread) =>
      void unlessCancelled(thread, signal => lock[kind](() => {}, signal))
    everyOrder({ threads: 3, preemptions: 1 }, scene([reads, cancelled('writeSync'), reads]))
    everyOrder({ threads: 3, preemptions: 1 }, scene([writes, cancelled('writeSync'), writes]))
    // A writer leaves the lock to the readers that wait for a while, and there is no time here.
    everyOrder({ threads: 3, preemptions: 1, tuning: { courtesy: -1 } }, scene([writes, cancelled('readSync'), writes]))
  })

  const orTold =
    (act: typeof reads) =>
    (lock: SharedRWLock, room: Room, thread: Thread, told: string[]): void => {
      try {
        act(lock, room, thread)
      } catch (error) {
        if (!(error instanceof AbandonedError)) throw error
        thread.mark(() => told.push(`${thread.number}`))
      }
    }

  test('is abandoned by a writer that dies and not by a reader, at any step, and nobody hangs', () => {
    const only = (kind: 'readSync' | 'writeSync') => (lock: SharedRWLock, _room: Room, thread: Thread) =>
      lock[kind](() => thread.mark(() => {}))
    for (const act of [reads, writes]) {
      everyOrder({ threads: 2, dies: 0, preemptions: 1 }, scene([only('writeSync'), orTold(act)]))
      everyOrder({ threads: 2, dies: 0, preemptions: 1 }, scene([only('readSync'), act]))
    }
  })

  test('would be found out: a reader that looks for a writer first, and takes its place then', () => {
    const careless = (lock: SharedRWLock, room: Room, thread: Thread): void => {
      if (Atomics.load(lock.words, 2) !== 0) return
      Atomics.store(lock.words, lock.words.length - 1, thread.tag)
      thread.mark(() => room.enter('readers'))
      thread.mark(() => room.readers--)
      Atomics.store(lock.words, lock.words.length - 1, 0)
    }
    assert.throws(() => everyOrder({ threads: 2, preemptions: 3 }, scene([careless, writes])), /write while 1 read/)
  })

  test('would be found out: one that leaves without a bell', () => {
    withFault(
      EventCount.prototype,
      'ring',
      () => {},
      () => assert.throws(() => everyOrder({ threads: 2, preemptions: 2 }, scene([reads, writes])), /waits for ever/),
    )
  })
})
