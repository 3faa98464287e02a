import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BrokenError } from 'skein'
import { SharedBarrier } from '#skein/shared/signals/barrier.js'
import { SharedEvent } from '#skein/shared/signals/event.js'
import { SharedLatch } from '#skein/shared/signals/latch.js'
import { SharedOnce } from '#skein/shared/signals/once.js'
import { EventCount } from '#skein/shared/waiting/event-count.js'
import { ModelError } from '../../models/explore.ts'
import { arrived, type Thread } from './simulated.ts'
import { everyOrder, unlessCancelled, withFault } from './trial.ts'

const silently = (run: () => void): void => withFault(EventCount.prototype, 'ring', () => {}, run)

describe('the event, in every order of its steps', () => {
  const scene =
    (waiters: number, cancels = false) =>
    () => {
      const { words } = new SharedEvent()
      const waits = (thread: Thread): void => {
        const event = arrived(SharedEvent, words)
        if (cancels && !unlessCancelled(thread, signal => event.waitSync(signal))) return
        event.waitSync()
        thread.mark(() => {
          if (words[2] !== 1) throw new ModelError('it goes on before it is set')
        })
      }
      return {
        words,
        bodies: [() => arrived(SharedEvent, words).set(), ...Array.from({ length: waiters }, () => waits)],
      }
    }

  test('lets all go on once it is set, and nobody before', () => {
    everyOrder({ threads: 2 }, scene(1))
    everyOrder({ threads: 3, preemptions: 3 }, scene(2))
  })

  test('loses nobody when one who waits is cancelled', () => {
    everyOrder({ threads: 3, preemptions: 2 }, scene(2, true))
  })

  test('would be found out: one that is set without a bell', () => {
    silently(() => assert.throws(() => everyOrder({ threads: 2 }, scene(1)), /waits for ever/))
  })
})

describe('the latch, in every order of its steps', () => {
  const scene =
    (times: number, down: (words: Int32Array) => void = words => arrived(SharedLatch, words).countDown()) =>
    () => {
      const { words } = new SharedLatch(times)
      const done = { count: 0 }
      const counts = (thread: Thread): void => {
        thread.mark(() => done.count++)
        down(words)
      }
      const waits = (thread: Thread): void => {
        arrived(SharedLatch, words).waitSync()
        thread.mark(() => {
          if (done.count < times) throw new ModelError(`it goes on after ${done.count} of ${times}`)
        })
      }
      return { words, bodies: [waits, ...Array.from({ length: times }, () => counts)], shared: () => `${done.count}` }
    }

  test('lets those go on who wait when all have counted down, and not before', () => {
    everyOrder({ threads: 2 }, scene(1))
    everyOrder({ threads: 3, preemptions: 3 }, scene(2))
  })

  test('would be found out: one that reads and writes in two steps loses a count', () => {
    const careless = (words: Int32Array): void => {
      const latch = arrived(SharedLatch, words)
      Atomics.store(words, 2, Atomics.load(words, 2) - 1)
      if (latch.count === 0) latch.countDown()
    }
    assert.throws(() => everyOrder({ threads: 3, preemptions: 3 }, scene(2, careless)), /waits for ever/)
  })

  test('would be found out: the last one rings no bell', () => {
    silently(() => assert.throws(() => everyOrder({ threads: 2 }, scene(1)), /waits for ever/))
  })
})

describe('what is to be done once, in every order of its steps', () => {
  const scene = (fails: number) => () => {
    const { words } = new SharedOnce()
    const did = { inside: 0, done: 0, attempts: 0 }
    const body = (thread: Thread): void => {
      const once = arrived(SharedOnce, words)
      const act = (): void => {
        thread.mark(() => {
          did.attempts++
          if (++did.inside > 1) throw new ModelError('two do it at the same time')
        })
        const isWrong = thread.mark(() => {
          did.inside--
          return did.attempts <= fails
        })
        if (isWrong) throw new Error('this attempt fails')
        thread.mark(() => {
          if (++did.done > 1) throw new ModelError('it is done twice')
        })
      }
      try {
        once.runSync(act)
      } catch (error) {
        if (fails === 0 || (error as Error).message !== 'this attempt fails') throw error
        return
      }
      thread.mark(() => {
        if (did.done === 0) throw new ModelError('it goes on before it is done')
      })
    }
    return { words, bodies: [body, body], shared: () => JSON.stringify(did) }
  }

  test('is done by one, and the other goes on when it is', () => {
    everyOrder({ threads: 2 }, scene(0))
  })

  test('is done again after an attempt that failed', () => {
    everyOrder({ threads: 2 }, scene(1))
  })

  test('is done by the next when the one that did it dies, at any step', () => {
    everyOrder({ threads: 2, dies: 0, preemptions: 3 }, () => {
      const { words } = new SharedOnce()
      return { words, bodies: [0, 1].map(() => () => void arrived(SharedOnce, words).runSync(() => {})) }
    })
  })

  test('would be found out: it is looked at first, and begun then', () => {
    assert.throws(
      () =>
        everyOrder({ threads: 2 }, () => {
          const did = { times: 0 }
          const { words } = new SharedOnce()
          const body = (thread: Thread): void => {
            if (Atomics.load(words, 2) !== 0) return
            Atomics.store(words, 2, thread.tag)
            thread.mark(() => {
              if (++did.times > 1) throw new ModelError('it is done twice')
            })
          }
          return { words, bodies: [body, body], shared: () => `${did.times}` }
        }),
      /done twice/,
    )
  })

  test('would be found out: the one that did it rings no bell', () => {
    silently(() => assert.throws(() => everyOrder({ threads: 2 }, scene(0)), /waits for ever/))
  })
})

describe('the barrier, in every order of its steps', () => {
  const scene =
    (rounds: number, wait = (barrier: SharedBarrier): void => void barrier.waitSync()) =>
    () => {
      const { words } = new SharedBarrier(2)
      const at = [0, 0]
      const body = (thread: Thread): void => {
        const barrier = arrived(SharedBarrier, words)
        for (let round = 1; round <= rounds; round++) {
          thread.mark(() => (at[thread.number] = round))
          wait(barrier)
          thread.mark(() => {
            if (at.some(each => each < round)) throw new ModelError(`round ${round} is left before all have come`)
          })
        }
      }
      return { words, bodies: [body, body], shared: () => at.join() }
    }

  test('lets none go on before all have come, round after round', () => {
    everyOrder({ threads: 2 }, scene(1))
    everyOrder({ threads: 2, preemptions: 3 }, scene(2))
  })

  test('takes the arrival of a cancelled one back: who comes instead completes the round', () => {
    everyOrder({ threads: 3, preemptions: 2, mayWait: [0, 1, 2] }, () => {
      const { words } = new SharedBarrier(2)
      const passed: number[] = []
      const waits = (thread: Thread): void => {
        arrived(SharedBarrier, words).waitSync()
        thread.mark(() => passed.push(thread.number))
      }
      const gives = (thread: Thread): void => {
        const barrier = arrived(SharedBarrier, words)
        if (unlessCancelled(thread, signal => void barrier.waitSync(signal))) thread.mark(() => passed.push(0))
      }
      return {
        words,
        bodies: [gives, waits, waits],
        shared: () => passed.join(),
        end: () => {
          if (passed.length !== 2) throw new ModelError(`${passed.length} have passed`)
        },
      }
    })
  })

  test('is broken for those who wait when one that had arrived dies', () => {
    const { ends } = everyOrder({ threads: 2, dies: 0, preemptions: 3, mayWait: [1] }, () => {
      const { words } = new SharedBarrier(2)
      const told: string[] = []
      const body = (thread: Thread): void => {
        try {
          arrived(SharedBarrier, words).waitSync()
          thread.mark(() => told.push(`${thread.number} passed`))
        } catch (error) {
          if (!(error instanceof BrokenError)) throw error
          thread.mark(() => told.push(`${thread.number} told`))
        }
      }
      return { words, bodies: [body, body], shared: () => told.join() }
    })
    assert.ok(ends > 2)
  })

  test('would be found out: the last one rings no bell', () => {
    silently(() => assert.throws(() => everyOrder({ threads: 2 }, scene(1)), /waits for ever/))
  })

  test('would be found out: one that goes on when the count is full, whichever round that is of', () => {
    const careless = (barrier: SharedBarrier): void => {
      Atomics.add(barrier.words, 2, 1)
      if (Atomics.load(barrier.words, 2) === 3) Atomics.store(barrier.words, 2, 0)
    }
    assert.throws(() => everyOrder({ threads: 2 }, scene(1, careless)), /before all have come/)
  })
})
