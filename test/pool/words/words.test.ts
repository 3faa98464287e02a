import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ValueReader } from '#skein/pool/words/value-reader.js'
import { ValueWriter } from '#skein/pool/words/value-writer.js'

const longest = 8_192

/** A writer and a reader of the same memory. */
class Pair {
  readonly words = new Int32Array(new SharedArrayBuffer(longest * 4 + 64))
  readonly writer = new ValueWriter(this.words)
  readonly reader = new ValueReader(this.words)

  /** What comes out at the other end; undefined when the writer gives up. */
  carry(value: unknown): { readonly value: unknown } | undefined {
    this.writer.begin(3, longest)
    if (!this.writer.value(value)) {
      this.writer.rewind()
      return undefined
    }
    const length = this.writer.finish()
    assert.ok(length > 0 && length <= longest)
    this.reader.begin(3)
    const read = this.reader.value()
    assert.equal(this.reader.at, 3 + length, 'the reader stops where the writer stopped')
    return { value: read }
  }
}

const carried: Readonly<Record<string, unknown>> = {
  'small integers': [0, 1, -1, 134_217_727, -134_217_728],
  'integers that need a double': [134_217_728, -134_217_729, 2 ** 31, -(2 ** 31), 2 ** 53, Number.MAX_SAFE_INTEGER],
  'odd numbers': [-0, Number.NaN, Infinity, -Infinity, 0.1, Number.MIN_VALUE, Number.MAX_VALUE],
  constants: [true, false, null, undefined],
  'strings of every short length': Array.from({ length: 70 }, (_, n) => 'abcdefghij'.repeat(7).slice(0, n)),
  'strings in Latin-1': ['é', 'ÿ'.repeat(13), 'naïve façade', 'ü'.repeat(100)],
  'strings in any script': [
    '→',
    'žluťoučký kůň',
    '日本語',
    '😀',
    '\ud800',
    'a'.repeat(40) + '\udfff',
    '日'.repeat(100),
  ],
  'strings with zeros': ['\0', 'a\0b', '\0'.repeat(30)],
  arrays: [[], [1], [[[]]], [undefined, null], Array.from({ length: 256 }, (_, i) => i)],
  objects: [{}, { a: 1 }, { a: { b: { c: [] } } }, { 1: 'x', b: 2, 0: 'y' }, { 'with space': 1, '': 2 }],
  'the same shape again': [{ x: 1, y: 2 }, { x: 3, y: 4 }, { y: 5, x: 6 }, { x: 7 }],
  dates: [new Date(0), new Date(-1), { at: new Date(1_700_000_000_000) }],
  'views of whole buffers': [
    new Uint8Array([1, 2, 3]),
    new Float64Array([0.5, Number.NaN]),
    new BigInt64Array([-1n]),
    new DataView(new ArrayBuffer(5)),
    new Uint8ClampedArray(1_024),
  ],
}

const cyclic: { self?: unknown } = {}
cyclic.self = cyclic
const shared = { a: 1 }
const buffer = new ArrayBuffer(8)
const detached = new Uint8Array(4)
structuredClone(detached, { transfer: [detached.buffer] })
const refused: Readonly<Record<string, unknown>> = {
  'a bigint': 1n,
  'a function': () => {},
  'a symbol': Symbol('s'),
  'a Map': new Map(),
  'what only looks like a Date': Object.create(Date.prototype),
  'an Error': new Error('e'),
  'a Buffer': Buffer.from('b'),
  'an instance': new (class Point {
    x = 1
  })(),
  'a proxy': new Proxy({}, {}),
  'an array of a subclass': new (class List extends Array {})(),
  'an array with a hole': [1, , 3], // oxlint-disable-line no-sparse-arrays
  'an array with a property': Object.assign([1], { extra: true }),
  'an array that is too long': Array.from({ length: 257 }, () => 0),
  'an object that occurs twice': [shared, shared],
  'a cycle': cyclic,
  'a buffer that occurs twice': [new Uint8Array(buffer), new Uint16Array(buffer)],
  'a view of a part': new Uint8Array(buffer, 4),
  'a view of shared memory': new Uint8Array(new SharedArrayBuffer(4)),
  'a view that has lost its memory': detached,
  'a buffer': buffer,
  'an object with many keys that are data': Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, i])),
  'a property called __proto__': JSON.parse('{"__proto__": 1}'),
  'a value that is too deep': Array.from({ length: 60 }).reduce(inner => [inner], 1 as unknown),
  'a string that is too long': 'x'.repeat(40_000),
  'more than fits': Array.from({ length: 200 }, (_, i) => 'x'.repeat(200) + i),
}

describe('a value in the ring', () => {
  for (const [name, value] of Object.entries(carried)) {
    test(`comes out as structured clone would make it: ${name}`, () => {
      const pair = new Pair()
      const values = value as readonly unknown[]
      for (const each of values) assert.deepEqual(pair.carry(each)?.value, structuredClone(each))
      // Once more, now that the other side knows all shapes.
      for (const each of values) assert.deepEqual(pair.carry(each)?.value, structuredClone(each))
    })
  }

  for (const [name, value] of Object.entries(refused)) {
    test(`is left to the clone: ${name}`, () => {
      const pair = new Pair()
      assert.equal(pair.carry(value), undefined)
      assert.equal(pair.carry({ inside: { deeper: [1, value] } }), undefined)
      assert.deepEqual(pair.carry({ inside: { deeper: [1, 2] } })?.value, { inside: { deeper: [1, 2] } })
    })
  }

  test('a shape that was given up with its frame is defined again', () => {
    const pair = new Pair()
    assert.equal(pair.carry([{ a: 1, b: { c: 2 } }, new Map()]), undefined)
    assert.deepEqual(pair.carry({ z: 1 })?.value, { z: 1 })
    assert.deepEqual(pair.carry([{ a: 1, b: { c: 2 } }])?.value, [{ a: 1, b: { c: 2 } }])
  })

  test('objects whose keys are data go on to arrive when there are more shapes than are remembered', () => {
    const pair = new Pair()
    for (let i = 0; i < 6_000; i++) {
      const value = { [`key ${i}`]: i, more: { [`other ${i}`]: [i] } }
      assert.deepEqual(pair.carry(value)?.value, value)
    }
  })

  test('an object without a prototype arrives as a plain one, as from a clone', () => {
    const value = Object.assign(Object.create(null) as object, { a: 1 })
    const read = new Pair().carry(value)?.value as object
    assert.deepEqual(read, { a: 1 })
    assert.equal(Object.getPrototypeOf(read), Object.prototype)
  })

  test('what a getter does to its object does not confuse it', () => {
    const pair = new Pair()
    const growing = {
      get a() {
        Object.assign(this, { z: 1 })
        return 1
      },
      b: 2,
    }
    assert.deepEqual(pair.carry(growing)?.value, { a: 1, b: 2 })
    const shrinking: Record<string, unknown> = {
      get a() {
        delete shrinking['b']
        return 1
      },
      b: 2,
    }
    assert.equal(pair.carry(shrinking), undefined)
    assert.deepEqual(pair.carry({ a: 1, b: 2 })?.value, { a: 1, b: 2 })
  })

  test('random values come out as structured clone would make them', () => {
    const pair = new Pair()
    let state = 12_345
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    const make = (depth: number): unknown => {
      switch (random(depth > 4 ? 6 : 9)) {
        case 0:
          return random(1_000) - 500
        case 1:
          return (random(2 ** 31) - 2 ** 30) * (random(2) ? 1 : 1.5)
        case 2:
          return 'abcčdefg😀'.repeat(random(6)).slice(random(4))
        case 3:
          return 'plain text of some length or other '.repeat(random(4)).slice(0, random(100))
        case 4:
          return [true, false, null, undefined, -0, Number.NaN][random(6)]
        case 5:
          return new Uint16Array(1 + random(20)).map(() => random(65_536))
        case 6:
          return Array.from({ length: random(6) }, () => make(depth + 1))
        default:
          return Object.fromEntries(Array.from({ length: random(6) }, () => [`k${random(12)}`, make(depth + 1)]))
      }
    }
    let through = 0
    for (let i = 0; i < 3_000; i++) {
      const value = make(0)
      const read = pair.carry(value)
      if (!read) continue
      through++
      assert.deepEqual(read.value, structuredClone(value))
    }
    assert.ok(through > 2_900, `${through} of 3000`)
  })
})
