import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { openStore } from 'skein/queue'
import type { Claim, InspectableStore, OutgoingCall, Settlement } from 'skein/stores'
import { readEnvelope, readOwnEnvelope, writeEnvelope } from '#skein/celery/envelope.js'
import { MalformedMessageError } from '#skein/core/errors/errors.js'
import { describeRedis, freshRedis, type RedisServer } from '../../support/redis-server.ts'
import { call } from './cut-scene.ts'

describeRedis('a store on Redis that does for many plain calls at once what is the same for all', () => {
  let server: RedisServer
  let store: InspectableStore

  before(async () => {
    server = await freshRedis()
  })
  after(() => server.stop())
  beforeEach(async () => {
    await server.text('FLUSHDB')
    store = (await openStore(server.url)) as InspectableStore
  })
  afterEach(() => store.close())

  /** Takes so many calls, and how many came at a time. */
  async function taken(count: number): Promise<{ claims: Claim[]; lots: number[] }> {
    const claims: Claim[] = []
    const lots: number[] = []
    let full = (): void => {}
    const isFull = new Promise<void>(resolve => (full = resolve))
    const intake = store.broker.intake(
      { worker: 'w', queues: ['q'], tasks: ['t'], lease: 60_000 },
      {
        claims: each => {
          lots.push(each.length)
          claims.push(...each)
          if (claims.length >= count) full()
        },
        cancelling: () => {},
        lost: () => {},
        trouble: () => {},
      },
    )
    intake.want(count)
    await isFull
    await intake.stop()
    intake.close()
    return { claims, lots }
  }

  const idsOf = (claims: readonly Claim[]): string[] => claims.map(({ id }) => id)
  const done = ({ id, token }: Claim, result = '1'): Settlement => ({ id, token, kind: 'done', result })

  test('hands them over in the order in which they were sent, with others among them', async () => {
    const calls: OutgoingCall[] = Array.from({ length: 40 }, (_, n) =>
      call(`c${n}`, n % 7 === 3 ? { limit: { key: `k${n}`, strategy: 'wait', concurrency: 1 } } : {}),
    )
    calls[11] = call('c11', { unique: { key: 'u', conflict: 'join' } })
    calls[12] = call('c12', { deadline: 60_000, tags: ['a'], ignoreResult: true })
    await store.broker.send(calls)
    const { claims } = await taken(40)
    assert.deepEqual(
      idsOf(claims),
      calls.map(({ id }) => id),
    )
    assert.equal(await server.text('LLEN', 'q'), '0')
    assert.equal(await server.text('HLEN', 'unacked'), '40')
    assert.equal(await server.text('ZCARD', 'unacked_index'), '40')
  })

  test('leaves out what was ended while it waited, and goes on behind it', async () => {
    await store.broker.send(['a', 'b', 'c'].map(id => call(id)))
    const text = await server.text('LINDEX', 'q', '-2')
    await store.inspector.cancel(['b'], '"no"')
    // As if it stood too far from both ends to be found.
    await server.text('LINSERT', 'q', 'BEFORE', await server.text('LINDEX', 'q', '-1'), text)
    assert.deepEqual(idsOf((await taken(2)).claims), ['a', 'c'])
  })

  test('takes no more than two hundred and fifty in one script', async () => {
    await store.broker.send(Array.from({ length: 600 }, (_, n) => call(`c${n}`)))
    const { claims, lots } = await taken(600)
    assert.equal(new Set(idsOf(claims)).size, 600)
    assert.deepEqual(lots, [250, 250, 100])
  })

  test('says of each end whether it was written, in the order in which they were given', async () => {
    await store.broker.send(['a', 'b', 'c', 'd'].map(id => call(id)))
    const [a, b, c, d] = (await taken(4)).claims as [Claim, Claim, Claim, Claim]
    // As a worker in Python does that has put it back and taken it.
    await server.text('ZADD', 'unacked_index', '5', await server.text('HGET', 'skein:call:d', 'tag'))
    const outcomes = await store.broker.settle([
      { id: b.id, token: b.token, kind: 'failed', error: '{"message":"no"}' },
      done(a),
      { ...done(c), token: c.token + 1 },
      done(a),
      done(c),
      done(d),
    ])
    assert.deepEqual(outcomes, ['ok', 'ok', 'lost', 'lost', 'ok', 'lost'])
    const states = await Promise.all(['a', 'b', 'c', 'd'].map(async id => (await store.results.outcome(id)).state))
    assert.deepEqual(states, ['done', 'failed', 'done', 'running'])
    assert.equal((await store.results.outcome('a')).result, '1')
    const { queues } = await store.inspector.stats()
    assert.deepEqual([queues[0]?.counts.done, queues[0]?.counts.failed, queues[0]?.counts.running], [2, 1, 1])
  })

  test('keeps a call once that is among many twice', async () => {
    const outcomes = await store.broker.send([call('a'), call('b'), call('a')])
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ['accepted', 'accepted', 'joined'],
    )
    assert.equal(await server.text('LLEN', 'q'), '2')
  })
})

test('a message that skein has written is read as one of any writer is', () => {
  const of = (changes: object): string =>
    writeEnvelope({
      headers: '{"lang":"js","task":"t","id":"1"}',
      body: '[["é \\u20ac"],{},{}]',
      exchange: '',
      routingKey: 'a queue',
      deliveryTag: '01a22b67-e849-733c-9bcf-1b9ce68cf4c3',
      correlationId: '1',
      replyTo: 'me',
      ...changes,
    })
  for (const changes of [
    {},
    { priority: 9, expiration: 1_000 },
    { headers: '{"x":{"properties":{"correlation_id":1}}}' },
  ]) {
    const text = of(changes)
    const whole = readEnvelope(text)
    assert.ok(!(whole instanceof MalformedMessageError))
    assert.deepEqual(readOwnEnvelope(text), { headers: whole.headers, body: whole.body })
  }
  for (const text of [
    '',
    '{}',
    of({ headers: '{"compression":"zlib"}' }),
    of({ exchange: 'other' }),
    of({ routingKey: '"' }),
    of({}).replace('utf-8', 'utf-16'),
    of({}).replace('"body":"', '"body":"gICA'),
    `${of({})} `,
  ])
    assert.equal(readOwnEnvelope(text), undefined)
})
