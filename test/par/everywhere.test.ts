import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { type Executor, loop } from 'skein'
import { par } from 'skein/par'
import { processes } from 'skein/processes'
import { threads } from 'skein/threads'
import * as t from './tasks.ts'

const pools = { threads: threads({ workers: 2 }), processes: processes({ workers: 2 }) }
after(async () => {
  await Promise.all(Object.values(pools).map(pool => pool.close()))
})
const places: Readonly<Record<string, Executor>> = { loop, ...pools }

/** Numbers with many that are equal, and with both zeros. */
const numbers = fc.array(fc.oneof(fc.integer({ min: -50, max: 50 }), fc.constant(-0)), { maxLength: 1_500 })
const chunk = fc.oneof(fc.constant('auto' as const), fc.integer({ min: 1, max: 700 }))
const runs = { numRuns: 12 }

const firsts = <T>(all: Iterable<T>): T[] => [...new Set(all)]
const sortedNumbers = (all: readonly number[]): number[] => [...Float64Array.from(all).sort()]

for (const [name, on] of Object.entries(places)) {
  describe(`on ${name} a collection has the result of the plain loop`, () => {
    const same = (title: string, check: (all: number[], chunk: number | 'auto') => Promise<void>): void => {
      test(title, () => fc.assert(fc.asyncProperty(numbers, chunk, check), runs))
    }

    same('for map, filter and flatMap, in the order of the items', async (all, chunk) => {
      const got = await par(all, { on, chunk }).map(t.double).filter(t.isEven).flatMap(t.divisors).toArray()
      assert.deepEqual(
        got,
        all.map(n => n * 2).flatMap(n => t.divisors(n)),
      )
    })

    same('for generators and for tasks that have to be waited for', async (all, chunk) => {
      const got = await par(all, { on, chunk })
        .map(t.sometimesLater)
        .flatMap(t.upTo)
        .filter(t.evenLater)
        .flatMap(t.severalLater)
        .map(t.later)
        .toArray()
      const expected = all
        .map(n => n * 10)
        .flatMap(n => [...t.upTo(n)])
        .filter(n => n % 2 === 0)
        .flatMap(n => [n, -n])
        .map(n => n + 1)
      assert.deepEqual(got, expected)
    })

    same('for reduce, which keeps the order', async (all, chunk) => {
      const texts = par(all, { on, chunk }).map(t.asText)
      assert.equal(
        await texts.reduce(t.concat, '>'),
        all.reduce((text, n) => `${text}${n};`, '>'),
      )
      assert.equal(await texts.reduce(t.concat), all.length === 0 ? undefined : all.map(n => `${n};`).join(''))
    })

    same('for fold with something that is written into', async (all, chunk) => {
      assert.deepEqual(await par(all, { on, chunk }).fold([], t.pushed, t.joined), all)
    })

    same('for scan', async (all, chunk) => {
      const expected: number[] = []
      for (const [at, n] of all.entries()) expected.push(at === 0 ? n : (expected[at - 1] as number) + n)
      const sums = par(all, { on, chunk }).scan(t.add)
      assert.deepEqual(await sums.toArray(), expected)
      assert.deepEqual(await sums.map(t.double).toArray(), expected.map(n => n * 2)) // prettier-ignore
    })

    same('for sums, counts, the least and the greatest', async (all, chunk) => {
      const items = par(all, { on, chunk })
      assert.equal(
        await items.sum(),
        all.reduce((a, b) => a + b, 0),
      )
      assert.equal(await items.filter(t.isEven).count(), all.filter(n => n % 2 === 0).length)
      assert.deepEqual(
        await items.minMax(),
        all.length === 0 ? undefined : { min: Math.min(...all), max: Math.max(...all) },
      )
    })

    same('for groups, whose keys come as the items have them first', async (all, chunk) => {
      const items = par(all, { on, chunk })
      const digits = all.map(n => t.lastDigit(n))
      const counts = await items.countBy(t.lastDigit)
      assert.deepEqual([...counts.keys()], firsts(digits))
      assert.ok([...counts].every(([digit, count]) => count === digits.filter(each => each === digit).length))
      const sums = await items.foldBy(t.lastDigit, 0, t.add, t.add)
      assert.deepEqual([...sums.keys()], firsts(digits))
      assert.equal(
        [...sums.values()].reduce((a, b) => a + b, 0),
        all.reduce((a, b) => a + b, 0),
      )
      assert.deepEqual(await items.map(t.lastDigit).distinct().toArray(), firsts(digits))
      assert.deepEqual(
        await items.distinct(t.lastDigit).toArray(),
        all.filter((_, at) => digits.indexOf(digits[at] as number) === at),
      )
    })

    same('for sort: by itself, by a key, downwards, and by a task', async (all, chunk) => {
      const items = par(all, { on, chunk })
      assert.deepEqual(await items.sort().toArray(), sortedNumbers(all))
      assert.deepEqual(await items.sort({ descending: true }).toArray(), sortedNumbers(all).reverse())
      const byDigit = all.toSorted((a, b) => t.byDigit(a, b))
      assert.deepEqual(await items.sort({ by: t.lastDigit }).toArray(), byDigit)
      assert.deepEqual(await items.sort(t.byDigit).toArray(), byDigit)
      assert.deepEqual((await items.sort(t.contradicts).sort().toArray()).length, all.length)
    })

    same('for the greatest and the least few, of equals the earlier', async (all, chunk) => {
      const items = par(all, { on, chunk })
      const up = all.toSorted((a, b) => t.byDigit(a, b))
      const down = all.toSorted((a, b) => t.byDigit(b, a))
      assert.deepEqual(await items.topK(7, { by: t.lastDigit }), down.slice(0, 7))
      assert.deepEqual(await items.topK(7, { by: t.lastDigit, smallest: true }), up.slice(0, 7))
      assert.deepEqual(await items.topK(0), [])
    })

    same('for a join, in the order of both sides', async (all, chunk) => {
      const other = all.slice(0, 40)
      const pairs = await par(all.slice(0, 100), { on, chunk })
        .join(other, { left: t.parentOf, right: t.lastDigit })
        .toArray()
      const expected = all
        .slice(0, 100)
        .flatMap(a => other.filter(b => t.lastDigit(b) === t.parentOf(a)).map(b => [a, b] as [number, number]))
      assert.deepEqual(pairs, expected)
    })

    test('for properties by their names', async () => {
      const people = [
        { name: 'Ada', age: 36, tags: ['a'] },
        { name: 'Bo', age: 7, tags: [] },
        { name: 'Cy', age: 36, tags: ['a', 'b'] },
      ]
      const all = par(people, { on })
      assert.equal(await all.map('age').sum(), 79)
      assert.deepEqual(await all.countBy('age'), new Map([[36, 2], [7, 1]])) // prettier-ignore
      assert.deepEqual(await all.sort({ by: 'age' }).map('name').toArray(), ['Bo', 'Ada', 'Cy'])
      assert.deepEqual(await all.map('tags').filter('length').count(), 2)
      const ages = [{ years: 7, word: 'seven' }]
      assert.deepEqual(
        (await all.join(ages, { left: 'age', right: 'years', outer: true }).toArray()).map(([a, b]) => [
          a.name,
          b?.word,
        ]),
        [['Ada', undefined], ['Bo', 'seven'], ['Cy', undefined]], // prettier-ignore
      )
    })

    test('for typed arrays, to the last bit of a sum', async () => {
      const fractions = Float64Array.from({ length: 100_003 }, (_, n) => Math.sin(n) * 10 ** (n % 20))
      const once = await par(fractions, { on: loop, chunk: 17 }).sum()
      for (const chunk of ['auto', 1_000, 100_003] as const)
        assert.equal(await par(fractions, { on, chunk }).sum(), once)
      assert.equal(
        await par([...fractions], { on })
          .map(t.double)
          .sum(),
        await par(fractions, { on: loop }).map(t.double).sum(),
      )
      const { counts, edges } = await par(fractions, { on }).histogram({ from: -1, to: 1, bins: 4 })
      assert.deepEqual(edges, [-1, -0.5, 0, 0.5, 1])
      assert.equal(
        counts.reduce((a, b) => a + b, 0),
        fractions.filter(n => n >= -1 && n <= 1).length,
      )
      assert.equal(await par(new BigInt64Array([1n, 2n ** 60n]), { on }).sum(), 2n ** 60n + 1n)
    })

    test('of a generator and an async generator', async () => {
      function* some(): Generator<number> {
        for (let n = 0; n < 1_000; n++) yield n
      }
      async function* slowly(): AsyncGenerator<number> {
        for (let n = 0; n < 1_000; n++) {
          if (n % 100 === 0) await new Promise(setImmediate)
          yield n
        }
      }
      assert.equal(await par(some(), { on }).map(t.double).sum(), 999_000)
      assert.deepEqual(
        await par(slowly(), { on }).map(t.asText).reduce(t.concat),
        await par(some(), { on }).map(t.asText).reduce(t.concat),
      )
    })

    test('whose source or reader needs the same place', async () => {
      const source = on.map(t.double, [...Array(300).keys()], { chunk: 1 })
      assert.equal(await par(source, { on }).map(t.double).sum(), 179_400)
      let sum = 0
      for await (const n of par(Array(2_000).keys(), { on, chunk: 10 }).map(t.double)) {
        if (n % 200 === 0) sum += await on.run(t.double, n)
      }
      assert.equal(sum, 2 * 2 * 100 * 190)
    })

    test('of another collection', async () => {
      const evens = par(Array(1_000).keys(), { on }).filter(t.isEven)
      assert.equal(await par(evens, { on: loop }).map(t.double).sum(), 499_000)
      assert.equal(
        await par(par([3, 1, 2], { on }).sort(), { on })
          .map(t.asText)
          .reduce(t.concat),
        '1;2;3;',
      )
    })

    test('read by a loop, which may be left', async () => {
      const seen: number[] = []
      for await (const n of par(Array(5_000).keys(), { on }).map(t.double)) {
        seen.push(n)
        if (n === 2_000) break
      }
      assert.deepEqual(seen, [...Array(1_001).keys()].map(n => n * 2)) // prettier-ignore
    })
  })
}
