import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { UnsendableError } from 'skein'
import { type Envelope, readEnvelope, writeEnvelope } from '#skein/celery/envelope.js'
import { type EncodedMessage, encodeMessage, type OutgoingMessage } from '#skein/celery/message.js'
import { readJson } from '#skein/celery/read-json.js'
import { decodeMessage } from '#skein/celery/read-message.js'
import { encodeFailure, encodeValue } from '#skein/celery/result.js'
import { readResult, writeResult } from '#skein/celery/result-document.js'
import { anyMessage, anyValue } from './any-message.ts'
import { sample, sound } from './samples.ts'

/** The headers of a message of Celery's own, each with the types that it has there. */
const types: Readonly<Record<string, string>> = {
  lang: 'string',
  task: 'string',
  id: 'string',
  shadow: 'string null',
  eta: 'string null',
  expires: 'string null',
  group: 'string null',
  group_index: 'number null',
  retries: 'number',
  timelimit: 'list',
  root_id: 'string',
  parent_id: 'string null',
  argsrepr: 'string',
  kwargsrepr: 'string',
  origin: 'string',
  ignore_result: 'boolean',
  replaced_task_nesting: 'number',
  stamped_headers: 'list null',
  stamps: 'object',
}

const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value)

/** Fails unless a message has exactly the form of those that Celery writes. */
function assertWellFormed({ headers, body }: EncodedMessage): void {
  const fields = JSON.parse(headers) as Record<string, unknown>
  for (const [name, allowed] of Object.entries(types)) {
    assert.ok(allowed.split(' ').includes(typeOf(fields[name])), `${name}: ${JSON.stringify(fields[name])}`)
  }
  const { timelimit, eta, expires } = fields as { timelimit: unknown[]; eta: string; expires: string }
  assert.equal(timelimit.length, 2)
  for (const time of [eta, expires]) {
    if (time !== null) assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/)
  }
  const value = readJson(body)
  assert.ok(Array.isArray(value) && value.length === 3)
  const [args, kwargs, embed] = value as unknown[]
  assert.deepEqual([typeOf(args), typeOf(kwargs)], ['list', 'object'])
  assert.deepEqual(Object.keys(embed as object).sort(), ['callbacks', 'chain', 'chord', 'errbacks'])
}

function enveloped(message: EncodedMessage): Envelope {
  const { headers, body } = message
  return sound(readEnvelope(writeEnvelope({ headers, body, exchange: '', routingKey: 'celery', deliveryTag: 'tag' })))
}

/** Undefined for values that cannot be written, as the error says. */
function encoded(message: OutgoingMessage): EncodedMessage | undefined {
  try {
    return encodeMessage(message)
  } catch (error) {
    assert.ok(error instanceof UnsendableError)
    return undefined
  }
}

describe('whatever is written', () => {
  test('has exactly the headers of Celery, and those of its user', () => {
    const { headers } = sample('tasks', 'task-plain.redis').envelope
    assert.deepEqual(Object.keys(headers).sort(), Object.keys(types).sort())
    const own = JSON.parse(encodeMessage({ id: 'i', task: 't', args: [] }).headers) as object
    assert.deepEqual(Object.keys(own).sort(), Object.keys(types).sort())
  })

  test('is well-formed, and is read as it was meant', () => {
    fc.assert(
      fc.property(anyMessage, message => {
        const text = encoded(message)
        if (text === undefined) return
        assertWellFormed(text)
        const { headers, body } = enveloped(text)
        assert.deepEqual([headers, body], [text.headers, text.body])
        const { args, embed, origin, lang, ...read } = sound(decodeMessage(headers, sound(body)))
        const { args: given, timeout, ...others } = message
        const times = timeout === undefined ? {} : { timeout, grace: 0 }
        const defaults = { kwargs: {}, kind: 'run', retried: 0, ignoreResult: false, rootId: message.id, headers: {} }
        const expected: Record<string, unknown> = { ...defaults, ...others, ...times }
        if (expected['replaced'] === 0) delete expected['replaced']
        assert.deepEqual(read, expected)
        assert.equal(args.length, given.length)
        assert.ok(embed && origin && lang === 'js')
      }),
      { numRuns: 200 },
    )
  })

  test('as a result is a document with the fields of Celery, and comes back', () => {
    fc.assert(
      fc.property(anyValue, fc.boolean(), (value, isFailure) => {
        const kept = isFailure
          ? { state: 'FAILURE', error: encodeFailure(value) }
          : { state: 'SUCCESS', result: encodeValue(value) }
        const text = writeResult({ id: 'i', doneAt: 0, ...kept })
        const document = readJson(text) as Record<string, unknown>
        for (const name of ['status', 'result', 'traceback', 'children', 'date_done', 'task_id']) {
          assert.ok(Object.hasOwn(document, name), name)
        }
        if (isFailure) {
          const { result } = document as { result: Record<string, unknown> }
          assert.deepEqual(Object.keys(result), ['exc_type', 'exc_message', 'exc_module'])
          assert.deepEqual(Object.values(result).map(typeOf), ['string', 'list', 'string'])
        }
        const back = sound(readResult(text))
        assert.deepEqual(
          readJson(isFailure ? back.error! : back.result!),
          readJson(isFailure ? kept.error! : kept.result!),
        )
      }),
      { numRuns: 150 },
    )
  })

  test('has no date of a year that Python does not know, since its worker would drop the message', () => {
    const years: readonly (readonly [date: number, type: string])[] = [
      [Date.UTC(10_000, 0, 1) - 1, 'object'],
      [Date.UTC(10_000, 0, 1), 'string'],
      [Date.parse('0001-01-01T00:00:00Z'), 'object'],
      [Date.parse('0001-01-01T00:00:00Z') - 1, 'string'],
    ]
    for (const [time, type] of years) {
      const { headers, body } = encodeMessage({ id: 'i', task: 't', args: [new Date(time)] })
      assert.equal(typeof (JSON.parse(body) as [unknown[]])[0][0], type)
      assert.deepEqual(sound(decodeMessage(headers, body)).args, [new Date(time)])
    }
  })

  test('has no integer that is too long for its readers', () => {
    const longest = 10n ** 4_299n
    assert.deepEqual(
      sound(decodeMessage('{"task":"t","id":"i"}', encodeMessage({ id: 'i', task: 't', args: [longest] }).body)).args,
      [longest],
    )
    for (const value of [longest * 10n, -(longest * 10n)]) {
      assert.throws(() => encodeMessage({ id: 'i', task: 't', args: [{ n: value }] }), {
        code: 'SKEIN_UNSENDABLE',
        path: 'arguments[0].n',
      })
    }
  })
})
