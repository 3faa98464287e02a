import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import {
  type Call,
  call,
  CancelledError,
  chain,
  chord,
  chunks,
  graphPathOf,
  group,
  loop,
  orElse,
  scope,
  settle,
  starmap,
  TimeoutError,
} from 'skein'
import { failure } from '../expect.ts'
import { fileAppears, linesOf, touch } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import { rejectLater } from '../tasks/failing.ts'
import {
  countDown,
  echoText,
  failAt,
  handOnFailing,
  handOnSleeping,
  noteText,
  seenBefore,
  sleepAt,
  spawnAndTouch,
  sumBelow,
} from '../tasks/graphs.ts'
import { holdUntil, note, sleepAndReport, tidyUp } from '../tasks/holding.ts'
import { add as addNumbers, double, doubleLater, sum, sumOfPoint, textOf } from '../tasks/values.ts'

export const graphs: Theme = theme('graphs', add => {
  add('an argument that is a call is its result', async ({ shared }) => {
    assert.equal(await shared.run(addNumbers, call(double, 3), call(doubleLater, 4)), 14)
    assert.equal(await shared.run(call(addNumbers, call(double, call(double, 1)), 1)), 5)
  })

  add('calls inside arrays and plain objects are their results', async ({ shared }) => {
    assert.equal(await shared.run(sum, [1, call(double, 2), call(doubleLater, 3)]), 11)
    const point = { x: call(double, 1), y: 2, rest: [call(double, 3), 4] }
    assert.equal(await shared.run(sumOfPoint, point), 14)
  })

  add('submit takes a graph, too', async ({ shared }) => {
    const job = await shared.submit(call(sum, [call(double, 1), call(double, 2)]))
    assert.equal(await job.result(), 6)
    assert.equal(job.state, 'done')
    assert.equal(job.name, 'sum')
  })

  add('a call that appears twice runs once', async ({ shared, file }) => {
    const once = call(note, file('log'), 'ran')
    const wide = call(textOf, once, call(textOf, once, 'inner'), once)
    assert.equal(await shared.run(wide), 'ran ran inner ran')
    assert.deepEqual(linesOf(file('log')), ['ran'])
    assert.equal(await shared.run(wide), 'ran ran inner ran', 'another run is another run')
    assert.deepEqual(linesOf(file('log')), ['ran', 'ran'])
  })

  add('an argument that is a job is its result, wherever the job runs', async ({ shared, file }) => {
    const job = await shared.submit(holdUntil, file('started'), file('gate'))
    const elsewhere = await loop.submit(double, 21)
    const outcome = shared.run(textOf, job, elsewhere)
    await fileAppears(file('started'))
    touch(file('gate'))
    assert.equal(await outcome, 'released 42')
  })

  add('a call waits for its arguments without holding a place', async ({ open }) => {
    const executor = open({ workers: 1 })
    let made: Call<number> = call(double, 1)
    for (let depth = 0; depth < 20; depth++) made = call(addNumbers, made, call(doubleLater, 1))
    assert.equal(await executor.run(made), 42)
  })

  add('independent parts run beside each other', async ({ open, file }) => {
    const executor = open({ workers: 2 })
    const outcome = executor.run(
      textOf,
      call(holdUntil, file('one started'), file('gate')),
      call(holdUntil, file('two started'), file('gate')),
    )
    await Promise.all([fileAppears(file('one started')), fileAppears(file('two started'))])
    touch(file('gate'))
    assert.equal(await outcome, 'released released')
  })

  add('a failing part fails the whole with its error, and the outer task never runs', async ({ shared, file }) => {
    const outcome = shared.run(note, file('log'), call(rejectLater, 'the part failed') as never)
    assert.equal((await failure(RangeError, outcome)).message, 'the part failed')
    assert.deepEqual(linesOf(file('log')), [])
  })

  add('a failing part cancels the parts beside it, and waits for their end', async ({ open, file }) => {
    const executor = open({ workers: 3 })
    // The part fails when the one beside it has started.
    const failing = call(rejectLater, call(holdUntil, file('held'), file('gate')))
    const outcome = failure(RangeError, executor.run(textOf, call(tidyUp, file('started'), file('tidied')), failing))
    await fileAppears(file('started'))
    touch(file('gate'))
    assert.equal((await outcome).message, 'released')
    assert.equal(existsSync(file('tidied')), true)
  })

  add('a failed job fails the call that was to use it', async ({ shared, file }) => {
    const job = await shared.submit(rejectLater, 'the job failed')
    const outcome = shared.run(note, file('log'), job as never)
    assert.equal((await failure(RangeError, outcome)).message, 'the job failed')
    assert.deepEqual(linesOf(file('log')), [])
  })

  add('cancelling the whole cancels the part that runs', async ({ shared, file }) => {
    const job = await shared.submit(textOf, call(sleepAndReport, file('started'), file('report')))
    await fileAppears(file('started'))
    await job.cancel('all of it')
    const error = await failure(CancelledError, job.result())
    assert.equal(error.reason, 'all of it')
    assert.equal(linesOf(file('report')).length, 1)
  })

  add('the options of a part hold for that part', async ({ shared, file }) => {
    const slow = call(sleepAndReport, file('started'), file('report')).with({ timeout: 30 })
    assert.equal((await failure(TimeoutError, shared.run(textOf, slow))).timeout, 30)
    const flaky = call(rejectLater, 'first').with({ retries: { times: 1, backoff: 1 } })
    assert.equal((await failure(RangeError, shared.run(textOf, flaky))).message, 'first')
  })

  add('a time limit of the outermost call does not hold for its parts; that of a scope holds for all', async s => {
    const { shared, file } = s
    const part = call(holdUntil, file('started'), file('gate'))
    const whole = shared.run(call(textOf, part).with({ timeout: 40 }))
    await fileAppears(file('started'))
    await new Promise(resolve => setTimeout(resolve, 80))
    touch(file('gate'))
    assert.equal(await whole, 'released')
    const endless = call(textOf, call(holdUntil, file('again'), file('never')))
    await failure(
      TimeoutError,
      scope(s => s.on(shared).run(endless), { timeout: 40 }),
    )
  })

  add('a deep graph and a wide graph both run', async ({ open }) => {
    const executor = open({ workers: 2 })
    let deep: Call<number> = call(double, 0)
    for (let depth = 0; depth < 2_000; depth++) deep = call(addNumbers, deep, 1)
    assert.equal(await executor.run(deep), 2_000)
    const wide = Array.from({ length: 2_000 }, (_, n) => call(double, n))
    assert.equal(await executor.run(sum, wide), 2_000 * 1_999)
  })

  add('a diamond of shared calls is no more work than it has calls', async ({ open }) => {
    const executor = open({ workers: 2 })
    let ran = 0
    executor.observe(event => {
      if (event.type === 'ended') ran++
    })
    let made: Call<number> = call(double, 1)
    for (let depth = 0; depth < 30; depth++) made = call(addNumbers, made, made)
    assert.equal(await executor.run(made), 2 * 2 ** 30)
    assert.equal(ran, 31)
  })

  add('the forms that have a name run like calls that are nested by hand', async ({ shared }) => {
    assert.equal(await shared.run(chain(call(double, 1), doubleLater, double)), 8)
    assert.deepEqual(await shared.run(group([call(double, 1), call(doubleLater, 2)])), [2, 4])
    assert.equal(await shared.run(chord([call(double, 1), call(doubleLater, 2)], sum)), 6)
    assert.deepEqual(
      await shared.run(
        starmap(addNumbers, [
          [1, 2],
          [3, 4],
        ]),
      ),
      [3, 7],
    )
    assert.deepEqual(await shared.run(chunks(doubleLater, [1, 2, 3, 4, 5], 2)), [2, 4, 6, 8, 10])
    assert.deepEqual(await shared.run(group([])), [])
  })

  add('a part that may fail has another value in its place, or how it ended', async ({ shared }) => {
    assert.equal(await shared.run(sum, [orElse(call(rejectLater, 'flaky') as Call<number>, 10), call(double, 1)]), 12)
    const [bad, good] = await shared.run(group([settle(call(rejectLater, 'flaky')), settle(call(double, 1))]))
    assert.ok(bad.status === 'rejected' && bad.reason instanceof RangeError, 'the error is of its own class')
    assert.deepEqual(good, { status: 'fulfilled', value: 2 })
  })

  add('a task that returns a call has the result of that call', async ({ shared }) => {
    assert.equal(await shared.run(countDown, 5), 'done')
    assert.equal(await shared.run(textOf, call(countDown, 2), call(countDown, 0)), 'done done')
    assert.equal(await shared.run(chain(call(countDown, 3), echoText, echoText)), 'done')
    const job = await shared.submit(countDown, 3)
    assert.equal(await job.result(), 'done')
    assert.equal(job.state, 'done')
    assert.equal(await shared.run(sumBelow, 4), 4 + 3 + 2 + 1)
    assert.deepEqual(await shared.map(sumBelow, [0, 3, 1, 2], { chunk: 2 }).toArray(), [0, 6, 1, 3])
  })

  add('the call that a task returns can fail, and be cancelled', async ({ shared, file }) => {
    assert.equal((await failure(RangeError, shared.run(handOnFailing, 'handed on'))).message, 'handed on')
    assert.equal(await shared.run(orElse(call(handOnFailing, 'handed on'), 'instead')), 'instead')
    const [one] = await shared.map(handOnFailing, ['an item'], { settle: true }).toArray()
    assert.ok(one?.state === 'failed' && (one.error as Error).message === 'an item')
    const job = await shared.submit(handOnSleeping, file('started'), file('report'))
    await fileAppears(file('started'))
    assert.equal(job.state, 'running')
    await job.cancel('enough')
    assert.equal((await failure(CancelledError, job.result())).reason, 'enough')
    const endless = scope(s => s.on(shared).run(handOnSleeping, file('again'), file('report')), { timeout: 40 })
    await failure(TimeoutError, endless)
  })

  add(
    'calls in a row have a scope each, and what one has spawned ends before the next begins',
    async ({ shared, file }) => {
      const row = chain(call(spawnAndTouch, file('first')), seenBefore)
      assert.deepEqual(await shared.run(row), { name: 'seenBefore', seen: true })
    },
  )

  add(
    'a call in the middle of a row that fails, or is cancelled, lets none behind it begin',
    async ({ shared, file }) => {
      const failing = chain(call(double, 1), failAt, noteText)
      const error = await failure(RangeError, shared.run(failing))
      assert.equal(graphPathOf(error), 'noteText > arguments[0] failAt')
      const job = await shared.submit(chain(call(echoText, file('in the middle')), sleepAt, noteText))
      await fileAppears(file('in the middle'))
      await job.cancel('stop')
      assert.equal((await failure(CancelledError, job.result())).reason, 'stop')
      assert.equal(existsSync(file('in the middle.noted')), false)
    },
  )

  add('the error of a part says which one it is', async ({ shared }) => {
    const graph = call(sum, [1, call(addNumbers, 1, call(rejectLater, 'deep') as Call<number>)])
    const error = await failure(RangeError, shared.run(graph))
    assert.equal(graphPathOf(error), 'sum > arguments[0][1] add > arguments[1] rejectLater')
    assert.match(error.stack ?? '', /in a graph: sum > arguments\[0\]\[1\] add > arguments\[1\] rejectLater/)
  })
})
