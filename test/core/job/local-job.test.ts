import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LocalJob } from '#skein/core/job/local-job.js'
import { CancelledError, isJob, type CallEvent, scope, TimeoutError, tree } from 'skein'
import { rejection, settled } from '../deferred.ts'

function job(cancel: (reason: unknown) => Promise<void> | void = () => {}): LocalJob<number> {
  return new LocalJob<number>({ id: 'job-1', name: 'count', place: 'test', cancel })
}

const facts = { id: 'job-1', task: 'count', place: 'test', attempt: 1 }

describe('a job', () => {
  test('is no thenable and is known as a job', async () => {
    const it = job()
    assert.equal('then' in it, false)
    assert.equal(isJob(it), true)
    assert.equal(isJob({}), false)
    assert.equal(it.id, 'job-1')
    assert.equal(it.name, 'count')
  })

  test('gives its value to everybody, before and after it has ended', async () => {
    const it = job()
    const early = [it.result(), it.result(), it.result({ timeout: '1h' })]
    it.start()
    assert.equal(it.state, 'running')
    it.resolve(7)
    it.resolve(8)
    it.reject(new Error('too late'), 'failed')
    assert.equal(it.state, 'done')
    assert.deepEqual(await Promise.all([...early, it.result()]), [7, 7, 7, 7])
  })

  test('keeps a failure that nobody asks for, without an unhandled rejection', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    try {
      const error = new Error('kept')
      const it = job()
      it.reject(error, 'failed')
      await settled()
      assert.deepEqual(unhandled, [])
      assert.equal(it.state, 'failed')
      assert.equal(await rejection(it.result()), error)
    } finally {
      process.off('unhandledRejection', note)
    }
  })

  test('is left by a scope that reads it when that ends, and a dump says what the scope waits for', async () => {
    const it = job()
    const waitsFor = (): unknown => tree()[0]?.waitsFor
    const [next, other] = await scope(async s => {
      const events = it.events(s)
      const pending = [events.next(), events.next()] as const
      assert.equal(it.isFollowed, true)
      assert.deepEqual(waitsFor(), ['the events of job count', 'the events of job count'])
      it.start()
      const first = await pending[0]
      assert.equal(first.value.type, 'started')
      assert.deepEqual(waitsFor(), ['the events of job count'])
      return [pending[1], events.next()]
    })
    assert.equal(it.isFollowed, false)
    for (const each of [next, other]) assert.ok((await rejection(each)) instanceof CancelledError)
    it.resolve(1)
    assert.equal(it.state, 'done')
  })

  test('lets a wait end before the job does, and goes on', async () => {
    const it = job()
    const late = await rejection(it.result({ timeout: 5 }))
    assert.ok(late instanceof TimeoutError)
    assert.equal(late.timeout, 5)
    assert.match(late.message, /job count .* goes on/)
    const controller = new AbortController()
    const waiting = rejection(it.result({ signal: controller.signal, timeout: '1h' }))
    controller.abort('left')
    const left = await waiting
    assert.ok(left instanceof CancelledError)
    assert.equal(left.source, 'signal')
    assert.equal(left.reason, 'left')
    assert.ok((await rejection(it.result({ signal: controller.signal }))) instanceof CancelledError)
    assert.match(((await rejection(it.result({ timeout: -1 }))) as Error).message, /timeout must be a duration/)
    it.resolve(1)
    assert.equal(await it.result({ signal: controller.signal }), 1)
  })

  test('leaves no timer and no listener when it ends before the limit', async () => {
    const it = job()
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args))
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args))
    const waits = Array.from({ length: 100 }, () => it.result({ timeout: '1h', signal }))
    assert.equal(listeners, 1)
    it.resolve(3)
    await Promise.all(waits)
    assert.equal(listeners, 0)
    assert.equal(process.getActiveResourcesInfo().includes('Timeout'), false)
  })

  test('passes the reason on when cancelled, and says so only when the work has ended', async () => {
    const reasons: unknown[] = []
    const it = job(reason => void reasons.push(reason))
    let over = false
    const cancelling = it.cancel('why').then(() => (over = true))
    await settled()
    assert.deepEqual(reasons, ['why'])
    assert.equal(over, false)
    it.reject(new Error('stopped'), 'cancelled')
    await cancelling
    await it.cancel('again')
    assert.deepEqual(reasons, ['why'])
  })

  test('never rejects from cancel', async () => {
    const it = job(() => Promise.reject(new Error('could not ask')))
    const cancelling = it.cancel()
    it.reject(new Error('failed'), 'failed')
    await cancelling
  })

  test('reports its events to each reader, what came before included, until the end', async () => {
    const it = job()
    it.reportProgress('before')
    const events = collect(it.events())
    const values = collect(it.progress())
    it.start()
    it.reportProgress(1)
    it.report({ ...facts, type: 'retried', time: 1, ended: 1, error: 'e', again: 2 })
    it.reportProgress(2)
    it.resolve(9)
    const told = await events
    assert.deepEqual(
      told.map(event => event.type),
      ['progress', 'started', 'progress', 'retried', 'progress', 'ended'],
    )
    for (const { id, task, place, attempt } of told) assert.deepEqual({ id, task, place, attempt }, facts)
    const last = told.at(-1)
    assert.ok(last?.type === 'ended' && last.outcome === 'done' && last.time === last.ended)
    assert.deepEqual(await values, ['before', 1, 2])
    assert.deepEqual(await collect(it.progress()), ['before', 1, 2])
  })

  test('tells its end in the words of whoever does the work, where they tell it; else in its own', async () => {
    const error = new Error('why')
    const own = job()
    const events = collect(own.events())
    own.reject(error, 'failed')
    const [ended, ...others] = await events
    assert.deepEqual(others, [])
    assert.ok(ended?.type === 'ended' && ended.outcome === 'failed' && ended.error === error)
    const told = job()
    const heard = collect(told.events())
    const end: CallEvent = {
      ...facts,
      type: 'ended',
      time: 3,
      ended: 3,
      started: 1,
      worker: 'thread 1',
      outcome: 'done',
    }
    told.report(end)
    told.resolve(1)
    assert.deepEqual(await heard, [end])
  })

  test('stops feeding a reader who left, also one who is waiting', async () => {
    const it = job()
    const reader = it.events()
    const waiting = reader.next()
    await reader.return?.()
    assert.deepEqual(await waiting, { value: undefined, done: true })
    it.reportProgress(1)
    assert.deepEqual(await reader.next(), { value: undefined, done: true })
    for await (const value of withOne(it)) {
      assert.equal(value, 1)
      break
    }
  })

  test('keeps a bounded number of progress values for a reader who does not read, and every change of state', async () => {
    const it = job()
    const events = it.events()
    const values = it.progress()
    it.start()
    for (let i = 0; i < 5_000; i++) it.reportProgress(i)
    it.resolve(1)
    const kept = await collect(values)
    assert.ok(kept.length <= 1_024, `${kept.length} kept`)
    assert.equal(kept.at(-1), 4_999)
    const states = (await collect(events)).map(event => event.type).filter(type => type !== 'progress')
    assert.deepEqual(states, ['started', 'ended'])
  })
})

describe('the job of a spawned task', () => {
  test('goes from queued to running to its end', async () => {
    await scope(async s => {
      const it = s.spawn(async s => {
        assert.equal(it.state, 'running')
        await s.sleep(0)
        return 'value'
      })
      assert.equal(it.state, 'queued')
      assert.equal(await it.result(), 'value')
      assert.equal(it.state, 'done')
    })
  })

  test('reports what the task, and scopes within it, give to progress', async () => {
    await scope(async s => {
      const it = s.spawn(async s => {
        s.progress(1)
        await s.scope(inner => inner.progress(2))
        await s.spawn(other => other.progress('of another job')).result()
      })
      assert.deepEqual(await collect(it.progress()), [1, 2])
    })
  })

  test('tells what happens to it in the words of every place', async () => {
    await scope(async s => {
      const it = s.spawn(async function watched(s) {
        s.log('half', { done: 1 })
        await s.sleep(0)
        throw new RangeError('no more')
      })
      const events = await collect(it.events())
      assert.deepEqual(
        events.map(({ type, id, task, place, attempt }) => [type, id, task, place, attempt]),
        ['started', 'log', 'ended'].map(type => [type, it.id, 'watched', 'scope', 1]),
      )
      const [, line, ended] = events
      assert.ok(line?.type === 'log' && line.text === 'half' && line.fields?.['done'] === 1)
      assert.ok(ended?.type === 'ended' && ended.outcome === 'failed' && ended.error instanceof RangeError)
    }).catch(() => {})
  })

  test('has an id of its own', async () => {
    await scope(s => {
      const ids = [s.spawn(() => 1), s.spawn(() => 2)].map(each => each.id)
      assert.equal(new Set(ids).size, 2)
    })
  })
})

async function* withOne(it: LocalJob<number>): AsyncGenerator<unknown> {
  const values = it.progress()
  it.reportProgress(1)
  yield* values
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}

// The type of an event can be told apart by its `type`.
export type Progress = Extract<CallEvent, { type: 'progress' }>
