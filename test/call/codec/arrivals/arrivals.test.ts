import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Task, UnsendableError } from 'skein'
import { processes } from 'skein/processes'
import { queueIn, work } from 'skein/queue'
import { memoryStore } from 'skein/stores/memory'
import { threads } from 'skein/threads'
import { root } from '../../../support/paths.ts'
import { judge, kinds } from './kinds.ts'
import { table, tableIn, withTable } from './table.ts'
import { arrive, made, make } from './tasks.ts'

/** Where a value crosses a border. */
interface Crossing {
  run<A extends readonly unknown[], R>(task: Task<(...args: A) => R>, ...args: A): Promise<Awaited<R>>
  close(): Promise<void>
}

const places: Readonly<Record<'threads' | 'processes' | 'queue', () => Promise<Crossing>>> = {
  threads: async () => threads({ workers: 1 }) as Crossing,
  processes: async () => processes({ workers: 1 }) as Crossing,
  async queue() {
    const store = memoryStore()
    const queue = queueIn(store)
    const worker = await work({ store, tasks: [arrive, make], on: 'loop' })
    return {
      run: (task, ...args) => (queue as unknown as Crossing).run(task, ...args),
      async close() {
        await worker.close()
        await queue.close()
        await store.close()
      },
    }
  },
}

for (const [place, open] of Object.entries(places)) {
  describe(`what arrives on ${place}:`, () => {
    let crossing: Crossing
    before(async () => {
      crossing = await open()
    })
    after(() => crossing.close())

    for (const kind of kinds.filter(each => each.make !== undefined)) {
      test(kind.name, async () => {
        const expected = kind[place as keyof typeof places]
        const value = made(kind)
        if (expected === 'refused') {
          await assert.rejects(crossing.run(arrive, kind.name, value), (error: Error) => {
            assert.ok(error instanceof UnsendableError, `${error.name}: ${error.message}`)
            assert.match(error.message, kind.because as RegExp)
            return true
          })
          await assert.rejects(crossing.run(make, kind.name), { code: 'SKEIN_UNSENDABLE' })
          close(value)
          return
        }
        const [there, back] = await crossing.run(arrive, kind.name, value)
        assert.equal(there, expected, 'as an argument')
        assert.equal(judge(kind, back), expected, 'and back')
        const result = await crossing.run(make, kind.name)
        assert.equal(judge(kind, result), expected, 'as a result')
        for (const each of [back, result]) close(each)
      })
    }
  })
}

/** A port that is open keeps a program alive. */
function close(value: unknown): void {
  if (value instanceof MessagePort) value.close()
}

test('docs/what-arrives.md says what becomes of each kind of value', () => {
  const path = join(root, 'docs/what-arrives.md')
  const page = readFileSync(path, 'utf8')
  // SKEIN_UPDATE=1 writes the table instead of comparing it.
  if (process.env['SKEIN_UPDATE'] === '1') writeFileSync(path, withTable(page, table(kinds)))
  else assert.equal(tableIn(page), table(kinds))
})
