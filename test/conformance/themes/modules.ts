import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { call, task, type Task, TaskModuleError, TaskNotFoundError, WorkerStartError } from 'skein'
import { fixture, fixtureUrl } from '../../support/paths.ts'
import { codeOf, failure } from '../expect.ts'
import { theme, type Theme } from '../suite.ts'
import { double, where } from '../tasks/values.ts'

/** A task that this side only knows by its module and name; the worker has to find it. */
function known<F extends (...args: never[]) => unknown>(url: string, name: string): Task<F> {
  const key = `${url}#${name}`
  let made = stubs.get(key)
  if (!made) {
    const stub = (): never => {
      throw new Error(`${name} ran on the wrong side`)
    }
    stubs.set(key, (made = task(new URL(url), stub, { name })))
  }
  return made as unknown as Task<F>
}
const stubs = new Map<string, Task>()

const needs = ['workers'] as const

export const modules: Theme = theme('modules', add => {
  add(
    'a worker loads a task from a plain JavaScript module',
    async ({ shared }) => {
      const greet = known<(name: string) => string>(fixtureUrl('tasks.mjs'), 'greet')
      assert.equal(await shared.run(greet, 'world'), 'hello world (after a top-level await)')
    },
    { needs },
  )

  add(
    'a worker loads a task from a TypeScript module',
    async ({ shared }) => {
      const sidesOf = known<(shape: { sides: number }) => string>(fixtureUrl('erasable.ts'), 'sidesOf')
      assert.equal(await shared.run(sidesOf, { sides: 5 }), '5 sides')
    },
    { needs },
  )

  add(
    'a worker loads a task from a TypeScript module that has to be compiled',
    async ({ shared }) => {
      const colourOf = known<(n: number) => string>(fixtureUrl('with-enum.ts'), 'colourOf')
      assert.equal(await shared.run(colourOf, 2), 'Green')
    },
    { needs },
  )

  add(
    'a name that the module does not define is named, with the module',
    async ({ open }) => {
      const executor = open({ workers: 1 })
      const before = await executor.run(where)
      const unknown = known<() => void>(fixtureUrl('tasks.mjs'), 'great')
      const error = await failure(TaskNotFoundError, executor.run(unknown))
      assert.equal(error.code, 'SKEIN_TASK_NOT_FOUND')
      assert.match(error.message, /great/)
      assert.match(error.message, /tasks\.mjs/)
      assert.match(error.message, /greet/, 'it says which names there are')
      assert.equal(await executor.run(where), before, 'the worker lives on')
    },
    { needs },
  )

  add(
    'a module whose import failed with that of another one runs no task either',
    async ({ open }) => {
      const executor = open({ workers: 1 })
      const outer = known<() => string>(fixtureUrl('imports-a-thrower.mjs'), 'viaThrower')
      const inner = known<() => string>(fixtureUrl('throws-when-imported-indirectly.mjs'), 'definedBefore')
      const sound = known<() => string>(fixtureUrl('sound.mjs'), 'isSound')
      assert.match((await failure(TaskModuleError, executor.run(outer))).message, /settings are missing/)
      for (let round = 0; round < 2; round++) {
        assert.match((await failure(TaskModuleError, executor.run(inner))).message, /settings are missing/)
        assert.equal(await executor.run(sound), 'sound', 'what it imported besides is not broken')
      }
    },
    { needs },
  )

  add(
    'a module that throws when it is imported is named, with what it threw',
    async ({ open }) => {
      const executor = open({ workers: 1 })
      const before = await executor.run(where)
      const never = known<() => void>(fixtureUrl('throws-on-import.mjs'), 'neverReached')
      for (let time = 0; time < 2; time++) {
        const error = await failure(TaskModuleError, executor.run(never))
        assert.equal(error.code, 'SKEIN_TASK_MODULE')
        assert.match(error.message, /throws-on-import\.mjs/)
        assert.equal(error.cause instanceof RangeError, true)
        assert.match((error.cause as Error).message, /does not want to be loaded/)
      }
      assert.notEqual(await executor.run(where), before, 'it is replaced: there, the import would fail for ever')
    },
    { needs },
  )

  add(
    'a module that is not there is named',
    async ({ open }) => {
      const executor = open({ workers: 1 })
      const before = await executor.run(where)
      const error = await failure(TaskModuleError, executor.run(known<() => void>(fixtureUrl('gone.mjs'), 'lost')))
      assert.match(error.message, /gone\.mjs/)
      assert.ok(error.message.includes(fixture('gone.mjs')), 'the path is readable')
      assert.equal(error.cause instanceof Error, true)
      assert.notEqual(await executor.run(where), before, 'it is replaced: there, the import would fail for ever')
    },
    { needs },
  )

  add(
    'an import that fails in one worker fails one call: that worker is replaced, and draws no more',
    async ({ open, file }) => {
      mkdirSync(file('failures'))
      const executor = open({ workers: 2, env: { FAILS_IN: file('failures'), FAILURES: '1' } })
      const recovered = known<(n: number) => number>(fixtureUrl('import-fails-at-first.mjs'), 'recovered')
      const outcomes = await Promise.all(Array.from({ length: 100 }, (_, n) => codeOf(executor.run(recovered, n))))
      assert.deepEqual(
        outcomes.filter(code => code !== 'no error'),
        ['SKEIN_TASK_MODULE'],
      )
    },
    { needs },
  )

  add(
    'a call that may be repeated survives a failed import',
    async ({ open, file }) => {
      mkdirSync(file('failures'))
      const executor = open({ workers: 1, env: { FAILS_IN: file('failures'), FAILURES: '1' } })
      const recovered = known<(n: number) => number>(fixtureUrl('import-fails-at-first.mjs'), 'recovered')
      assert.equal(await executor.run(call(recovered, 7).with({ retries: { times: 1, backoff: 0 } })), 7)
    },
    { needs },
  )

  add(
    'a module that fails in every worker fails all calls that wait for it, and no storm of workers is spent on that',
    async ({ open }) => {
      const executor = open({ workers: 2 })
      let starts = 0
      executor.observe(event => {
        if (event.type === 'worker' && event.state === 'starting') starts++
      })
      const never = known<() => void>(fixtureUrl('throws-on-import.mjs'), 'neverReached')
      const errors = await Promise.all(Array.from({ length: 100 }, () => failure(TaskModuleError, executor.run(never))))
      for (const error of errors) assert.match(error.message, /does not want to be loaded/)
      assert.ok(starts >= 3 && starts <= 6, `${starts} workers`)
      assert.equal(await executor.run(double, 21), 42)
    },
    { needs },
  )

  for (const [how, file] of [
    ['waits for something that never comes', 'import-never-ends.mjs'],
    ['blocks its worker', 'import-blocks.mjs'],
  ] as const) {
    add(
      `a module whose import ${how} fails its calls, not those that wait behind them`,
      async ({ open }) => {
        const executor = open({ workers: 1, startTimeout: 6_000 })
        await executor.run(where)
        const never = executor.run(known<() => void>(fixtureUrl(file), 'neverThere'))
        const behind = executor.run(double, 21)
        const error = await failure(WorkerStartError, never)
        assert.equal(error.code, 'SKEIN_WORKER_START')
        assert.ok(error.message.includes(file), error.message)
        assert.match(error.message, /6000 ms.*startTimeout/)
        assert.equal(await behind, 42)
        assert.equal(executor.stats().crashed, 0)
      },
      { needs },
    )
  }

  add(
    'a module with a mistake in its syntax is named',
    async ({ shared }) => {
      const error = await failure(TaskModuleError, shared.run(known<() => void>(fixtureUrl('not-javascript.mjs'), 'x')))
      assert.match(error.message, /not-javascript\.mjs/)
      assert.equal((error.cause as Error).name, 'SyntaxError')
    },
    { needs },
  )

  add(
    'calls of a good module beside a bad one are served',
    async ({ open }) => {
      const executor = open({ workers: 1 })
      const greet = known<(name: string) => string>(fixtureUrl('tasks.mjs'), 'greet')
      const never = known<() => void>(fixtureUrl('throws-on-import.mjs'), 'neverReached')
      const calls = Array.from({ length: 20 }, (_, n) =>
        n % 2 === 0 ? executor.run(greet, `${n}`) : executor.run(never),
      )
      const outcomes = await Promise.allSettled(calls)
      for (const [n, outcome] of outcomes.entries()) {
        if (n % 2 === 0)
          assert.equal(outcome.status === 'fulfilled' && outcome.value, `hello ${n} (after a top-level await)`)
        else
          assert.equal(outcome.status === 'rejected' && (outcome.reason as TaskModuleError).code, 'SKEIN_TASK_MODULE')
      }
    },
    { needs },
  )

  add(
    'a task needs no loading where it runs in the program itself',
    async ({ shared }) => {
      const here = task(new URL('file:///nowhere/at-all.js'), () => 'right here', { name: `here on ${shared.kind}` })
      assert.equal(await shared.run(here), 'right here')
    },
    { lacks: 'workers' },
  )
})
