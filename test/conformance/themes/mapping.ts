import assert from 'node:assert/strict'
import { CancelledError, type Settled, TimeoutError, UnsendableError, WorkerCrashedError } from 'skein'
import { all, codeOf, failure } from '../expect.ts'
import { addLine, holds, linesOf, linesReach, touch } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import { exitItem } from '../tasks/crashing.ts'
import { failAt, failUnlessEven, flakyItem, giveFunction } from '../tasks/failing.ts'
import { holdItem, holdItemOrFail } from '../tasks/holding.ts'
import { double, doubleLater } from '../tasks/values.ts'

/** A source that says how much was taken from it and whether it was closed. */
class Source<T> {
  taken = 0
  closed = false
  readonly #make: (n: number) => T
  readonly #size: number
  constructor(size: number, make: (n: number) => T) {
    this.#size = size
    this.#make = make
  }
  *[Symbol.iterator](): Generator<T> {
    try {
      while (this.taken < this.#size) yield this.#make(this.taken++)
    } finally {
      this.closed = true
    }
  }
  async *async(): AsyncGenerator<T> {
    for (const item of this) {
      await new Promise(resolve => setImmediate(resolve))
      yield item
    }
  }
}

const range = (size: number): number[] => Array.from({ length: size }, (_, n) => n)
const doubled = (size: number): number[] => range(size).map(n => n * 2)

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

  add('of no items makes no results', async ({ shared }) => {
    assert.deepEqual(await shared.map(double, []).toArray(), [])
    assert.deepEqual(await shared.map(double, new Source<number>(0, n => n).async()).toArray(), [])
    assert.deepEqual(await shared.map(double, [], { ordered: false, settle: true }).toArray(), [])
  })

  add('keeps the order even when an early item takes longest', async ({ open, file }) => {
    const executor = open({ max: 2 })
    const items = range(10).map(n => ({ n, log: file('log'), gate: n === 0 ? file('gate') : file('.') }))
    const results = executor.map(holdItem, items, { chunk: 1, lookAhead: 10 })
    const reading = all(results)
    await linesReach(file('log'), 19)
    touch(file('gate'))
    assert.deepEqual(await reading, range(10))
  })

  add('unordered gives results as they come', async ({ open, file }) => {
    const executor = open({ max: 2 })
    const items = range(10).map(n => ({ n, log: file('log'), gate: n === 0 ? file('gate') : file('.') }))
    const read: number[] = []
    for await (const n of executor.map(holdItem, items, { chunk: 1, ordered: false, lookAhead: 10 })) {
      read.push(n)
      if (read.length === 9) touch(file('gate'))
    }
    assert.equal(read.at(-1), 0)
    assert.deepEqual([...read].sort((a, b) => a - b), range(10))
  })

  add('takes no more from its source than it looks ahead', async ({ open }) => {
    const executor = open({ max: 2 })
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
    const executor = open({ max: 2 })
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
      const executor = open({ max: 2 })
      const bundles: number[] = []
      executor.observe(event => {
        if (event.type === 'done') bundles.push(event.items ?? 1)
      })
      assert.deepEqual(await executor.map(double, range(100), { chunk: 10 }).toArray(), doubled(100))
      assert.deepEqual(bundles, Array(10).fill(10))
      bundles.length = 0
      assert.deepEqual(await executor.map(double, range(25), { chunk: 10 }).toArray(), doubled(25))
      assert.deepEqual(bundles.sort(), [10, 10, 5])
    },
    { needs: ['bundles'] },
  )

  add(
    'tiny items are bundled by themselves',
    async ({ open }) => {
      const executor = open({ max: 2 })
      const bundles: number[] = []
      executor.observe(event => {
        if (event.type === 'done') bundles.push(event.items ?? 1)
      })
      assert.deepEqual(await executor.map(double, range(20_000)).toArray(), doubled(20_000))
      assert.equal(bundles.reduce((a, b) => a + b), 20_000)
      assert.ok(bundles.length < 5_000, `${bundles.length} calls for 20000 tiny items`)
    },
    { needs: ['bundles'] },
  )

  add(
    'each item is a call of its own where bundling would save nothing',
    async ({ open }) => {
      const executor = open({ max: 2 })
      const bundles: number[] = []
      executor.observe(event => {
        if (event.type === 'done') bundles.push(event.items ?? 1)
      })
      assert.deepEqual(await executor.map(double, range(25), { chunk: 10 }).toArray(), doubled(25))
      assert.deepEqual(bundles, Array(25).fill(1))
    },
    { lacks: 'bundles' },
  )

  add('items that take long are not bundled', async ({ open, file }) => {
    const executor = open({ max: 2 })
    const items = range(12).map(n => ({ n, log: file('log'), gate: file('gate') }))
    const reading = executor.map(holdItem, items).toArray()
    await linesReach(file('log'), 2)
    touch(file('gate'))
    assert.deepEqual(await reading, range(12))
    assert.deepEqual(new Set(linesOf(file('log')).slice(0, 2)), new Set(['start 0', 'start 1']), 'both places had work')
  })

  add('the first failure is the outcome, stops what runs and starts nothing new', async ({ open, file }) => {
    const executor = open({ max: 2 })
    const source = new Source(10_000, n => ({ n, bad: 20, log: file('log') }))
    const error = await failure(RangeError, executor.map(failAt, source, { chunk: 1, lookAhead: 8 }).toArray())
    assert.equal(error.message, 'item 20 is bad')
    assert.equal(source.closed, true)
    const ran = linesOf(file('log')).length
    assert.ok(ran <= 20 + 1 + 8, `${ran} items ran`)
    assert.equal(await executor.run(double, 4), 8)
    assert.equal(linesOf(file('log')).length, ran)
    const { queued, running } = executor.stats()
    assert.deepEqual({ queued, running }, { queued: 0, running: 0 })
  })

  add('a failure cancels the items that run beside it', async ({ open, file }) => {
    const executor = open({ max: 2 })
    // Item 0 would run for ever; item 1 fails when both have started.
    const items = [
      { n: 0, log: file('log'), gate: file('never'), fails: false },
      { n: 1, log: file('log'), gate: file('gate'), fails: true },
    ]
    const outcome = failure(RangeError, executor.map(holdItemOrFail, items, { chunk: 1 }).toArray())
    await linesReach(file('log'), 2)
    touch(file('gate'))
    assert.equal((await outcome).message, 'item 1 fails')
    await holds(() => executor.stats().running === 0)
    assert.ok(linesOf(file('log')).includes('end 0'))
  })

  add('settle collects failures and goes on', async ({ shared }) => {
    for (const chunk of [1, 4, 'auto'] as const) {
      const outcomes = await shared.map(failUnlessEven, range(20), { settle: true, chunk }).toArray()
      for (const [n, outcome] of outcomes.entries()) {
        assert.equal(outcome.index, n)
        if (n % 2 === 0) assert.deepEqual(outcome, { state: 'done', index: n, value: n })
        else assert.equal(outcome.state === 'failed' && (outcome.error as RangeError).message, `${n} is odd`)
        if (outcome.state === 'failed') assert.equal(outcome.error instanceof RangeError, true)
      }
    }
  })

  add('settle unordered says to which item each outcome belongs', async ({ shared }) => {
    const outcomes = await shared.map(failUnlessEven, range(50), { settle: true, ordered: false }).toArray()
    const byIndex = [...outcomes].sort((a, b) => a.index - b.index)
    assert.deepEqual(
      byIndex.map((each: Settled<number>) => each.state),
      range(50).map(n => (n % 2 === 0 ? 'done' : 'failed')),
    )
  })

  add('leaving the loop cancels what runs and closes the source', async ({ open, file }) => {
    const executor = open({ max: 2 })
    const source = new Source(100, n => ({ n, log: file('log'), gate: n === 0 ? file('.') : file('never') }))
    for await (const n of executor.map(holdItem, source, { chunk: 1, lookAhead: 6 })) {
      assert.equal(n, 0)
      await linesReach(file('log'), 3)
      break
    }
    assert.equal(source.closed, true)
    await holds(() => executor.stats().running === 0)
    const log = linesOf(file('log'))
    const started = log.filter(line => line.startsWith('start')).length
    assert.equal(log.filter(line => line.startsWith('end')).length, started, 'what had started has tidied up')
    assert.ok(source.taken <= 7)
    assert.equal(await executor.run(double, 1), 2)
  })

  add('leaving the loop closes an async source', async ({ shared }) => {
    const source = new Source(100, n => n)
    for await (const n of shared.map(double, source.async())) {
      assert.equal(n, 0)
      break
    }
    await holds(() => source.closed)
  })

  add('a source that throws ends the map with that error', async ({ shared }) => {
    function* broken(): Generator<number> {
      yield 1
      yield 2
      throw new RangeError('the source broke')
    }
    async function* brokenLater(): AsyncGenerator<number> {
      yield* broken()
    }
    assert.equal((await failure(RangeError, shared.map(double, broken()).toArray())).message, 'the source broke')
    assert.equal((await failure(RangeError, shared.map(double, brokenLater()).toArray())).message, 'the source broke')
    assert.equal((await failure(RangeError, shared.map(double, broken(), { settle: true }).toArray())).message, 'the source broke')
    await holds(() => shared.stats().running === 0)
    assert.equal(await shared.run(double, 1), 2)
  })

  add('a time limit is for each item', async ({ open, file }) => {
    const executor = open({ max: 2 })
    const items = range(4).map(n => ({ n, log: file('log'), gate: n === 2 ? file('never') : file('.') }))
    const outcomes = await executor.map(holdItem, items, { timeout: 200, settle: true, chunk: 1 }).toArray()
    assert.deepEqual(
      outcomes.map(outcome => outcome.state),
      ['done', 'done', 'failed', 'done'],
    )
    assert.equal(outcomes[2]?.state === 'failed' && outcomes[2].error instanceof TimeoutError, true)
    await failure(TimeoutError, executor.map(holdItem, items, { timeout: 200, chunk: 1 }).toArray())
  })

  add('a signal stops the whole map', async ({ open, file }) => {
    const executor = open({ max: 2 })
    const controller = new AbortController()
    const source = new Source(100, n => ({ n, log: file('log'), gate: file('never') }))
    const reading = failure(CancelledError, executor.map(holdItem, source, { signal: controller.signal, chunk: 1 }).toArray())
    await linesReach(file('log'), 2)
    controller.abort('stop all')
    const error = await reading
    assert.equal(error.source, 'signal')
    assert.equal(error.reason, 'stop all')
    assert.equal(source.closed, true)
    await holds(() => executor.stats().running === 0)
    assert.deepEqual(linesOf(file('log')).filter(line => line.startsWith('end')).sort(), ['end 0', 'end 1'])
  })

  add('retries are for each item', async ({ shared, file }) => {
    for (const chunk of [1, 'auto'] as const) {
      const items = range(10).map(n => ({ n, log: file(`log ${chunk}`) }))
      const retries = { times: 4, backoff: 1 }
      assert.deepEqual(await shared.map(flakyItem, items, { retries, chunk }).toArray(), range(10))
      const log = linesOf(file(`log ${chunk}`))
      assert.equal(log.filter(line => line.startsWith('3 ')).length, 3)
      assert.equal(log.length, 12, 'the other items ran once')
    }
  })

  add('a chunk of several items cannot go with limits that are for each item', async ({ shared }) => {
    for (const options of [{ timeout: '1s' }, { retries: 2 }] as const) {
      const code = await codeOf((async () => shared.map(double, [1, 2], { chunk: 5, ...options }).toArray())())
      assert.equal(code, 'SKEIN_INVALID_ARGUMENT')
    }
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
      await new Promise(resolve => setTimeout(resolve, 1))
    }
    assert.deepEqual(linesOf(file('log')), doubled(10).map(String))
  })

  add(
    'an item that crashes its worker fails, and the others are done',
    async ({ open }) => {
      const executor = open({ max: 2 })
      const outcomes = await executor.map(exitItem, range(20), { settle: true, chunk: 1 }).toArray()
      for (const [n, outcome] of outcomes.entries()) {
        if (n !== 5) assert.deepEqual(outcome, { state: 'done', index: n, value: n })
        else assert.equal(outcome.state === 'failed' && outcome.error instanceof WorkerCrashedError, true)
      }
    },
    { needs: ['workers'] },
  )

  add(
    'each item has one outcome, also when a crash takes a bundle of them',
    async ({ open }) => {
      const executor = open({ max: 2 })
      const outcomes = await executor.map(exitItem, range(200), { settle: true, chunk: 4 }).toArray()
      assert.deepEqual(outcomes.map(each => each.index), range(200))
      const lost = outcomes.filter(each => each.state === 'failed').map(each => each.index)
      assert.ok(lost.includes(5) && lost.length <= 4, `items ${lost.join(', ')} failed`)
    },
    { needs: ['workers'] },
  )

  add(
    'an item or a result that cannot be sent fails as that item',
    async ({ shared }) => {
      const items = [1, () => 2, 3] as never[]
      const outcomes = await shared.map(double, items, { settle: true, chunk: 3 }).toArray()
      assert.deepEqual(outcomes.map(each => each.state), ['done', 'failed', 'done'])
      assert.equal(outcomes[1]?.state === 'failed' && outcomes[1].error instanceof UnsendableError, true)
      const results = await shared.map(giveFunction as never, [1, 2], { settle: true }).toArray()
      assert.deepEqual(results.map(each => each.state), ['failed', 'failed'])
    },
    { needs: ['border'] },
  )
})
