import assert from 'node:assert/strict'
import { call, type Executor, type SkeinEvent } from 'skein'
import { faultsInStories, storiesOf } from '../../support/stories.ts'
import { fileAppears, touch } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import { exitOnce, exitWith } from '../tasks/crashing.ts'
import { reportInSync } from '../tasks/context.ts'
import { writeLog } from '../tasks/durable.ts'
import { flaky, rejectLater } from '../tasks/failing.ts'
import { holdUntil, spinUntil } from '../tasks/holding.ts'
import { countTo } from '../tasks/streaming.ts'
import { double, doubleLater } from '../tasks/values.ts'

/** Hears everything that an executor tells. */
function listen(executor: Executor): SkeinEvent[] {
  const events: SkeinEvent[] = []
  executor.observe(event => events.push(event))
  return events
}

/** What each call was told to be, in words, each kind once. */
function kinds(events: readonly SkeinEvent[]): string[] {
  const told = [...storiesOf(events).values()].map(story =>
    story.map(event => (event.type === 'ended' ? event.outcome : event.type)).join(' '),
  )
  return [...new Set(told)].toSorted()
}

export const telling: Theme = theme('the story that events tell', add => {
  add('is whole for every call, however it ends', async ({ open, file }) => {
    const executor = open({ workers: 2 })
    const events = listen(executor)
    touch(file('open'))
    const early = new AbortController()
    const late = new AbortController()
    const outcomes = [
      executor.run(double, 1),
      executor.run(doubleLater, 2),
      executor.run(rejectLater, 'no'),
      executor.run(writeLog, file('open')),
      executor.run(reportInSync, 3),
      executor.run(call(flaky, file('log'), 3).with({ retries: { times: 4, backoff: 1 } })),
      executor.run(call(flaky, file('other'), 3).with({ retries: { times: 1, backoff: 0 } })),
      executor.run(call(holdUntil, file('begun'), file('never')).with({ timeout: 50 })),
      executor.run(call(doubleLater, 3).with({ signal: early.signal })),
      executor.run(call(holdUntil, file('held'), file('never')).with({ signal: late.signal })),
      ...Array.from({ length: 20 }, (_, n) => executor.run(call(doubleLater, n).with({ priority: n % 5 }))),
    ]
    const settled = Promise.allSettled(outcomes)
    early.abort()
    await fileAppears(file('held'))
    late.abort()
    await settled
    assert.deepEqual(faultsInStories(events), [])
    assert.deepEqual(kinds(events), [
      'submitted cancelled',
      'submitted started cancelled',
      'submitted started done',
      'submitted started failed',
      'submitted started log log log done',
      'submitted started progress progress progress done',
      'submitted started retried started failed',
      'submitted started retried started retried started done',
    ])
  })

  add('is whole for maps and streams, also for those that are left', async ({ open }) => {
    const executor = open({ workers: 2 })
    const events = listen(executor)
    let sum = 0
    for await (const each of executor.map(
      doubleLater,
      Array.from({ length: 300 }, (_, n) => n),
    ))
      sum += each
    assert.equal(sum, 300 * 299)
    for await (const each of executor.stream(countTo, 500)) if (each === 500) break
    for await (const each of executor.stream(countTo, 100_000)) if (each === 3) break
    for await (const each of executor.map(
      doubleLater,
      Array.from({ length: 300 }, (_, n) => n),
    ))
      if (each > 40) break
    await assert.rejects(executor.map(rejectLater, ['a', 'b', 'c']).toArray())
    await executor.close()
    assert.deepEqual(faultsInStories(events), [])
    const items = events.map(event => (event.type === 'ended' && event.outcome === 'done' ? (event.items ?? 1) : 0))
    assert.ok(items.reduce((one, two) => one + two, 0) >= 300)
  })

  add('is whole where the executor is closed in the middle', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const events = listen(executor)
    const held = executor.run(holdUntil, file('begun'), file('never'))
    const others = Array.from({ length: 5 }, (_, n) => executor.run(doubleLater, n))
    await fileAppears(file('begun'))
    const ended = Promise.allSettled([held, ...others])
    await executor.close({ cancel: true })
    await ended
    assert.deepEqual(faultsInStories(events), [])
    assert.equal(storiesOf(events).size, 6)
  })

  add(
    'is whole for calls whose worker ends under them, or is ended',
    async ({ open, file }) => {
      const executor = open({ workers: 2, concurrency: 2, grace: 20 })
      const events = listen(executor)
      await Promise.allSettled([
        executor.run(exitWith, 3),
        executor.run(call(exitOnce, file('once')).with({ retries: { times: 3, backoff: 1 } })),
        ...Array.from({ length: 8 }, (_, n) => executor.run(call(doubleLater, n).with({ retries: 9 }))),
      ])
      await Promise.allSettled([
        executor.run(call(spinUntil, file('spins'), file('never')).with({ timeout: 100 })),
        executor.run(call(holdUntil, file('waits'), file('never')).with({ timeout: 100 })),
      ])
      assert.deepEqual(faultsInStories(events), [])
      const gone = events.filter(event => event.type === 'worker' && event.state === 'gone')
      assert.ok(gone.length >= 2)
      for (const event of gone) assert.equal(event.type === 'worker' && event.place, executor.kind)
    },
    { needs: ['workers'] },
  )

  add('goes on, and the call with it, where a listener throws or rejects', async ({ open, place }) => {
    const executor = open({ workers: 1 })
    const warnings: string[] = []
    const onWarning = (warning: Error): void => {
      if (warning.name === 'SkeinObserverWarning') warnings.push(warning.message)
    }
    process.on('warning', onWarning)
    try {
      executor.observe(() => {
        throw new RangeError(`${place.name} throws`)
      })
      const rejecting: () => unknown = () => Promise.reject(new RangeError(`${place.name} rejects`))
      executor.observe(rejecting)
      const events = listen(executor)
      const job = await executor.submit(doubleLater, 4)
      assert.equal(await job.result(), 8)
      assert.equal(await executor.run(doubleLater, 5), 10)
      await new Promise(resolve => setImmediate(resolve))
      assert.deepEqual(faultsInStories(events), [])
      assert.equal(storiesOf(events).size, 2)
      // Each says so once, not for every event.
      assert.deepEqual(
        warnings.map(message => message.slice(message.indexOf(': ') + 2)).toSorted(),
        [`${place.name} rejects`, `${place.name} throws`].toSorted(),
      )
    } finally {
      process.off('warning', onWarning)
    }
  })

  add('is the same for the reader of a job and for the listener of its executor', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const events = listen(executor)
    touch(file('open'))
    const job = await executor.submit(call(writeLog, file('open')))
    const read: SkeinEvent[] = []
    for await (const event of job.events()) read.push(event)
    // It reads from when it begins to, at the latest before the gate is opened.
    const own = events.filter(event => 'id' in event && event.id === job.id)
    assert.ok(read.length >= 4)
    assert.deepEqual(read, own.slice(-read.length))
  })
})
