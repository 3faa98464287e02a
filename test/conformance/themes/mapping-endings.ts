import assert from 'node:assert/strict'
import { CancelledError, type Settled, TimeoutError, UnsendableError, WorkerCrashedError } from 'skein'
import { codeOf, failure } from '../expect.ts'
import { holds, linesOf, linesReach, touch } from '../files.ts'
import { range, Source } from '../source.ts'
import { theme, type Theme } from '../suite.ts'
import { exitItem } from '../tasks/crashing.ts'
import { failAt, failUnlessEven, flakyItem, giveFunction } from '../tasks/failing.ts'
import { giveOdd, type OddItem, oddItem } from '../tasks/hostile.ts'
import { holdItem, holdItemOrFail } from '../tasks/holding.ts'
import { double } from '../tasks/values.ts'

async function readInto(read: unknown[], values: AsyncIterable<unknown>): Promise<void> {
  for await (const value of values) read.push(value)
}

export const mappingEndings: Theme = theme('mapping: failures and endings', add => {
  add('the first failure is the outcome, stops what runs and starts nothing new', async ({ open, file }) => {
    const executor = open({ workers: 2 })
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

  add(
    'the failure of a late item tells who has asked for the map',
    async ({ shared }) => {
      const items = range(3_000).map(n => (n === 2_999 ? 1 : 2 * n))
      const askForMap = (): Promise<unknown> => shared.map(failUnlessEven, items).toArray()
      let stack = ''
      // Who asks is recorded once in some milliseconds, and somebody else may have been recorded in these.
      for (let tries = 0; tries < 1_000 && !stack.includes('submitted from'); tries++) {
        stack = String((await failure(RangeError, askForMap())).stack)
      }
      assert.match(stack, /submitted from[^]*askForMap/)
    },
    { needs: ['workers'] },
  )

  add('a failure cancels the items that run beside it', async ({ open, file }) => {
    const executor = open({ workers: 2 })
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
    const executor = open({ workers: 2 })
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
    assert.equal(
      (await failure(RangeError, shared.map(double, broken(), { settle: true }).toArray())).message,
      'the source broke',
    )
    await holds(() => shared.stats().running === 0)
    assert.equal(await shared.run(double, 1), 2)
  })

  add('a time limit is for each item', async ({ open, file }) => {
    const executor = open({ workers: 2 })
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
    const executor = open({ workers: 2 })
    const controller = new AbortController()
    const source = new Source(100, n => ({ n, log: file('log'), gate: file('never') }))
    const reading = failure(
      CancelledError,
      executor.map(holdItem, source, { signal: controller.signal, chunk: 1 }).toArray(),
    )
    await linesReach(file('log'), 2)
    controller.abort('stop all')
    const error = await reading
    assert.equal(error.source, 'signal')
    assert.equal(error.reason, 'stop all')
    assert.equal(source.closed, true)
    await holds(() => executor.stats().running === 0)
    assert.deepEqual(
      linesOf(file('log'))
        .filter(line => line.startsWith('end'))
        .sort(),
      ['end 0', 'end 1'],
    )
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

  add(
    'an item that crashes its worker fails, and the others are done',
    async ({ open }) => {
      const executor = open({ workers: 2 })
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
      const executor = open({ workers: 2 })
      const outcomes = await executor.map(exitItem, range(200), { settle: true, chunk: 4 }).toArray()
      assert.deepEqual(
        outcomes.map(each => each.index),
        range(200),
      )
      const lost = outcomes.filter(each => each.state === 'failed').map(each => each.index)
      assert.ok(lost.includes(5) && lost.length <= 4, `items ${lost.join(', ')} failed`)
    },
    { needs: ['workers'] },
  )

  for (const odd of ['getter', 'instance', 'memory', 'function', 'changing'] as const) {
    add(
      `one result of many that does not arrive (${odd}) fails as that item, and no item runs twice`,
      async ({ shared, file }) => {
        const items = range(30).map((n): OddItem => ({ log: file('log'), n, ...(n === 13 ? { odd } : {}) }))
        const outcomes = await shared.map(giveOdd, items, { settle: true, chunk: 5 }).toArray()
        const failed = outcomes.filter(each => each.state === 'failed')
        assert.deepEqual(
          failed.map(each => each.index),
          [13],
        )
        assert.deepEqual(
          linesOf(file('log'))
            .map(Number)
            .sort((a, b) => a - b),
          range(30),
        )
        const before: unknown[] = []
        const error = await failure(Error, readInto(before, shared.map(giveOdd, items, { chunk: 5 })))
        assert.equal((error as { code?: unknown }).code, (failed[0]?.error as { code?: unknown } | undefined)?.code)
        assert.ok(before.length <= 13, 'nothing comes behind it')
        assert.deepEqual(before, range(before.length))
      },
      { needs: ['border'] },
    )

    add(
      `one item of many that does not arrive (${odd}) fails alone, and no item runs twice`,
      async ({ shared, file }) => {
        const items = range(30).map((n): OddItem => (n === 13 ? oddItem(file('log'), n, odd) : { log: file('log'), n }))
        const outcomes = await shared.map(giveOdd, items, { settle: true, chunk: 5 }).toArray()
        assert.deepEqual(
          outcomes.filter(each => each.state === 'failed').map(each => each.index),
          [13],
        )
        const ran = linesOf(file('log')).map(Number)
        assert.deepEqual(
          ran.sort((a, b) => a - b),
          range(30).filter(n => n !== 13),
        )
      },
      { needs: ['border'] },
    )
  }

  add(
    'an item or a result that cannot be sent fails as that item',
    async ({ shared }) => {
      const items = [1, () => 2, 3] as never[]
      const outcomes = await shared.map(double, items, { settle: true, chunk: 3 }).toArray()
      assert.deepEqual(
        outcomes.map(each => each.state),
        ['done', 'failed', 'done'],
      )
      assert.equal(outcomes[1]?.state === 'failed' && outcomes[1].error instanceof UnsendableError, true)
      const results = await shared.map(giveFunction as never, [1, 2], { settle: true }).toArray()
      assert.deepEqual(
        results.map(each => each.state),
        ['failed', 'failed'],
      )
    },
    { needs: ['border'] },
  )
})
