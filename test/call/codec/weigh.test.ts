import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { weigh } from '#skein/call/codec/weigh.js'

describe('what a value weighs', () => {
  test('is about its bytes in a message', () => {
    assert.equal(weigh(7), 4)
    assert.equal(weigh(0.5), 12)
    assert.equal(weigh('four'), 8)
    assert.equal(weigh(null), 4)
    assert.equal(weigh(undefined), 4)
    assert.equal(weigh({ id: 1, name: 'resize' }), 4 + 4 + 10)
    assert.equal(weigh(new Uint8Array(1_000)), 1_004)
    assert.equal(weigh(new ArrayBuffer(1_000)), 1_004)
  })

  test('takes the ends of an array for all of it', () => {
    assert.equal(weigh([]), 4)
    assert.equal(weigh(new Array(1_000).fill(0.5)), 4 + 12 * 1_000)
  })

  test('does not count what is shared, since it does not travel', () => {
    assert.equal(weigh(new Uint8Array(new SharedArrayBuffer(1_000))), 4)
  })

  test('is small for what nothing is known of, and ends in a circle', () => {
    const circle: { self?: unknown } = {}
    circle.self = circle
    assert.ok(weigh(circle) < 200)
    assert.equal(weigh(new Map([[1, 2]])), 64)
  })

  test('calls nobody', () => {
    const called: string[] = []
    const trap = new Proxy(
      {},
      { ownKeys: () => (called.push('trap'), []), getPrototypeOf: () => (called.push('trap'), null) },
    )
    weigh([
      trap,
      {
        get name() {
          return called.push('getter')
        },
      },
    ])
    assert.deepEqual(called, [])
  })
})
