import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isLinearizable, mapOf, type Operation, queueOf } from './linearizable.ts'

const op = (name: string, argument: unknown, result: unknown, from: number, to: number): Operation => ({
  name,
  argument,
  result,
  from,
  to,
})

describe('a history', () => {
  test('is linearizable where some order explains the answers', () => {
    const history = [
      op('send', 1, true, 0, 9),
      op('receive', undefined, 1, 1, 2),
      op('receive', undefined, undefined, 3, 4),
    ]
    assert.ok(isLinearizable(history, [], queueOf(2)))
    assert.ok(isLinearizable([op('set', ['a', 1], undefined, 0, 5), op('get', ['a'], 1, 1, 2)], {}, mapOf))
  })

  test('is not where an answer was given before what it says can have happened, or after it had passed', () => {
    assert.ok(!isLinearizable([op('receive', undefined, 1, 0, 1), op('send', 1, true, 2, 3)], [], queueOf(2)))
    const stale = [
      op('set', ['a', 1], undefined, 0, 1),
      op('set', ['a', 2], undefined, 2, 3),
      op('get', ['a'], 1, 4, 5),
    ]
    assert.ok(!isLinearizable(stale, {}, mapOf))
    const swapped = [
      op('send', 1, true, 0, 1),
      op('send', 2, true, 2, 3),
      op('receive', undefined, 2, 4, 5),
      op('receive', undefined, 1, 6, 7),
    ]
    assert.ok(!isLinearizable(swapped, [], queueOf(2)))
  })

  test('is not where two get the same', () => {
    const doubled = [op('send', 1, true, 0, 9), op('receive', undefined, 1, 1, 9), op('receive', undefined, 1, 2, 9)]
    assert.ok(!isLinearizable(doubled, [], queueOf(2)))
  })
})
