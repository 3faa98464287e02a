import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readMemo, waitText } from '#skein/queue/memo.js'

describe('the memo of a job that waits', () => {
  test('is read as far as it can be, and what is read can be told', () => {
    const sleep = { kind: 'sleep', name: 'a while', until: 0 }
    const others = [
      null,
      5,
      {},
      { kind: 'x', name: 'x' },
      { kind: 'signal' },
      { ...sleep, until: 1e300 },
      { ...sleep, until: 'x' },
    ]
    const { waits } = readMemo(JSON.stringify({ waits: [...others, sleep, { kind: 'signal', name: 'word' }] }))
    assert.deepEqual(waits.map(waitText), [
      `sleeping until 1970-01-01T00:00:00.000Z ('a while')`,
      `waiting for signal 'word'`,
    ])
  })

  for (const text of ['', 'null', '5', '[]', '{"waits":5,"failures":5,"stale":5,"since":"x"}', '{"waits":']) {
    test(`is empty where it is ${JSON.stringify(text)}`, () => {
      const { waits, failures, stale, since } = readMemo(text)
      assert.deepEqual([waits, { ...failures }, stale, since], [[], {}, [], undefined])
    })
  }
})
