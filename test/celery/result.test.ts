import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CancelledError, NonRetryableError, registerError, TimeoutError } from 'skein'
import { decodeFailure, decodeItem, decodeValue, encodeFailure, encodeItem, encodeValue } from '#skein/celery/result.js'

// oxlint-disable-next-line no-explicit-any
type Loose = any

class HttpError extends Error {
  readonly status: number
  constructor(status: number) {
    super(`The server said ${status}`)
    this.status = status
  }
}
registerError(HttpError, { name: 'result.HttpError' })

describe('a result', () => {
  test('that is plain JSON is stored as just that', () => {
    assert.equal(encodeValue({ a: [1, 'b', null] }), '{"a":[1,"b",null]}')
    assert.equal(encodeValue(null), 'null')
  })

  test('comes back as it was, whatever it is', () => {
    for (const value of [undefined, 5n, new Map([[1, new Date(2)]]), { __skein__: 1 }, { __skein__: 5n, marks: [] }]) {
      assert.deepEqual(decodeValue(encodeValue(value)), value)
    }
  })

  test('of a Python worker is read too', () => {
    assert.deepEqual(decodeValue('{"n": 12345678901234567890, "f": NaN}'), { n: 12345678901234567890n, f: Number.NaN })
  })

  test('that cannot be stored says where', () => {
    assert.throws(() => encodeValue({ f: () => 1 }), { code: 'SKEIN_UNSENDABLE', path: 'result.f' })
  })

  test('that was damaged is a malformed message', () => {
    for (const text of ['', '{"__skein__":1,"marks":[["map",[]]]}', '[1']) {
      assert.throws(() => decodeValue(text), { code: 'SKEIN_MALFORMED_MESSAGE' })
    }
  })
})

describe('a failure', () => {
  test('comes back as the same class, with its fields, cause and stack', () => {
    const error = new HttpError(503)
    error.cause = new TypeError('inner')
    const back = decodeFailure(encodeFailure(error)) as HttpError
    assert.ok(back instanceof HttpError)
    assert.equal(back.status, 503)
    assert.equal(back.stack, error.stack)
    assert.ok(back.cause instanceof TypeError)
  })

  test('that leads to itself, by however many ways, comes back whole', () => {
    const error = Object.assign(new Error('outer'), { response: {}, request: {} }) as Loose
    error.cause = error.original = error
    error.response.error = error.request.error = error
    const back = decodeFailure(encodeFailure(error)) as Loose
    assert.equal(back instanceof Error, true)
    assert.deepEqual([back.cause, back.original, back.response.error, back.request.error], [back, back, back, back])
  })

  test('that holds one error several times holds it so afterwards', () => {
    let error: unknown = new TypeError('inmost')
    for (let level = 0; level < 15; level++) error = new AggregateError([error, error], 'both')
    const text = encodeFailure(error)
    assert.ok(text.length < 100_000, String(text.length))
    let back = decodeFailure(text) as AggregateError
    for (let level = 0; level < 15; level++) {
      assert.equal(back.errors.length, 2)
      assert.equal(back.errors[0], back.errors[1])
      back = back.errors[0] as AggregateError
    }
    assert.ok(back instanceof TypeError)
  })

  test('says for readers elsewhere which error stands in its own place', () => {
    const error: Loose = new Error('outer')
    error.original = error.cause = new Error('inner')
    const { skein } = JSON.parse(encodeFailure(error)) as { skein: Loose }
    assert.equal(skein.fields.original.message, 'inner')
    assert.equal(skein.cause, '[the same error as error.original]')
  })

  test('with objects that lead back to themselves keeps the rest of them', () => {
    const response: Loose = { status: 500, list: [] }
    response.request = { response }
    response.list.push(response.list)
    const back = decodeFailure(encodeFailure(Object.assign(new Error('x'), { response }))) as Loose
    assert.deepEqual(back.response, {
      status: 500,
      request: { response: '[not sent: it leads back to itself]' },
      list: ['[not sent: it leads back to itself]'],
    })
  })

  test('whose part is left out does not refer to what stood in it', () => {
    const inner = new Error('inner')
    const error = Object.assign(new Error('x'), { bad: { inner, fn: () => 1 }, good: inner })
    const back = decodeFailure(encodeFailure(error)) as typeof error
    assert.equal(back.bad, '[not sent: error.bad.fn is a function]')
    assert.equal(back.good.message, 'inner')
  })

  test('of our own comes back with its code', () => {
    const cancelled = decodeFailure(encodeFailure(new CancelledError('no', { source: 'explicit', reason: 'why' })))
    assert.ok(cancelled instanceof CancelledError)
    assert.equal(cancelled.reason, 'why')
    const final = decodeFailure(encodeFailure(new NonRetryableError('never')))
    assert.ok(final instanceof NonRetryableError)
    assert.equal(final.retryable, false)
  })

  test('says the same in the form of Celery', () => {
    const shape = (error: unknown): unknown => {
      const { exc_type, exc_message, exc_module } = JSON.parse(encodeFailure(error)) as Record<string, unknown>
      return [exc_module, exc_type, exc_message]
    }
    assert.deepEqual(shape(new TypeError('bad')), ['builtins', 'TypeError', ['bad']])
    assert.deepEqual(shape(new RangeError('bad')), ['builtins', 'ValueError', ['bad']])
    assert.deepEqual(shape(new HttpError(500)), ['javascript', 'HttpError', ['The server said 500']])
    assert.deepEqual(shape(new TimeoutError('late', { timeout: 5 })), [
      'billiard.exceptions',
      'TimeLimitExceeded',
      ['late'],
    ])
    assert.deepEqual(shape(new NonRetryableError('x')), ['skein', 'NonRetryableError', ['x']])
    assert.deepEqual(shape('just text'), ['builtins', 'Exception', ['just text']])
  })

  test('may be anything that can be thrown', () => {
    for (const thrown of [undefined, null, 'text', 5n, { a: 1 }])
      assert.deepEqual(decodeFailure(encodeFailure(thrown)), thrown)
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    for (const thrown of [proxy, Symbol('s'), () => 1]) assert.ok(decodeFailure(encodeFailure(thrown)) instanceof Error)
  })

  test('of a Python worker becomes an error with its name', () => {
    const error = decodeFailure(
      '{"exc_type": "ValueError", "exc_message": ["bad", 42], "exc_module": "builtins", "traceback": "Traceback…"}',
    ) as Error & { module: string }
    assert.equal(error.name, 'ValueError')
    assert.equal(error.message, 'bad, 42')
    assert.equal(error.module, 'builtins')
    assert.equal(error.stack, 'Traceback…')
    assert.equal((decodeFailure('{"exc_type": "KeyError", "exc_message": "text"}') as Error).message, 'text')
  })

  test('that was damaged is still an error', () => {
    for (const text of ['', 'null', '5', '{}', '{"skein":1,"marks":5}', '{"exc_type":1}']) {
      assert.ok(decodeFailure(text) instanceof Error, text)
    }
  })
})

describe('an item of a stream', () => {
  test('has its place and its value', () => {
    assert.deepEqual(decodeItem(encodeItem(7, new Map([[1, 2]]))), { index: 7, value: new Map([[1, 2]]) })
    assert.throws(() => decodeItem('{"item":1}'), { code: 'SKEIN_MALFORMED_MESSAGE' })
  })

  test('that is very long is cut, says by how much, and keeps its class, name, code and stack', () => {
    const original = Object.assign(new HttpError(500), { body: 'b'.repeat(1_000_000), code: 'E_LONG' })
    original.message = `starts so ${'😀'.repeat(2_000_000)}`
    original.stack = `HttpError: ${original.message}\n    at there (file.ts:1:2)`
    const text = encodeFailure(original)
    assert.ok(text.length < 256 * 1024, `${text.length}`)
    const error = decodeFailure(text) as HttpError & { code: string }
    assert.ok(error instanceof HttpError)
    assert.equal(error.code, 'E_LONG')
    assert.match(error.message, /^starts so 😀+… \(cut: 3,983,626 of 4,000,010 characters\)$/u)
    assert.match(error.stack ?? '', /at there \(file\.ts:1:2\)$/)
    const strange = decodeFailure(encodeFailure('x'.repeat(1_000_000))) as Error
    assert.match(strange.message, /cut: 983,616 of 1,000,000/)
  })
})
