import assert from 'node:assert/strict'
import { call, type Executor, type SkeinEvent, InvalidArgumentError, WorkerStartError } from 'skein'
import { codeOf, failure } from '../expect.ts'
import { holds, linesOf, touch } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import * as tasks from '../tasks/crashing.ts'
import { rejectLater } from '../tasks/failing.ts'
import { holdUntil, meet } from '../tasks/holding.ts'
import { countArguments, double, readEnv, readExecArgv, where } from '../tasks/values.ts'
import { existsSync, mkdirSync, rmSync } from 'node:fs'

const needs = ['workers'] as const

function workerStates(executor: Executor): string[] {
  const states: string[] = []
  executor.observe((event: SkeinEvent) => {
    if (event.type === 'worker') states.push(event.state)
  })
  return states
}

export const workers: Theme = theme('workers', add => {
  add(
    'workers start when they are needed, and no more than that',
    async ({ open }) => {
      const executor = open({ workers: 2 })
      assert.equal(executor.stats().workers.length, 0)
      await executor.run(double, 1)
      await executor.run(double, 1)
      assert.equal(executor.stats().workers.length, 1)
    },
    { needs },
  )

  add(
    'large arguments wait in the pool: with the worker, each would wait as a copy',
    async ({ open }) => {
      const executor = open({ workers: 1 })
      for (let n = 0; n < 40; n++) await executor.run(countArguments, 'a short text')
      const text = 'x'.repeat(2_000_000)
      const counts = Array.from({ length: 30 }, () => executor.run(countArguments, text))
      for (let n = 0; n < 4; n++) await Promise.resolve() // what can be sent has been sent; no reply has been read
      const sent = executor.stats().workers[0]?.inFlight ?? 0
      // A thread has 8 MiB of shared memory for texts beside the 8 MB that may wait as copies.
      assert.ok(sent >= 1 && sent <= 10, `${sent} calls were sent`)
      assert.deepEqual(await Promise.all(counts), new Array(30).fill(1))
    },
    { needs },
  )

  add(
    'there are never more workers than the maximum',
    async ({ open, file }) => {
      const executor = open({ workers: 2 })
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
      const executor = open({ workers: 1, idleTimeout: 20 })
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
    'the minimum of workers starts before the first call, and more do not',
    async ({ open }) => {
      const executor = open({ minWorkers: 2, workers: 4 })
      const states = workerStates(executor)
      assert.deepEqual(states, [])
      await holds(() => states.filter(state => state === 'ready').length === 2)
      assert.deepEqual(states.slice(0, 2), ['starting', 'starting'])
      assert.equal(states.length, 4)
      await executor.run(double, 1)
      assert.equal(executor.stats().workers.length, 2)
    },
    { needs },
  )

  add(
    'a pool that is closed before it has done anything starts no worker, and one that is closed soon after ends those that start',
    async ({ open }) => {
      const atOnce = open({ minWorkers: 2, workers: 2 })
      const states = workerStates(atOnce)
      await atOnce.close()
      assert.deepEqual(states, [])
      const soon = open({ minWorkers: 2, workers: 2 })
      const others = workerStates(soon)
      await Promise.resolve()
      assert.equal(others.length, 2)
      await soon.close()
      assert.deepEqual(others, ['starting', 'starting', 'gone', 'gone'])
    },
    { needs },
  )

  add(
    'a pool whose first workers cannot start says so when a call needs one',
    async ({ open }) => {
      const executor = open({ minWorkers: 1, workers: 1, initializer: call(rejectLater, 'no database') })
      const states = workerStates(executor)
      await holds(() => states.includes('gone'))
      assert.equal(await codeOf(executor.run(where)), 'SKEIN_WORKER_START')
    },
    { needs },
  )

  add(
    'the minimum of workers stays, idle or not',
    async ({ open, file }) => {
      const executor = open({ minWorkers: 1, workers: 2, idleTimeout: 20 })
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
      const executor = open({ workers: 1, maxTasksPerWorker: 5 })
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
    'a worker that has become old is replaced between calls',
    async ({ open }) => {
      const executor = open({ workers: 1, maxWorkerAge: 1 })
      const places = [await executor.run(where), await executor.run(where), await executor.run(where)]
      assert.equal(new Set(places).size, 3)
      assert.equal(executor.stats().crashed, 0)
    },
    { needs },
  )

  add(
    'a worker that has grown too big is replaced between calls, and one that has not stays',
    async ({ open }) => {
      const executor = open({ workers: 1, maxWorkerMemory: 200 })
      const first = await executor.run(where)
      assert.equal(await executor.run(where), first)
      // The calls that come meanwhile run, too.
      await Promise.all([executor.run(tasks.keepMegabytes, 250), executor.run(where)])
      const second = await executor.run(where)
      assert.notEqual(second, first)
      assert.equal(await executor.run(where), second)
      assert.equal(executor.stats().crashed, 0)
    },
    { needs },
  )

  add(
    'the initializer runs once in each worker, before its calls',
    async ({ open, file }) => {
      const executor = open({ workers: 2, initializer: call(tasks.setUp, file('log')) })
      mkdirSync(file('meeting'))
      await Promise.all(['a', 'b'].map(name => executor.run(meet, file('meeting'), name, 2)))
      const answers = await Promise.all(Array.from({ length: 20 }, () => executor.run(tasks.isSetUp)))
      assert.ok(answers.every(Boolean))
      assert.equal(linesOf(file('log')).length, 2)
    },
    { needs },
  )

  add(
    'the finalizer runs once in each worker, after its calls: at the close, when it is replaced, and when it has been idle',
    async ({ open, file }) => {
      const finalizer = call(tasks.tearDown, file('log'))
      const replaced = open({ workers: 1, maxTasksPerWorker: 1, finalizer })
      const first = await replaced.run(where)
      assert.notEqual(await replaced.run(where), first)
      assert.ok(linesOf(file('log')).length >= 1, 'a worker has gone before the next one came')
      await replaced.close()
      assert.equal(linesOf(file('log')).length, 2)
      const idle = open({ workers: 1, idleTimeout: 1, finalizer })
      await idle.run(where)
      await new Promise<void>(resolve => {
        const stop = idle.observe(event => {
          if (event.type !== 'worker' || event.state !== 'gone') return
          stop()
          resolve()
        })
      })
      assert.equal(linesOf(file('log')).length, 3)
    },
    { needs },
  )

  add(
    'a finalizer that throws, or does not end, is a warning, and no matter of the calls',
    async ({ open, file }) => {
      const warnings: string[] = []
      const listen = ({ name, message }: Error): void => {
        if (name === 'SkeinCallbackWarning' && message.includes('finalizer')) warnings.push(message)
      }
      process.on('warning', listen)
      try {
        const bad = open({ workers: 1, finalizer: call(tasks.tearDownBadly, file('log')) })
        assert.equal(await bad.run(tasks.isSetUp), false)
        await bad.close()
        const endless = open({ workers: 1, finalizer: call(tasks.tearDownForEver), finalizerTimeout: 50 })
        assert.equal(await endless.run(tasks.isSetUp), false)
        await endless.close()
        // A warning is told in a turn of its own.
        await new Promise(resolve => setImmediate(resolve))
      } finally {
        process.off('warning', listen)
      }
      assert.equal(warnings.length, 2, warnings.join('\n'))
      assert.match(String(warnings[0]), /tearDownBadly of \w+ 1 failed: the connection was gone already/)
      assert.match(String(warnings[1]), /tearDownForEver of \w+ 1 had not ended after 50 ms/)
      assert.deepEqual(linesOf(file('log')), ['torn down badly'])
    },
    { needs },
  )

  add(
    'a finalizer does not run in a worker that has crashed or could not be set up',
    async ({ open, file }) => {
      const finalizer = call(tasks.tearDown, file('log'))
      const crashes = open({ workers: 1, finalizer })
      await assert.rejects(crashes.run(tasks.exitWith, 3), { code: 'SKEIN_WORKER_CRASHED' })
      await crashes.close()
      const broken = open({ workers: 1, initializer: call(tasks.setUpUnless, file('no'), file('other')), finalizer })
      touch(file('no'))
      await assert.rejects(broken.run(where), { code: 'SKEIN_WORKER_START' })
      await broken.close()
      assert.equal(existsSync(file('log')), false)
    },
    { needs },
  )

  add(
    'less memory than a new worker uses is refused, with the number',
    async ({ open }) => {
      const executor = open({ workers: 1, maxWorkerMemory: 2 })
      await assert.rejects(executor.run(where), {
        code: 'SKEIN_WORKER_START',
        message: /it uses \d+ MB when it is new, which is more than maxWorkerMemory allows \(2 MB\)/,
      })
    },
    { needs },
  )

  add(
    'a worker that does not get ready counts as not started, and the next one is given its chance',
    async ({ open, file }) => {
      const executor = open({
        workers: 1,
        startTimeout: 6_000,
        initializer: call(holdUntil, file('started'), file('gate')),
      })
      const states = workerStates(executor)
      const errors = await Promise.all([1, 2].map(n => failure(WorkerStartError, executor.run(double, n))))
      for (const error of errors) assert.match(error.message, /6000 ms, its initializer holdUntil included/)
      assert.deepEqual(states, ['starting', 'gone'])
      touch(file('gate'))
      assert.equal(await executor.run(double, 21), 42)
      assert.equal(executor.stats().crashed, 0)
    },
    { needs },
  )

  add(
    'an initializer that throws fails the waiting calls with the reason and starts no storm of workers',
    async ({ open, file }) => {
      touch(file('broken'))
      const executor = open({ workers: 2, initializer: call(tasks.setUpUnless, file('broken'), file('log')) })
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
      const executor = open({ workers: 1, initializer: call(tasks.setUpAndDie, file('log')) })
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
      const executor = open({ workers: 2, execArgv: ['--no-such-flag-of-node'] })
      const outcomes = await Promise.all([1, 2, 3].map(n => failure(WorkerStartError, executor.run(double, n))))
      assert.match(outcomes.map(error => `${error.message} ${String(error.cause)}`).join('\n'), /no-such-flag-of-node/)
    },
    { needs },
  )

  add(
    'environment and arguments of Node reach the workers',
    async ({ open }) => {
      const executor = open({ workers: 1, env: { SKEIN_TEST_WORD: 'warp' }, execArgv: ['--no-warnings'] })
      assert.equal(await executor.run(readEnv, 'SKEIN_TEST_WORD'), 'warp')
      assert.equal(await executor.run(readEnv, 'PATH'), process.env['PATH'], 'and the program’s own environment')
      assert.ok((await executor.run(readExecArgv)).includes('--no-warnings'))
      const without = open({ workers: 1, env: { PATH: undefined as never } })
      assert.equal(await without.run(readEnv, 'PATH'), undefined, 'one that is set to undefined is not there')
    },
    { needs },
  )

  add(
    'options that are none are refused, by name',
    ({ place }) => {
      const wrong: [object, RegExp][] = [
        [{ workers: 0 }, /workers/],
        [{ workers: 1.5 }, /workers/],
        [{ minWorkers: -1 }, /minWorkers/],
        [{ minWorkers: 3, workers: 2 }, /minWorkers/],
        [{ concurrency: 0 }, /concurrency/],
        [{ maxQueue: -1 }, /maxQueue/],
        [{ overload: 'panic' }, /overload/],
        [{ grace: 'soon' }, /grace/],
        [{ idleTimeout: -5 }, /idleTimeout/],
        [{ maxTasksPerWorker: 0 }, /maxTasksPerWorker/],
        [{ maxWorkerAge: 'old' }, /maxWorkerAge/],
        [{ maxWorkerMemory: '1 GB' }, /maxWorkerMemory/],
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
})
