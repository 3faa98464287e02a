import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { reply } from '#skein/pool/wire/messages.js'
import { ringLayout } from '#skein/threads/ring/link.js'
import { type Direction, withDirection } from './direction.ts'

/** Whether the ring carries it; sends nothing else. */
function fits(direction: Direction, value: unknown): boolean {
  return direction.outlet.postPlain([reply.done, 0, value, 0, 0, 0])
}

/** The ring carries it, and it arrives as it was. */
async function carries(direction: Direction, value: unknown): Promise<void> {
  assert.ok(fits(direction, value))
  direction.flush()
  await direction.arrived(direction.received.length + 1)
  assert.deepEqual(direction.received.at(-1), value)
}

/** In one piece: V8 puts texts together only when they are read. */
function flat(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le')
}

const lengths = [8_191, 8_192, 8_193, 65_536, 65_537, 100_001, 1_000_000]

describe('long texts', () => {
  for (const [name, piece] of [
    ['ASCII', 'abcdefghijklmnopqrstuvwxyz 0123456789 '],
    ['Latin-1', 'naïve façades, voilà: ÿ\u0080\u00ff'],
    ['any script', 'žluťoučký kůň, 日本語, 😀 '],
    ['zeros and halves of surrogate pairs', '\0\ud800\0\udfff'],
  ] as const) {
    test(`in ${name} go through the ring and arrive as they were`, () =>
      withDirection(async direction => {
        const texts = lengths.map(length => flat(piece.repeat(Math.ceil(length / piece.length)).slice(0, length)))
        for (const [i, text] of texts.entries()) await carries(direction, { i, text, behind: [i, 'and more'] })
      }))
  }

  test('that have only their last character beyond Latin-1 arrive as they were', () =>
    withDirection(async direction => {
      const text = flat('x'.repeat(50_000) + '→')
      await carries(direction, text)
    }))

  test('several of them may be in one message', () =>
    withDirection(async direction => {
      const value = {
        a: 'a'.repeat(9_000),
        list: ['b'.repeat(70_000), 'é'.repeat(9_001), 'short'],
        c: '→'.repeat(10_000),
      }
      await carries(direction, value)
    }))

  test('that find no room are cloned and keep their place in the order, and there is room again when they have been read', () =>
    withDirection(async direction => {
      const text = 'x'.repeat(ringLayout.texts / 4)
      const values = Array.from({ length: 12 }, (_, i) => ({ i, text }))
      let carried = 0
      for (const value of values) {
        if (fits(direction, value)) carried++
        else direction.outlet.postClone([reply.done, 0, value, 0, 0, 0])
      }
      assert.equal(carried, 4)
      direction.flush()
      await direction.arrived(values.length)
      assert.deepEqual(direction.received, values)
      for (let round = 0; round < 5; round++) assert.ok(fits(direction, text) === round < 4)
      direction.flush()
      await direction.arrived(values.length + 4)
      assert.ok(fits(direction, 'y'.repeat(ringLayout.texts)), 'all of the memory is free')
    }))

  test('of a message that is not sent after all leave their room to others', () =>
    withDirection(async direction => {
      const half = 'x'.repeat(ringLayout.texts / 2)
      for (let i = 0; i < 20; i++) assert.equal(fits(direction, [half, new Map()]), false)
      assert.equal(fits(direction, 'x'.repeat(ringLayout.texts + 1)), false)
      await carries(direction, [half, half])
    }))

  test('of any length, in any order with other values, all arrive', () =>
    withDirection(async direction => {
      let seed = 20_261_121
      const random = (below: number): number => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff
        return (seed >>> 8) % below
      }
      const values = Array.from({ length: 1_500 }, (_, i) => {
        const kind = random(4)
        if (kind === 0) return { i }
        if (kind === 1) return new Map([[i, i]])
        const length = random(8) === 0 ? random(2_000_000) : random(40_000)
        return { i, text: (kind === 2 ? 'ab' : '語a').repeat(length >> 1) }
      })
      for (const [i, value] of values.entries()) {
        direction.send(value)
        if (random(5) === 0) direction.flush()
        if (random(40) === 0) await direction.arrived(random(i + 1))
      }
      direction.flush()
      await direction.arrived(values.length)
      for (const [i, value] of values.entries()) assert.deepEqual(direction.received[i], value)
    }))
})
