import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { call, CancelledError, OverloadedError } from 'skein'
import { codeOf, failure } from '../expect.ts'
import { fileAppears, linesOf, touch } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import { doubleLater, double } from '../tasks/values.ts'
import { rejectLater } from '../tasks/failing.ts'
import { countTo } from '../tasks/streaming.ts'
import { holdUntil, meet, note, noteWhere, spinBriefly, spinFor } from '../tasks/holding.ts'

export const queueing: Theme = theme('queueing', add => {
  add('a full queue refuses calls and keeps the accepted ones', async ({ open, file }) => {
    const executor = open({ workers: 1, maxQueue: 2 })
    const held = executor.run(holdUntil, file('started'), file('gate'))
    await fileAppears(file('started'))
    const accepted = [await executor.submit(double, 1), await executor.submit(double, 2)]
    const error = await failure(OverloadedError, executor.submit(double, 3))
    assert.equal(error.code, 'SKEIN_OVERLOADED')
    assert.match(error.message, /2/)
    assert.equal(await codeOf(executor.run(double, 4)), 'SKEIN_OVERLOADED')
    touch(file('gate'))
    assert.equal(await held, 'released')
    assert.deepEqual(await Promise.all(accepted.map(job => job.result())), [2, 4])
    assert.equal(await executor.run(double, 5), 10, 'there is room again')
  })

  for (const maxQueue of [0, 1, 3]) {
    add(
      `the calls handed over in one turn have room in free places and in a queue of ${maxQueue}`,
      async ({ open, file }) => {
        const executor = open({ workers: 2, maxQueue })
        const room = 2 + maxQueue
        // The second round finds workers that are there, and have been idle.
        for (const round of ['first', 'second']) {
          const held = Array.from({ length: room + 2 }, (_, n) =>
            executor.run(holdUntil, file(`${round} ${n}`), file(`${round} gate`)),
          )
          const outcomes = Promise.all(held.map(codeOf))
          await fileAppears(file(`${round} 0`))
          touch(file(`${round} gate`))
          assert.deepEqual(await outcomes, [
            ...Array<string>(room).fill('no error'),
            'SKEIN_OVERLOADED',
            'SKEIN_OVERLOADED',
          ])
        }
      },
    )
  }

  add('calls that were sent ahead to a worker wait all the same', async ({ open, file }) => {
    const executor = open({ workers: 1, maxQueue: 2 })
    touch(file('open'))
    // So short that the next ones may be sent while one runs.
    for (let n = 0; n < 20; n++) await executor.run(holdUntil, file('short'), file('open'))
    const outcomes = [codeOf(executor.run(holdUntil, file('started'), file('gate')))]
    await fileAppears(file('started'))
    for (let n = 0; n < 5; n++) {
      outcomes.push(codeOf(executor.run(holdUntil, file(`held ${n}`), file('gate'))))
      await new Promise(resolve => setImmediate(resolve))
    }
    const { queued, running } = executor.stats()
    touch(file('gate'))
    assert.deepEqual({ queued, running }, { queued: 2, running: 1 })
    const refused = Array<string>(3).fill('SKEIN_OVERLOADED')
    assert.deepEqual(await Promise.all(outcomes), [...Array<string>(3).fill('no error'), ...refused])
  })

  add(
    'without a queue, maps, streams and calls that wait for room get their turn one after the other',
    async ({ open }) => {
      const executor = open({ workers: 1, maxQueue: 0, overload: 'wait' })
      const numbers = Array.from({ length: 50 }, (_, n) => n)
      const doubled = numbers.map(n => n * 2)
      const runs = Promise.all(numbers.map(n => executor.run(doubleLater, n)))
      const mapped = executor.map(double, numbers, { chunk: 1 }).toArray()
      const counted: number[] = []
      for await (const n of executor.stream(countTo, 5)) counted.push(n)
      assert.deepEqual([await runs, await mapped, counted], [doubled, doubled, [1, 2, 3, 4, 5]])
    },
  )

  add('without a queue, a call gets the place of one that was cancelled, or has failed', async ({ open, file }) => {
    const executor = open({ workers: 1, maxQueue: 0, overload: 'wait' })
    const held = await executor.submit(holdUntil, file('started'), file('never'))
    const fails = executor.run(rejectLater, 'one that fails')
    const next = executor.run(double, 21)
    const gone = failure(CancelledError, held.result())
    await held.cancel()
    await gone
    assert.match((await failure(Error, fails)).message, /one that fails/)
    assert.equal(await next, 42)
  })

  add('with overload wait, submit waits until there is room', async ({ open, file }) => {
    const executor = open({ workers: 1, maxQueue: 1, overload: 'wait' })
    const held = executor.run(holdUntil, file('started'), file('gate'))
    await fileAppears(file('started'))
    const waits = await executor.submit(double, 1)
    let accepted = false
    const submitting = executor.submit(double, 2).then(job => {
      accepted = true
      return job
    })
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(accepted, false)
    touch(file('gate'))
    assert.equal(await (await submitting).result(), 4)
    assert.equal(await waits.result(), 2)
    assert.equal(await held, 'released')
  })

  add('with overload wait, many runs all get their turn', async ({ open }) => {
    const executor = open({ workers: 1, maxQueue: 3, overload: 'wait' })
    const numbers = Array.from({ length: 100 }, (_, n) => n)
    const results = await Promise.all(numbers.map(n => executor.run(doubleLater, n)))
    assert.deepEqual(
      results,
      numbers.map(n => n * 2),
    )
  })

  add('a submit that waits for room can be cancelled by its signal', async ({ open, file }) => {
    const executor = open({ workers: 1, maxQueue: 1, overload: 'wait' })
    const held = executor.run(holdUntil, file('started'), file('gate'))
    await fileAppears(file('started'))
    const waits = await executor.submit(double, 1)
    const controller = new AbortController()
    const never = call(note, file('never'), 'ran').with({ signal: controller.signal })
    const refused = failure(
      CancelledError,
      executor.submit(never).then(job => job.result()),
    )
    await new Promise(resolve => setImmediate(resolve))
    controller.abort('changed my mind')
    const error = await refused
    assert.equal(error.source, 'signal')
    assert.equal(error.ended, 'withdrawn')
    touch(file('gate'))
    await Promise.all([held, waits.result()])
    assert.equal(await executor.run(double, 3), 6)
    assert.deepEqual(linesOf(file('never')), [])
  })

  add('a withdrawn call makes room in the queue', async ({ open, file }) => {
    const executor = open({ workers: 1, maxQueue: 1 })
    const held = executor.run(holdUntil, file('started'), file('gate'))
    await fileAppears(file('started'))
    const waits = await executor.submit(double, 1)
    assert.equal(await codeOf(executor.submit(double, 2)), 'SKEIN_OVERLOADED')
    const gone = failure(CancelledError, waits.result())
    await waits.cancel()
    assert.equal((await gone).ended, 'withdrawn')
    const next = await executor.submit(double, 3)
    touch(file('gate'))
    assert.equal(await held, 'released')
    assert.equal(await next.result(), 6)
  })

  add('higher priorities start first, equals in the order in which they came', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const held = executor.run(holdUntil, file('started'), file('gate'))
    await fileAppears(file('started'))
    const order: [string, number][] = [
      ['low', -1],
      ['first', 0],
      ['high', 5],
      ['second', 0],
      ['higher', 7],
      ['also high', 5],
    ]
    const waiting = order.map(([line, priority]) => executor.run(call(note, file('log'), line).with({ priority })))
    touch(file('gate'))
    await Promise.all([held, ...waiting])
    assert.deepEqual(linesOf(file('log')), ['higher', 'high', 'also high', 'first', 'second', 'low'])
  })

  add('calls without a priority start in the order in which they came', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const lines = Array.from({ length: 200 }, (_, n) => String(n))
    await Promise.all(lines.map(line => executor.run(note, file('log'), line)))
    assert.deepEqual(linesOf(file('log')), lines)
  })

  add('calls of one key run on one worker and start in order', async ({ open, file }) => {
    const executor = open({ workers: 2 })
    const keys = ['red', 'green', 'blue', 'white']
    const numbers = Array.from({ length: 80 }, (_, n) => n)
    const places = await Promise.all(
      numbers.map(n => {
        const key = keys[n % keys.length] as string
        return executor.run(call(noteWhere, file(key), String(n)).with({ key }))
      }),
    )
    for (const [k, key] of keys.entries()) {
      const own = numbers.filter(n => n % keys.length === k)
      assert.deepEqual(linesOf(file(key)), own.map(String))
      assert.equal(new Set(own.map(n => places[n])).size, 1, `${key} was on one worker`)
    }
  })

  add('async tasks overlap, as many as the concurrency of a worker allows', async ({ open, file }) => {
    const executor = open({ workers: 1, concurrency: 4 })
    mkdirSync(file('meeting'))
    const names = ['a', 'b', 'c', 'd']
    assert.deepEqual(await Promise.all(names.map(name => executor.run(meet, file('meeting'), name, 4))), names)
  })

  add('calls run at the same time on all places', async ({ open, file }) => {
    const executor = open({ workers: 2 })
    mkdirSync(file('meeting'))
    assert.equal(executor.capacity, 2)
    const both = ['a', 'b'].map(name => executor.run(meet, file('meeting'), name, 2))
    assert.deepEqual(await Promise.all(both), ['a', 'b'])
  })

  add('never more calls run than there are places', async ({ open }) => {
    const executor = open({ workers: 2, concurrency: 2 })
    assert.equal(executor.capacity, 4)
    let running = 0
    let most = 0
    executor.observe(event => {
      if (event.type === 'started') most = Math.max(most, ++running)
      if (event.type === 'ended') running--
    })
    await Promise.all(Array.from({ length: 60 }, (_, n) => executor.run(doubleLater, n)))
    assert.equal(running, 0)
    assert.ok(most >= 1 && most <= 4, `${most} at once`)
  })

  for (const concurrency of [1, 16]) {
    add(
      `results do not wait for a call behind them that takes unexpectedly long, with a concurrency of ${concurrency}`,
      async ({ open, file }) => {
        const executor = open({ workers: 1, concurrency })
        for (let n = 0; n < 20; n++) await executor.run(spinBriefly, n)
        const numbers = Array.from({ length: 8 }, (_, n) => n)
        const short = numbers.map(n => executor.run(spinBriefly, n))
        const long = executor.run(spinBriefly, 8, file('gate'))
        assert.deepEqual(await Promise.all(short), numbers)
        touch(file('gate'))
        assert.equal(await long, 8)
      },
      { needs: ['workers'] },
    )
  }

  add(
    'a call of some milliseconds that takes unexpectedly long does not hold up those behind it while another worker is free',
    async ({ open, file }) => {
      const executor = open({ workers: 2 })
      for (let n = 0; n < 6; n++) await executor.run(spinFor, 12)
      const long = executor.run(spinFor, 12, file('gate'))
      // So many that some are sent ahead, also to the worker of the long one.
      await Promise.all(Array.from({ length: 12 }, () => executor.run(spinFor, 12)))
      touch(file('gate'))
      assert.equal(await long, 'done')
    },
    { needs: ['workers'] },
  )

  add('a long call does not hold up the calls behind it while another place is free', async ({ open, file }) => {
    const executor = open({ workers: 2 })
    // Short calls first, so that an adaptive window has every reason to be deep.
    await Promise.all(Array.from({ length: 300 }, (_, n) => executor.run(double, n)))
    const held = executor.run(holdUntil, file('started'), file('gate'))
    const others = await Promise.all(Array.from({ length: 50 }, (_, n) => executor.run(double, n)))
    assert.deepEqual(
      others,
      Array.from({ length: 50 }, (_, n) => n * 2),
    )
    touch(file('gate'))
    assert.equal(await held, 'released')
  })
})
