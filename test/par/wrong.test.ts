import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type Executor, loop, scope } from 'skein'
import { type Par, par } from 'skein/par'
import { connect } from 'skein/queue'
import { threads } from 'skein/threads'
import * as t from './tasks.ts'

const pool = threads({ workers: 2, grace: '50ms' })
after(() => pool.close())
const on = loop
const refused = { code: 'SKEIN_INVALID_ARGUMENT' }
const wrongCounts: readonly unknown[] = [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '3', null]

describe('bad input is refused at once', () => {
  test('as a source', () => {
    for (const items of [undefined, null, 5, 'text', {}, () => [], new DataView(new ArrayBuffer(8))]) {
      assert.throws(() => par(items as never, { on }), refused, String(items))
    }
  })

  test('as an option', () => {
    assert.throws(() => par([], undefined as never), refused)
    assert.throws(() => par([], { on: {} as Executor }), { ...refused, message: /executor/ })
    for (const count of wrongCounts) {
      assert.throws(() => par([], { on, chunk: count as number }), refused, `chunk ${String(count)}`)
      assert.throws(() => par([], { on, concurrency: count as number }), refused, `concurrency ${String(count)}`)
    }
    assert.throws(() => par([], { on, onProgress: 1 as never }), refused)
    assert.throws(() => par([], { on, signal: {} as never }), refused)
    assert.throws(() => par([], { on, lanes: 1 } as never), { ...refused, message: /Unknown par option/ })
  })

  test('a durable queue as the place', async () => {
    await using queue = await connect('memory:')
    assert.throws(() => par([], { on: queue as unknown as Executor }), { ...refused, message: /durable queue/ })
  })

  test('a function that is no task', () => {
    const plain = ((n: number) => n) as never
    const items = par([1], { on })
    assert.throws(() => items.map(plain), { ...refused, message: /plain function 'plain'.*task\(import\.meta, fn\)/s })
    assert.throws(() => items.sort(plain), refused)
    assert.throws(() => items.map(undefined as never), refused)
    assert.throws(() => items.map(1.5 as never), refused)
  })

  test('a step that is async', async () => {
    await assert.rejects(par([1], { on }).reduce(t.addLater as never), { ...refused, message: /AsyncFunction/ })
    await assert.rejects(par([1, 2, 3], { on }).reduce(t.addPromised), { ...refused, message: /promise/ })
  })

  test('the numbers of endings', async () => {
    const items = par([1, 2], { on })
    for (const count of wrongCounts.filter(each => each !== 0))
      await assert.rejects(items.topK(count as number), refused)
    for (const bins of wrongCounts) {
      await assert.rejects(items.histogram({ from: 0, to: 1, bins: bins as number }), refused)
    }
    for (const to of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
      await assert.rejects(items.histogram({ from: 0, to, bins: 2 }), refused)
    }
  })

  test('texts and objects where there can only be numbers', async () => {
    const texts = par(['1', '2'], { on }) as never as Par<number>
    await assert.rejects(texts.sum(), { ...refused, message: /sum needs numbers, got '1'/ })
    await assert.rejects(texts.minMax(), refused)
    await assert.rejects(texts.histogram({ from: 0, to: 1, bins: 1 }), refused)
    await assert.rejects(par([1, 2n] as number[], { on }).sum(), refused)
    await assert.rejects(par([1], { on }).map(t.nested).countBy(), { ...refused, message: /plain value/ })
    await assert.rejects(
      par([1], { on })
        .flatMap(t.double as never)
        .count(),
      { ...refused, message: /flatMap needs/ },
    )
  })
})

describe('what goes wrong on the way', () => {
  for (const [name, place] of Object.entries({ loop, threads: pool })) {
    test(`a task that throws ends all on ${name} with its own error`, async () => {
      await assert.rejects(par(Array(100_000).keys(), { on: place }).map(t.fails).toArray(), (error: Error) => {
        assert.ok(error instanceof RangeError)
        assert.equal(error.message, 'no 300')
        return true
      })
    })

    test(`a source that throws ends all on ${name} with its own error, and is closed`, async () => {
      let isClosed = false
      function* breaks(): Generator<number> {
        try {
          yield* Array(500).keys()
          throw new RangeError('no more')
        } finally {
          isClosed = true
        }
      }
      await assert.rejects(par(breaks(), { on: place }).map(t.double).toArray(), /no more/)
      assert.ok(isClosed)
    })

    test(`a signal stops what runs on ${name}`, async () => {
      const abort = new AbortController()
      const items = par([1, 2, 3, 4], { on: place, signal: abort.signal })
      const all = place === loop ? items.map(t.never).toArray() : items.map(t.forever).toArray()
      queueMicrotask(() => abort.abort('enough'))
      await assert.rejects(all, { code: 'SKEIN_CANCELLED', source: 'signal', reason: 'enough' })
      await assert.rejects(items.count(), { code: 'SKEIN_CANCELLED' })
    })
  }

  test('the scope that has lent the pool stops a synchronous loop in a thread', async () => {
    const run = scope(
      s =>
        par([1, 2, 3, 4], { on: s.on(pool) })
          .map(t.forever)
          .count(),
      { timeout: 200 },
    )
    await assert.rejects(run, { code: 'SKEIN_TIMEOUT' })
  })

  test('a callback of progress that throws ends the work with what it threw', async () => {
    const fails = (): never => {
      throw new RangeError('no bar')
    }
    await assert.rejects(par([1, 2], { on, onProgress: fails }).count(), /no bar/)
  })

  test('leaving a loop closes the source', async () => {
    let isClosed = false
    async function* endless(): AsyncGenerator<number> {
      try {
        for (let n = 0; ; n++) yield n
      } finally {
        isClosed = true
      }
    }
    for await (const n of par(endless(), { on: pool }).map(t.double)) if (n > 100) break
    assert.ok(isClosed)
  })

  test('progress is told, up to all of it', async () => {
    const told: number[] = []
    await par(Array.from(Array(1_000).keys()), {
      on: pool,
      onProgress: ({ done, total }) => told.push(done, total ?? -1),
    })
      .map(t.double)
      .count()
    assert.deepEqual(told.slice(-2), [1_000, 1_000])
    const dones = told.filter((_, at) => at % 2 === 0)
    assert.deepEqual(
      dones,
      dones.toSorted((a, b) => a - b),
    )
  })

  test('current() is there in every task of a stage', async () => {
    assert.equal(await par([1, 2, 3], { on: pool }).map(t.later).map(t.scopeName).sum(), 9)
  })
})
