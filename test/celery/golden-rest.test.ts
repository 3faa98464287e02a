import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MalformedMessageError } from 'skein'
import { textOf } from '#skein/celery/content.js'
import { readCommand, readReply } from '#skein/celery/remote/control.js'
import { readEnvelope, readUnacknowledged, writeUnacknowledged } from '#skein/celery/envelope.js'
import { readEvents } from '#skein/celery/remote/events.js'
import { decodeMessage } from '#skein/celery/read-message.js'
import { readJson } from '#skein/celery/read-json.js'
import {
  bindingsKey,
  channelOf,
  groupKey,
  listOf,
  listsOf,
  readBinding,
  resultKey,
  resultLifetime,
  unacknowledgedIndex,
  unacknowledgedKey,
  writeBinding,
} from '#skein/celery/redis-keys.js'
import { readChordPart, readResult } from '#skein/celery/result-document.js'
import { writeJson } from '#skein/celery/write-json.js'
import { sample, samples, sound } from './samples.ts'

// oxlint-disable-next-line no-explicit-any
type Loose = any

/** Reads a message by what its exchange is for, and says what it was. */
function readByExchange(exchange: string, headers: string, body: string): string {
  if (exchange === 'celeryev') return `event ${sound(readEvents(body))[0]!.type}`
  if (exchange === 'celery.pidbox') return `command ${sound(readCommand({ headers, body })).method}`
  if (exchange === 'reply.celery.pidbox') return `answer of ${sound(readReply({ headers, body })).hostname}`
  return `task ${sound(decodeMessage(headers, body)).task}`
}

function readFromRedis(text: string): string {
  const { headers, body, properties } = sound(readEnvelope(text))
  return readByExchange(properties.exchange, headers, sound(body))
}

describe('each command of a trace', () => {
  /** What a command has in it that is to be read; undefined for one with names and numbers alone. */
  const readers: Readonly<Record<string, (key: string, ...rest: string[]) => string | undefined>> = {
    LPUSH: (_, text = '') => readFromRedis(text),
    RPUSH: (_, text = '') => readFromRedis(text),
    SETEX: (key, seconds, text = '') => {
      assert.equal(seconds, String(resultLifetime))
      if (key.startsWith(groupKey(''))) return /\.s$/.test(key) ? `a chord of ${Number(text)}` : undefined
      const { id, state } = sound(readResult(text))
      assert.equal(key, resultKey(id))
      return `result ${state}`
    },
    PUBLISH: (key, text = '') => {
      if (key.startsWith(groupKey(''))) return undefined
      if (key.startsWith(resultKey(''))) return `told of ${sound(readResult(text)).state}`
      const { exchange, routingKey } = sound(readEnvelope(text)).properties
      assert.equal(channelOf(exchange, routingKey), key)
      return readFromRedis(text)
    },
    HSET: (key, tag, text = '') => {
      const taken = sound(readUnacknowledged(text))
      assert.deepEqual([key, sound(readEnvelope(taken.envelope)).properties.deliveryTag], [unacknowledgedKey, tag])
      return `taken ${readFromRedis(taken.envelope)}`
    },
    ZADD: (key, score, member = '') => {
      if (key === unacknowledgedIndex) return Number(score) > 1e9 ? 'the time at which it was taken' : undefined
      return `member ${sound(readChordPart(member)).state}`
    },
    SADD: (key, member = '') => {
      const binding = readBinding(member)!
      assert.equal(writeBinding(binding), member)
      assert.equal(bindingsKey(key.slice(bindingsKey('').length)), key)
      return `bound ${binding.queue.replace(/[\da-f]{8}-[\da-f-]+/, 'id')}`
    },
  }
  const found: Readonly<Record<string, readonly string[]>> = {
    'trace-call-get.redis': ['bound celery', 'result SUCCESS', 'task proj.tasks.add', 'told of SUCCESS'],
    'trace-chord.redis': ['a chord of 2', 'member SUCCESS', 'task proj.tasks.tsum', 'taken task proj.tasks.add'],
    'trace-flower-start.redis': ['command stats', 'command active_queues', 'answer of w1@host'],
    'trace-restore-sweep.redis': ['task proj.tasks.sleep_late', 'taken task proj.tasks.sleep_late', 'result SUCCESS'],
    'trace-worker-start.redis': [
      'command hello',
      'event worker-online',
      'event worker-heartbeat',
      'bound id.reply.celery.pidbox',
      'bound w1@host.celery.pidbox',
    ],
  }
  for (const { name, trace } of samples('traces')) {
    test(`is understood: ${name}`, () => {
      const told = new Set<string>()
      for (const [, , command, key, ...rest] of trace as [number, string, string, string, ...string[]][]) {
        const what = readers[command]?.(key, ...rest)
        if (what !== undefined) told.add(what)
        if (command === 'BRPOP' && key === 'celery') assert.deepEqual([key, ...rest.slice(0, -1)], listsOf('celery'))
      }
      for (const what of found[name]!) assert.ok(told.has(what), `${what} is not among ${[...told].join(', ')}`)
    })
  }
})

describe('what a worker keeps in Redis', () => {
  test('are bindings of queues to exchanges', () => {
    const { commands } = sample('broker', 'bindings.redis')
    assert.equal(commands.length, 5)
    for (const [, key, member = ''] of commands) {
      const binding = readBinding(member)!
      assert.equal(writeBinding(binding), member)
      if (binding.queue === 'celery') assert.equal(bindingsKey('celery'), key)
    }
    for (const text of ['', 'a', 'a\x06\x16b']) assert.equal(readBinding(text), undefined)
  })

  test('are the messages that were taken, as they stood in their list', () => {
    const { raw, place, value } = sample('broker', 'unacked-entry.redis')
    const taken = sound(readUnacknowledged(raw))
    assert.equal(readFromRedis(taken.envelope), 'task proj.tasks.add')
    assert.deepEqual(JSON.parse(writeUnacknowledged(taken)), value)
    const { command } = sample('broker', 'unacked-index.redis') as unknown as { command: string[] }
    assert.deepEqual([command[1], command[3]], [unacknowledgedIndex, place['field']])
  })

  test('are lists by priority, to which each number belongs', () => {
    const steps = (...priorities: number[]): string[] => priorities.map(each => listOf('q', each))
    assert.deepEqual(steps(-1, 0, 1, 2), ['q', 'q', 'q', 'q'])
    assert.deepEqual(steps(3, 5, 6, 8), ['q\x06\x163', 'q\x06\x163', 'q\x06\x166', 'q\x06\x166'])
    assert.deepEqual(steps(9, 10, 255), ['q\x06\x169', 'q\x06\x169', 'q\x06\x169'])
  })
})

describe('the frames of a client or worker of RabbitMQ', () => {
  /** A value as it is in a table, whose type is said by a letter. */
  const plain = (typed: Loose): unknown => {
    const [[letter, value]] = Object.entries(typed) as [[string, Loose]]
    if (letter === 'A') return value.map(plain)
    return letter === 'F' ? table(value) : value
  }
  const table = (fields: Loose): Record<string, unknown> =>
    Object.fromEntries(Object.entries(fields).map(([name, each]) => [name, plain(each)]))

  const found: Readonly<Record<string, readonly string[]>> = {
    'frames-publish.amqp': ['task proj.tasks.add'],
    'frames-rpc-call.amqp': ['task proj.tasks.add'],
    'frames-worker-start.amqp': ['command hello', 'event worker-online', 'event worker-heartbeat'],
  }
  for (const { name, frames } of samples('rabbitmq').filter(each => each['frames'] !== undefined)) {
    test(`carry messages that are read: ${name}`, () => {
      const told = new Set<string>()
      const open = new Map<string, Loose>()
      for (const [connection, direction, frame, decoded] of frames as [string, string, string, Loose][]) {
        const line = `${connection} ${direction}`
        if (frame === 'basic.publish' || frame === 'basic.deliver') open.set(line, { ...decoded })
        if (frame === 'HEADER') Object.assign(open.get(line), { properties: decoded })
        if (frame !== 'BODY') continue
        const { exchange, properties } = open.get(line)
        const body = textOf({
          bytes: Buffer.from(decoded as string),
          type: properties.content_type,
          encoding: properties.content_encoding,
        })
        const headers = table(properties.headers ?? {})
        told.add(readByExchange(exchange, JSON.stringify(headers), body))
      }
      assert.deepEqual([...told].sort(), [...found[name]!].sort())
    })
  }
})

describe('a message that Celery has survived', () => {
  const reasons: Readonly<Record<string, RegExp>> = {
    pickle: /pickle .+ can run any code/,
    bad_eta: /its eta must be a time/,
    eta_number: /its eta must be a time/,
    kwargs_list: /its kwargs must be an object/,
    args_object: /its args must be a list/,
    broken_json: /its body is not JSON/,
    task_null: /its task must be a string/,
    retries_string: /its retries must be an integer/,
    expires_bad: /its expires must be a time/,
    unknown_content_type: /its content is .+ only JSON/,
    gzip_header_bad: /compressed as .+ is damaged/,
    compression_unknown: /compressed as .+ not known here/,
  }
  const cases = sample('tables', 'malformed-messages')['cases'] as { case: string; list_item: string }[]
  for (const { case: name, list_item: item } of cases) {
    const reason = reasons[name]
    test(`is ${reason === undefined ? 'read' : 'refused with the reason'}: ${name}`, () => {
      const { headers, body } = sound(readEnvelope(item))
      const message = body instanceof MalformedMessageError ? body : decodeMessage(headers, body)
      if (reason === undefined) assert.notEqual(sound(message).id, '')
      else assert.match((message as MalformedMessageError).message, reason)
    })
  }

  test('keeps a tagged object of a type that nobody knows', () => {
    const item = cases.find(({ case: name }) => name === 'unknown___type__')!.list_item
    const { headers, body } = sound(readEnvelope(item))
    assert.deepEqual(sound(decodeMessage(headers, sound(body))).args, [{ __type__: 'zzz', __value__: 1 }, 2])
  })

  test('has no kwarg that is more than a name', () => {
    const item = cases.find(({ case: name }) => name === 'kw_proto')!.list_item
    const { headers, body } = sound(readEnvelope(item))
    const { kwargs } = sound(decodeMessage(headers, sound(body)))
    assert.ok(Object.hasOwn(kwargs, '__proto__'))
    assert.equal(Object.getPrototypeOf(kwargs), Object.prototype)
    assert.equal(Object.getPrototypeOf({ ...kwargs }), Object.prototype)
  })
})

describe('a value of Python', () => {
  const time = '2026-01-02T03:04:05.678Z'
  const midnight = new Date('2026-01-02T00:00:00Z')
  /** What each is here, and where it is written as something else the text of that. */
  const values: Readonly<Record<string, readonly [value: unknown, text?: string]>> = {
    dt_utc: [new Date(time), '{"__type__":"datetime","__value__":"2026-01-02T03:04:05.678000+00:00"}'],
    dt_utc_zoneinfo: [midnight, '{"__type__":"datetime","__value__":"2026-01-02T00:00:00.000000+00:00"}'],
    dt_berlin: [
      new Date('2026-01-01T23:00:00Z'),
      '{"__type__":"datetime","__value__":"2026-01-01T23:00:00.000000+00:00"}',
    ],
    dt_naive: [midnight, '{"__type__":"datetime","__value__":"2026-01-02T00:00:00.000000+00:00"}'],
    date: [midnight, '{"__type__":"datetime","__value__":"2026-01-02T00:00:00.000000+00:00"}'],
    time: ['03:04:05', '"03:04:05"'],
    time_us: ['03:04:05.000006', '"03:04:05.000006"'],
    uuid: ['00000000-0000-0000-0000-000000000001', '"00000000-0000-0000-0000-000000000001"'],
    uuid4: ['6b81602c-1a2b-4c3d-8e4f-112233445566', '"6b81602c-1a2b-4c3d-8e4f-112233445566"'],
    decimal: ['1.10', '"1.10"'],
    bytes: [new Uint8Array([97, 98, 99]), '{"__type__":"base64","__value__":"YWJj"}'],
    bytes_bad: [new Uint8Array([255, 0])],
    tuple: [[1, 2]],
    intenum: [3],
    strenum: ['va'],
    __json__: [{ j: 1 }],
    nan: [Number.NaN],
    inf: [Number.POSITIVE_INFINITY],
    '-inf': [Number.NEGATIVE_INFINITY],
    '2**70': [2n ** 70n],
    intkey: [{ 1: 'a' }],
    nonekey: [{ null: 1, true: 2, '1.5': 3 }],
    unicode: ['é😀\u2028', '"é😀\u2028"'],
    lone_surrogate: ['\ud800'],
    '1e400': [Number.POSITIVE_INFINITY],
    '1.0': [1, '1'],
    '1e16': [1e16, '1e+16'],
    '1e-7': [1e-7, '1e-7'],
    '-0.0': [-0],
    typedict_user: [midnight, '{"__type__":"datetime","__value__":"2026-01-02T00:00:00.000000+00:00"}'],
    typedict_unknown: [{ __type__: 'zzz', __value__: 1 }],
    typedict_extra: [{ __type__: 'datetime', __value__: '2026-01-02', x: 1 }],
    nulbyte: ['a\0b'],
  }
  const rows = sample('tables', 'json-values')['rows'] as { case: string; json_text?: string; error?: string }[]
  for (const { case: name, json_text: text, error } of rows) {
    if (text === undefined) {
      test(`that Celery itself refuses has no form: ${name}`, () => {
        assert.match(error ?? '', /EncodeError/)
        assert.equal(values[name], undefined)
      })
      continue
    }
    test(`is read, and written so that Python reads it: ${name}`, () => {
      const [value, written = text.replaceAll(/(?<=[,:]) /g, '')] = values[name]!
      assert.deepEqual(readJson(text), value)
      if (name === 'typedict_unknown') assert.throws(() => writeJson(value, 'value'), { code: 'SKEIN_UNSENDABLE' })
      else assert.equal(writeJson(value, 'value').json, written)
    })
  }
})

test('what is left to its default is what it is in Celery', () => {
  const table = sample('tables', 'settings-defaults')
  const { values_5_6_3: defaults } = table as unknown as { values_5_6_3: Record<string, string> }
  assert.equal(defaults['result_expires'], 'datetime.timedelta(days=1)')
  assert.equal(resultLifetime, 24 * 60 * 60)
  assert.equal(defaults['accept_content'], "('json',)")
  assert.equal(defaults['task_protocol'], '2')
  // The exchanges that the readers of this file go by.
  assert.deepEqual([defaults['control_exchange'], defaults['event_exchange']], ["'celery'", "'celeryev'"])
})
