import { call } from '#skein/call/call.js'
import { explainFailure } from '#skein/call/codec/explain.js'
import { encode, newEncoding } from '#skein/call/codec/codec.js'
import { task } from '#skein/call/define/task.js'
import { UnsendableError } from '#skein/core/errors/errors.js'
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'

const double = task(import.meta, (n: number) => n * 2, { name: 'double' })

class Closed {
  readonly #state = 1
  state(): number {
    return this.#state
  }
}
class Counted extends Map<string, number> {
  count = 1
}

function* numbers(): Generator<number> {
  yield 1
}

function refusal(value: unknown, path = 'arguments'): UnsendableError {
  try {
    encode(value, path, newEncoding('processes'))
  } catch (error) {
    assert.ok(error instanceof UnsendableError, String(error))
    assert.equal(error.code, 'SKEIN_UNSENDABLE')
    return error
  }
  return assert.fail('It was let through')
}

/** Name of the kind, the value, and what the message must say of it. */
const refused: readonly (readonly [string, unknown, RegExp])[] = [
  ['a function', () => 1, /is a function.*make it a task/i],
  ['a class', Closed, /is a function/],
  ['a task', double, /is a task.*call\(task/i],
  ['a symbol', Symbol('x'), /is a symbol/],
  ['a boxed symbol', Object(Symbol('x')), /is a symbol/],
  ['a promise', Promise.resolve(1), /is a promise.*Await it first/],
  ['a WeakMap', new WeakMap(), /is a WeakMap.*pass a Map/],
  ['a WeakSet', new WeakSet(), /is a WeakSet.*pass a Set/],
  ['a WeakRef', new WeakRef({}), /is a WeakRef.*deref/],
  ['a generator', numbers(), /is a generator.*executor\.stream/],
  ['an asynchronous generator', (async function* () {})(), /is a generator/],
  ['an iterator', new Map().keys(), /is an iterator.*\[\.\.\.values\]/],
  ['a web stream', new ReadableStream(), /is a stream/],
  ['a Node stream', Readable.from([]), /is a stream/],
  ['an event emitter', new EventEmitter(), /is an event emitter/],
  ['an AbortSignal', new AbortController().signal, /is an AbortSignal.*with\(\{ signal \}\)/],
  ['an AbortController', new AbortController(), /is an AbortController/],
  ['a Headers object', new Headers({ a: 'b' }), /is a Headers object.*Object\.fromEntries/],
  ['a Request', new Request('http://localhost/'), /is a Request/],
  ['a Response', new Response('x'), /is a Response.*response\.text/],
  ['a FormData object', new FormData(), /is a FormData object/],
  ['a URLSearchParams object', new URLSearchParams('a=b'), /is a URLSearchParams object.*String\(params\)/],
  ['a TextDecoder', new TextDecoder(), /TextDecoder.*make it on the other side/],
  ['a formatter', new Intl.NumberFormat(), /formatter of Intl/],
  ['a Proxy', new Proxy({ a: 1 }, {}), /is a Proxy.*\{ \.\.\.value \}/],
  ['a Proxy of an array', new Proxy([1], {}), /is a Proxy/],
  ['an instance with private state', new Closed(), /instance of Closed.*registerClass\(Closed, \{ encode, decode \}\)/],
  ['a Map with properties that would be lost', new Counted(), /instance of Counted.*own properties would be lost/],
  ['a Call where it is not run', call(double, 1), /is a Call/],
]

describe('encode refuses', () => {
  for (const [name, value, message] of refused) {
    test(name, () => {
      assert.match(refusal([value]).message, message)
      assert.equal(refusal([value]).path, 'arguments[0]')
      assert.equal(refusal({ a: { b: value } }, 'result').path, 'result.a.b')
    })
  }

  test('a function or symbol that is the value itself', () => {
    assert.equal(refusal(() => 1, 'result').path, 'result')
    assert.equal(refusal(Symbol('x'), 'result').path, 'result')
  })

  test('a thenable by its then method, and says to await it', () => {
    // oxlint-disable-next-line no-thenable
    const error = refusal([{ then() {} }])
    assert.equal(error.path, 'arguments[0].then')
    assert.match(error.message, /Await it first/)
  })

  const onClick = (): void => {}
  const paths: readonly (readonly [string, unknown])[] = [
    ['arguments[0].users[3].onClick', [{ users: [1, 2, 3, { onClick }] }]],
    ['arguments[0]["not a name"]', [{ 'not a name': onClick }]],
    ['arguments[0][7]', [{ 7: onClick }]],
    ['arguments[1].get("key")', [1, new Map([['key', onClick]])]],
    ['arguments[0].get(1).deep', [new Map([[1, { deep: onClick }]])]],
    [
      'arguments[0].keys()[1]',
      [
        new Map<unknown, number>([
          ['a', 1],
          [onClick, 2],
        ]),
      ],
    ],
    ['arguments[0].values()[1].x', [new Set([1, { x: onClick }])]],
    ['arguments[2]', [new Error('x'), Buffer.from('a'), onClick]],
    ['arguments[0].__proto__.x', [Object.defineProperty({}, '__proto__', { value: { x: onClick }, enumerable: true })]],
  ]
  for (const [path, value] of paths) {
    test(`with the path ${path}`, () => {
      const error = refusal(value)
      assert.equal(error.path, path)
      assert.ok(error.message.startsWith(`${path} is a function`), error.message)
    })
  }

  test('nothing for what an inherited property would be', () => {
    Object.defineProperty(Object.prototype, 'polluted', { value: onClick, enumerable: true, configurable: true })
    try {
      assert.doesNotThrow(() => encode([{ a: 1 }], 'arguments', newEncoding()))
    } finally {
      delete (Object.prototype as { polluted?: unknown }).polluted
    }
  })

  test('leaves what a getter throws as it is', () => {
    const value = {
      get broken(): number {
        throw new RangeError('from the getter')
      },
    }
    assert.throws(() => encode([value], 'arguments', newEncoding()), { name: 'RangeError', message: 'from the getter' })
  })
})

describe('on the way to a process, encode also refuses', () => {
  const { port1, port2 } = new MessageChannel()
  port1.close()
  port2.close()
  const shared = new SharedArrayBuffer(4)
  const onlyThreads: readonly (readonly [string, unknown, RegExp])[] = [
    ['shared memory', shared, /shared memory.*use threads/],
    ['a view of shared memory, which would quietly be copied', new Int32Array(shared), /shared memory/],
    ['a Buffer over shared memory', Buffer.from(shared), /shared memory/],
    ['a Blob', new Blob(['x']), /Blob.*arrayBuffer/],
    ['a port', port1, /MessagePort.*use threads/],
  ]
  for (const [name, value, message] of onlyThreads) {
    test(name, () => {
      const error = refusal([{ deep: [value] }])
      assert.equal(error.path, 'arguments[0].deep[0]')
      assert.match(error.message, message)
      assert.equal(refusal([new Error('x'), value]).path, 'arguments[1]')
      assert.doesNotThrow(() => encode([{ deep: [value] }, new Error('x')], 'arguments', newEncoding()))
    })
  }
})

describe('explainFailure', () => {
  function explained(value: unknown, attempt: (part: unknown) => unknown): UnsendableError {
    try {
      attempt(value)
    } catch (error) {
      return explainFailure(value, 'arguments', error, attempt)
    }
    return assert.fail('It did not fail')
  }

  test('finds the port that was not given to move', () => {
    const { port1, port2 } = new MessageChannel()
    const error = explained([{ port: port1 }], structuredClone)
    assert.equal(error.path, 'arguments[0].port')
    assert.match(error.message, /without move/)
    port1.close()
    port2.close()
  })

  test('finds the buffer that was moved away', () => {
    const bytes = new Uint8Array(4)
    structuredClone(bytes, { transfer: [bytes.buffer] })
    const error = explained([1, { bytes: bytes.buffer }], structuredClone)
    assert.equal(error.path, 'arguments[1].bytes')
    assert.match(error.message, /moved away/)
  })

  test('falls back on what the attempt said', () => {
    const error = explainFailure([1], 'arguments', new Error('out of luck'), structuredClone)
    assert.equal(error.path, 'arguments')
    assert.match(error.message, /out of luck/)
  })
})
