import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MalformedMessageError } from 'skein'
import { readSignature, writeSignature } from '#skein/celery/canvas/signature.js'
import { textOf } from '#skein/celery/content.js'
import { delayedRoute, delayedTopology, originalRoutingKey } from '#skein/celery/delayed-delivery.js'
import { readEnvelope, writeEnvelope } from '#skein/celery/envelope.js'
import { encodeMessage, type TaskMessage } from '#skein/celery/message.js'
import { decodeMessage } from '#skein/celery/read-message.js'
import { bindingsKey, listOf, readBinding, writeBinding } from '#skein/celery/redis-keys.js'
import { folders, inMilliseconds, sample, samples, sound } from './samples.ts'

type Fields = Readonly<Record<string, unknown>>

/** Messages in a serializer that is not read here, and what the error calls it. */
const refused: Readonly<Record<string, RegExp>> = {
  'task-msgpack.redis': /msgpack \(application\/x-msgpack\).+task_serializer = 'json'/,
  'task-pickle.redis': /pickle \(application\/x-python-serialize\), which can run any code.+only JSON/,
  'task-yaml.redis': /yaml \(application\/x-yaml\)/,
}

/** The texts for logs tell a tuple from a list and 60.0 from 60, which JSON and JavaScript do not. */
const shownOtherwise: ReadonlySet<string> = new Set([
  'chunks.redis',
  'map.redis',
  'starmap.redis',
  'task-redelivered.redis',
])

/** A message that is written from what was read has the same headers and body, but for who has written it. */
function assertWrittenAlike(name: string, message: TaskMessage, headers: Fields, body: unknown): void {
  const written = encodeMessage(message)
  const { lang, origin, ...own } = JSON.parse(written.headers) as Record<string, unknown>
  const { lang: python, origin: sender, ...theirs }: Record<string, unknown> = inMilliseconds(headers)
  assert.deepEqual([lang, python, typeof origin, typeof sender], ['js', 'py', 'string', 'string'])
  const unordered = ['redelivered', 'compression', 'x-delivery-count', 'x-death']
  for (const key of Object.keys(theirs)) {
    if (unordered.includes(key) || key.startsWith('x-first-death-')) delete theirs[key]
  }
  // Beat shows a list where a call shows a tuple.
  if (shownOtherwise.has(name) || name.startsWith('beat')) {
    for (const key of ['argsrepr', 'kwargsrepr']) {
      const alike = (text: unknown): string =>
        String(text)
          .replace(/[()]/g, '|')
          .replace(/[[\]]|\.0|,\|/g, '|')
      assert.equal(alike(own[key]).replaceAll(/\|+/g, '|'), alike(theirs[key]).replaceAll(/\|+/g, '|'))
      delete own[key]
      delete theirs[key]
    }
  }
  // Not given means UTC.
  if (name === 'task-eta-naive.redis') theirs['eta'] = '2030-01-02T03:04:05.000000+00:00'
  assert.deepEqual(own, theirs)
  assert.deepEqual(JSON.parse(written.body), body)
}

/** Protocol 1 has all of it in the body, and is never written. */
function assertProtocol1(message: TaskMessage, body: Fields): void {
  const { task, args, kwargs, callbacks } = body
  assert.deepEqual([message.task, message.args, message.kwargs], [task, args, kwargs])
  for (const field of ['eta', 'expires'] as const) {
    const time = body[field] as string | null
    assert.equal(message[field], time === null ? undefined : Date.parse(time))
  }
  assert.deepEqual(message.embed, { callbacks, errbacks: null, chain: null, chord: null })
}

describe('a task message that Celery has put into Redis', () => {
  for (const { name, raw, envelope, place, body } of [...samples('tasks'), ...samples('canvas')]) {
    test(`is read, and written alike: ${name}`, () => {
      const read = sound(readEnvelope(raw))
      const { properties } = read
      const { headers, properties: given } = envelope
      assert.deepEqual(JSON.parse(read.headers), headers)
      assert.equal(properties.deliveryTag, given['delivery_tag'])
      assert.equal(properties.priority, given['priority'])
      assert.equal(properties.correlationId, given['correlation_id'])
      assert.equal(properties.replyTo, given['reply_to'])
      assert.equal(properties.redelivered, headers['redelivered'] === true)
      if (given['expiration'] !== undefined) assert.equal(String(properties.expiration), given['expiration'])
      if (properties.exchange === '') assert.equal(listOf(properties.routingKey, properties.priority), place['key'])
      const error = refused[name]
      if (error !== undefined) {
        assert.ok(read.body instanceof MalformedMessageError)
        assert.match(read.body.message, error)
        return
      }
      const text = sound(read.body)
      const message = sound(decodeMessage(read.headers, text))
      assert.equal(message.id, given['correlation_id'])
      if (headers['task'] === undefined) return assertProtocol1(message, body as Fields)
      assertWrittenAlike(name, message, headers, JSON.parse(text))
      const again = writeEnvelope({
        ...properties,
        headers: read.headers,
        body: text,
        deliveryTag: properties.deliveryTag ?? '',
      })
      const { origin, ...others } = given
      const compression = headers['compression'] === undefined ? {} : { body: Buffer.from(text).toString('base64') }
      assert.deepEqual(JSON.parse(again), { ...envelope, ...compression, properties: others })
      assert.equal(origin === undefined, name !== 'retry-message-second.redis')
    })
  }

  test('finds its queue by the binding of its exchange', () => {
    const bound = samples('tasks').filter(({ binding }) => binding !== undefined)
    assert.equal(bound.length, 2)
    for (const { binding, place, envelope } of bound) {
      const { key, members } = binding as { key: string; members: string[] }
      const { exchange, routing_key: routingKey } = envelope.properties['delivery_info'] as Record<string, string>
      assert.equal(bindingsKey(exchange!), key)
      const read = readBinding(members[0]!)!
      assert.equal(writeBinding(read), members[0])
      assert.equal(read.queue, place['key'])
      assert.equal(read.routingKey, routingKey === 'k1' ? 'k1' : 'a.*.#')
    }
  })

  test('that is compressed with zlib holds what it held before', () => {
    const read = sound(readEnvelope(sample('tasks', 'task-gzip.redis').raw))
    assert.deepEqual(sound(decodeMessage(read.headers, sound(read.body))).args, [1, 2])
  })
})

describe('calls that are to follow', () => {
  /** All signatures that stand in a value, however deep. */
  function* signatures(value: unknown): Generator<Fields> {
    if (typeof value !== 'object' || value === null) return
    const fields = value as Fields
    if (typeof fields['task'] === 'string' && 'immutable' in fields) yield fields
    for (const each of Object.values(fields)) yield* signatures(each)
  }

  const kinds = new Map<string, number>()
  for (const { name, body } of [...samples('tasks'), ...samples('canvas')]) {
    const found = [...signatures(body)]
    if (found.length === 0) continue
    test(`are read, and written alike: ${name}`, () => {
      for (const given of found) {
        const read = readSignature(JSON.stringify(given))
        kinds.set(read.kind, (kinds.get(read.kind) ?? 0) + 1)
        assert.deepEqual(JSON.parse(writeSignature(read)), given)
      }
    })
  }

  test('were of every kind that there is', () => {
    assert.deepEqual([...kinds.keys()].sort(), ['call', 'chain', 'chord', 'group'])
  })
})

describe('what Celery has sent over RabbitMQ', () => {
  const messages = samples('rabbitmq').filter(({ headers, name }) => headers !== undefined && !name.startsWith('rpc'))
  for (const { name, headers, properties, routing_key: routingKey, body_text: text = '', body } of messages) {
    test(`is read, and written alike: ${name}`, () => {
      const plain = textOf({
        bytes: Buffer.from(text),
        type: properties['content_type'] as string,
        encoding: properties['content_encoding'] as string,
      })
      const message = sound(decodeMessage(JSON.stringify(headers), plain))
      assert.equal(message.id, properties['correlation_id'])
      assertWrittenAlike(name, message, headers, body)
      assert.equal(originalRoutingKey(routingKey), name.startsWith('delayed') ? 'qq' : 'celery')
      if (name.startsWith('delayed')) {
        const seconds = name === 'delayed-quorum.amqp' ? 100.9 : 3
        assert.deepEqual(delayedRoute(seconds, 'qq'), { exchange: 'celery_delayed_27', routingKey })
      }
    })
  }

  test('waits in queues that are named and bound alike', () => {
    const { exchanges, queues, bindings } = sample('rabbitmq', 'delayed-topology.amqp') as unknown as {
      exchanges: { name: string }[]
      queues: { name: string; arguments: [string, string, unknown][] }[]
      bindings: { source_name: string; destination_name: string; destination_kind: string; routing_key: string }[]
    }
    const own = delayedTopology()
    const sorted = (list: readonly unknown[]): string[] => list.map(each => JSON.stringify(each)).sort()
    assert.deepEqual([...own.exchanges, 'qq'].sort(), exchanges.map(({ name }) => name).sort())
    assert.deepEqual(
      sorted(own.queues),
      sorted(
        queues
          .filter(({ name }) => name !== 'qq')
          .map(({ name, arguments: list }) => ({
            name,
            arguments: Object.fromEntries(list.map(([key, , value]) => [key, value])),
          })),
      ),
    )
    const theirs = bindings
      .filter(({ source_name: from }) => from.startsWith('celery_delayed_') && from !== 'celery_delayed_delivery')
      .map(each => ({
        from: each.source_name,
        to: each.destination_name,
        kind: each.destination_kind,
        routingKey: each.routing_key,
      }))
    assert.deepEqual(sorted(own.bindings), sorted(theirs))
  })

  test('is sent at once where it is to wait for less than a second', () => {
    for (const seconds of [0, 0.9, -5, Number.NaN]) assert.equal(delayedRoute(seconds, 'qq'), undefined)
  })
})

test('there are 149 samples, in folders that the tests know', () => {
  assert.deepEqual(folders(), [
    'broker',
    'canvas',
    'control',
    'events',
    'rabbitmq',
    'results',
    'tables',
    'tasks',
    'traces',
  ])
  assert.equal(
    folders().reduce((sum, folder) => sum + samples(folder).length, 0),
    149,
  )
})
