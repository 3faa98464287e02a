import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { loop } from 'skein'
import { mapInPlace, par, sortInPlace } from 'skein/par'
import { processes } from 'skein/processes'
import { type NumberType, SharedArray } from 'skein/shared'
import { threads } from 'skein/threads'
import * as t from './tasks.ts'

const pool = threads({ workers: 3 })
const other = processes({ workers: 1 })
after(async () => {
  await pool.close()
  await other.close()
})
const refused = { code: 'SKEIN_INVALID_ARGUMENT' }

const values: { readonly [T in 'float64' | 'float32' | 'int32' | 'uint32' | 'int16' | 'uint8']: fc.Arbitrary<number> } =
  {
    float64: fc.double(),
    float32: fc.float(),
    int32: fc.integer(),
    uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    int16: fc.integer({ min: -32_768, max: 32_767 }),
    uint8: fc.integer({ min: 0, max: 255 }),
  }

/** As many numbers as several threads get parts of, made of few. */
function spread<T extends NumberType>(type: T, some: readonly number[], length: number): SharedArray<T> {
  const array = new SharedArray(type, length)
  for (let i = 0; i < length; i++) (array.view as Float64Array)[i] = some[(i * 7_919) % Math.max(1, some.length)] ?? 0
  return array
}

describe('sortInPlace', () => {
  for (const [type, value] of Object.entries(values) as [keyof typeof values, fc.Arbitrary<number>][]) {
    test(`leaves ${type} as TypedArray.sort does, on the loop and on threads`, () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(value, { maxLength: 300 }),
          fc.integer({ min: 0, max: 60_000 }),
          async (some, length) => {
            for (const on of [loop, pool]) {
              const array = spread(type, some, on === loop ? some.length : length)
              const expected = array.view.slice().sort()
              await sortInPlace(array, { on })
              assert.deepEqual(array.view.slice(), expected)
            }
          },
        ),
        { numRuns: 12 },
      ))
  }

  test('sorts bigints, downwards, and a part of a larger memory', async () => {
    const memory = new SharedArrayBuffer(8 * 70_000)
    const part = new BigInt64Array(memory, 8 * 10_000, 50_000)
    for (let i = 0; i < part.length; i++) part[i] = BigInt((i * 7_919) % 50_000) - 25_000n
    const expected = part.slice().sort().reverse()
    await sortInPlace(part, { on: pool, descending: true })
    assert.deepEqual(part.slice(), expected)
    assert.equal(new BigInt64Array(memory)[0], 0n)
  })

  test('refuses what the workers would not see', async () => {
    await assert.rejects(sortInPlace(new Float64Array(2), { on: pool }), { ...refused, message: /SharedArray\.from/ })
    await assert.rejects(sortInPlace(new SharedArray('int8', 2), { on: other }), { ...refused, message: /processes/ })
    await assert.rejects(sortInPlace([2, 1] as never, { on: loop }), refused)
    await assert.rejects(sortInPlace(new SharedArray('int8', 2), { on: loop, descending: 1 as never }), refused)
  })
})

describe('mapInPlace', () => {
  test('puts results in the places of numbers, on threads without a copy', async () => {
    const array = new SharedArray('float64', 100_000)
    for (let i = 0; i < array.length; i++) array.view[i] = i
    await mapInPlace(array, t.double, { on: pool })
    assert.ok(array.view.every((value, at) => value === 2 * at))
    await mapInPlace(array, t.later, { on: loop })
    assert.ok(array.view.every((value, at) => value === 2 * at + 1))
  })

  test('refuses what is no number of its kind', async () => {
    const array = new SharedArray('int32', 5)
    await assert.rejects(mapInPlace(array, t.asText as never, { on: pool }), {
      ...refused,
      message: /returns a number/,
    })
    await assert.rejects(mapInPlace(array, ((n: number) => n) as never, { on: pool }), {
      ...refused,
      message: /plain function/,
    })
  })
})

describe('shared numbers', () => {
  test('are read by threads where they are', async () => {
    const array = SharedArray.from<'float64'>(Float64Array.from({ length: 50_000 }, (_, n) => n))
    assert.equal(await par(array, { on: pool }).sum(), 1_249_975_000)
    assert.equal(await par(array, { on: other }).sum(), 1_249_975_000)
    assert.equal(await par(array.view, { on: pool }).map(t.double).filter(t.isEven).count(), 50_000)
    assert.deepEqual(await par(array, { on: pool }).minMax(), { min: 0, max: 49_999 })
  })
})
