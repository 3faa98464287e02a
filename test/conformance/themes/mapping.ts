import assert from 'node:assert/strict'
import { all, codeOf } from '../expect.ts'
import { addLine, linesOf, linesReach, touch } from '../files.ts'
import { doubled, range, Source } from '../source.ts'
import { theme, type Theme } from '../suite.ts'
import { holdItem } from '../tasks/holding.ts'
import { double, doubleLater } from '../tasks/values.ts'

export const mapping: Theme = theme('mapping', add => {
  add('gives the results in the order of the items', async ({ shared }) => {
    assert.deepEqual(await all(shared.map(double, range(100))), doubled(100))
    assert.deepEqual(await shared.map(doubleLater, range(100)).toArray(), doubled(100))
  })

  add('takes arrays, sets, generators and async generators', async ({ shared }) => {
    assert.deepEqual(await shared.map(double, new Set([1, 2, 3])).toArray(), [2, 4, 6])
    assert.deepEqual(await shared.map(double, new Source(50, n => n)).toArray(), doubled(50))
    assert.deepEqual(await shared.map(double, new Source(50, n => n).async()).toArray(), doubled(50))
  })

  add('gives all of many quick items, whichever way they are read', async ({ shared }) => {
    const items = range(20_000)
    assert.deepEqual(await shared.map(double, items).toArray(), doubled(20_000))
    const results = shared.map(double, items)
    const first = [(await results.next()).value, (await results.next()).value]
    assert.deepEqual([...first, ...(await results.toArray())], doubled(20_000))
    const unordered = await shared.map(double, items, { ordered: false }).toArray()
    assert.deepEqual(
      unordered.sort((a, b) => a - b),
      doubled(20_000),
    )
  })

  add('of no items makes no results', async ({ shared }) => {
    assert.deepEqual(await shared.map(double, []).toArray(), [])
    assert.deepEqual(await shared.map(double, new Source<number>(0, n => n).async()).toArray(), [])
    assert.deepEqual(await shared.map(double, [], { ordered: false, settle: true }).toArray(), [])
  })

  add('keeps the order even when an early item takes longest', async ({ open, file }) => {
    const executor = open({ workers: 2 })
    const items = range(10).map(n => ({ n, log: file('log'), gate: n === 0 ? file('gate') : file('.') }))
    const results = executor.map(holdItem, items, { chunk: 1, lookAhead: 10 })
    const reading = all(results)
    await linesReach(file('log'), 19)
    touch(file('gate'))
    assert.deepEqual(await reading, range(10))
  })

  add('unordered gives results as they come', async ({ open, file }) => {
    const executor = open({ workers: 2 })
    const items = range(10).map(n => ({ n, log: file('log'), gate: n === 0 ? file('gate') : file('.') }))
    const read: number[] = []
    for await (const n of executor.map(holdItem, items, { chunk: 1, ordered: false, lookAhead: 10 })) {
      read.push(n)
      if (read.length === 9) touch(file('gate'))
    }
    assert.equal(read.at(-1), 0)
    assert.deepEqual(
      [...read].sort((a, b) => a - b),
      range(10),
    )
  })

  add('takes no more from its source than it looks ahead', async ({ open }) => {
    const executor = open({ workers: 2 })
    const source = new Source(1_000, n => n)
    const results = executor.map(double, source, { chunk: 1, lookAhead: 5 })
    assert.equal((await results.next()).value, 0)
    for (let n = 0; n < 20; n++) assert.equal(await executor.run(double, n), n * 2)
    assert.ok(source.taken <= 1 + 5, `${source.taken} items were taken, 1 result was read`)
    assert.equal((await results.next()).value, 2)
    for (let n = 0; n < 20; n++) assert.equal(await executor.run(double, n), n * 2)
    assert.ok(source.taken <= 2 + 5, `${source.taken} items were taken, 2 results were read`)
    await results.return?.()
    assert.equal(source.closed, true)
  })

  add('does not run ahead of a reader without limit by default', async ({ open }) => {
    const executor = open({ workers: 2 })
    const source = new Source(100_000, n => n)
    const results = executor.map(double, source)
    assert.equal((await results.next()).value, 0)
    for (let n = 0; n < 50; n++) await executor.run(double, n)
    assert.ok(source.taken < 50_000, `${source.taken} of 100000 items were taken, 1 result was read`)
    await results.return?.()
  })

  add('an async source is not asked for two items at once', async ({ shared }) => {
    let asked = 0
    let most = 0
    let n = 0
    const source: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        async next() {
          most = Math.max(most, ++asked)
          await new Promise(resolve => setImmediate(resolve))
          asked--
          return n < 40 ? { done: false, value: n++ } : { done: true, value: undefined }
        },
      }),
    }
    assert.deepEqual(await shared.map(double, source).toArray(), doubled(40))
    assert.equal(most, 1)
  })

  add(
    'a fixed chunk bundles that many items into one call',
    async ({ open }) => {
      const executor = open({ workers: 2 })
      const bundles: number[] = []
      executor.observe(event => {
        if (event.type === 'ended') bundles.push(event.items ?? 1)
      })
      assert.deepEqual(await executor.map(double, range(100), { chunk: 10 }).toArray(), doubled(100))
      assert.deepEqual(bundles, Array(10).fill(10))
      bundles.length = 0
      assert.deepEqual(await executor.map(double, range(25), { chunk: 10 }).toArray(), doubled(25))
      assert.deepEqual(
        bundles.sort((a, b) => a - b),
        [5, 10, 10],
      )
    },
    { needs: ['bundles'] },
  )

  add(
    'tiny items are bundled by themselves',
    async ({ open }) => {
      const executor = open({ workers: 2 })
      const bundles: number[] = []
      executor.observe(event => {
        if (event.type === 'ended') bundles.push(event.items ?? 1)
      })
      assert.deepEqual(await executor.map(double, range(20_000)).toArray(), doubled(20_000))
      assert.equal(
        bundles.reduce((a, b) => a + b),
        20_000,
      )
      assert.ok(bundles.length < 5_000, `${bundles.length} calls for 20000 tiny items`)
    },
    { needs: ['bundles'] },
  )

  add(
    'each item is a call of its own where bundling would save nothing',
    async ({ open }) => {
      const executor = open({ workers: 2 })
      const bundles: number[] = []
      executor.observe(event => {
        if (event.type === 'ended') bundles.push(event.items ?? 1)
      })
      assert.deepEqual(await executor.map(double, range(25), { chunk: 10 }).toArray(), doubled(25))
      assert.deepEqual(bundles, Array(25).fill(1))
    },
    { lacks: 'bundles' },
  )

  add('items that take long are not bundled', async ({ open, file }) => {
    const executor = open({ workers: 2 })
    const items = range(12).map(n => ({ n, log: file('log'), gate: file('gate') }))
    const reading = executor.map(holdItem, items).toArray()
    await linesReach(file('log'), 2)
    touch(file('gate'))
    assert.deepEqual(await reading, range(12))
    assert.deepEqual(new Set(linesOf(file('log')).slice(0, 2)), new Set(['start 0', 'start 1']), 'both places had work')
  })

  add('options that are none are refused', async ({ shared }) => {
    const wrong: object[] = [
      { chunk: 0 },
      { chunk: -1 },
      { chunk: 1.5 },
      { chunk: 'big' },
      { lookAhead: 0 },
      { timeout: 'soon' },
      { retries: -1 },
      { order: false },
    ]
    for (const options of wrong) {
      const code = await codeOf((async () => shared.map(double, [1, 2], options as never).toArray())())
      assert.equal(code, 'SKEIN_INVALID_ARGUMENT', JSON.stringify(options))
    }
    assert.equal(await codeOf((async () => shared.map(double, 5 as never).toArray())()), 'SKEIN_INVALID_ARGUMENT')
  })

  add('several maps share the places', async ({ shared }) => {
    const maps = range(4).map(() => shared.map(doubleLater, range(200)).toArray())
    for (const results of await Promise.all(maps)) assert.deepEqual(results, doubled(200))
  })

  add('a reader may take its time', async ({ shared, file }) => {
    for await (const n of shared.map(double, range(10))) {
      addLine(file('log'), String(n))
      await new Promise(resolve => setImmediate(resolve))
    }
    assert.deepEqual(linesOf(file('log')), doubled(10).map(String))
  })
})
