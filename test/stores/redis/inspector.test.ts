import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { openStore } from 'skein/queue'
import type { Claim, InspectableStore, OutgoingCall } from 'skein/stores'
import { storeSettings } from '#skein/stores/options.js'
import { RedisStore } from '#skein/stores/redis/redis-store.js'
import { redisPlace } from '#skein/stores/redis/url.js'
import { describeRedis, freshRedis, type RedisServer } from '../../support/redis-server.ts'

function call(id: string, changes: Partial<OutgoingCall> = {}): OutgoingCall {
  const headers = JSON.stringify({ lang: 'js', task: 't', id })
  return { id, queue: 'q', task: 't', headers, body: '[[],{},{}]', priority: 0, delay: 0, ...changes }
}

/** A message of a sender in Python. */
function foreign(id: string): string {
  return JSON.stringify({
    body: Buffer.from('[[1],{},{}]').toString('base64'),
    'content-encoding': 'utf-8',
    'content-type': 'application/json',
    headers: { lang: 'py', task: 'python.task', id },
    properties: { correlation_id: id, body_encoding: 'base64', delivery_tag: `tag of ${id}` },
  })
}

describeRedis('the inspector of a store on Redis', () => {
  let server: RedisServer
  let store: InspectableStore & RedisStore
  let now = Date.UTC(2026, 0, 1)

  before(async () => void (server = await freshRedis()))
  after(() => server.stop())
  beforeEach(async () => {
    await server.text('FLUSHDB')
    const settings = storeSettings({}, new Set())
    const opened = await RedisStore.open({ place: redisPlace(server.url), settings, clock: () => now })
    store = opened as unknown as InspectableStore & RedisStore
  })
  afterEach(() => store.close())

  async function taken(most: number): Promise<Claim[]> {
    const claims: Claim[] = []
    const intake = store.broker.intake(
      { worker: 'w', queues: ['q'], tasks: [], lease: 60_000, keep: false, pulse: false },
      { claims: each => void claims.push(...each), cancelling: () => {}, lost: () => {}, trouble: () => {} },
    )
    intake.want(most)
    for (let round = 0; round < 3; round++) {
      await new Promise(setImmediate)
      await store.results.outcome('nobody')
    }
    await intake.stop()
    intake.close()
    return claims
  }

  async function turn(milliseconds: number): Promise<void> {
    now += milliseconds
    await store.sweep()
  }

  test('takes the message of a call that is cancelled out of its list, so that nobody in Python runs it', async () => {
    await store.broker.send([call('a'), call('b'), call('c')])
    await store.inspector.cancel(['b'], '1')
    assert.equal(await server.text('LLEN', 'q'), '2')
    assert.deepEqual(
      (await taken(5)).map(each => each.id),
      ['a', 'c'],
    )
  })

  test('drops a message that was left far down in a list, when the call is run again by hand, or is forgotten', async () => {
    const many = Array.from({ length: 1_200 }, (_, n) => `c${n}`)
    await store.broker.send(many.map(id => call(id)))
    await store.inspector.cancel(['c600', 'c601'], '1')
    assert.equal(await server.text('LLEN', 'q'), '1200')
    const { counts } = (await store.inspector.stats()).queues[0] as { counts: { ready: number; cancelled: number } }
    assert.deepEqual([counts.ready, counts.cancelled], [1_198, 2])
    assert.deepEqual(await store.inspector.retry(['c600']), ['ready'])
    assert.equal(await store.inspector.purge({ states: ['cancelled'] }), 1)
    const claims = await taken(2_000)
    assert.deepEqual(
      claims.map(({ id, attempt, deaths }) => [id, attempt, deaths]),
      [...many.filter(id => id !== 'c600' && id !== 'c601'), 'c600'].map(id => [id, 1, 0]),
    )
    assert.equal(await server.text('ZCARD', 'skein:husks'), '0')
    assert.equal((await store.inspector.stats()).queues[0]?.counts.ready, 0)
  })

  test('hears of what a worker in Python has run, by its result', async () => {
    await store.broker.send([call('done'), call('failed'), call('waits')])
    // So does kombu.
    await server.text('RPOP', 'q')
    await server.text('RPOP', 'q')
    await server.text('SET', 'celery-task-meta-done', '{"status": "SUCCESS", "result": 7, "task_id": "done"}')
    const error = '{"exc_type": "ValueError", "exc_message": ["no"], "exc_module": "builtins"}'
    await server.text(
      'SET',
      'celery-task-meta-failed',
      `{"status": "FAILURE", "result": ${error}, "task_id": "failed"}`,
    )
    const states = async (): Promise<unknown[]> => (await store.inspector.list({})).map(each => [each.id, each.state])
    const seen = [
      ['waits', 'ready'],
      ['failed', 'failed'],
      ['done', 'done'],
    ]
    assert.deepEqual(await states(), seen)
    assert.deepEqual(await store.inspector.cancel(['done'], '1'), ['ended'])
    await turn(1)
    assert.deepEqual(await states(), seen)
    const { counts } = (await store.inspector.stats()).queues[0] as { counts: object }
    assert.deepEqual(counts, { held: 0, delayed: 0, ready: 1, running: 0, done: 1, failed: 1, cancelled: 0, dead: 0 })
    assert.equal((await store.results.outcome('done')).result, '7')
    assert.match((await store.inspector.find('failed'))?.error ?? '', /ValueError/)
    assert.match((await store.results.outcome('failed')).error ?? '', /ValueError/)
    assert.deepEqual(await store.inspector.retry(['failed', 'waits']), ['ready', 'pending'])
    assert.deepEqual(
      (await taken(5)).map(each => each.id),
      ['waits', 'failed'],
    )
  })

  test('forgets a call whose result nobody wants, once a worker in Python has taken it and its queue is empty', async () => {
    await store.broker.send([call('a', { ignoreResult: true }), call('b', { ignoreResult: true })])
    await server.text('RPOP', 'q')
    await turn(60_001)
    assert.deepEqual((await store.inspector.list({})).length, 2)
    await server.text('RPOP', 'q')
    await turn(1)
    assert.deepEqual(await store.inspector.list({}), [])
    assert.equal(await server.text('EXISTS', 'skein:call:a'), '0')
  })

  test('keeps what a sender in Python has sent, as far as it was taken', async () => {
    await server.text('LPUSH', 'q', foreign('p'))
    assert.equal(await store.inspector.find('p'), undefined)
    const [claim] = await taken(1)
    assert.ok(claim)
    await store.broker.settle([{ id: 'p', token: claim.token, kind: 'dead', error: '{"m":1}' }])
    const job = await store.inspector.find('p')
    assert.deepEqual(
      [job?.task, job?.queue, job?.state, job?.body, job?.error],
      ['python.task', 'q', 'dead', '[[1],{},{}]', '{"m":1}'],
    )
    assert.deepEqual(await store.inspector.retry(['p']), ['ready'])
    assert.equal((await taken(1))[0]?.attempt, 1)
  })

  test('shows a message that nobody can read among the dead, and forgets it when it is to', async () => {
    await server.text('LPUSH', 'q', 'not a message')
    assert.deepEqual(await taken(1), [])
    const [dead, ...more] = await store.inspector.list({ states: ['dead'] })
    assert.deepEqual([more.length, dead?.state, dead?.queue], [0, 'dead', 'q'])
    assert.match(dead?.error ?? '', /not a message of Celery/)
    assert.equal((await store.inspector.stats()).queues[0]?.counts.dead, 1)
    assert.equal(await store.inspector.purge({ states: ['dead'] }), 1)
    assert.deepEqual(await store.inspector.list({}), [])
  })

  test('finds few among very many that wait, in pages', async () => {
    const ids = Array.from({ length: 3_000 }, (_, n) => `c${n}`)
    await store.broker.send(ids.map((id, n) => call(id, n % 1_000 === 0 ? { tags: ['rare'] } : {})))
    const rare = await store.inspector.list({ tag: 'rare' })
    assert.deepEqual(
      rare.map(each => each.id),
      ['c2000', 'c1000', 'c0'],
    )
    await store.inspector.cancel(['c5', 'c2500'], '1')
    const cancelled = await store.inspector.list({ states: ['cancelled'] })
    assert.deepEqual(
      cancelled.map(each => each.id),
      ['c2500', 'c5'],
    )
    assert.equal((await store.inspector.list({ limit: 2_990 })).length, 2_990)
  })

  test('keeps a result for as long as Celery does, although the call is forgotten, and says that it is gone after that', async () => {
    await store.inspector.retain({ done: { count: 0 } })
    await store.broker.send([call('a'), call('b')])
    for (const { id, token } of await taken(2)) await store.broker.settle([{ id, token, kind: 'done', result: '7' }])
    await turn(60_001)
    assert.deepEqual(await store.inspector.list({}), [])
    assert.equal((await store.results.outcome('a')).result, '7')
    await server.text('DEL', 'celery-task-meta-a')
    assert.equal((await store.results.outcome('a')).state, 'gone')
  })

  test('leaves nothing behind of what was forgotten', async () => {
    await store.broker.send([call('a'), call('b', { delay: 1_000 }), call('c')])
    const [a] = await taken(1)
    assert.ok(a)
    const { id, token } = a
    await store.results.report([
      { id, token, kind: 'step', name: 's', value: '1' },
      { id, token, kind: 'item', value: '2' },
    ])
    await store.broker.settle([{ id, token, kind: 'failed', error: '{}' }])
    assert.equal(await store.inspector.purge({}), 3)
    const keys = (await server.text('KEYS', '*')).split('\n').sort()
    assert.deepEqual(
      keys.filter(each => !each.startsWith('skein:replies:')),
      ['_kombu.binding.q', 'skein:order', 'skein:queues'],
    )
  })

  test('forgets what is beyond the limits a part at a time, and goes on at once', async () => {
    await store.inspector.retain({ cancelled: { count: 10 } })
    const ids = Array.from({ length: 710 }, (_, n) => `c${n}`)
    await store.broker.send(ids.map(id => call(id)))
    await store.inspector.cancel(ids, '1')
    now += 60_001
    assert.equal(await store.sweep(), 0)
    assert.equal(await store.sweep(), 0)
    assert.ok((await store.sweep()) > 0)
    assert.equal((await store.inspector.list({ limit: 1_000 })).length, 10)
  })
})

describeRedis('leases on Redis', () => {
  test('are renewed by a thread while the program computes and says nothing', async () => {
    const server = await freshRedis()
    await using store = await openStore(server.url)
    await store.broker.send([call('a')])
    const { Worker } = await import('node:worker_threads')
    const seen = new Int32Array(new SharedArrayBuffer(4))
    // It asks the server for the lease again and again, until that was renewed three times.
    const watch = `
      const { workerData: { port, seen } } = require('node:worker_threads')
      const socket = require('node:net').connect(port, '127.0.0.1')
      const scores = new Set()
      socket.on('data', data => {
        const [, score] = /^\\$\\d+\\r\\n(\\d+)/.exec(String(data)) ?? []
        if (score !== undefined) scores.add(score)
        if (scores.size > 3) {
          Atomics.store(seen, 0, 1)
          Atomics.notify(seen, 0)
          socket.destroy()
        } else socket.write('ZSCORE skein:leases a\\r\\n')
      })
      socket.write('PING\\r\\n')`
    let intake: { close(): void } | undefined
    try {
      const waited = await new Promise<string>(resolve => {
        const { broker } = store
        const own = broker.intake(
          { worker: 'w', queues: ['q'], tasks: [], lease: 300 },
          {
            claims: claims => {
              if (claims.length === 0) return
              new Worker(watch, { eval: true, workerData: { port: server.port, seen } })
              // The event loop stands still from here on.
              resolve(Atomics.wait(seen, 0, 0, 60_000))
            },
            cancelling: () => {},
            lost: () => {},
            trouble: () => {},
          },
        )
        intake = own
        own.want(1)
      })
      assert.notEqual(waited, 'timed-out')
      const outcome = await store.results.outcome('a')
      assert.deepEqual([outcome.state, outcome.attempt], ['running', 1])
    } finally {
      intake?.close()
      await store.close()
      await server.stop()
    }
  })
})
