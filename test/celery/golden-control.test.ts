import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MalformedMessageError } from 'skein'
import {
  type ControlCommand,
  isFor,
  readCommand,
  readReply,
  writeCommand,
  writeReply,
} from '#skein/celery/remote/control.js'
import * as replies from '#skein/celery/remote/control-replies.js'
import { readEnvelope, writeEnvelope } from '#skein/celery/envelope.js'
import { sample, samples, sound } from './samples.ts'

// oxlint-disable-next-line no-explicit-any
type Loose = any

const isReply = ({ name }: { readonly name: string }): boolean => name.includes('-reply')

const opened = (raw: string): { headers: string; body: string } => {
  const { headers, body } = sound(readEnvelope(raw))
  return { headers, body: sound(body) }
}

describe('a command', () => {
  for (const { name, raw, envelope } of samples('control').filter(each => !isReply(each))) {
    test(`is read, and written alike: ${name}`, () => {
      const command = sound(readCommand(opened(raw)))
      const { headers, body } = writeCommand(command)
      assert.deepEqual(JSON.parse(body), JSON.parse(opened(raw).body))
      const { clock, expires } = JSON.parse(headers) as Record<string, number>
      assert.equal(clock, envelope.headers['clock'])
      assert.ok(Math.abs(expires! - (envelope.headers['expires'] as number)) < 1e-6)
      const { body: _, ...properties } = sound(readEnvelope(raw))
      const text = writeEnvelope({ ...properties.properties, headers, body, deliveryTag: 'tag' })
      assert.deepEqual((JSON.parse(text) as Loose).properties, { ...envelope.properties, delivery_tag: 'tag' })
    })
  }

  const command: ControlCommand = { method: 'ping', arguments: {} }

  test('is for all workers, or for those that it names', () => {
    assert.equal(isFor(command, 'w1@host', 0), true)
    assert.equal(isFor({ ...command, destination: ['w1@host', 'w2@host'] }, 'w1@host', 0), true)
    assert.equal(isFor({ ...command, destination: ['w2@host'] }, 'w1@host', 0), false)
  })

  test('is for those whose name fits its pattern', () => {
    const fits = (text: string): boolean => isFor({ ...command, pattern: { kind: 'glob', text } }, 'w12@host', 0)
    for (const text of ['*', 'w*', '*@host', 'w1?@host', 'w**2*t', 'w12@host']) assert.equal(fits(text), true, text)
    for (const text of ['', 'v*', 'w?@host', 'w12@hos', '*@hostt', '?']) assert.equal(fits(text), false, text)
  })

  test('does not keep a worker busy with its pattern', () => {
    const text = `${'*a'.repeat(2_000)}b`
    assert.equal(isFor({ ...command, pattern: { kind: 'glob', text } }, 'a'.repeat(2_000), 0), false)
    assert.equal(isFor({ ...command, pattern: { kind: 'pcre', text: '.*' } }, 'a', 0), false)
  })

  test('is not carried out when nobody waits for the answer any more', () => {
    assert.equal(isFor({ ...command, expires: 1_000 }, 'w1@host', 1_001), false)
    assert.equal(isFor({ ...command, expires: 1_000 }, 'w1@host', 999), true)
  })

  test('that is wrong is told from one that is right', () => {
    for (const body of [
      '1',
      '{}',
      '{"method":1}',
      '{"method":"a","destination":"w"}',
      '{"method":"a","reply_to":{}}',
    ]) {
      assert.ok(readCommand({ headers: '{}', body }) instanceof MalformedMessageError, body)
    }
  })
})

describe('an answer', () => {
  for (const { name, raw, body, envelope } of samples('control').filter(isReply)) {
    test(`is read, and written alike: ${name}`, () => {
      const { hostname, value, ticket } = sound(readReply(opened(raw)))
      assert.equal(hostname, 'w1@host')
      const { headers, body: written } = writeReply(ticket!, hostname, envelope.headers['clock'] as number, value)
      assert.deepEqual(JSON.parse(headers), envelope.headers)
      assert.deepEqual(JSON.parse(written), body)
      const { properties } = sound(readEnvelope(raw))
      const text = writeEnvelope({ ...properties, headers, body: written, durable: false, deliveryTag: 'tag' })
      assert.deepEqual((JSON.parse(text) as Loose).properties, { ...envelope.properties, delivery_tag: 'tag' })
    })
  }

  const answer = (name: string): Loose => (sample('control', `control-${name}-reply.redis`).body as Loose)['w1@host']
  const held = (call: Loose): replies.HeldCall => ({
    message: { id: call.id, task: call.name, args: call.args, kwargs: call.kwargs },
    ...(call.time_start === null ? {} : { startedAt: call.time_start * 1_000 }),
    acknowledged: call.acknowledged,
    exchange: call.delivery_info.exchange,
    routingKey: call.delivery_info.routing_key,
    priority: call.delivery_info.priority,
    redelivered: call.delivery_info.redelivered,
    ...(call.worker_pid === null ? {} : { pid: call.worker_pid }),
  })

  test('to ping, clock, revoked and hello has the fields of Celery', () => {
    assert.deepEqual(replies.pingReply(), answer('ping'))
    assert.deepEqual(replies.clockReply(113), answer('clock'))
    assert.deepEqual(replies.revokedReply(answer('revoked')), answer('revoked'))
    assert.deepEqual(replies.helloReply(['a'], 3), { revoked: ['a'], clock: 3 })
    assert.deepEqual(replies.reportReply('text'), { ok: 'text' })
    assert.deepEqual(replies.errorReply('no'), { error: 'no' })
  })

  test('to active, reserved, scheduled and query_task has the fields of Celery', () => {
    assert.deepEqual(replies.callsReply('w1@host', answer('active').map(held)), answer('active'))
    assert.deepEqual(replies.callsReply('w1@host', []), answer('reserved'))
    const [scheduled] = answer('scheduled')
    assert.deepEqual(
      replies.scheduledReply('w1@host', [{ ...held(scheduled.request), eta: Date.parse('2026-11-29T01:12:28.305Z') }]),
      [{ ...scheduled, eta: '2026-11-29T01:12:28.305000+00:00' }],
    )
    assert.deepEqual(replies.queryReply('w1@host', ['other'], answer('active').map(held)), answer('query-task'))
    const [first] = answer('active')
    assert.deepEqual(replies.queryReply('w1@host', [first.id], answer('active').map(held)), {
      [first.id]: ['active', first],
    })
  })

  test('to registered has the names of the tasks, sorted, with their options', () => {
    const tasks = (answer('registered') as string[]).toReversed().map(text => {
      const [name = '', rateLimit] = text.split(' [rate_limit=')
      return { name, ...(rateLimit === undefined ? {} : { rateLimit: rateLimit.slice(0, -1) }) }
    })
    assert.deepEqual(replies.registeredReply(tasks), answer('registered'))
  })

  test('to active_queues has all fields of each queue', () => {
    const queue = { name: 'celery', exchange: 'celery', routingKey: 'celery' }
    assert.deepEqual(replies.queuesReply([queue]), answer('active-queues'))
  })

  test('to conf has no password', () => {
    const settings = {
      brokerUrl: 'redis://:secret@127.0.0.1:6391/0',
      resultBackend: 'redis://127.0.0.1:6391/0',
      include: ['celery.app.builtins', 'proj.tasks'],
    }
    assert.deepEqual(
      replies.confReply(settings),
      (sample('control', 'control-conf-reply-5.7.redis').body as Loose)['w1@host'],
    )
  })

  test('to stats has the fields of Celery, but for what only its own pool has', () => {
    const given = answer('stats')
    const own = replies.statsReply({
      total: given.total,
      pid: given.pid,
      clock: 75,
      uptime: 47.9,
      concurrency: 2,
      processes: given.pool.processes,
      prefetch: 8,
      broker: { transport: 'redis', hostname: '127.0.0.1', port: 6391, virtualHost: '0', ssl: false },
      usage: process.resourceUsage(),
    }) as Loose
    const keys = (value: object): string[] => Object.keys(value).sort()
    assert.deepEqual(keys(own), keys(given))
    assert.deepEqual(keys(own.rusage), keys(given.rusage))
    const { heartbeat, ...broker } = own.broker
    const { heartbeat: theirs, ...others } = given.broker
    assert.deepEqual([broker, typeof heartbeat, typeof theirs], [others, 'number', 'number'])
    const { writes, implementation, ...pool } = given.pool
    assert.deepEqual(own.pool, { ...pool, implementation: 'skein' })
    assert.ok(writes && implementation)
    for (const key of ['total', 'pid', 'clock', 'uptime', 'prefetch_count']) assert.deepEqual(own[key], given[key], key)
  })
})
