import assert from 'node:assert/strict'
import { call, CancelledError, OverloadedError, scope } from 'skein'
import { codeOf, failure } from '../expect.ts'
import { fileAppears, linesOf, touch } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import { holdUntil, note } from '../tasks/holding.ts'
import { rejectLater } from '../tasks/failing.ts'
import { double } from '../tasks/values.ts'

export const controlling: Theme = theme('controlling', add => {
  add('one can wait until all that was handed over has ended, however it ended', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    await executor.idle()
    const calls = [
      executor.run(holdUntil, file('started'), file('gate')),
      executor.run(rejectLater, 'no'),
      executor.run(double, 1),
    ]
    const ends = Promise.all(calls.map(codeOf))
    let isIdle = false
    const idle = executor.idle().then(() => (isIdle = true))
    await fileAppears(file('started'))
    assert.equal(isIdle, false)
    touch(file('gate'))
    await idle
    const { queued, running, done, failed } = executor.stats()
    assert.deepEqual([queued, running, done, failed], [0, 0, 2, 1])
    await ends
    await executor.idle()
  })

  add('one can wait until nothing waits any more', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const held = executor.run(holdUntil, file('started'), file('gate'))
    await fileAppears(file('started'))
    const next = executor.run(holdUntil, file('next'), file('next gate'))
    let isEmpty = false
    const empty = executor.empty().then(() => (isEmpty = true))
    await new Promise(setImmediate)
    assert.equal(isEmpty, false)
    touch(file('gate'))
    await empty
    touch(file('next gate'))
    assert.deepEqual(await Promise.all([held, next]), ['released', 'released'])
    await executor.empty()
  })

  add('such a wait ends with its scope, and its executor goes on', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const held = executor.run(holdUntil, file('started'), file('gate'))
    const waiting = executor.run(double, 1)
    for (const wait of ['idle', 'empty'] as const) {
      const error = await failure(
        CancelledError,
        scope(async s => {
          s.spawn(() => s.cancel('enough'))
          await executor[wait](s)
        }),
      )
      assert.equal(error.reason, 'enough')
    }
    touch(file('gate'))
    assert.deepEqual(await Promise.all([held, waiting]), ['released', 2])
  })

  add('while it is paused nothing begins, and calls are accepted as long as there is room', async ({ open, file }) => {
    const executor = open({ workers: 2, maxQueue: 2 })
    assert.equal(executor.isPaused, false)
    const held = executor.run(holdUntil, file('started'), file('gate'))
    await fileAppears(file('started'))
    executor.pause()
    executor.pause()
    assert.equal(executor.isPaused, true)
    const calls = [executor.run(note, file('log'), 'a'), executor.run(note, file('log'), 'b')]
    const { message } = await failure(OverloadedError, executor.run(note, file('log'), 'too many'))
    assert.match(message, /is full: it is paused.*Resume it/)
    touch(file('gate'))
    assert.equal(await held, 'released')
    assert.deepEqual([executor.stats().queued, executor.stats().running], [2, 0])
    assert.deepEqual(linesOf(file('log')), [])
    executor.resume()
    assert.equal(executor.isPaused, false)
    await Promise.all(calls)
    assert.deepEqual(linesOf(file('log')).sort(), ['a', 'b'])
    executor.resume()
  })

  add('a map and those who wait for room go on when it is resumed', async ({ open }) => {
    const executor = open({ workers: 1, maxQueue: 0, overload: 'wait' })
    executor.pause()
    const results = executor.map(double, [1, 2, 3]).toArray()
    const submitted = executor.submit(double, 4)
    await new Promise(setImmediate)
    assert.equal(executor.stats().running, 0)
    executor.resume()
    assert.deepEqual(await results, [2, 4, 6])
    assert.equal(await (await submitted).result(), 8)
  })

  add('what waits can be cancelled all at once, and what runs goes on', async ({ open, file }) => {
    const executor = open({ workers: 1, maxQueue: 2, overload: 'wait' })
    assert.equal(executor.clear(), 0)
    const held = executor.run(holdUntil, file('started'), file('gate'))
    await fileAppears(file('started'))
    const calls = ['a', 'b', 'c', 'd'].map(line => executor.run(note, file('log'), line))
    const errors = Promise.all(calls.map(each => failure(CancelledError, each)))
    assert.equal(executor.clear('not today'), 4)
    for (const { reason, ended } of await errors) assert.deepEqual([reason, ended], ['not today', 'withdrawn'])
    touch(file('gate'))
    assert.equal(await held, 'released')
    assert.equal(await executor.run(note, file('log'), 'later'), 'later')
    assert.deepEqual(linesOf(file('log')), ['later'])
    assert.equal(executor.stats().cancelled, 4)
  })

  add('closing resumes, so that what was accepted ends', async ({ open }) => {
    const executor = open({ workers: 1 })
    executor.pause()
    const accepted = executor.run(double, 1)
    const idle = executor.idle()
    await executor.close()
    assert.equal(await accepted, 2)
    await idle
  })

  add('closing by force ends what waits while it is paused', async ({ open }) => {
    const executor = open({ workers: 1 })
    executor.pause()
    const accepted = codeOf(executor.run(call(double, 1).with({ priority: 1 })))
    await executor.close({ cancel: true })
    assert.equal(await accepted, 'SKEIN_CANCELLED')
  })
})
