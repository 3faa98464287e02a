import { registerError } from '#skein/call/codec/class-registry.js'
import { decodeError, encodeError, withOrigin } from '#skein/call/codec/envelope.js'
import * as errors from '#skein/core/errors/errors.js'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { inspect, types } from 'node:util'
import vm from 'node:vm'
import { crossings } from './crossing.ts'

class HttpError extends Error {
  readonly status: number
  constructor(status: number, options?: ErrorOptions) {
    super(`The server said ${status}`, options)
    this.status = status
  }
  retryable(): boolean {
    return this.status >= 500
  }
}
registerError(HttpError)
class GatewayError extends HttpError {}
class MyTypeError extends TypeError {}

function thrown(fn: () => unknown): unknown {
  try {
    fn()
  } catch (error) {
    return error
  }
  return assert.fail('It did not throw')
}

for (const [border, cross] of crossings) {
  // oxlint-disable-next-line no-explicit-any
  const carried = (error: unknown): any => decodeError(cross(encodeError(error)) as ReturnType<typeof encodeError>)

  describe(`an error across ${border}`, () => {
    for (const Class of [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError]) {
      test(`a ${Class.name} comes back as one, with message and stack`, () => {
        const error = new Class('what happened')
        const arrived = carried(error)
        assert.equal(arrived.constructor, Class)
        assert.ok(types.isNativeError(arrived))
        assert.deepStrictEqual(arrived, error)
        assert.equal(arrived.stack, error.stack)
        assert.deepEqual(Object.keys(arrived), [])
      })
    }

    test('an AggregateError keeps its errors', () => {
      const arrived = carried(new AggregateError([new HttpError(500), new TypeError('b'), 'c'], 'both'))
      assert.ok(arrived instanceof AggregateError)
      assert.ok(arrived.errors[0] instanceof HttpError)
      assert.ok(arrived.errors[1] instanceof TypeError)
      assert.equal(arrived.errors[2], 'c')
      assert.equal(Object.getOwnPropertyDescriptor(arrived, 'errors')!.enumerable, false)
    })

    test('a registered class comes back as itself, with its fields and methods', () => {
      const arrived = carried(new HttpError(503))
      assert.ok(arrived instanceof HttpError)
      assert.equal(arrived.constructor, HttpError)
      assert.equal(arrived.status, 503)
      assert.equal(arrived.retryable(), true)
      assert.equal(arrived.name, 'Error')
    })

    test('a class that is not registered comes back as its nearest known ancestor, under its own name', () => {
      const gateway = carried(new GatewayError(502))
      assert.equal(gateway.constructor, HttpError)
      assert.equal(gateway.name, 'GatewayError')
      assert.equal(gateway.status, 502)
      const type = carried(new MyTypeError('x'))
      assert.equal(type.constructor, TypeError)
      assert.equal(type.name, 'MyTypeError')
    })

    test('a name that was given by hand stays', () => {
      const error = new Error('x')
      error.name = 'Special'
      assert.equal(carried(error).name, 'Special')
      class Named extends Error {
        override name = 'NamedByField'
      }
      assert.equal(carried(new Named('x')).name, 'NamedByField')
    })

    test('a system error keeps code, errno, syscall and path', () => {
      const error = thrown(() => readFileSync('/no/such/file')) as NodeJS.ErrnoException
      const arrived = carried(error)
      for (const key of ['code', 'errno', 'syscall', 'path'] as const) assert.equal(arrived[key], error[key])
      assert.equal(arrived.code, 'ENOENT')
    })

    test('an error of Node keeps its code and class', () => {
      const arrived = carried(thrown(() => new URL('nowhere')))
      assert.equal(arrived.code, 'ERR_INVALID_URL')
      assert.ok(arrived instanceof TypeError)
    })

    test('a DOMException comes back as one', () => {
      const arrived = carried(new DOMException('too late', 'TimeoutError'))
      assert.ok(arrived instanceof DOMException)
      assert.equal(arrived.name, 'TimeoutError')
      assert.equal(arrived.message, 'too late')
      assert.equal(arrived.code, DOMException.TIMEOUT_ERR)
    })

    test('the reason of an aborted signal is one of those', () => {
      const arrived = carried(AbortSignal.abort().reason)
      assert.ok(arrived instanceof DOMException)
      assert.equal(arrived.name, 'AbortError')
    })

    test('an error of another realm comes back as one of this realm', () => {
      const arrived = carried(vm.runInNewContext(`new RangeError('elsewhere')`))
      assert.ok(arrived instanceof RangeError)
      assert.equal(arrived.message, 'elsewhere')
    })

    test('causes come along, as errors or as whatever they are', () => {
      const arrived = carried(new Error('a', { cause: new HttpError(500, { cause: { plain: [1n] } }) }))
      assert.ok(arrived.cause instanceof HttpError)
      assert.deepEqual(arrived.cause.cause, { plain: [1n] })
      assert.equal(Object.getOwnPropertyDescriptor(arrived, 'cause')!.enumerable, false)
      assert.equal(Object.hasOwn(carried(new Error('b')), 'cause'), false)
      assert.equal(Object.hasOwn(carried(new Error('b', { cause: undefined })), 'cause'), true)
    })

    test('causes that go round in a circle still do', () => {
      const a = new Error('a')
      const b = new Error('b', { cause: a })
      a.cause = b
      const arrived = carried(a)
      assert.equal(arrived.cause.message, 'b')
      assert.equal(arrived.cause.cause, arrived)
    })

    test('an endless chain of causes ends with a note', () => {
      let error = new Error('innermost')
      for (let i = 0; i < 5000; i++) error = new Error(`level ${i}`, { cause: error })
      let depth = 0
      let at = carried(error)
      for (; at instanceof Error; at = at.cause) depth++
      assert.equal(depth, 17)
      assert.match(at, /not sent.*16 errors deep/)
    })

    test('a field that cannot be sent is replaced by a text, and the others arrive', () => {
      const error = Object.assign(new Error('x'), {
        config: { transform: [() => 1] },
        request: Promise.resolve(),
        response: { status: 500, body: Buffer.from('b') },
        url: new URL('a:b'),
      })
      const arrived = carried(error)
      assert.equal(arrived.config, '[not sent: error.config.transform[0] is a function]')
      assert.equal(arrived.request, '[not sent: error.request is a promise]')
      assert.deepEqual(arrived.response, { status: 500, body: Buffer.from('b') })
      assert.deepEqual(arrived.url, new URL('a:b'))
    })

    test('shared memory, ports and buffers that were moved away do not keep an error from arriving', () => {
      const gone = new Uint8Array(4)
      structuredClone(gone, { transfer: [gone.buffer] })
      const { port1, port2 } = new MessageChannel()
      const cells = new Int32Array(new SharedArrayBuffer(4))
      const fields = { cells, blob: new Blob(['x']), port: port1, gone, buffer: gone.buffer }
      const arrived = carried(Object.assign(new Error('x'), fields))
      for (const key of Object.keys(fields)) assert.match(arrived[key], /^\[not sent: error\./)
      port1.close()
      port2.close()
    })

    test('what a field that failed had in common with another arrives all the same', () => {
      const shared = { inner: new HttpError(500) }
      const error = Object.assign(new Error('x'), { bad: { shared, fn: () => 1 }, good: { shared } })
      const arrived = carried(error)
      assert.match(arrived.bad, /not sent/)
      assert.ok(arrived.good.shared.inner instanceof HttpError)
      assert.equal(arrived.good.shared.inner.status, 500)
    })

    test('getters that throw cost nothing but their value', () => {
      const error = new Error('x')
      for (const key of ['stack', 'name', 'code', 'cause', 'errors']) {
        Object.defineProperty(error, key, {
          enumerable: true,
          get() {
            throw new Error('from the getter')
          },
        })
      }
      const arrived = carried(error)
      assert.equal(arrived.message, 'x')
      assert.equal(arrived.name, 'Error')
    })

    test('a Proxy that throws at every touch still gives an error', () => {
      const trap = (): never => {
        throw new Error('do not touch')
      }
      const proxy = new Proxy(new Error('x'), { get: trap, getPrototypeOf: trap, ownKeys: trap, has: trap })
      assert.ok(carried(proxy) instanceof Error)
      assert.ok(carried(Object.assign(new Error('y'), { proxy })) instanceof Error)
    })

    test('an error nested too deeply still arrives', () => {
      let deep: unknown[] = []
      for (let i = 0; i < 100_000; i++) deep = [deep]
      const arrived = carried(Object.assign(new Error('x'), { deep }))
      assert.equal(arrived.message, 'x')
      assert.match(arrived.deep, /not sent/)
    })

    test('an error with more than there is room for arrives with the rest in words', () => {
      let reads = 0
      const many = (depth: number): object => ({
        get left() {
          reads++
          return many(depth + 1)
        },
        get right() {
          reads++
          return many(depth + 1)
        },
      })
      const arrived = carried(Object.assign(new Error('x'), { code: 'E_BIG', many: many(0) }))
      assert.equal(arrived.code, 'E_BIG')
      assert.ok(reads < 50_000, String(reads))
      const long = carried(
        Object.assign(new Error('y'), { body: 'x'.repeat(5_000_000), bytes: new Uint8Array(5_000_000) }),
      )
      assert.deepEqual([long.body, long.bytes], Array(2).fill('[not sent: what the error holds is longer than 4 MiB]'))
      const causes = Array.from({ length: 3_000 }, () => new Error('long '.repeat(1_000)))
      const last = carried(new AggregateError(causes, 'z')).errors.at(-1)
      assert.match(String(last.message ?? last), /not sent/)
    })

    test('a part that cannot be sent is not tried again by each way that leads to it', () => {
      let tries = 0
      let error = new Error('inmost')
      for (let level = 0; level < 15; level++) {
        const next = {
          error,
          get spoiled() {
            tries++
            return () => {}
          },
        }
        error = Object.assign(new Error(`level ${level}`), { a: { next }, b: { next } })
      }
      assert.equal(carried(error).message, 'level 14')
      assert.ok(tries <= 20_000, String(tries))
    })

    for (const value of [undefined, null, 'boom', 42, { status: 500 }, Symbol('s'), () => 1, Promise.resolve(1)]) {
      test(`${types.isPromise(value) ? 'a promise' : inspect(value)}, thrown, comes back inside a ThrownValueError`, () => {
        const arrived = carried(value)
        assert.ok(arrived instanceof errors.ThrownValueError)
        assert.equal(arrived.code, 'SKEIN_THROWN_VALUE')
        assert.match(arrived.message, /not an Error.*throw new Error/)
        const sendable = typeof value !== 'symbol' && typeof value !== 'function' && !types.isPromise(value)
        if (sendable) assert.deepStrictEqual(arrived.value, value)
        else assert.match(String(arrived.value), /not sent/)
      })
    }

    test('an error of skein keeps class, code, fields and family', () => {
      const reason = new HttpError(500)
      const error = new errors.CancelledError('stopped', { source: 'explicit', reason, ended: 'terminated' })
      const arrived = carried(error)
      assert.equal(arrived.constructor, errors.CancelledError)
      assert.equal(arrived instanceof errors.SkeinError, true)
      assert.equal(arrived instanceof errors.TimeoutError, false)
      assert.equal(arrived.code, 'SKEIN_CANCELLED')
      assert.equal(arrived.name, 'CancelledError')
      assert.equal(arrived.source, 'explicit')
      assert.equal(arrived.ended, 'terminated')
      assert.ok(arrived.reason instanceof HttpError)
    })

    test('an error of skein is known to another copy of skein by its brand', () => {
      const fields = { exitCode: 1, signal: null, task: 't', worker: 'w' }
      const arrived = carried(new errors.WorkerOutOfMemoryError('m', fields))
      const brand = Object.getOwnPropertyDescriptor(arrived, Symbol.for('skein.error.kinds'))
      assert.deepEqual(brand?.value, ['WorkerOutOfMemoryError', 'WorkerCrashedError', 'SkeinError'])
      assert.equal(brand?.enumerable, false)
    })

    test('a class of the user that has the name of one of skein is not taken for it', () => {
      const arrived = carried(new (class TimeoutError extends Error {})('mine'))
      assert.equal(arrived.name, 'TimeoutError')
      assert.equal(arrived.constructor, Error)
      assert.equal(arrived instanceof errors.TimeoutError, false)
    })
  })
}

test('every error class of skein is revived as itself', () => {
  const classes = Object.values(errors).filter(value => typeof value === 'function')
  assert.ok(classes.length > 15)
  for (const Class of classes) {
    const made = Object.assign(Object.create(Class.prototype) as Error, { message: 'm' })
    assert.equal(decodeError(structuredClone(encodeError(made))).constructor, Class)
  }
})

describe('withOrigin', () => {
  const site = 'Error: here\n    at main (/app/main.ts:3:5)\n    at other (/app/main.ts:9:1)'

  test('writes the worker, the task and the place of the submission below the stack', () => {
    const error = new Error('x')
    error.stack = 'Error: x\n    at work (/app/work.ts:1:1)'
    assert.equal(withOrigin(error, { worker: 'thread 2', task: 'countPrimes', site }), error)
    assert.equal(
      error.stack,
      'Error: x\n    at work (/app/work.ts:1:1)\n    --- on thread 2, task countPrimes ---\n' +
        '    --- submitted from ---\n    at main (/app/main.ts:3:5)\n    at other (/app/main.ts:9:1)',
    )
    assert.deepEqual(Object.keys(error), [])
  })

  test('does without the place, without a stack, and leaves anything else alone', () => {
    const error = new Error('x')
    Object.defineProperty(error, 'stack', { value: undefined, configurable: true })
    assert.equal(withOrigin(error, { worker: 'loop', task: 't' }).stack, 'Error: x\n    --- on loop, task t ---')
    assert.equal(withOrigin('text', { worker: 'loop', task: 't' }), 'text')
    const frozen = Object.freeze(new Error('y'))
    assert.equal(withOrigin(frozen, { worker: 'loop', task: 't' }), frozen)
  })
})
