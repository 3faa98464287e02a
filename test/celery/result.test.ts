import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CancelledError, NonRetryableError, registerError, TimeoutError } from 'skein'
import { decodeFailure, decodeItem, decodeValue, encodeFailure, encodeItem, encodeValue } from '#skein/celery/result.js'

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
