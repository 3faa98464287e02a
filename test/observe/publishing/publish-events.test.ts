import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, test, type TestContext } from 'node:test'
import { loop, type CallEvent } from 'skein'
import { publishEvents } from 'skein/observe'
import { connect, work } from 'skein/queue'
import { threads } from 'skein/threads'
import { root } from '../../support/paths.ts'
import { fakePlace } from '../fake-place.ts'
import { double, fail } from '../tasks.ts'

/** What comes on some channels from here to the end of the test. */
function heard(t: TestContext, ...types: string[]): CallEvent[] {
  const events: CallEvent[] = []
  const listener = (event: unknown): void => void events.push(event as CallEvent)
  for (const type of types) {
    subscribe(`skein:${type}`, listener)
    t.after(() => unsubscribe(`skein:${type}`, listener))
  }
  return events
}

describe('publishEvents', () => {
  test('puts each event of a pool on the channel of its type, in order', async t => {
    const events = heard(t, 'submitted', 'started', 'ended')
    await using pool = threads({ workers: 1 })
    using _publishing = publishEvents([pool])
    assert.equal(await pool.run(double, 21), 42)
    await assert.rejects(pool.run(fail))
    assert.deepEqual(
      events.map(event => [event.type, event.task, 'outcome' in event ? event.outcome : '']),
      [
        ['submitted', 'tasks.double', ''],
        ['started', 'tasks.double', ''],
        ['ended', 'tasks.double', 'done'],
        ['submitted', 'tasks.fail', ''],
        ['started', 'tasks.fail', ''],
        ['ended', 'tasks.fail', 'failed'],
      ],
    )
  })

  test('publishes for queues and workers as well, and for what is added later', async t => {
    const events = heard(t, 'ended')
    await using queue = await connect('memory:published')
    await using worker = await work({ store: 'memory:published', tasks: [double], on: 'loop' })
    using publishing = publishEvents()
    const leave = publishing.add(worker)
    assert.equal(await queue.run(double, 1), 2)
    assert.deepEqual(
      events.map(({ task, queue: name }) => [task, name]),
      [['tasks.double', 'default']],
    )
    leave()
    await queue.run(double, 2)
    assert.equal(events.length, 1)
  })

  test('is silent once it is closed, and leaves no listener behind', async t => {
    const events = heard(t, 'submitted', 'ended')
    const place = fakePlace({})
    const publishing = publishEvents([place])
    assert.equal(place.listeners.size, 1)
    publishing.close()
    publishing.close()
    assert.equal(place.listeners.size, 0)
    await using here = loop()
    using _other = publishEvents([here])
    await here.run(double, 1)
    assert.equal(events.length, 2)
  })

  test('lets a call go on whose subscriber throws: that is an uncaught exception, as with every channel of Node', () => {
    const program = `
      import { subscribe } from 'node:diagnostics_channel'
      import { loop, task } from 'skein'
      import { publishEvents } from 'skein/observe'
      const double = task(import.meta, n => n * 2, { name: 'double' })
      process.on('uncaughtException', error => console.log(error.message))
      subscribe('skein:started', () => { throw new Error('the subscriber failed') })
      const place = loop()
      publishEvents([place])
      console.log(await place.run(double, 3))`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: root,
      encoding: 'utf8',
    })
    assert.deepEqual(stdout.split('\n').sort(), ['', '6', 'the subscriber failed'], stderr)
  })

  test('refuses what has no events', () => {
    for (const wrong of [5, null, {}, [{}], [undefined], 'pool'])
      assert.throws(() => publishEvents(wrong as never), { code: 'SKEIN_INVALID_ARGUMENT' })
    assert.throws(() => publishEvents([]).add({} as never), { code: 'SKEIN_INVALID_ARGUMENT' })
  })
})
