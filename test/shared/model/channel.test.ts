import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EndOfChannelError } from 'skein'
import { SharedChannel } from '#skein/shared/data/channel.js'
import { EventCount } from '#skein/shared/waiting/event-count.js'
import { ModelError } from '../../models/explore.ts'
import { isLinearizable, type Operation, queueOf } from '../../models/linearizable.ts'
import { type Act, did, scene } from './asked.ts'
import type { Thread } from './simulated.ts'
import { everyOrder, unlessCancelled, withFault } from './trial.ts'

const sends =
  (...values: readonly number[]): Act<SharedChannel<number>> =>
  channel => {
    for (const value of values) channel.sendSync(value)
  }
const receives =
  (times: number): Act<SharedChannel<number>> =>
  (channel, thread, log) => {
    for (let n = 0; n < times; n++) {
      const value = channel.receiveSync()
      thread.mark(() => void log.push({ name: 'got', argument: thread.number, result: value, from: 0, to: 0 }))
    }
  }
const got = (log: readonly Operation[]): unknown[] => log.map(({ result }) => result)
const expects =
  (...allowed: readonly string[]) =>
  (log: readonly Operation[]): void => {
    if (!allowed.includes(got(log).join())) throw new ModelError(`received ${got(log).join()}`)
  }
const channelOf = (capacity: number) => (): SharedChannel<number> =>
  new SharedChannel<number>({ capacity, itemSize: 8 })

describe('the channel, in every order of its steps with so many preemptions', () => {
  test('hands over everything once and in order, and nobody sleeps for ever', () => {
    everyOrder(
      { threads: 2, preemptions: 2 },
      scene(SharedChannel<number>, channelOf(1), [sends(1), receives(1)], expects('1')),
    )
    everyOrder(
      { threads: 2, preemptions: 1 },
      scene(SharedChannel<number>, channelOf(1), [sends(1, 2), receives(2)], expects('1,2')),
    )
    everyOrder(
      { threads: 2, preemptions: 1 },
      scene(SharedChannel<number>, channelOf(2), [sends(1, 2, 3), receives(3)], expects('1,2,3')),
    )
  })

  test('loses and doubles nothing with two who send, or two who receive', () => {
    everyOrder(
      { threads: 3, preemptions: 1 },
      scene(SharedChannel<number>, channelOf(1), [sends(1), sends(2), receives(2)], expects('1,2', '2,1')),
    )
    everyOrder(
      { threads: 3, preemptions: 1 },
      scene(SharedChannel<number>, channelOf(2), [sends(1, 2), receives(1), receives(1)], expects('1,2', '2,1')),
    )
  })

  test('takes nothing for one that was cancelled, and keeps nothing from others', () => {
    const cancelled: Act<SharedChannel<number>> = (channel, thread, log) =>
      void unlessCancelled(thread, signal => {
        const value = channel.receiveSync(signal)
        thread.mark(() => void log.push({ name: 'got', result: value, from: 0, to: 0 }))
      })
    everyOrder(
      { threads: 3, preemptions: 1, mayWait: [1, 2] },
      scene(SharedChannel<number>, channelOf(1), [sends(1), cancelled, receives(1)], expects('1')),
    )
  })

  test('answers as a queue does that does one thing after another', () => {
    const tries = (channel: SharedChannel<number>, thread: Thread, log: Operation[], value: number): void => {
      did(thread, log, 'send', value, () => channel.trySend(value))
      did(thread, log, 'receive', undefined, () => channel.tryReceive())
    }
    const check = (log: readonly Operation[]): void => {
      // It may say no where another one is in the middle of something.
      const strict = log.filter(
        each =>
          each.result === true ||
          typeof each.result === 'number' ||
          !log.some(other => other !== each && other.from < each.to && each.from < other.to),
      )
      if (!isLinearizable(strict, [], queueOf(1))) throw new ModelError(`no order explains ${JSON.stringify(log)}`)
    }
    everyOrder(
      { threads: 2, preemptions: 2 },
      scene(
        SharedChannel<number>,
        channelOf(1),
        [1, 2].map(value => (channel, thread, log) => tries(channel, thread, log, value)),
        check,
      ),
    )
  })

  test('ends for those who wait when it is closed, and what was sent is received', () => {
    const untilEnd: Act<SharedChannel<number>> = (channel, thread, log) => {
      try {
        for (;;) {
          const value = channel.receiveSync()
          thread.mark(() => void log.push({ name: 'got', result: value, from: 0, to: 0 }))
        }
      } catch (error) {
        if (!(error instanceof EndOfChannelError)) throw error
      }
    }
    const sendsAll: Act<SharedChannel<number>> = channel => {
      channel.sendSync(1)
      channel.close()
    }
    everyOrder(
      { threads: 2, preemptions: 2 },
      scene(SharedChannel<number>, channelOf(1), [sendsAll, untilEnd], expects('1')),
    )
  })

  const both =
    (...acts: readonly Act<SharedChannel<number>>[]): Act<SharedChannel<number>> =>
    (channel, thread, log) => {
      for (const act of acts) act(channel, thread, log)
    }

  test('goes on when a sender dies in it, at any step', () => {
    everyOrder(
      { threads: 2, dies: 0, preemptions: 1, mayWait: [1] },
      scene(SharedChannel<number>, channelOf(2), [sends(1), both(sends(2), receives(2))], expects('2', '1,2', '2,1')),
    )
  })

  test('goes on when a receiver dies in it: what it had not got, another one gets', () => {
    everyOrder(
      { threads: 2, dies: 0, preemptions: 1, mayWait: [0, 1] },
      scene(
        SharedChannel<number>,
        channelOf(2),
        [receives(1), both(sends(1, 2), receives(2))],
        expects('1', '2', '1,2', '2,1'),
      ),
    )
  })

  test('would be found out: a sender that says that the value is there before it is', () => {
    const hasty: Act<SharedChannel<number>> = (channel, thread) => {
      const { words } = channel
      const [tail, filled, cell] = [16, 64, 96]
      Atomics.store(words, tail, 1)
      words[cell + 1] = 1 // a number
      Atomics.store(words, cell, -1)
      thread.mark(() => void (new Float64Array(words.buffer)[(cell + 4) / 2] = 7))
      Atomics.add(words, filled + 1, 1)
      Atomics.notify(words, filled + 1)
    }
    assert.throws(
      () =>
        everyOrder(
          { threads: 2, preemptions: 2 },
          scene(SharedChannel<number>, channelOf(1), [hasty, receives(1)], expects('7')),
        ),
      ModelError,
    )
  })

  test('would be found out: one that rings no bell', () => {
    withFault(
      EventCount.prototype,
      'ring',
      () => {},
      () =>
        assert.throws(
          () =>
            everyOrder(
              { threads: 2, preemptions: 2 },
              scene(SharedChannel<number>, channelOf(1), [sends(1), receives(1)], expects('1')),
            ),
          /waits for ever/,
        ),
    )
  })
})
