import assert from 'node:assert/strict'
import { call, type Executor, type SkeinEvent, put, WorkerCrashedError, WorkerOutOfMemoryError } from 'skein'
import { codeOf, failure } from '../expect.ts'
import { fileAppears, linesOf, touch } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import * as tasks from '../tasks/crashing.ts'
import { holdUntil, note, noteAndHold } from '../tasks/holding.ts'
import { double, echo, where } from '../tasks/values.ts'

const needs = ['workers'] as const

function workerStates(executor: Executor): string[] {
  const states: string[] = []
  executor.observe((event: SkeinEvent) => {
    if (event.type === 'worker') states.push(event.state)
  })
  return states
}

export const crashing: Theme = theme('crashes', add => {
  add(
    'a worker that exits fails the call that ran, and tells how and where',
    async ({ open, place }) => {
      const executor = open({ workers: 1 })
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
      const executor = open({ workers: 1 })
      assert.equal((await failure(WorkerCrashedError, executor.run(tasks.exitWith, 0))).exitCode, 0)
      assert.equal(await executor.run(double, 1), 2)
    },
    { needs },
  )

  add(
    'an uncaught error in a worker is the cause of its crash',
    async ({ open }) => {
      const executor = open({ workers: 1 })
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
      const executor = open({ workers: 1 })
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
      const executor = open({ workers: 1 })
      await Promise.all(Array.from({ length: 500 }, (_, n) => executor.run(double, n)))
      const before = Array.from({ length: 40 }, (_, n) => executor.run(note, file('log'), String(n)))
      const crash = executor.run(tasks.exitWith, 1)
      const outcomes = await Promise.allSettled(before)
      await failure(WorkerCrashedError, crash)
      assert.deepEqual(
        outcomes.map(each => each.status),
        Array(40).fill('fulfilled'),
      )
      assert.equal(linesOf(file('log')).length, 40, 'none ran twice')
    },
    { needs },
  )

  add(
    'a crash fails the calls that ran beside it in the same worker, and no others',
    async ({ open, file }) => {
      const executor = open({ workers: 1, concurrency: 2 })
      const beside = failure(WorkerCrashedError, executor.run(noteAndHold, file('log'), 'beside', file('never')))
      await fileAppears(file('log'))
      const crash = failure(WorkerCrashedError, executor.run(tasks.exitAfter, file('started'), file('gate')))
      await fileAppears(file('started'))
      const waiting = Array.from({ length: 10 }, (_, n) => executor.run(double, n))
      touch(file('gate'))
      const errors = await Promise.all([beside, crash])
      assert.deepEqual(
        errors.map(error => error.exitCode),
        [5, 5],
      )
      assert.match(errors[0]?.task ?? '', /noteAndHold/)
      assert.match(errors[1]?.task ?? '', /exitAfter/)
      assert.deepEqual(
        await Promise.all(waiting),
        Array.from({ length: 10 }, (_, n) => n * 2),
      )
    },
    { needs },
  )

  add(
    'a crash of one worker does not touch another',
    async ({ open, file }) => {
      const executor = open({ workers: 2 })
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
      const executor = open({ workers: 2 })
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
      const executor = open({ workers: 1, memoryLimit: 48, output: 'tagged' })
      const error = await failure(WorkerOutOfMemoryError, executor.run(tasks.eatMemory))
      assert.equal(error.code, 'SKEIN_WORKER_OUT_OF_MEMORY')
      assert.match(error.message, /48/)
      assert.match(error.task, /eatMemory/)
      assert.equal(await executor.run(double, 1), 2)
    },
    { needs },
  )

  add(
    'a call whose arguments end each worker that reads them fails after three, and those behind it run',
    async ({ open }) => {
      const executor = open({ workers: 1, memoryLimit: 16, output: 'tagged' })
      const large = Array.from({ length: 200_000 }, (_, id) => ({ id, name: `n${id}` }))
      await using handle = put(large)
      for (const sent of [large, handle]) {
        const before = executor.stats().crashed
        const outcome = failure(WorkerOutOfMemoryError, executor.run(call(echo, sent).with({ retries: 0 })))
        const behind = executor.run(double, 2)
        const { message } = await outcome
        assert.match(message, /before it began with echo .*, as 2 others did: .*its limit was 16 MB/)
        assert.equal(await behind, 4)
        assert.equal(executor.stats().crashed, before + 3)
      }
    },
    { needs },
  )
})
