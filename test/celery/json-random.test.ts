import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MalformedMessageError } from 'skein'
import { applyMarks } from '#skein/celery/marks.js'
import { decodeMessage } from '#skein/celery/read-message.js'
import { readJson } from '#skein/celery/read-json.js'
import { decodeFailure, decodeValue, encodeValue } from '#skein/celery/result.js'
import { writeJson } from '#skein/celery/write-json.js'
import { anyValue } from './any-message.ts'

/** What is a date in the platform's own comparison, but not the same object, is the same here; so is what is not a number. */
const same = (a: unknown, b: unknown): void => {
  const dates = (value: unknown): unknown =>
    value instanceof Date && Number.isNaN(value.getTime()) ? 'no date' : value
  assert.deepEqual(map(a, dates), map(b, dates))
}

const map = (value: unknown, change: (value: unknown) => unknown): unknown => {
  const changed = change(value)
  if (Array.isArray(changed)) return changed.map(each => map(each, change))
  if (changed instanceof Map) return new Map([...changed].map(([k, v]) => [map(k, change), map(v, change)]))
  if (changed instanceof Set) return new Set([...changed].map(each => map(each, change)))
  if (typeof changed === 'object' && changed !== null && Object.getPrototypeOf(changed) === Object.prototype) {
    const copy = {}
    for (const key of Object.keys(changed)) {
      const field = map((changed as Record<string, unknown>)[key], change)
      Object.defineProperty(copy, key, { value: field, enumerable: true, configurable: true, writable: true })
    }
    return copy
  }
  return changed
}

test('any value comes back as it was', () => {
  fc.assert(
    fc.property(anyValue, value => {
      const { json, marks } = writeJson([value], 'arguments')
      same(applyMarks(readJson(json), JSON.parse(JSON.stringify(marks))), [value])
      same(decodeValue(encodeValue(value)), value)
    }),
    { numRuns: 500 },
  )
})

test('any JSON is read as the platform reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false, stringUnit: 'binary' }), value => {
      const text = JSON.stringify(value)
      fc.pre(!/\d{16}/.test(text)) // an integer that long is read as a bigint
      // The marker takes the way through the reader of our own.
      const [read] = readJson(`[${text},12345678901234567890]`) as [unknown]
      assert.deepEqual(read, JSON.parse(text))
    }),
    { numRuns: 500 },
  )
})

test('any text, headers and body are read or refused, and nothing else', () => {
  const json = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({ task: fc.oneof(fc.string(), fc.jsonValue()), id: fc.string(), skein_marks: fc.jsonValue() })
      .map(x => JSON.stringify(x)),
    fc
      .tuple(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue())
      .map(x => JSON.stringify(x)),
  )
  fc.assert(
    fc.property(json, json, (headers, body) => {
      const message = decodeMessage(headers, body)
      if (message instanceof MalformedMessageError) assert.match(message.message, /^The message is malformed: ./)
      else assert.ok(Array.isArray(message.args))
      decodeFailure(body)
    }),
    { numRuns: 1_000 },
  )
})
