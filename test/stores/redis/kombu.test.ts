import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deflateSync } from 'node:zlib'
import { current, task } from 'skein'
import { type DurableQueue, openStore, queueIn, work } from 'skein/queue'
import type { Claim, Intake, Store } from 'skein/stores'
import { describeRedis, freshRedis, type RedisServer } from '../../support/redis-server.ts'

export const add = task(import.meta, function add(x: number, y: number) {
  return x + y
})

export const dateOf = task(import.meta, function dateOf() {
  return new Map([['at', new Date(0)]])
})

export const fail = task(import.meta, function fail(): number {
  throw new RangeError('too far')
})

export const attempt = task(import.meta, function attempt() {
  return current().attempt
})

/** A message as Celery 5.6.3 has it in a list, with the changes of one sample. */
function message(changes: { headers?: object; properties?: object; body?: string; envelope?: object } = {}): string {
  const id = `${Math.random()}`
  const body = changes.body ?? '[[1, 2], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]'
  return JSON.stringify({
    body: Buffer.from(body).toString('base64'),
    'content-encoding': 'utf-8',
    'content-type': 'application/json',
    headers: {
      lang: 'py',
      task: 'kombu.test.add',
      id,
      eta: null,
      expires: null,
      retries: 0,
      timelimit: [null, null],
      root_id: id,
      parent_id: null,
      ...changes.headers,
    },
    properties: {
      correlation_id: id,
      reply_to: 'ffc68d7e-415b-360e-8eef-312464b883fe',
      delivery_mode: 2,
      delivery_info: { exchange: '', routing_key: 'celery' },
      priority: 0,
      body_encoding: 'base64',
      delivery_tag: `tag ${id}`,
      ...changes.properties,
    },
    ...changes.envelope,
  })
}

describeRedis('a store on Redis beside programs in Python', () => {
  let server: RedisServer
  let store: Store
  let queue: DurableQueue

  before(async () => {
    server = await freshRedis()
    store = await openStore(server.url)
    queue = queueIn(store)
  })
  after(async () => {
    await queue.close()
    await store.close()
    await server.stop()
  })

  /** The calls that can be taken now. */
  async function taken(count: number): Promise<Claim[]> {
    const claims: Claim[] = []
    let intake: Intake | undefined
    await new Promise<void>((resolve, reject) => {
      intake = store.broker.intake(
        { worker: 'w', queues: ['celery'], tasks: [], lease: 60_000 },
        {
          claims: each => {
            claims.push(...each)
            if (claims.length >= count) resolve()
          },
          cancelling: () => {},
          lost: () => {},
          trouble: reject,
        },
      )
      intake.want(count)
    })
    await intake?.stop()
    intake?.close()
    return claims
  }

  const ended = (id: string): Promise<void> =>
    new Promise(resolve => {
      const stop = store.results.watch(id, {
        ended: () => {
          stop()
          resolve()
        },
      })
      void store.results.outcome(id).then(({ state }) => {
        if (state !== 'gone' && state !== 'pending' && state !== 'running') {
          stop()
          resolve()
        }
      })
    })

  test('writes a call as Celery does, where Celery looks for it', async () => {
    const id = 'a-call'
    await store.broker.send([
      {
        id,
        queue: 'celery',
        task: 't',
        headers: `{"lang":"js","task":"t","id":"${id}"}`,
        body: '[[1,2],{},{}]',
        priority: 0,
        delay: 0,
      },
    ])
    const envelope = JSON.parse(await server.text('LINDEX', 'celery', '0')) as Record<string, Record<string, unknown>>
    assert.deepEqual(Object.keys(envelope), ['body', 'content-encoding', 'content-type', 'headers', 'properties'])
    assert.equal(Buffer.from(String(envelope['body']), 'base64').toString(), '[[1,2],{},{}]')
    const { reply_to: replyTo, delivery_tag: tag, ...properties } = envelope['properties'] ?? {}
    assert.match(String(replyTo), /^[\da-f-]{36}$/)
    assert.deepEqual(properties, {
      correlation_id: id,
      delivery_mode: 2,
      delivery_info: { exchange: '', routing_key: 'celery' },
      priority: 0,
      body_encoding: 'base64',
    })
    assert.equal(await server.text('SRANDMEMBER', '_kombu.binding.celery'), 'celery\u0006\u0016\u0006\u0016celery')

    const [claim] = await taken(1)
    assert.ok(claim)
    const [held, exchange, key] = JSON.parse(await server.text('HGET', 'unacked', String(tag))) as unknown[]
    assert.deepEqual([held, exchange, key], [envelope, '', 'celery'])
    assert.ok(Math.abs(Number(await server.text('ZSCORE', 'unacked_index', String(tag))) - Date.now() / 1_000) < 60)

    await store.broker.settle([{ id, token: claim.token, kind: 'done', result: '{"n":1.0}' }])
    assert.equal(await server.text('HLEN', 'unacked'), '0')
    assert.equal(await server.text('ZCARD', 'unacked_index'), '0')
    const meta = JSON.parse(await server.text('GET', `celery-task-meta-${id}`)) as Record<string, unknown>
    assert.deepEqual(Object.keys(meta), ['status', 'result', 'traceback', 'children', 'date_done', 'task_id'])
    assert.match(String(meta['date_done']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/)
    assert.ok(Math.abs(Date.parse(String(meta['date_done'])) - Date.now()) < 60_000)
    assert.equal((await store.results.outcome(id)).result, '{"n":1.0}')
  })

  test('runs what Python has sent, while it waits for it, and answers in its form', async () => {
    await using worker = await work({ store, tasks: [add, fail, dateOf], on: 'loop', queues: ['celery'] })
    const good = message()
    const { id } = (JSON.parse(good) as { headers: { id: string } }).headers
    const bad = message({ headers: { task: 'kombu.test.fail', id: 'bad', group: 'g' }, body: '[[], {}, null]' })
    const whole = message({ headers: { task: 'kombu.test.dateOf', id: 'whole' }, body: '[[], {}, {}]' })
    for (const each of [good, bad, whole]) await server.text('LPUSH', 'celery', each)
    await Promise.all([ended(id), ended('bad'), ended('whole')])
    const meta = async (of: string): Promise<Record<string, unknown>> =>
      JSON.parse(await server.text('GET', `celery-task-meta-${of}`)) as Record<string, unknown>
    const [done, failed, map] = [await meta(id), await meta('bad'), await meta('whole')]
    assert.deepEqual([done['status'], done['result'], done['task_id']], ['SUCCESS', 3, id])
    assert.equal(failed['status'], 'FAILURE')
    assert.deepEqual(failed['result'], { exc_type: 'ValueError', exc_message: ['too far'], exc_module: 'builtins' })
    assert.match(String(failed['traceback']), /RangeError: too far/)
    assert.equal(failed['group_id'], 'g')
    // For Python the value alone; what JSON loses of it is kept beside it.
    assert.equal(JSON.stringify(map['result']).includes('__skein__'), false)
    assert.match((await store.results.outcome('whole')).result ?? '', /^\{"__skein__":/)
    assert.equal(worker.health().consuming, true)
  })

  test('empties the lists of one queue in the order of Celery, 0 first, and each in the order of sending', async () => {
    const pushed = [9, 0, 5, 3, 6, 2, 8]
    for (const priority of pushed) {
      const step = [9, 6, 3].find(each => priority >= each)
      const list = step === undefined ? 'celery' : `celery\u0006\u0016${step}`
      await server.text('LPUSH', list, message({ headers: { id: `p${priority}` }, properties: { priority } }))
    }
    const claims = await taken(pushed.length)
    assert.deepEqual(
      claims.map(each => each.id),
      ['p0', 'p2', 'p5', 'p3', 'p6', 'p8', 'p9'],
    )
    // What goes back goes to the list from which it came.
    const last = claims.at(-1)
    assert.ok(last)
    for (const each of claims)
      await store.broker.settle([{ ...each, kind: each === last ? 'release' : 'done', result: '1' } as never])
    assert.equal(await server.text('LLEN', 'celery\u0006\u00169'), '1')
    const [again] = await taken(1)
    assert.ok(again)
    await store.broker.settle([{ id: again.id, token: again.token, kind: 'done', result: '1' }])
  })

  test('is woken by what comes into any list of a queue, also one of less urgent messages', async () => {
    const waits = taken(1)
    await server.text(
      'LPUSH',
      'celery\u0006\u00166',
      message({ headers: { id: 'woken' }, properties: { priority: 7 } }),
    )
    const [claim] = await waits
    assert.equal(claim?.id, 'woken')
    await store.broker.settle([{ id: 'woken', token: claim.token, kind: 'done', result: '1' }])
  })

  test('reads what Celery 5 writes otherwise: version 1, a zlib stream, a body that is plain text', async () => {
    const one = JSON.stringify({ id: 'one', task: 'kombu.test.add', args: [2, 3], kwargs: {}, utc: true })
    const packed = deflateSync('[[4, 5], {}, null]').toString('base64')
    await server.text(
      'LPUSH',
      'celery',
      message({ headers: { task: undefined, id: undefined }, properties: { correlation_id: 'one' }, body: one }),
    )
    await server.text(
      'LPUSH',
      'celery',
      message({ headers: { id: 'gzip', compression: 'application/x-gzip' }, envelope: { body: packed } }),
    )
    await server.text(
      'LPUSH',
      'celery',
      message({
        headers: { id: 'plain' },
        properties: { body_encoding: undefined },
        envelope: { body: '[[6, 7], {}, null]' },
      }),
    )
    await using _worker = await work({ store, tasks: [add], on: 'loop', queues: ['celery'] })
    for (const id of ['one', 'gzip', 'plain']) await ended(id)
    const results = await Promise.all(
      ['one', 'gzip', 'plain'].map(async id => (await store.results.outcome(id)).result),
    )
    assert.deepEqual(results, ['5', '9', '13'])
  })

  test('ends what nobody can read as dead, with the reason, keeps it out of unacked, and goes on', async () => {
    await using _worker = await work({ store, tasks: [add], on: 'loop', queues: ['celery'] })
    const wrong = {
      yaml: message({ headers: { id: 'yaml' }, envelope: { 'content-type': 'application/x-yaml' } }),
      bzip: message({ headers: { id: 'bzip', compression: 'application/x-bz2' } }),
      list: message({ headers: { id: 'list' }, body: '[[1, 2]' }),
      unknown: message({ headers: { id: 'unknown', task: 'nobody.knows' } }),
    }
    for (const each of [...Object.values(wrong), 'no JSON', '[]', '{"headers": {}}'])
      await server.text('LPUSH', 'celery', each)
    await server.text('LPUSH', 'celery', message({ headers: { id: 'good' } }))
    await ended('good')
    for (const id of Object.keys(wrong)) {
      await ended(id)
      assert.equal((await store.results.outcome(id)).state, 'dead', id)
    }
    assert.match(
      (await store.results.outcome('yaml')).error ?? '',
      /damaged: its content is yaml \(application\/x-yaml\)/,
    )
    const dead = (await store.inspector?.list?.({ states: ['dead'] })) ?? []
    const unreadable = dead.filter(each => each.id.startsWith('unreadable-'))
    assert.deepEqual([dead.length, unreadable.length], [7, 3])
    for (const { error = '' } of unreadable) assert.match(error, /not a message of Celery/)
    assert.equal(await server.text('HLEN', 'unacked'), '0')
  })

  test('comes to the one that can be read, behind thousands that cannot', async () => {
    const unreadable = Array.from({ length: 5_000 }, (_, n) => `nothing ${n}`)
    await server.text('LPUSH', 'celery', ...unreadable, message({ headers: { id: 'behind them' } }))
    assert.equal((await taken(1))[0]?.id, 'behind them')
    await server.text('DEL', 'unacked', 'unacked_index')
  })

  test('waits for the eta of another sender, and drops what has expired', async () => {
    const soon = new Date(Date.now() + 300).toISOString().replace('Z', '000+00:00')
    await server.text('LPUSH', 'celery', message({ headers: { id: 'later', eta: soon } }))
    await server.text('LPUSH', 'celery', message({ headers: { id: 'late', expires: '2020-01-01T00:00:00' } }))
    await using _worker = await work({ store, tasks: [add], on: 'loop', queues: ['celery'] })
    await ended('late')
    const late = await store.results.outcome('late')
    assert.equal(late.state, 'cancelled')
    assert.equal(JSON.parse(late.error ?? '{}').source, 'expired')
    await ended('later')
    const { startedAt, state } = await store.results.outcome('later')
    assert.equal(state, 'done')
    assert.ok((startedAt ?? 0) >= Date.parse(soon))
  })

  test('counts the attempts of both languages, and tells the other of its own', async () => {
    await server.text('LPUSH', 'celery', message({ headers: { id: 'tried', retries: 2 } }))
    const [claim] = await taken(1)
    assert.equal(claim?.attempt, 3)
    await store.broker.settle([{ id: 'tried', token: claim.token, kind: 'retry', error: '{}', delay: 0 }])
    const { headers } = JSON.parse(await server.text('LINDEX', 'celery', '0')) as { headers: { retries: number } }
    assert.equal(headers.retries, 3)
    const [again] = await taken(1)
    assert.equal(again?.attempt, 4)
    await store.broker.settle([{ id: 'tried', token: again.token, kind: 'done', result: '1' }])
  })

  test('hands back a message whose count of attempts is none', async () => {
    const retries = [1e300, 1.5, -3]
    for (const each of retries) await server.text('LPUSH', 'celery', message({ headers: { retries: each } }))
    const claims = await taken(retries.length)
    assert.deepEqual(
      claims.map(each => each.attempt),
      [1, 2, 1],
    )
    const releases = claims.map(({ id, token }) => ({ id, token, kind: 'release', delay: 0 }) as const)
    assert.deepEqual(await store.broker.settle(releases), ['ok', 'ok', 'ok'])
    assert.equal(await server.text('LLEN', 'celery'), '3')
    await server.text('DEL', 'celery')
  })

  test('gives up what Python has put back and somebody else has taken since, under the same delivery tag', async () => {
    await server.text('LPUSH', 'celery', message({ headers: { id: 'stolen' }, properties: { delivery_tag: 'same' } }))
    const [claim] = await taken(1)
    assert.ok(claim)
    const entry = await server.text('HGET', 'unacked', 'same')
    await server.text('ZADD', 'unacked_index', `${Date.now() / 1_000 + 7}`, 'same') // the other one's
    const { id, token } = claim
    assert.deepEqual(await store.broker.renew([{ id, token }], 1_000), ['lost'])
    assert.deepEqual(await store.broker.settle([{ id, token, kind: 'done', result: '1' }]), ['lost'])
    assert.equal(await server.text('HGET', 'unacked', 'same'), entry)
    await server.text('DEL', 'unacked', 'unacked_index')
  })

  test('reads how calls have ended in Python', async () => {
    const meta = (fields: object): string =>
      JSON.stringify({ traceback: null, children: [], date_done: '2026-11-29T01:28:15.275015+00:00', ...fields })
    const result = { exc_type: 'ValueError', exc_message: ['a', 2], exc_module: 'builtins' }
    await server.text('SET', 'celery-task-meta-py', meta({ status: 'SUCCESS', result: [1], task_id: 'py' }))
    await server.text(
      'SET',
      'celery-task-meta-no',
      meta({ status: 'FAILURE', result, traceback: 'Traceback', task_id: 'no' }),
    )
    await server.text(
      'SET',
      'celery-task-meta-started',
      meta({ status: 'STARTED', result: { pid: 1 }, date_done: null, task_id: 'started' }),
    )
    assert.deepEqual(await store.results.outcome('py'), {
      state: 'done',
      result: '[1]',
      endedAt: Date.parse('2026-11-29T01:28:15.275Z'),
    })
    const failed = await store.results.outcome('no')
    assert.equal(failed.state, 'failed')
    assert.deepEqual(JSON.parse(failed.error ?? ''), { ...result, traceback: 'Traceback' })
    assert.equal((await store.results.outcome('started')).state, 'running')
  })

  test('a job that Python runs brings its value and its error back to who has submitted it', async () => {
    const job = await queue.submit(add, 20, 22)
    const wrong = await queue.submit(fail)
    const results = Promise.all([job.result(), wrong.result().catch((error: unknown) => error as Error)])
    const publish = async (id: string, fields: object): Promise<void> => {
      const text = JSON.stringify({ ...fields, traceback: null, children: [], date_done: null, task_id: id })
      await server.text('SET', `celery-task-meta-${id}`, text)
      await server.text('PUBLISH', `celery-task-meta-${id}`, text)
    }
    await publish(job.id, { status: 'SUCCESS', result: 42 })
    await publish(wrong.id, {
      status: 'FAILURE',
      result: { exc_type: 'KeyError', exc_message: ['k'], exc_module: 'builtins' },
    })
    const [value, error] = await results
    assert.equal(value, 42)
    assert.deepEqual([(error as Error).name, (error as Error).message], ['KeyError', 'k'])
    await server.text('DEL', 'default')
  })

  test('listens to nothing any more when nobody waits', async () => {
    await store.results.outcome('nobody')
    assert.equal(await server.text('PUBSUB', 'CHANNELS', 'celery-task-meta-*'), '')
  })

  test('hears of seventy thousand calls at once, and of none when nobody waits for them any more', async () => {
    const heard = async (): Promise<number> =>
      Number((await server.text('INFO', 'stats')).match(/pubsub_channels:(\d+)/)?.[1])
    const before = await heard()
    const stops = Array.from({ length: 70_000 }, (_, n) => store.results.watch(`many ${n}`, {}))
    await store.results.outcome('many 0')
    assert.equal(await heard(), before + 140_000)
    for (const stop of stops) stop()
    while ((await heard()) !== before) await new Promise(setImmediate)
  })
})
