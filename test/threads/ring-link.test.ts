import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { reply } from '#skein/pool/wire/messages.js'
import { withDirection } from './direction.ts'

describe('a ring and its port', () => {
  test('plain values and values that have to be cloned arrive in the order in which they were sent', () =>
    withDirection(async direction => {
      const values = Array.from({ length: 2_000 }, (_, i) => (i % 7 === 3 ? new Map([[i, i]]) : { i }))
      for (const [i, value] of values.entries()) {
        direction.send(value)
        if (i % 11 === 0) direction.flush()
      }
      direction.flush()
      await direction.arrived(values.length)
      assert.deepEqual(direction.received, values)
    }))

  test('who expects an answer finds it without being rung', () =>
    withDirection(async direction => {
      for (const answer of [1, 2, 3]) {
        direction.listener.expect()
        await new Promise(setImmediate)
        direction.send(answer)
        direction.flush()
        await direction.arrived(answer)
      }
      assert.deepEqual(direction.received, [1, 2, 3])
      assert.equal(direction.posted, 0)
    }, 1_000))

  test('who has looked in vain sleeps, and is rung', () =>
    withDirection(async direction => {
      direction.listener.expect()
      while (direction.posted === 0) {
        direction.send('later')
        direction.flush()
        for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate)
      }
      assert.ok(direction.received.every(each => each === 'later'))
    }, 0.01))

  test('a ring without room makes nobody wait, and nothing is lost', () =>
    withDirection(async direction => {
      const values = Array.from({ length: 30_000 }, (_, i) => ({ i, text: 'some text to fill the ring' }))
      for (const [i, value] of values.entries()) {
        direction.send(value)
        if (i % 100 === 0) direction.flush()
      }
      direction.flush()
      await direction.arrived(values.length)
      assert.deepEqual(direction.received, values)
      // The batch after that ends the way through the port, and the ring is used again.
      direction.send('once more')
      direction.flush()
      assert.ok(direction.outlet.postPlain([reply.done, 0, 'again', 0, 0, 0]))
      direction.flush()
      await direction.arrived(values.length + 2)
      assert.deepEqual(direction.received.slice(-2), ['once more', 'again'])
    }))

  test('a message that cannot be cloned is given back, and the others go through', () =>
    withDirection(async direction => {
      const bad = new WeakMap()
      for (const value of [1, new Set([2]), bad, new Set([3]), 4]) direction.send(value)
      direction.flush()
      await direction.arrived(4)
      assert.deepEqual(direction.received, [1, new Set([2]), new Set([3]), 4])
      assert.deepEqual(direction.refused, [bad])
    }))

  test('what a getter sends while its object is being sent comes after it', () =>
    withDirection(async direction => {
      direction.send({
        get a() {
          direction.send('from the getter')
          return 1
        },
      })
      direction.flush()
      await direction.arrived(2)
      assert.deepEqual(direction.received, [{ a: 1 }, 'from the getter'])
    }))

  test('a buffer that moves arrives in its place', () =>
    withDirection(async direction => {
      const moved = new ArrayBuffer(8)
      direction.send('before')
      direction.outlet.postTransfer([reply.done, 0, moved, 0, 0, 0], [moved], () => assert.fail('refused'))
      direction.send('after')
      direction.flush()
      await direction.arrived(3)
      assert.deepEqual(direction.received, ['before', new ArrayBuffer(8), 'after'])
      assert.equal(moved.byteLength, 0)
    }))
})
