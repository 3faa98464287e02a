import assert from 'node:assert/strict'
import {
  call,
  CancelledError,
  SkeinError,
  StreamMismatchError,
  TimeoutError,
  UnsendableError,
  WorkerCrashedError,
} from 'skein'
import { all, codeOf, failure } from '../expect.ts'
import { fileAppears, linesOf, touch } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import { streamOdd } from '../tasks/hostile.ts'
import { spinUntil } from '../tasks/holding.ts'
import * as tasks from '../tasks/streaming.ts'
import { double, where } from '../tasks/values.ts'

export const streaming: Theme = theme('streaming', add => {
  add('an async generator gives its values in order', async ({ shared }) => {
    assert.deepEqual(await all(shared.stream(tasks.countTo, 5)), [1, 2, 3, 4, 5])
  })

  add('a synchronous generator gives its values in order', async ({ shared }) => {
    assert.deepEqual(await all(shared.stream(tasks.countToInSync, 5)), [1, 2, 3, 4, 5])
  })

  for (const odd of ['getter', 'instance', 'memory', 'function', 'changing'] as const) {
    add(
      `behind a value that does not arrive (${odd}) nothing more is read, and the stream fails`,
      async ({ shared }) => {
        const read: unknown[] = []
        const reading = async (): Promise<void> => {
          for await (const value of shared.stream(streamOdd, odd, 20, 7)) read.push((value as { n: number }).n)
        }
        await failure(Error, reading())
        assert.deepEqual(read, [0, 1, 2, 3, 4, 5, 6])
        assert.equal(await shared.run(double, 1), 2)
      },
      { needs: ['border'] },
    )
  }

  add('any iterable that a task returns can be streamed', async ({ shared }) => {
    assert.deepEqual(await all(shared.stream(tasks.giveList)), ['a', 'b', 'c'])
    assert.deepEqual(await all(shared.stream(tasks.giveSetLater)), ['a', 'b'])
  })

  add('a generator that yields nothing gives an empty stream', async ({ shared }) => {
    assert.deepEqual(await all(shared.stream(tasks.countTo, 0)), [])
  })

  add('thousands of values arrive, whatever the buffer', async ({ shared }) => {
    const expected = Array.from({ length: 3_000 }, (_, n) => n + 1)
    assert.deepEqual(await all(shared.stream(tasks.countTo, 3_000)), expected)
    assert.deepEqual(await all(shared.stream(call(tasks.countToInSync, 300), { buffer: 1 })), expected.slice(0, 300))
    assert.deepEqual(await all(shared.stream(call(tasks.countTo, 300), { buffer: 7 })), expected.slice(0, 300))
  })

  add('values arrive while the generator is still running', async ({ shared, file }) => {
    const stream = shared.stream(tasks.oneThenGate, file('gate'))
    assert.deepEqual(await stream.next(), { done: false, value: 'first' })
    touch(file('gate'))
    assert.deepEqual(await stream.next(), { done: false, value: 'second' })
    assert.deepEqual(await stream.next(), { done: true, value: undefined })
    assert.deepEqual(await stream.next(), { done: true, value: undefined })
  })

  add('several values can be asked for at once', async ({ shared }) => {
    const stream = shared.stream(tasks.countTo, 2)
    const results = await Promise.all([stream.next(), stream.next(), stream.next()])
    assert.deepEqual(
      results.map(({ done, value }) => [done, value]),
      [
        [false, 1],
        [false, 2],
        [true, undefined],
      ],
    )
  })

  for (const [kind, flood] of [
    ['a synchronous', (log: string) => call(tasks.flood, log)],
    ['an async', (log: string) => call(tasks.floodLater, log)],
  ] as const) {
    add(`${kind} generator pauses when its reader falls behind`, async ({ open, file }) => {
      const executor = open({ workers: 1, concurrency: 2 })
      const stream = executor.stream(flood(file('log')), { buffer: 3 })
      for (let n = 1; n <= 4; n++) assert.equal((await stream.next()).value, n)
      // The worker answers other calls meanwhile: had the generator not paused, it would be far ahead by now.
      for (let n = 0; n < 10; n++) assert.equal(await executor.run(double, n), n * 2)
      const made = linesOf(file('log')).length
      assert.ok(made >= 4 && made <= 4 + 3 + 1, `${made} values were made, 4 were read`)
      assert.equal((await stream.next()).value, 5)
      await stream.return?.()
    })
  }

  for (const [kind, withFinally] of [
    ['an async', (tidied: string) => call(tasks.withFinally, tidied)],
    ['a synchronous', (tidied: string) => call(tasks.withFinallyInSync, tidied)],
  ] as const) {
    add(`leaving the loop ends ${kind} generator through its finally`, async ({ open, file }) => {
      const executor = open({ workers: 1 })
      for await (const n of executor.stream(withFinally(file('tidied')))) if (n === 3) break
      await fileAppears(file('tidied'))
      assert.equal(await executor.run(double, 4), 8, 'the place is free again')
    })
  }

  add('leaving the loop cancels what the generator waits for', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    for await (const _ of executor.stream(tasks.oneThenSleep, file('tidied'))) break
    await fileAppears(file('tidied'))
    assert.equal(await executor.run(double, 4), 8)
  })

  for (const [kind, failAfter] of [
    ['an async', call(tasks.failAfter, 3)],
    ['a synchronous', call(tasks.failAfterInSync, 3)],
  ] as const) {
    add(`what ${kind} generator yields before it fails is delivered, then the error`, async ({ shared }) => {
      const read: number[] = []
      const reading = (async () => {
        for await (const n of shared.stream(failAfter)) read.push(n)
      })()
      const error = await failure(RangeError, reading)
      assert.equal(error.message, 'failed after 3')
      assert.deepEqual(read, [1, 2, 3])
    })
  }

  add('a stream that nobody reads to its end does not bring the program down', async ({ shared, file }) => {
    const heard: unknown[] = []
    const listener = (reason: unknown): void => void heard.push(reason)
    process.on('unhandledRejection', listener)
    try {
      const stream = shared.stream(tasks.failAfter, 1)
      assert.equal((await stream.next()).value, 1)
      await stream.return?.()
      const controller = new AbortController()
      const waiting = shared.stream(call(tasks.oneThenSleep, file('tidied')).with({ signal: controller.signal }))
      assert.equal((await waiting.next()).value, 1)
      controller.abort()
      await fileAppears(file('tidied'))
      await new Promise(resolve => setImmediate(resolve))
      await waiting.return?.()
      assert.deepEqual(heard, [])
    } finally {
      process.off('unhandledRejection', listener)
    }
  })

  add('a stream is stopped by its signal', async ({ shared, file }) => {
    const controller = new AbortController()
    const stream = shared.stream(call(tasks.oneThenSleep, file('tidied')).with({ signal: controller.signal }))
    assert.equal((await stream.next()).value, 1)
    const next = failure(CancelledError, stream.next())
    controller.abort('enough')
    const error = await next
    assert.equal(error.source, 'signal')
    assert.equal(error.reason, 'enough')
    await fileAppears(file('tidied'))
  })

  add('a stream is stopped when its time has run out', async ({ shared, file }) => {
    const stream = shared.stream(call(tasks.oneThenSleep, file('tidied')).with({ timeout: 40 }))
    await failure(TimeoutError, all(stream))
    await fileAppears(file('tidied'))
  })

  add('run says that a generator has to be streamed', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const error = await failure(StreamMismatchError, executor.run(call(tasks.countTo, 3)))
    assert.equal(error.code, 'SKEIN_IS_A_STREAM')
    assert.match(error.message, /countTo/)
    assert.match(error.message, /stream/)
    assert.equal(await codeOf(executor.run(call(tasks.countToInSync, 3))), 'SKEIN_IS_A_STREAM')
    assert.equal(await codeOf(executor.run(call(tasks.withFinally, file('tidied')))), 'SKEIN_IS_A_STREAM')
    assert.equal(await executor.run(double, 4), 8)
  })

  add('stream says that a task gives no iterable', async ({ shared }) => {
    const error = await failure(StreamMismatchError, all(shared.stream(tasks.giveNumber as never)))
    assert.equal(error.code, 'SKEIN_NOT_A_STREAM')
    assert.match(error.message, /giveNumber/)
    assert.equal(await shared.run(double, 4), 8)
  })

  add('a buffer that is none is refused', async ({ shared }) => {
    for (const buffer of [0, -1, 1.5, Number.NaN, '8']) {
      const code = await codeOf((async () => all(shared.stream(call(tasks.countTo, 2), { buffer: buffer as never })))())
      assert.equal(code, 'SKEIN_INVALID_ARGUMENT', String(buffer))
    }
  })

  add('a stream that has given values is not run again: nobody gets a value twice', async ({ shared }) => {
    const read: number[] = []
    const made = call(tasks.failAfter, 3).with({ retries: { times: 2, backoff: 1 } })
    const reading = (async () => {
      for await (const n of shared.stream(made)) read.push(n)
    })()
    assert.equal((await failure(RangeError, reading)).message, 'failed after 3')
    assert.deepEqual(read, [1, 2, 3])
  })

  add('a stream that fails before its first value can be run again', async ({ shared, file }) => {
    const made = call(tasks.flakyStream, file('log')).with({ retries: { times: 2, backoff: 1 } })
    assert.deepEqual(await all(shared.stream(made)), ['attempt 2'])
  })

  add('streams run beside each other', async ({ shared }) => {
    const streams = Array.from({ length: 6 }, () => all(shared.stream(tasks.countTo, 50)))
    for (const values of await Promise.all(streams)) assert.equal(values.length, 50)
  })

  add(
    'a value that cannot be sent fails its stream alone, and the generator tidies up',
    async ({ open, file }) => {
      const executor = open({ workers: 1 })
      const before = await executor.run(where)
      const read: unknown[] = []
      const reading = (async () => {
        for await (const value of executor.stream(tasks.unsendableSecond, file('tidied'))) read.push(value)
      })()
      await failure(UnsendableError, reading)
      assert.deepEqual(read, [1])
      await fileAppears(file('tidied'))
      assert.equal(await executor.run(where), before)
    },
    { needs: ['border'] },
  )

  add(
    'a stream whose worker dies fails after the values that had arrived',
    async ({ open, file }) => {
      const executor = open({ workers: 1 })
      const stream = executor.stream(tasks.dieAfterTwo, file('gate'))
      assert.equal((await stream.next()).value, 1)
      assert.equal((await stream.next()).value, 2)
      const next = failure(WorkerCrashedError, stream.next())
      touch(file('gate'))
      assert.equal((await next).exitCode, 9)
      assert.equal(await executor.run(double, 4), 8)
    },
    { needs: ['workers'] },
  )

  add(
    'a stream that has given values fails when its worker is terminated because of another call',
    async ({ open, file }) => {
      const executor = open({ workers: 1, concurrency: 2, grace: 20 })
      const stream = executor.stream(call(tasks.countTo, 1_000), { buffer: 1 })
      assert.equal((await stream.next()).value, 1)
      assert.equal((await stream.next()).value, 2)
      const stuck = await executor.submit(spinUntil, file('started'), file('never'))
      await fileAppears(file('started'))
      await stuck.cancel()
      const rest: number[] = []
      const reading = (async () => {
        for await (const n of stream) rest.push(n)
      })()
      const error = await failure(SkeinError, reading)
      assert.match(error.message, /countTo/)
      assert.deepEqual(
        rest,
        rest.map((_, n) => n + 3),
        'what was on its way still arrives, nothing arrives twice',
      )
      assert.equal(await executor.run(double, 4), 8)
    },
    { needs: ['force'] },
  )
})
