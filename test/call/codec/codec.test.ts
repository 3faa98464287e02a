import { decode, encode, newEncoding } from '#skein/call/codec/codec.js'
import { registerClass } from '#skein/call/codec/class-registry.js'
import { UnsendableError } from '#skein/core/errors/errors.js'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import v8 from 'node:v8'
import type { MessagePort } from 'node:worker_threads'
import { crossings, judged, send } from './crossing.ts'
import { Secret } from './secret.ts'

class Money {
  readonly cents: number
  constructor(cents: number) {
    this.cents = cents
  }
  text(): string {
    return (this.cents / 100).toFixed(2)
  }
}
registerClass(Money, { name: 'codec.Money' })

class Bag extends Map<string, number> {
  label = ''
}
registerClass(Bag, { name: 'codec.Bag' })

const sparse: unknown[] = []
sparse[3] = 'x'
sparse[1_000_000_000] = 'y'
const match = /b(c)/.exec('abc')!

/** Name of the kind, a value, and whether it has to be replaced to travel. */
const kinds: readonly (readonly [string, unknown, boolean?])[] = [
  ['undefined', undefined],
  ['null', null],
  ['booleans', [true, false]],
  ['numbers', [0, -0, 1.5, NaN, Infinity, -Infinity, 2 ** 53]],
  ['bigints', [0n, -(2n ** 70n)]],
  ['strings', ['', 'é', '\u0000', '\ud800 alone', '🙂']],
  ['plain objects', { a: 1, 'b c': { d: [2] }, 3: 'three' }],
  ['properties that are undefined', { a: undefined, b: [undefined] }],
  ['arrays with holes', sparse],
  ['arrays with properties', match],
  [
    'Maps and Sets',
    new Map<unknown, unknown>([
      ['a', new Set([1, { b: 2 }])],
      [{ k: 1 }, undefined],
    ]),
  ],
  ['dates', [new Date(0), new Date(8.64e15)]],
  ['regular expressions', /a(b)/giu],
  ['ArrayBuffers', new Uint8Array([1, 2, 3]).buffer],
  ['typed arrays', [new Uint8Array([1, 2]), new Float64Array([1.5, -0]), new BigInt64Array([1n])]],
  ['DataViews', new DataView(new Uint8Array([1, 2, 3]).buffer, 1)],
  ['boxed values', [Object(1), Object('x'), Object(true)]],
  ['Buffers', [Buffer.from('abc'), Buffer.alloc(0), Buffer.alloc(100_000, 7)], true],
  ['URLs', { at: new URL('https://example.com/a?b=c#d') }, true],
  ['errors', [new Error('a'), { deep: new RangeError('b', { cause: new TypeError('c') }) }], true],
  [
    'errors, Buffers and URLs as keys and members',
    new Map<unknown, unknown>([
      [new URL('a:b'), new Set([new Error('x')])],
      ['k', Buffer.from('v')],
    ]),
    true,
  ],
  ['instances of a registered class', [new Money(150), { price: new Money(99) }], true],
  ['instances of a registered Map', Object.assign(new Bag([['a', 1]]), { label: 'blue' }), true],
  ['a key named __proto__', JSON.parse('{"__proto__": {"polluted": true}, "a": 1}')],
  ['a key named __proto__ beside an error', [JSON.parse('{"__proto__": {"polluted": true}}'), new Error('x')], true],
  ['what looks like a packed value', { box: [1], steps: [['error', 0, {}]] }],
  ['what looks like one, beside an error', [{ box: [1], steps: [['link', {}, 'a', 0]] }, new Error('x')], true],
]

for (const [border, cross] of crossings) {
  describe(`across ${border}`, () => {
    for (const [name, value, replaced] of kinds) {
      test(`${name} arrive as they were sent`, () => {
        assert.deepStrictEqual(send(value, cross), value)
        assert.equal(judged(value).marked, replaced ?? false)
      })
    }

    test('an error keeps its stack', () => {
      const error = new Error('x')
      assert.equal((send({ error }, cross) as { error: Error }).error.stack, error.stack)
    })

    test('a class with private fields travels through its encode and decode functions', () => {
      const arrived = send({ secret: new Secret([new Error('inside'), new Secret(1)]) }, cross) as { secret: Secret }
      assert.ok(arrived.secret instanceof Secret)
      const [error, inner] = arrived.secret.value as [Error, Secret]
      assert.equal(error.message, 'inside')
      assert.equal(inner.value, 1)
    })

    test('a registered class gets its methods back', () => {
      assert.equal((send(new Money(150), cross) as Money).text(), '1.50')
    })

    test('cycles and shared references hold, beside values that are replaced as well', () => {
      const shared = { n: 1 }
      const error: Error & { owner?: unknown } = new Error('x')
      const bytes = Buffer.from('abc')
      const money: Money & { owner?: unknown } = new Money(1)
      const map = new Map<unknown, unknown>()
      const root = { shared, again: shared, error, errors: new Set([error]), bytes, map, money, list: [bytes] }
      error.owner = root
      money.owner = root
      root.map.set('root', root).set(root.map, error)
      const arrived = send(root, cross) as typeof root
      assert.equal(arrived.shared, arrived.again)
      assert.equal(arrived.error.owner, arrived)
      assert.ok(arrived.errors.has(arrived.error))
      assert.equal(arrived.list[0], arrived.bytes)
      assert.equal(arrived.map.get('root'), arrived)
      assert.equal(arrived.map.get(arrived.map), arrived.error)
      assert.equal(arrived.money.owner, arrived)
      assert.ok(arrived.money instanceof Money)
    })

    test('a Buffer that is a slice brings only its own bytes along', () => {
      const whole = Buffer.from('secret and public')
      const arrived = send([whole.subarray(11)], cross) as [Buffer]
      assert.ok(Buffer.isBuffer(arrived[0]))
      assert.equal(arrived[0].toString(), 'public')
      assert.equal(arrived[0].buffer.byteLength, 6)
    })

    test('any nesting arrives equal', () => {
      fc.assert(
        fc.property(anything, value => {
          assert.deepStrictEqual(send(value, cross), value)
        }),
        { numRuns: 300 },
      )
    })

    test('any graph keeps which of its parts are the same', () => {
      fc.assert(
        fc.property(graph, nodes => {
          const arrived = send(nodes, cross) as Node[]
          assert.deepStrictEqual(shape(arrived), shape(nodes))
        }),
        { numRuns: 200 },
      )
    })
  })
}

const leaf = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, false, -0, NaN, Infinity),
  fc.integer(),
  fc.double(),
  fc.string({ unit: 'binary' }),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array().map(bytes => bytes.slice()),
  fc.uint8Array().map(bytes => Buffer.from(bytes)),
  fc.webUrl().map(url => new URL(url)),
  fc.tuple(fc.string(), fc.constantFrom(Error, TypeError, SyntaxError)).map(([message, Class]) => new Class(message)),
  fc.integer().map(cents => new Money(cents)),
)
const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'toJSON', 'constructor', 'length'))
const { anything } = fc.letrec(tie => ({
  anything: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie('anything'), { maxLength: 5 }),
    fc.dictionary(key, tie('anything'), { maxKeys: 5, noNullPrototype: true }),
    fc.array(fc.tuple(fc.string(), tie('anything')), { maxLength: 4 }).map(entries => new Map(entries)),
    fc.array(tie('anything'), { maxLength: 3 }).map(values => new Set(values)),
    fc.tuple(fc.string(), tie('anything')).map(([message, cause]) => new Error(message, { cause })),
  ),
}))

/** Nodes of several kinds with edges to one another, cycles and all. */
type Node = { edges: unknown[] } | (Error & { edges: unknown[] }) | Map<unknown, unknown> | unknown[]
const nodeKind = fc.constantFrom('object', 'error', 'map', 'array', 'money')
const graph = fc
  .array(fc.tuple(nodeKind, fc.array(fc.nat(7), { maxLength: 3 })), { minLength: 1, maxLength: 8 })
  .map(plan => {
    const nodes = plan.map(([kind]): Node => {
      if (kind === 'map') return new Map()
      if (kind === 'array') return []
      const node = kind === 'error' ? new Error('node') : kind === 'money' ? new Money(1) : {}
      return Object.assign(node, { edges: [] })
    })
    plan.forEach(([, edges], i) => {
      for (const to of edges) {
        const from = nodes[i]
        const target = nodes[to % nodes.length]
        if (from instanceof Map) from.set(from.size, target)
        else if (Array.isArray(from)) from.push(target)
        else from?.edges.push(target)
      }
    })
    return nodes
  })

/** Which node leads to which, by number, and of what class each is. */
function shape(nodes: readonly Node[]): unknown {
  return nodes.map(node => {
    const edges = node instanceof Map ? [...node.values()] : Array.isArray(node) ? node : node.edges
    return [node.constructor.name, edges.map(to => nodes.indexOf(to as Node))]
  })
}

describe('encode', () => {
  test('gives a value that structured clone carries as it is, not a copy', () => {
    const value = { a: [1, { b: new Map([[1, new Date()]]) }] }
    assert.equal(judged(value).same, true)
  })

  test('never changes the value of the caller', () => {
    const inner = Object.freeze({ error: new Error('x') })
    const value = Object.freeze([inner, Object.freeze({ bytes: Buffer.from('a') })])
    send(value, structuredClone)
    assert.equal(value[0], inner)
    assert.ok(inner.error instanceof Error)
  })

  test('copies instances of other classes as plain data, as structured clone does', () => {
    class Plain {
      a = 1
    }
    assert.deepStrictEqual(send([new Plain()], structuredClone), [{ a: 1 }])
    assert.deepStrictEqual(send([new Plain(), new Error('x')], structuredClone), [{ a: 1 }, new Error('x')])
  })

  test('reads accessors, as structured clone does', () => {
    const value = {
      get answer() {
        return 42
      },
    }
    const arrived = send({ value, error: new Error('x') }, structuredClone) as { value: unknown }
    assert.deepStrictEqual(arrived.value, { answer: 42 })
  })

  test('leaves shared memory shared', () => {
    const shared = new SharedArrayBuffer(4)
    const cells = new Int32Array(shared)
    const into = newEncoding()
    const encoded = encode({ sent: cells, bytes: Buffer.from(shared, 1), error: new Error('x') }, 'arguments', into)
    const { sent, bytes } = decode(structuredClone(encoded)) as { sent: Int32Array; bytes: Buffer }
    Atomics.store(sent, 0, 7)
    assert.equal(Atomics.load(cells, 0), 7)
    bytes[0] = 1
    assert.equal(Atomics.load(cells, 0), 263)
  })

  test('lets ports through, for those that move', () => {
    const { port1, port2 } = new MessageChannel()
    const into = newEncoding()
    const encoded = encode([port1, new Error('x')], 'arguments', into)
    const arrived: unknown = structuredClone(encoded, { transfer: [port1] })
    const [port] = decode(arrived) as [MessagePort]
    assert.equal(port.constructor.name, 'MessagePort')
    port.close()
    port2.close()
  })

  test('lets Blobs through', async () => {
    const [blob] = structuredClone(encode([new Blob(['text'])], 'arguments', newEncoding())) as [Blob]
    assert.equal(await blob.text(), 'text')
  })

  test('works inside a getter of the value that it is looking at', () => {
    const value = {
      before: { a: 1 },
      get inner() {
        return judged([{ error: new Error('x') }, { a: 1 }])
      },
      after: { b: 2 },
    }
    assert.deepStrictEqual(judged(value), { marked: false, json: true, same: true })
  })

  test('holds on to nothing that it has seen', async () => {
    const values: object[] = []
    const ref = (() => {
      const first = { i: 0 }
      values.push(first, ...Array.from({ length: 40 }, (_, i) => ({ i })))
      judged(values)
      values.length = 0
      return new WeakRef(first)
    })()
    v8.setFlagsFromString('--expose-gc')
    const collect = (await import('node:vm')).runInNewContext('gc') as () => void
    await new Promise(resolve => setImmediate(resolve))
    collect()
    assert.equal(ref.deref(), undefined)
  })

  test('comes to an end with cycles and with parts that are shared over and over', () => {
    interface Person {
      friends: Person[]
    }
    const people = Array.from({ length: 200 }, (): Person => ({ friends: [] }))
    for (const person of people) person.friends = people
    let doubled: unknown[] = []
    for (let i = 0; i < 40; i++) doubled = [doubled, doubled]
    for (const value of [people, doubled]) {
      assert.equal(encode(value, 'arguments', newEncoding('clone')), value)
      assert.equal(encode(value, 'arguments', newEncoding('processes')), value)
    }
  })

  test('refuses a value of more than 500 levels, however much stack there is, and shortens its path', () => {
    let deep: unknown[] = []
    for (let i = 0; i < 100_000; i++) deep = [deep]
    assert.throws(() => judged(deep), {
      code: 'SKEIN_UNSENDABLE',
      path: 'arguments[0][0][0][0][0][0][0][0]…(488 more)…[0][0][0][0]',
      message: /is nested more than 500 levels deep/,
    })
    assert.deepStrictEqual(judged([1]), { marked: false, json: true, same: true })
  })
})

describe('the depth of a value', () => {
  const nested = (levels: number, core: unknown = 'core'): unknown =>
    Array.from({ length: levels }).reduce<unknown>(inner => ({ inner }), core)

  test('counts each level, and none of what is put around it', () => {
    for (const core of ['core', new URL('https://example.org')]) {
      const most = typeof core === 'string' ? 500 : 499
      for (const wrapping of [0, 1, 2]) {
        const wrap = (value: unknown): unknown => (wrapping === 0 ? value : wrapping === 1 ? [value] : [[value]])
        encode(wrap(nested(most, core)), 'arguments', newEncoding('threads'), wrapping)
        assert.throws(
          () => encode(wrap(nested(most + 1, core)), 'arguments', newEncoding('threads'), wrapping),
          UnsendableError,
        )
      }
    }
  })

  test('is that of the way on which a part was met first', () => {
    const part = nested(400)
    const value = { part, way: nested(200, part) }
    assert.equal(encode(value, 'arguments', newEncoding('threads')), value)
  })

  test('is limited in what an encode function gives, too', () => {
    const chain = Array.from({ length: 600 }).reduce<unknown>(inner => new Secret(inner), 'core')
    assert.throws(() => encode(chain, 'arguments', newEncoding('threads')), /500 levels/)
  })

  test('ends no cycle that is longer', () => {
    const first: { next?: unknown } = {}
    first.next = nested(5_000, first)
    assert.throws(() => encode(first, 'arguments', newEncoding('threads')), /500 levels/)
  })
})

describe('the judgement about JSON', () => {
  test('is only given for processes', () => {
    const into = newEncoding()
    encode([1], 'arguments', into)
    assert.equal(into.json, false)
  })

  const shared = {}
  const cycle: unknown[] = []
  cycle.push(cycle)
  const cases: readonly (readonly [string, unknown, boolean])[] = [
    ['plain data', { a: [1, 'b', null, true, { c: '\ud800' }] }, true],
    ['a key named __proto__', JSON.parse('{"__proto__": 1}'), true],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), true],
    ['undefined', [undefined], false],
    ['a property that is undefined', { a: undefined }, false],
    ['a hole', Array(2), false],
    ['minus zero', [-0], false],
    ['NaN', [NaN], false],
    ['infinity', Infinity, false],
    ['a bigint', [1n], false],
    ['a date', [new Date()], false],
    ['a Map', new Map(), false],
    ['shared references', [shared, shared], false],
    ['a cycle', cycle, false],
    ['an array with properties', match, false],
    [
      'an instance of a class',
      [
        new (class A {
          a = 1
        })(),
      ],
      false,
    ],
    ['an error', [new Error('x')], false],
    ['more values than are worth it', Array(300).fill(1), false],
    ['a long text', 'x'.repeat(5_000), false],
    ['texts that are long together', ['x'.repeat(3_000), { text: 'y'.repeat(3_000) }], false],
  ]
  for (const [name, value, expected] of cases) {
    test(`${expected ? 'accepts' : 'rejects'} ${name}`, () => {
      assert.equal(judged(value).json, expected)
    })
  }

  test('is right whenever it says yes: JSON gives what structured clone gives', () => {
    fc.assert(
      fc.property(anything, value => {
        if (!judged(value).json) return
        assert.deepStrictEqual(JSON.parse(JSON.stringify(value)), structuredClone(value))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the weight', () => {
  const weightOf = (value: unknown): number => {
    const into = newEncoding('processes')
    encode(value, 'value', into)
    return into.weight
  }

  test('is about what texts, numbers and bytes take', () => {
    assert.equal(weightOf('x'.repeat(5_000)), 5_000)
    assert.equal(weightOf([{ text: 'x'.repeat(5_000) }, 1]), 5_000 + 3 * 8)
    assert.equal(weightOf([new Float64Array(1_000)]), 8_000 + 8)
    assert.equal(weightOf([Buffer.alloc(1_000)]), 1_000 + 8)
    assert.equal(weightOf(7), 0)
  })

  test('does not count what is shared', () => {
    const into = newEncoding('threads')
    encode([new Uint8Array(new SharedArrayBuffer(1_000))], 'value', into)
    assert.equal(into.weight, 8)
  })

  test('is that of the last value, also when a getter has something else encoded', () => {
    const into = newEncoding('threads')
    const nosy = {
      get text() {
        encode(['x'.repeat(1_000)], 'value', newEncoding('threads'))
        return 'abc'
      },
    }
    encode(nosy, 'value', into)
    assert.equal(into.weight, 3 + 8)
  })
})
