import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ChunkSize } from '#skein/call/run/chunk-size.js'

describe('the size of a bundle', () => {
  test('starts with one item and grows at most eightfold at a time', () => {
    const chunk = new ChunkSize()
    assert.equal(chunk.size, 1)
    chunk.measure(0.001, 1, 4)
    assert.equal(chunk.size, 8)
    chunk.measure(0.008, 8, 4)
    assert.equal(chunk.size, 64)
  })

  test('stays at one for items that take long', () => {
    const chunk = new ChunkSize()
    for (let n = 0; n < 5; n++) chunk.measure(50, 1, 4)
    assert.equal(chunk.size, 1)
  })

  test('shrinks when items become slow', () => {
    const chunk = new ChunkSize()
    for (let n = 0; n < 5; n++) chunk.measure(0.001 * chunk.size, chunk.size, 4)
    const large = chunk.size
    chunk.measure(10 * large, large, 4)
    assert.ok(chunk.size < large / 100, `${chunk.size} after ${large}`)
  })

  test('is what fits a ring, however short the items take', () => {
    const sizes = [4, 100, 1_000, 1_000_000].map(weight => {
      const chunk = new ChunkSize()
      for (let n = 0; n < 8; n++) chunk.measure(0, chunk.size, weight)
      return chunk.size
    })
    assert.deepEqual(sizes, [2_048, 240, 24, 1])
  })

  test('remembers a heavy item for a while', () => {
    const chunk = new ChunkSize()
    for (let n = 0; n < 8; n++) chunk.measure(0, chunk.size, n === 4 ? 1_000 : 4)
    assert.ok(chunk.size < 100, `${chunk.size}`)
    for (let n = 0; n < 60; n++) chunk.measure(0, chunk.size, 4)
    assert.equal(chunk.size, 2_048)
  })
})
