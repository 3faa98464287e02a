import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AbandonedError } from 'skein'
import { SharedCondition } from '#skein/shared/locks/condition.js'
import { SharedMutex } from '#skein/shared/locks/mutex.js'
import { SharedSemaphore } from '#skein/shared/locks/semaphore.js'
import { EventCount } from '#skein/shared/waiting/event-count.js'
import { packShared } from '#skein/shared/memory/handle.js'
import { explore, ModelError } from '../../models/explore.ts'
import { arrived, type Body, CancelledHere, system, type Thread, World } from './simulated.ts'

/** Fails unless this is the only one inside. */
class Inside {
  now = 0
  most = 0
  rounds = 0
  enter(limit: number): void {
    this.now++
    this.most = Math.max(this.most, this.now)
    if (this.now > limit) throw new ModelError(`${this.now} are inside at once`)
  }
  leave(): void {
    this.now--
    this.rounds++
  }
}

interface Trial {
  /** What each thread does with its handle of the lock. */
  readonly bodies: readonly ((lock: SharedMutex, inside: Inside, thread: Thread, notes: string[]) => void)[]
  /** A thread that dies at every moment. */
  readonly dies?: number
  readonly patience?: number
  readonly rounds?: number
  /** The first thread holds it from the beginning, and releases it. */
  readonly held?: boolean
}

function mutexTrial({
  bodies,
  dies,
  patience = Infinity,
  rounds,
  held = false,
}: Trial): () => ReturnType<typeof system> {
  return () => {
    const world = new World(bodies.length, { patience })
    const { words } = new SharedMutex()
    if (held) words[2] = world.thread(0).tag
    const inside = new Inside()
    const notes: string[] = []
    const finished = new Set<number>()
    const run = bodies.map((body, n): Body => thread => {
      body(arrived(SharedMutex, words), inside, thread, notes)
      thread.mark(() => void finished.add(n))
    })
    return system(world, words, run, {
      programs: dies === undefined ? [] : [world.death(dies)],
      shared: () => `${inside.now},${inside.rounds},${notes.join()},${[...finished].join()}`,
      end: () => {
        for (const n of bodies.keys()) {
          if (!finished.has(n) && !world.dead.has(n)) throw new ModelError(`thread ${n} waits for ever`)
        }
        if (rounds !== undefined && inside.rounds !== rounds) throw new ModelError(`${inside.rounds} rounds`)
      },
    })
  }
}

const turn = (lock: SharedMutex, inside: Inside, thread: Thread): void => {
  lock.acquireSync()
  thread.mark(() => inside.enter(1))
  thread.mark(() => inside.leave())
  lock.release()
}

const cancelled = (lock: SharedMutex, inside: Inside, thread: Thread): void => {
  try {
    lock.acquireSync(thread.cancellable)
  } catch (error) {
    if (error instanceof CancelledHere) return
    throw error
  }
  thread.mark(() => inside.enter(1))
  thread.mark(() => inside.leave())
  lock.release()
}

/** It may take the lock and give it back, or give up. */
const waitsCancelled = (lock: SharedMutex, _inside: Inside, thread: Thread): void => {
  try {
    lock.acquireSync(thread.cancellable)
  } catch (error) {
    if (error instanceof CancelledHere) return
    throw error
  }
  lock.release()
}

const inAndOut = (lock: SharedMutex): void => {
  lock.acquireSync()
  lock.release()
}

const told = (lock: SharedMutex, inside: Inside, thread: Thread, notes: string[]): void => {
  try {
    turn(lock, inside, thread)
  } catch (error) {
    if (!(error instanceof AbandonedError)) throw error
    thread.mark(() => void notes.push(`told ${thread.number}`))
  }
}

/** One that holds the lock, one that may be cancelled, and one behind it. */
const three = mutexTrial({ bodies: [lock => lock.release(), waitsCancelled, inAndOut], held: true })
const preemptions = 2

describe('the mutex, in every order of its steps', () => {
  test('lets one in at a time, and each in the end', () => {
    const { states } = explore(mutexTrial({ bodies: [turn, turn], rounds: 2 }))
    assert.ok(states > 100, `${states}`)
  })

  test('loses no wake-up and lets nobody starve where one has been passed over for long', () => {
    explore(mutexTrial({ bodies: [turn, turn], patience: -1, rounds: 2 }))
  })

  test('stays as it was when one who waits is cancelled, at any step', () => {
    explore(mutexTrial({ bodies: [turn, cancelled] }))
    explore(mutexTrial({ bodies: [turn, cancelled], patience: -1 }))
  })

  test('is abandoned by a thread that dies, at any step: the others are told or go in, and nobody hangs', () => {
    const { ends } = explore(
      mutexTrial({
        bodies: [
          (lock, _inside, thread) => {
            lock.acquireSync()
            thread.mark(() => {})
            lock.release()
          },
          told,
        ],
        dies: 0,
      }),
    )
    assert.ok(ends > 1)
  })

  test('would be found out: a release without a bell leaves somebody asleep', () => {
    const { ring } = EventCount.prototype
    EventCount.prototype.ring = () => {}
    try {
      assert.throws(() => explore(mutexTrial({ bodies: [turn, turn] })), /waits for ever/)
    } finally {
      EventCount.prototype.ring = ring
    }
  })

  test('would be found out: a lock that is looked at first and taken then lets two in', () => {
    const careless = (lock: SharedMutex, inside: Inside, thread: Thread): void => {
      const { words } = lock
      if (Atomics.load(words, 2) !== 0) return
      Atomics.store(words, 2, thread.tag)
      thread.mark(() => inside.enter(1))
      thread.mark(() => inside.leave())
      Atomics.store(words, 2, 0)
    }
    assert.throws(() => explore(mutexTrial({ bodies: [careless, careless] })), /2 are inside/)
  })

  test('lets those behind a cancelled one go on: with three threads, in every order with two preemptions', () => {
    explore(three, preemptions)
    explore(mutexTrial({ bodies: [turn, turn, turn], rounds: 3 }), 1)
  })

  test('would be found out: one who gives up when it has been woken, before it has tried', () => {
    const hasty = (lock: SharedMutex, _inside: Inside, thread: Thread): void => {
      const { words } = lock
      const [state, bell, sleepers] = [2, 5, 6]
      Atomics.add(words, sleepers, 1)
      const seen = Atomics.load(words, bell)
      if (Atomics.compareExchange(words, state, 0, thread.tag) === 0) lock.release()
      else Atomics.wait(words, bell, seen)
      Atomics.sub(words, sleepers, 1)
    }
    const trial = mutexTrial({ bodies: [lock => lock.release(), hasty, inAndOut], held: true })
    assert.throws(() => explore(trial, preemptions), /thread 2 waits for ever/)
  })
})

function semaphoreTrial(
  value: number,
  bodies: readonly ((semaphore: SharedSemaphore, inside: Inside, thread: Thread) => void)[],
  dies?: number,
  max: number = value,
): () => ReturnType<typeof system> {
  return () => {
    const world = new World(bodies.length, {})
    const { words } = new SharedSemaphore(value, { max })
    const inside = new Inside()
    const finished = new Set<number>()
    const run = bodies.map((body, n): Body => thread => {
      body(arrived(SharedSemaphore, words), inside, thread)
      thread.mark(() => void finished.add(n))
    })
    return system(world, words, run, {
      programs: dies === undefined ? [] : [world.death(dies)],
      shared: () => `${inside.now},${[...finished].join()}`,
      end: () => {
        for (const n of bodies.keys()) {
          if (!finished.has(n) && !world.dead.has(n)) throw new ModelError(`thread ${n} waits for ever`)
        }
      },
    })
  }
}

describe('the semaphore, in every order of its steps', () => {
  const visit = (semaphore: SharedSemaphore, inside: Inside, thread: Thread): void =>
    semaphore.holdSync(() => {
      thread.mark(() => inside.enter(semaphore.max))
      thread.mark(() => inside.leave())
    })

  test('lets in as many as it has places, and each in the end', () => {
    explore(semaphoreTrial(1, [visit, visit]))
    explore(semaphoreTrial(2, [visit, visit]))
  })

  test('lets in two at once where two places were given back, also while one of them was on its way', () => {
    const takes = (semaphore: SharedSemaphore, inside: Inside, thread: Thread): void => {
      semaphore.acquireSync()
      thread.mark(() => inside.enter(2))
    }
    const gives = (semaphore: SharedSemaphore): void => {
      semaphore.release()
      semaphore.release()
    }
    explore(semaphoreTrial(0, [gives, takes, takes], undefined, 2), 2)
  })

  test('gives back the place of a thread that dies in it, at any step', () => {
    const short = (semaphore: SharedSemaphore, _inside: Inside, thread: Thread): void =>
      semaphore.holdSync(() => thread.mark(() => {}))
    explore(semaphoreTrial(1, [short, short], 0))
  })
})

describe('the condition, in every order of its steps with two preemptions', () => {
  function trial(
    bodies: readonly ((c: SharedCondition, thread: Thread, ready: { is: number }) => void)[],
    dies?: number,
  ) {
    return () => {
      const world = new World(bodies.length, {})
      const mutex = new SharedMutex()
      const condition = new SharedCondition(mutex)
      mutex.words[2] = world.thread(0).tag // the first one is in
      const ready = { is: 0 }
      const finished = new Set<number>()
      const run = bodies.map((body, n): Body => thread => {
        const own = arrived(SharedMutex, mutex.words)
        const mine = arrived(SharedCondition, condition.words, packShared(own))
        body(mine, thread, ready)
        thread.mark(() => void finished.add(n))
      })
      return system(world, mutex.words, run, {
        programs: dies === undefined ? [] : [world.death(dies)],
        shared: () => `${condition.words.subarray(2, 24).join()},${ready.is},${[...finished].join()}`,
        end: () => {
          for (const n of bodies.keys()) {
            if (!finished.has(n) && !world.dead.has(n)) throw new ModelError(`thread ${n} waits for ever`)
          }
        },
      })
    }
  }

  const waits = (condition: SharedCondition, thread: Thread, ready: { is: number }): void => {
    while (thread.mark(() => ready.is) === 0) condition.waitSync()
    thread.mark(() => ready.is--)
    condition.lock.release()
  }
  const tells = (condition: SharedCondition, thread: Thread, ready: { is: number }): void => {
    condition.lock.acquireSync()
    thread.mark(() => ready.is++)
    condition.notify(1)
    condition.lock.release()
  }

  test('a notification reaches one that waits, or finds that there is none yet', () => {
    explore(trial([waits, tells]), 1)
  })

  test('would be found out: one who tells nobody', () => {
    const silent = (condition: SharedCondition, thread: Thread, ready: { is: number }): void => {
      condition.lock.acquireSync()
      thread.mark(() => ready.is++)
      condition.lock.release()
    }
    assert.throws(() => explore(trial([waits, silent])), /waits for ever/)
  })
})
