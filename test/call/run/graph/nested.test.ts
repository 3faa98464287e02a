import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { call, task } from 'skein'
import { hasNested } from '#skein/call/run/graph/nested.js'

const same = task(import.meta, (n: number) => n, { name: 'nested.same' })

describe('looking for calls in arguments', () => {
  test('looks only at what is there in an array with holes', () => {
    const list: unknown[] = []
    list[1_000_000] = { deep: [1] }
    let looked = 0
    Object.defineProperty(Array.prototype, 500_000, { configurable: true, get: () => void looked++ })
    try {
      assert.equal(hasNested([list]), false)
    } finally {
      Reflect.deleteProperty(Array.prototype, 500_000)
    }
    assert.equal(looked, 0)
    list[2_000_000] = [call(same, 1)]
    assert.equal(hasNested([list]), true)
  })
})
