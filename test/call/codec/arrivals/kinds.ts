import assert from 'node:assert/strict'
import { createSecretKey, type KeyObject, webcrypto, X509Certificate } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { BlockList } from 'node:net'
import { Readable } from 'node:stream'
import { inspect, isDeepStrictEqual, types } from 'node:util'
import { MessageChannel } from 'node:worker_threads'
import { call, Lock, registerClass, registerError, task } from 'skein'
import { Secret } from '../secret.ts'

/** What becomes of a value: it is equal on the other side, it is other data there, or the call fails. */
export type Arrival = 'same' | 'data' | 'refused'

/** One kind of value and what becomes of it, by our own rule: the same on every version of Node. */
export interface Kind {
  readonly name: string
  /** Makes a value of the kind; undefined where this Node has none. */
  readonly make: (() => unknown) | undefined
  readonly threads: Arrival
  readonly processes: Arrival
  readonly queue: Arrival
  /** What arrives in place of the value, where that is other data. */
  readonly data?: { readonly words: string; readonly value?: unknown; readonly is?: (value: unknown) => boolean }
  /** Words of the error where it is refused. */
  readonly because?: RegExp
  /** It is handed over with `move`. */
  readonly moved?: true
  /** Whether it is that value; by default if it is equal in the strict sense. */
  readonly isSame?: (value: unknown) => boolean
}

class Point {
  x = 1
  y = 2
  get length(): number {
    return Math.hypot(this.x, this.y)
  }
}
class Account {
  owner = 'Ada'
  #balance = 100
  get balance(): number {
    return this.#balance
  }
}
class Hidden {
  shown = 1
  constructor() {
    Object.assign(this, { [Symbol('state')]: 2 })
  }
}
class Money {
  cents = 150
  text(): string {
    return String(this.cents / 100)
  }
}
registerClass(Money, { name: 'arrivals.Money' })
class Limited extends Map<string, number> {
  readonly #most = 10
  get most(): number {
    return this.#most
  }
}
class Ordered extends Map<string, number> {}
class Day extends Date {}
class HttpError extends Error {
  status = 503
}
registerError(HttpError)

const everywhere = (arrival: Arrival): Pick<Kind, 'threads' | 'processes' | 'queue'> => ({
  threads: arrival,
  processes: arrival,
  queue: arrival,
})
const same = everywhere('same')
const refused = everywhere('refused')
const data = everywhere('data')
const onThreads = { threads: 'same', processes: 'refused', queue: 'refused' } as const
const notInQueue = { threads: 'same', processes: 'same', queue: 'refused' } as const

const here = globalThis as Record<string, unknown>
/** The maker of a value, if this Node has the class. */
function from<C>(name: string, make: (Class: C) => unknown): (() => unknown) | undefined {
  const Class = here[name] as C | undefined
  return Class === undefined ? undefined : () => make(Class)
}

interface Compiled {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => object
  readonly Memory: new (size: object) => object
}
const Wasm = here['WebAssembly'] as Compiled
const smallestModule = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])
const secret = Buffer.from('thirty-two bytes of test secret!')
const aesKey = await webcrypto.subtle.importKey('raw', secret, { name: 'AES-GCM' }, true, ['encrypt'])
const certificate = `-----BEGIN CERTIFICATE-----
MIIBNjCB6aADAgECAhR25OVRCbj3VVR2neYT5FU61Jm2qzAFBgMrZXAwEDEOMAwG
A1UEAwwFc2tlaW4wIBcNMjYxMTI5MTE1NjI1WhgPMjEwOTAxMTgxMTU2MjVaMBAx
DjAMBgNVBAMMBXNrZWluMCowBQYDK2VwAyEAriM7AwTrdDifNWmO+oO5vPULtoRB
D/JKaBmbhC5XfMajUzBRMB0GA1UdDgQWBBSijtFlxtC9Ho5nHw0VL4TfT4GWoDAf
BgNVHSMEGDAWgBSijtFlxtC9Ho5nHw0VL4TfT4GWoDAPBgNVHRMBAf8EBTADAQH/
MAUGAytlcANBANBvnS5pOHWJb92tQQSzy0sC4Lc+p7f29yj0zYHYtPlzP1rS5KBe
MeKkrF3B/+gAaCTOLk2ANJNBJ0P6HF58egw=
-----END CERTIFICATE-----`

const nothing = task(import.meta, function nothing() {})

/** True for an error that has arrived as one of its kind: its message, fields and cause are the same. */
const likeError = (expected: () => Error) => (value: unknown) => {
  const error = expected()
  assert.ok(value instanceof Error)
  assert.equal(value.constructor, error.constructor)
  assert.deepEqual(
    [value.name, value.message, value.cause, { ...value }, (value as AggregateError).errors?.length],
    [error.name, error.message, error.cause, { ...error }, (error as AggregateError).errors?.length],
  )
  return true
}
const error = (name: string, expected: () => Error): Kind => ({
  name,
  make: expected,
  ...same,
  isSame: likeError(expected),
})

export const kinds: readonly Kind[] = [
  { name: '`undefined`, `null`, `true`, `false`', make: () => [undefined, null, true, false], ...same },
  { name: 'a number, also `NaN`, `-0` and the infinities', make: () => [0.1, NaN, -0, Infinity, -Infinity], ...same },
  { name: 'a bigint', make: () => [1n, -(10n ** 40n)], ...same },
  { name: 'a string, also with half of a character', make: () => ['', 'é漢🙂', '\0', '\ud800'], ...same },
  { name: 'a symbol', make: () => Symbol('s'), ...refused, because: /Pass a string/ },
  { name: 'a function, a class', make: () => () => 1, ...refused, because: /Make it a task|choose the function/ },
  {
    name: 'a boxed number, string, boolean or bigint',
    make: () => [Object(-0), Object('s'), Object(false), Object(1n)],
    ...notInQueue,
    because: /instance of Number/,
  },
  {
    name: 'a plain object, also with a key `__proto__`',
    make: () => JSON.parse('{"a":{"b":1},"__proto__":2}') as unknown,
    ...same,
  },
  {
    name: 'an object without a prototype',
    make: () => Object.assign(Object.create(null) as object, { a: 1 }),
    ...data,
    data: { words: 'a plain object', value: { a: 1 } },
  },
  {
    name: 'a property that is a getter',
    make: () => ({
      get now(): number {
        return 7
      },
    }),
    ...data,
    data: { words: 'the value that it had', value: { now: 7 } },
    isSame: value => Object.getOwnPropertyDescriptor(value, 'now')?.get !== undefined,
  },
  {
    name: 'a property of a plain object that is not enumerable, or named by a symbol',
    make: () => Object.defineProperty({ a: 1, [Symbol('s')]: 2 }, 'hidden', { value: 3 }),
    ...data,
    data: { words: 'the others', value: { a: 1 } },
  },
  {
    name: 'a frozen object',
    make: () => Object.freeze({ a: 1 }),
    ...data,
    data: { words: 'one that is not frozen', value: { a: 1 } },
    isSame: value => Object.isFrozen(value),
  },
  // oxlint-disable-next-line no-sparse-arrays
  { name: 'an array, also with holes', make: () => [1, undefined, , [null]], ...same },
  {
    name: 'an array with properties beside its elements',
    make: () => /b(c)/.exec('abc'),
    ...notInQueue,
    because: /own properties would be lost/,
  },
  {
    name: 'an instance of a class',
    make: () => new Point(),
    ...data,
    data: { words: 'its own properties, as a plain object', value: { x: 1, y: 2 } },
  },
  {
    name: '… of a class with private fields (`#balance`)',
    make: () => new Account(),
    ...refused,
    because: /private field #balance/,
  },
  {
    name: '… without properties',
    make: () => new (class Nothing {})(),
    ...refused,
    because: /no properties of its own/,
  },
  { name: '… with properties named by symbols', make: () => new Hidden(), ...refused, because: /named by symbols/ },
  {
    name: '… of a class that is registered with [`registerClass`](reference/skein/functions/registerClass.md)',
    make: () => new Money(),
    ...same,
  },
  {
    name: '… and has `encode` and `decode`',
    make: () => new Secret(7),
    ...same,
    isSame: value => value instanceof Secret && value.value === 7,
  },
  { name: 'a Map, a Set', make: () => new Map<unknown, unknown>([[{ k: 1 }, new Set([1, 'a'])]]), ...same },
  {
    name: '… with properties beside its entries',
    make: () => Object.assign(new Map(), { label: 1 }),
    ...refused,
    because: /own properties would be lost/,
  },
  {
    name: '… of a class that extends Map or Set',
    make: () => new Ordered([['a', 1]]),
    ...data,
    data: { words: 'a Map, a Set', value: new Map([['a', 1]]) },
  },
  {
    name: '… of one that has private fields',
    make: () => new Limited([['a', 1]]),
    ...refused,
    because: /private field #most/,
  },
  {
    name: 'a Date, also an invalid one',
    make: () => [new Date(5), new Date(NaN)],
    ...same,
    isSame: value => {
      const [valid, invalid] = value as [Date, Date]
      return isDeepStrictEqual(valid, new Date(5)) && types.isDate(invalid) && Number.isNaN(invalid.getTime())
    },
  },
  {
    name: '… of a class that extends Date',
    make: () => new Day(5),
    ...data,
    data: { words: 'a Date', value: new Date(5) },
  },
  {
    name: '… with properties of its own',
    make: () => Object.assign(new Date(5), { zone: 'UTC' }),
    ...refused,
    because: /own properties would be lost/,
  },
  {
    name: 'a date or time of Temporal',
    make: from<{ Instant: { from(text: string): unknown } }>('Temporal', Class =>
      Class.Instant.from('2026-01-01T00:00:00Z'),
    ),
    ...refused,
    because: /Temporal\.Instant\.from/,
  },
  { name: 'a RegExp (`lastIndex` begins at 0)', make: () => /a(b)+/giu, ...same },
  error('an error, with its stack, cause and fields', () =>
    Object.assign(new TypeError('wrong', { cause: 1 }), { code: 'E' }),
  ),
  error(
    '… of a class that is registered with [`registerError`](reference/skein/functions/registerError.md)',
    () => new HttpError('late'),
  ),
  {
    name: '… of another class',
    make: () => new (class OddError extends RangeError {})('odd'),
    ...data,
    data: {
      words: 'its nearest known ancestor, with its own name',
      is: value => value instanceof RangeError && value.constructor === RangeError && value.name === 'OddError',
    },
    isSame: value => (value as Error).constructor.name === 'OddError',
  },
  error('an AggregateError', () => new AggregateError([new Error('one'), new Error('two')], 'both')),
  error('a DOMException', () => new DOMException('stop', 'AbortError')),
  {
    name: 'a SuppressedError (from Node 24 on)',
    make: from<new (error: unknown, suppressed: unknown, message: string) => Error>(
      'SuppressedError',
      Class => new Class(1, 2, 'both'),
    ),
    ...same,
    isSame: value => value instanceof Error && (value as Error & { suppressed: unknown }).suppressed === 2,
  },
  {
    name: 'an ArrayBuffer, a typed array, a DataView',
    make: () => [
      new Uint8Array([1, 2]).buffer,
      new Float64Array([-0]),
      new BigInt64Array(1),
      new DataView(new ArrayBuffer(2)),
    ],
    ...same,
  },
  {
    name: 'a Float16Array (from Node 24 on)',
    make: from<new (length: number) => unknown>('Float16Array', Class => new Class(2)),
    ...same,
  },
  { name: 'a Buffer', make: () => Buffer.from('bytes'), ...same },
  {
    name: 'shared memory, alone or below a view',
    make: () => new Uint8Array(new SharedArrayBuffer(2)),
    ...onThreads,
    because: /shared memory/,
    isSame: value => types.isSharedArrayBuffer((value as Uint8Array).buffer),
  },
  {
    name: 'a URL',
    make: () => new URL('https://example.com/a?b#c'),
    ...same,
    isSame: value => value instanceof URL && value.href === 'https://example.com/a?b#c',
  },
  { name: 'URLSearchParams', make: () => new URLSearchParams('a=1'), ...refused, because: /String\(params\)/ },
  { name: 'Headers', make: () => new Headers({ a: 'b' }), ...refused, because: /Object\.fromEntries/ },
  { name: 'a Request', make: () => new Request('http://localhost/'), ...refused, because: /url, method/ },
  { name: 'a Response', make: () => new Response('x'), ...refused, because: /response\.text/ },
  { name: 'FormData', make: () => new FormData(), ...refused, because: /its entries/ },
  {
    name: 'a Blob',
    make: () => new Blob(['bytes'], { type: 'text/plain' }),
    ...onThreads,
    because: /arrayBuffer/,
    isSame: value => value instanceof Blob && value.size === 5 && value.type === 'text/plain',
  },
  {
    name: 'a File',
    make: () => new File(['bytes'], 'a.txt', { type: 'text/plain', lastModified: 7 }),
    ...onThreads,
    because: /arrayBuffer/,
    isSame: value =>
      value instanceof File &&
      value.name === 'a.txt' &&
      value.size === 5 &&
      value.type === 'text/plain' &&
      value.lastModified === 7,
  },
  {
    name: 'an AbortSignal, an AbortController',
    make: () => new AbortController().signal,
    ...refused,
    because: /with\(\{ signal \}\)/,
  },
  {
    name: 'an Event, an EventTarget, an EventEmitter',
    make: () => new EventEmitter(),
    ...refused,
    because: /event emitter/,
  },
  { name: 'a stream, of the web or of Node', make: () => Readable.from([]), ...refused, because: /is a stream/ },
  { name: 'a promise', make: () => [Promise.resolve(1)], ...refused, because: /Await it first/ },
  { name: 'an iterator, a generator', make: () => [1][Symbol.iterator](), ...refused, because: /Collect its values/ },
  { name: 'a Proxy', make: () => new Proxy({ a: 1 }, {}), ...refused, because: /is a Proxy/ },
  { name: 'a WeakRef, WeakMap, WeakSet', make: () => new WeakRef({}), ...refused, because: /ref\.deref/ },
  {
    name: 'a MessagePort in [`move`](guide/large-values.md)',
    make: () => new MessageChannel().port1,
    moved: true,
    ...onThreads,
    because: /MessagePort/,
    isSame: value => typeof (value as { postMessage?: unknown }).postMessage === 'function',
  },
  {
    name: 'a KeyObject, a CryptoKey',
    make: () => [createSecretKey(secret), aesKey],
    ...onThreads,
    because: /only threads/,
    isSame: value => {
      const [key, crypto] = value as [KeyObject, webcrypto.CryptoKey]
      return key.equals(createSecretKey(secret)) && crypto.algorithm.name === 'AES-GCM'
    },
  },
  {
    name: 'an X509Certificate',
    make: () => new X509Certificate(certificate),
    ...refused,
    because: /instance of \w*X509Certificate/,
  },
  { name: 'a BlockList', make: () => new BlockList(), ...refused, because: /instance of BlockList/ },
  {
    name: 'a compiled module of WebAssembly',
    make: () => new Wasm.Module(smallestModule),
    ...onThreads,
    because: /only threads/,
    isSame: value => value instanceof Wasm.Module,
  },
  {
    name: '… its instance',
    make: () => new Wasm.Instance(new Wasm.Module(smallestModule)),
    ...refused,
    because: /instance of Instance/,
  },
  {
    name: 'shared memory of WebAssembly',
    make: () => new Wasm.Memory({ initial: 1, maximum: 1, shared: true }),
    ...onThreads,
    because: /only threads/,
    isSame: value => value instanceof Wasm.Memory,
  },
  {
    name: 'a formatter of Intl, a TextDecoder',
    make: () => new Intl.PluralRules('de'),
    ...refused,
    because: /locale and options/,
  },
  {
    name: 'what `stat` and `readdir` of node:fs return',
    make: () => statSync('.'),
    ...refused,
    because: /stat of node:fs/,
  },
  {
    name: '… with file types',
    make: () => readdirSync('.', { withFileTypes: true })[0],
    ...refused,
    because: /named by symbols/,
  },
  {
    name: 'a Call or a Job inside a Map or Set',
    make: () => new Map([['a', call(nothing)]]),
    ...refused,
    because: /is a Call/,
  },
  {
    name: 'a scope, an executor, a lock, a channel: what belongs to its thread',
    make: () => new Lock(),
    ...refused,
    because: /It belongs to the thread/,
  },
]

/** What has become of a value of a kind, seen from where it has arrived. */
export function judge(kind: Kind, value: unknown): string {
  if (kind.isSame ? kind.isSame(value) : isDeepStrictEqual(value, kind.make?.())) return 'same'
  if (kind.data && (kind.data.is ? kind.data.is(value) : isDeepStrictEqual(value, kind.data.value))) return 'data'
  return `something else: ${inspect(value)}`
}
