import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { retryDelay } from '#skein/call/run/retry.js'

describe('the wait before another attempt', () => {
  test('is none without retries, and none once they are used up', () => {
    assert.equal(retryDelay(undefined, 1, new Error()), undefined)
    assert.equal(retryDelay(0, 1, new Error()), undefined)
    assert.equal(retryDelay(2, 3, new Error()), undefined)
    assert.notEqual(retryDelay(2, 2, new Error()), undefined)
  })

  test('grows by its factor up to its limit', () => {
    const rule = { times: 10, backoff: 10, factor: 3, maxBackoff: 100, jitter: 0 } as const
    assert.deepEqual(
      [1, 2, 3, 4].map(attempt => retryDelay(rule, attempt, new Error())),
      [10, 30, 90, 100],
    )
  })

  test('is shortened by chance, by no more than the jitter', () => {
    for (let n = 0; n < 200; n++) {
      const wait = retryDelay({ times: 1, backoff: 100, jitter: 0.5 }, 1, new Error()) as number
      assert.ok(wait > 50 - 1e-9 && wait <= 100, `${wait}`)
    }
  })

  test('is none for an error that the rule does not want', () => {
    const rule = { times: 3, retryIf: (error: unknown) => error instanceof TypeError }
    assert.equal(retryDelay(rule, 1, new RangeError()), undefined)
    assert.notEqual(retryDelay(rule, 1, new TypeError()), undefined)
  })
})
