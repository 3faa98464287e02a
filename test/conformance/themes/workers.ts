import assert from 'node:assert/strict'
import { call, type Executor, type ExecutorEvent, InvalidArgumentError, WorkerCrashedError, WorkerOutOfMemoryError, WorkerStartError } from 'skein'
import { codeOf, failure } from '../expect.ts'
import { fileAppears, holds, linesOf, touch } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import * as tasks from '../tasks/crashing.ts'
import { holdUntil, meet, note, noteAndHold } from '../tasks/holding.ts'
import { double, readEnv, readExecArgv, where } from '../tasks/values.ts'
import { mkdirSync, rmSync } from 'node:fs'

const needs = ['workers'] as const

function workerStates(executor: Executor): string[] {
  const states: string[] = []
  executor.observe((event: ExecutorEvent) => {
    if (event.type === 'worker') states.push(event.state)
  })
  return states
}

export const workers: Theme = theme('workers', add => {
  add(
    'workers start when they are needed, and no more than that',
    async ({ open }) => {
      const executor = open({ max: 2 })
      assert.equal(executor.stats().workers.length, 0)
      await executor.run(double, 1)
      await executor.run(double, 1)
      assert.equal(executor.stats().workers.length, 1)
    },
    { needs },
  )

  add(
    'there are never more workers than the maximum',
    async ({ open, file }) => {
      const executor = open({ max: 2 })
      let most = 0
      executor.observe(() => {
        most = Math.max(most, executor.stats().workers.length)
      })
      mkdirSync(file('meeting'))
      await Promise.all(['a', 'b'].map(name => executor.run(meet, file('meeting'), name, 2)))
      await Promise.all(Array.from({ length: 200 }, (_, n) => executor.run(double, n)))
      assert.equal(most, 2)
    },
    { needs },
  )

  add(
    'a worker that has been idle long enough leaves, and the next call starts another',
    async ({ open }) => {
      const executor = open({ max: 1, idleTimeout: 20 })
      const states = workerStates(executor)
      const before = await executor.run(where)
      await holds(() => states.includes('gone'))
      assert.deepEqual(states, ['starting', 'ready', 'gone'])
      assert.equal(executor.stats().workers.length, 0)
      assert.notEqual(await executor.run(where), before)
      assert.equal(executor.stats().crashed, 0)
    },
    { needs },
  )

  add(
    'the minimum of workers stays, idle or not',
    async ({ open, file }) => {
      const executor = open({ min: 1, max: 2, idleTimeout: 20 })
      const states = workerStates(executor)
      mkdirSync(file('meeting'))
      await Promise.all(['a', 'b'].map(name => executor.run(meet, file('meeting'), name, 2)))
      await holds(() => states.includes('gone'))
      assert.equal(executor.stats().workers.filter(worker => worker.state === 'ready').length, 1)
    },
    { needs },
  )

  add(
    'a worker is replaced after as many calls as it may run, and no call is lost',
    async ({ open }) => {
      const executor = open({ max: 1, maxTasksPerWorker: 5 })
      const numbers = Array.from({ length: 23 }, (_, n) => n)
      const places = await Promise.all(numbers.map(() => executor.run(where)))
      const counts = new Map<string, number>()
      for (const place of places) counts.set(place, (counts.get(place) ?? 0) + 1)
      assert.ok(Math.max(...counts.values()) <= 5, [...counts.values()].join(' '))
      assert.ok(counts.size >= 5)
      assert.equal(executor.stats().crashed, 0)
    },
    { needs },
  )

  add(
    'the initializer runs once in each worker, before its calls',
    async ({ open, file }) => {
      const executor = open({ max: 2, initializer: call(tasks.setUp, file('log')) })
      mkdirSync(file('meeting'))
      await Promise.all(['a', 'b'].map(name => executor.run(meet, file('meeting'), name, 2)))
      const answers = await Promise.all(Array.from({ length: 20 }, () => executor.run(tasks.isSetUp)))
      assert.ok(answers.every(Boolean))
      assert.equal(linesOf(file('log')).length, 2)
    },
    { needs },
  )

  add(
    'an initializer that throws fails the waiting calls with the reason and starts no storm of workers',
    async ({ open, file }) => {
      touch(file('broken'))
      const executor = open({ max: 2, initializer: call(tasks.setUpUnless, file('broken'), file('log')) })
      const calls = Array.from({ length: 10 }, (_, n) => failure(WorkerStartError, executor.run(double, n)))
      for (const error of await Promise.all(calls)) {
        assert.equal(error.code, 'SKEIN_WORKER_START')
        assert.equal(error.cause instanceof RangeError, true)
        assert.match((error.cause as Error).message, /cannot set up/)
        assert.match(error.message, /initializer|setUpUnless/)
      }
      const tries = linesOf(file('log')).length
      assert.ok(tries >= 1 && tries <= 4, `${tries} workers were started`)
      rmSync(file('broken'))
      assert.equal(await executor.run(double, 4), 8, 'it can be used again')
    },
    { needs },
  )

  add(
    'a worker that dies while it is set up fails the waiting calls',
    async ({ open, file }) => {
      const executor = open({ max: 1, initializer: call(tasks.setUpAndDie, file('log')) })
      const outcomes = await Promise.all([1, 2, 3].map(n => failure(WorkerStartError, executor.run(double, n))))
      for (const error of outcomes) assert.match(error.message, /3/, 'the exit code is told')
      assert.ok(linesOf(file('log')).length <= 3)
      await executor.close()
    },
    { needs },
  )

  add(
    'a worker that cannot be started at all is told',
    async ({ open }) => {
      const executor = open({ max: 2, execArgv: ['--no-such-flag-of-node'] })
      const outcomes = await Promise.all([1, 2, 3].map(n => failure(WorkerStartError, executor.run(double, n))))
      assert.match(outcomes.map(error => `${error.message} ${String(error.cause)}`).join('\n'), /no-such-flag-of-node/)
    },
    { needs },
  )

  add(
    'environment and arguments of Node reach the workers',
    async ({ open }) => {
      const executor = open({ max: 1, env: { SKEIN_TEST_WORD: 'warp' }, execArgv: ['--no-warnings'] })
      assert.equal(await executor.run(readEnv, 'SKEIN_TEST_WORD'), 'warp')
      assert.equal(await executor.run(readEnv, 'PATH'), process.env['PATH'], 'and the program’s own environment')
      assert.ok((await executor.run(readExecArgv)).includes('--no-warnings'))
    },
    { needs },
  )

  add(
    'options that are none are refused, by name',
    ({ place }) => {
      const wrong: [object, RegExp][] = [
        [{ max: 0 }, /max/],
        [{ max: 1.5 }, /max/],
        [{ min: -1 }, /min/],
        [{ min: 3, max: 2 }, /min/],
        [{ concurrency: 0 }, /concurrency/],
        [{ maxQueue: -1 }, /maxQueue/],
        [{ overload: 'panic' }, /overload/],
        [{ grace: 'soon' }, /grace/],
        [{ idleTimeout: -5 }, /idleTimeout/],
        [{ maxTasksPerWorker: 0 }, /maxTasksPerWorker/],
        [{ memoryLimit: 0 }, /memoryLimit/],
        [{ initializer: () => 1 }, /initializer/],
        [{ output: 'loud' }, /output/],
        [{ maxThreads: 4 }, /maxThreads/],
      ]
      for (const [options, name] of wrong) {
        assert.throws(
          () => place.open(options as never),
          (error: unknown) => error instanceof InvalidArgumentError && name.test(error.message),
          JSON.stringify(options),
        )
      }
    },
    { needs },
  )

  add(
    'a worker that exits fails the call that ran, and tells how and where',
    async ({ open, place }) => {
      const executor = open({ max: 1 })
      const states = workerStates(executor)
      const before = await executor.run(where)
      const error = await failure(WorkerCrashedError, executor.run(tasks.exitWith, 42))
      assert.equal(error.code, 'SKEIN_WORKER_CRASHED')
      assert.equal(error.exitCode, 42)
      assert.equal(error.signal, null)
      assert.match(error.task, /exitWith/)
      assert.match(error.worker, place.name === 'threads' ? /^thread \d+$/ : /^process \d+$/)
      assert.match(error.message, /42/)
      assert.match(error.message, /exitWith/)
      assert.notEqual(await executor.run(where), before)
      assert.equal(executor.stats().crashed, 1)
      assert.equal(states.filter(state => state === 'gone').length, 1)
    },
    { needs },
  )

  add(
    'an exit with code 0 is a crash like any other',
    async ({ open }) => {
      const executor = open({ max: 1 })
      assert.equal((await failure(WorkerCrashedError, executor.run(tasks.exitWith, 0))).exitCode, 0)
      assert.equal(await executor.run(double, 1), 2)
    },
    { needs },
  )

  add(
    'an uncaught error in a worker is the cause of its crash',
    async ({ open }) => {
      const executor = open({ max: 1 })
      const uncaught = await failure(WorkerCrashedError, executor.run(tasks.throwUncaught))
      assert.match(`${uncaught.message} ${String(uncaught.cause)}`, /outside of the call/)
      const unheard = await failure(WorkerCrashedError, executor.run(tasks.rejectUnheard))
      assert.match(`${unheard.message} ${String(unheard.cause)}`, /nobody listens/)
      assert.equal(await executor.run(double, 1), 2)
    },
    { needs },
  )

  add(
    'a crash fails only what had started: what was sent ahead runs elsewhere',
    async ({ open, file }) => {
      const executor = open({ max: 1 })
      // Short calls first, so that an adaptive window has every reason to be deep.
      await Promise.all(Array.from({ length: 500 }, (_, n) => executor.run(double, n)))
      const crash = executor.run(tasks.exitWith, 1)
      const lines = Array.from({ length: 60 }, (_, n) => String(n))
      const behind = lines.map(line => executor.run(note, file('log'), line))
      await failure(WorkerCrashedError, crash)
      assert.deepEqual(await Promise.all(behind), lines)
      assert.deepEqual(linesOf(file('log')).sort(), [...lines].sort(), 'each ran exactly once')
    },
    { needs },
  )

  add(
    'calls that had been answered before a crash keep their answers',
    async ({ open, file }) => {
      const executor = open({ max: 1 })
      await Promise.all(Array.from({ length: 500 }, (_, n) => executor.run(double, n)))
      const before = Array.from({ length: 40 }, (_, n) => executor.run(note, file('log'), String(n)))
      const crash = executor.run(tasks.exitWith, 1)
      const outcomes = await Promise.allSettled(before)
      await failure(WorkerCrashedError, crash)
      assert.deepEqual(outcomes.map(each => each.status), Array(40).fill('fulfilled'))
      assert.equal(linesOf(file('log')).length, 40, 'none ran twice')
    },
    { needs },
  )

  add(
    'a crash fails the calls that ran beside it in the same worker, and no others',
    async ({ open, file }) => {
      const executor = open({ max: 1, concurrency: 2 })
      const beside = failure(WorkerCrashedError, executor.run(noteAndHold, file('log'), 'beside', file('never')))
      await fileAppears(file('log'))
      const crash = failure(WorkerCrashedError, executor.run(tasks.exitAfter, file('started'), file('gate')))
      await fileAppears(file('started'))
      const waiting = Array.from({ length: 10 }, (_, n) => executor.run(double, n))
      touch(file('gate'))
      const errors = await Promise.all([beside, crash])
      assert.deepEqual(errors.map(error => error.exitCode), [5, 5])
      assert.match(errors[0]?.task ?? '', /noteAndHold/)
      assert.match(errors[1]?.task ?? '', /exitAfter/)
      assert.deepEqual(await Promise.all(waiting), Array.from({ length: 10 }, (_, n) => n * 2))
    },
    { needs },
  )

  add(
    'a crash of one worker does not touch another',
    async ({ open, file }) => {
      const executor = open({ max: 2 })
      const held = executor.run(holdUntil, file('started'), file('gate'))
      await fileAppears(file('started'))
      assert.equal((await failure(WorkerCrashedError, executor.run(tasks.exitWith, 1))).exitCode, 1)
      touch(file('gate'))
      assert.equal(await held, 'released')
    },
    { needs },
  )

  add(
    'many crashes in a row are told one by one',
    async ({ open }) => {
      const executor = open({ max: 2 })
      const calls = Array.from({ length: 12 }, (_, n) =>
        n % 3 === 0 ? codeOf(executor.run(tasks.exitWith, n)) : executor.run(double, n).then(String),
      )
      const expected = Array.from({ length: 12 }, (_, n) => (n % 3 === 0 ? 'SKEIN_WORKER_CRASHED' : String(n * 2)))
      assert.deepEqual(await Promise.all(calls), expected)
      assert.equal(executor.stats().crashed, 4)
    },
    { needs },
  )

  add(
    'a worker that runs out of memory is named as that',
    async ({ open }) => {
      const executor = open({ max: 1, memoryLimit: 48, output: 'tagged' })
      const error = await failure(WorkerOutOfMemoryError, executor.run(tasks.eatMemory))
      assert.equal(error.code, 'SKEIN_WORKER_OUT_OF_MEMORY')
      assert.match(error.message, /48/)
      assert.match(error.task, /eatMemory/)
      assert.equal(await executor.run(double, 1), 2)
    },
    { needs },
  )
})
