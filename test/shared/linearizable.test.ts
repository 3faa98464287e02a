import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import type { Executor } from 'skein'
import { SharedChannel, SharedMap } from 'skein/shared'
import { threads } from 'skein/threads'
import { isLinearizable, mapOf, type Operation, queueOf } from '../models/linearizable.ts'
import * as tasks from './tasks.ts'

const workers = 3
const pool: Executor = threads({ workers })
after(() => pool.close())

/** What so many threads have been answered at the same time. */
async function ask(
  lists: readonly (readonly tasks.Question[])[],
  run: (list: readonly tasks.Question[], clock: Int32Array) => Promise<tasks.Answer[]>,
): Promise<Operation[]> {
  const clock = new Int32Array(new SharedArrayBuffer(8))
  return (await Promise.all(lists.map(list => run(list, clock)))).flat()
}

const listsOf = (question: fc.Arbitrary<tasks.Question>): fc.Arbitrary<tasks.Question[][]> =>
  fc.array(fc.array(question, { minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: workers })

const key = fc.constantFrom('a', 'b', 'c')
const value = fc.integer({ min: 1, max: 9 })
const mapQuestion: fc.Arbitrary<tasks.Question> = fc.oneof(
  key.map(k => ['get', [k]] as const),
  fc.tuple(key, value).map(pair => ['set', pair] as const),
  fc.tuple(key, value).map(pair => ['add', pair] as const),
  key.map(k => ['delete', [k]] as const),
)

describe('on real threads, whatever they ask at the same time,', () => {
  test('a map answers as one that does one thing after another', () =>
    fc.assert(
      fc.asyncProperty(listsOf(mapQuestion), async lists => {
        const map = new SharedMap<number>({ maxEntries: 3, keyLength: 1 })
        const history = await ask(lists, (list, clock) => pool.run(tasks.asksMap, map, list, clock, lists.length))
        assert.ok(isLinearizable(history, {}, mapOf), JSON.stringify(history))
      }),
      { numRuns: 150 },
    ))

  test('a channel answers as a queue that does one thing after another, where it does not say no in the middle of something', () => {
    let next = 0
    const question = fc.boolean().map((sends): tasks.Question => (sends ? ['send', 0] : ['receive']))
    return fc.assert(
      fc.asyncProperty(listsOf(question), fc.integer({ min: 1, max: 4 }), async (lists, capacity) => {
        const channel = new SharedChannel<number>({ capacity, itemSize: 8 })
        const unique = lists.map(list => list.map(each => (each[0] === 'send' ? (['send', ++next] as const) : each)))
        const history = await ask(unique, (list, clock) =>
          pool.run(tasks.asksChannel, channel, list, clock, lists.length),
        )
        const strict = history.filter(
          each =>
            each.result === true ||
            typeof each.result === 'number' ||
            !history.some(other => other !== each && other.from < each.to && each.from < other.to),
        )
        assert.ok(isLinearizable(strict, [], queueOf(capacity)), JSON.stringify(history))
      }),
      { numRuns: 150 },
    )
  })
})
