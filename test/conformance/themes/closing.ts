import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { call, CancelledError, ClosedError } from 'skein'
import { all, codeOf, failure } from '../expect.ts'
import { fileAppears, linesOf, touch } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import { failUnlessEven } from '../tasks/failing.ts'
import { holdUntil, note, sleepAndReport, tidyUp } from '../tasks/holding.ts'
import { countTo, oneThenSleep } from '../tasks/streaming.ts'
import { double, doubleLater } from '../tasks/values.ts'

export const closing: Theme = theme('closing', add => {
  add('close waits for the accepted calls', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const held = executor.run(holdUntil, file('started'), file('gate'))
    const waiting = Array.from({ length: 20 }, (_, n) => executor.run(doubleLater, n))
    await fileAppears(file('started'))
    let closed = false
    const closing = executor.close().then(() => {
      closed = true
    })
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(closed, false)
    touch(file('gate'))
    assert.equal(await held, 'released')
    assert.deepEqual(
      await Promise.all(waiting),
      Array.from({ length: 20 }, (_, n) => n * 2),
    )
    await closing
    assert.deepEqual(
      executor.stats().workers.filter(worker => worker.name !== 'loop'),
      [],
    )
  })

  add('close with cancel ends a call that waits for its next attempt', async ({ open }) => {
    const executor = open({ workers: 1 })
    const retried = new Promise<void>(resolve => {
      executor.observe(event => {
        if (event.type === 'retried') resolve()
      })
    })
    const patient = call(failUnlessEven, 1).with({ retries: { times: 3, backoff: '1h', jitter: 0 } })
    const outcome = failure(CancelledError, executor.run(patient))
    await retried
    await executor.close({ cancel: true })
    assert.equal((await outcome).source, 'close')
  })

  add('a closed executor refuses calls of every kind', async ({ open }) => {
    const executor = open({ workers: 1 })
    assert.equal(await executor.run(double, 1), 2)
    await executor.close()
    const error = await failure(ClosedError, executor.run(double, 1))
    assert.equal(error.code, 'SKEIN_CLOSED')
    assert.equal(await codeOf(executor.submit(double, 1)), 'SKEIN_CLOSED')
    assert.equal(await codeOf((async () => executor.map(double, [1]).toArray())()), 'SKEIN_CLOSED')
    function* endless() {
      for (let n = 0; ; n++) yield n
    }
    const settling = executor.map(double, endless(), { settle: true })
    assert.equal(await codeOf((async () => settling.toArray())()), 'SKEIN_CLOSED')
    assert.equal(await codeOf((async () => all(executor.stream(countTo, 1)))()), 'SKEIN_CLOSED')
  })

  add('an executor that is closing refuses calls already', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const held = executor.run(holdUntil, file('started'), file('gate'))
    await fileAppears(file('started'))
    const closing = executor.close()
    assert.equal(await codeOf(executor.run(double, 1)), 'SKEIN_CLOSED')
    touch(file('gate'))
    await Promise.all([held, closing])
  })

  add('close with cancel stops what runs and withdraws what waits', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const running = failure(CancelledError, executor.run(tidyUp, file('started'), file('tidied')))
    const waiting = failure(CancelledError, executor.run(note, file('log'), 'ran'))
    await fileAppears(file('started'))
    await executor.close({ cancel: true })
    assert.equal(existsSync(file('tidied')), true)
    const [stopped, withdrawn] = await Promise.all([running, waiting])
    assert.equal(stopped.source, 'close')
    assert.equal(stopped.ended, 'cooperative')
    assert.equal(withdrawn.source, 'close')
    assert.equal(withdrawn.ended, 'withdrawn')
    assert.deepEqual(linesOf(file('log')), [])
  })

  add('close with cancel ends streams and maps', async ({ open, file }) => {
    const executor = open({ workers: 2 })
    const stream = executor.stream(oneThenSleep, file('tidied'))
    assert.equal((await stream.next()).value, 1)
    const next = failure(CancelledError, stream.next())
    await executor.close({ cancel: true })
    assert.equal((await next).source, 'close')
    assert.equal(existsSync(file('tidied')), true)
  })

  add('close can wait for a while and cancel then', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const running = failure(CancelledError, executor.run(sleepAndReport, file('started'), file('report')))
    await fileAppears(file('started'))
    await executor.close({ timeout: 20 })
    assert.equal((await running).source, 'close')
    assert.equal(linesOf(file('report')).length, 1)
  })

  add('a close with cancel overtakes one that waits', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const running = failure(CancelledError, executor.run(sleepAndReport, file('started'), file('report')))
    await fileAppears(file('started'))
    const patient = executor.close()
    await executor.close({ cancel: true })
    await patient
    assert.equal((await running).source, 'close')
  })

  add('closing twice, or without any use, is fine', async ({ open }) => {
    const unused = open({ workers: 2 })
    await unused.close()
    await unused.close({ cancel: true })
    const used = open({ workers: 2 })
    await used.run(double, 1)
    await Promise.all([used.close(), used.close()])
    await used.close()
  })

  add('closing while the first call is on its way lets that call finish', async ({ open }) => {
    const executor = open({ workers: 2 })
    const running = executor.run(double, 4)
    const closing = executor.close()
    assert.equal(await running, 8)
    await closing
  })

  add('an executor can be disposed of', async ({ open }) => {
    const executor = open({ workers: 1 })
    const running = executor.run(doubleLater, 4)
    await executor[Symbol.asyncDispose]()
    assert.equal(await running, 8)
    assert.equal(await codeOf(executor.run(double, 1)), 'SKEIN_CLOSED')
  })

  add('a submit that waits for room when the executor closes is not left hanging', async ({ open, file }) => {
    const executor = open({ workers: 1, maxQueue: 1, overload: 'wait' })
    const held = executor.run(holdUntil, file('started'), file('gate'))
    await fileAppears(file('started'))
    const waits = executor.run(double, 1)
    const outside = codeOf(executor.run(double, 2))
    const closing = executor.close()
    touch(file('gate'))
    assert.equal(await held, 'released')
    assert.equal(await waits, 2)
    assert.match(await outside, /^(SKEIN_CLOSED|no error)$/)
    await closing
  })
})
