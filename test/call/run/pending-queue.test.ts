import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Entry } from '#skein/call/run/entry.js'
import { PendingQueue } from '#skein/call/run/pending-queue.js'

let numbers = 0

function entry(priority?: number): Entry {
  const work = {
    task: { url: 'file:///none.js', name: `task ${numbers++}` },
    fn: () => undefined,
    args: [],
    options: priority === undefined ? {} : { priority },
  }
  return new Entry(work, 'run', () => {})
}

describe('the queue of waiting calls', () => {
  test('gives the highest priority first, and equals in the order in which they came', () => {
    const queue = new PendingQueue()
    const [low, first, second, high] = [entry(-1), entry(), entry(0), entry(5)] as const
    for (const each of [low, first, second, high]) queue.push(each)
    assert.deepEqual(
      [queue.take(), queue.take(), queue.take(), queue.take(), queue.take()],
      [high, first, second, low, undefined],
    )
  })

  test('puts back before all others of the same priority', () => {
    const queue = new PendingQueue()
    const [a, b] = [entry(), entry()] as const
    queue.push(a)
    queue.push(b)
    const taken = queue.take() as Entry
    queue.putBack(taken)
    assert.equal(queue.peek(), a)
    assert.equal(queue.size, 2)
  })

  for (const [name, priority] of [
    ['rising', (i: number) => i],
    ['falling', (i: number) => -i],
    ['mixed', (i: number) => (i * 7919) % 20_011],
  ] as const) {
    test(`of 20,000 ${name} priorities compares each with a few others, also when they are withdrawn`, () => {
      let compared = 0
      const queue = new PendingQueue((a, b) => (compared++, a > b))
      const entries = Array.from({ length: 20_000 }, (_, i) => entry(priority(i)))
      for (const each of entries) queue.push(each)
      for (let i = 0; i < entries.length; i += 2) assert.equal(queue.remove(entries[i] as Entry), true)
      let last = Infinity
      for (let next = queue.take(); next !== undefined; next = queue.take()) {
        const rank = next.work.options.priority as number
        assert.ok(rank < last)
        last = rank
      }
      assert.equal(queue.size, 0)
      assert.ok(compared < 20_000 * 60, String(compared))
    })
  }

  test('does not remove what it does not hold', () => {
    const queue = new PendingQueue()
    const other = new PendingQueue()
    const held = entry()
    other.push(held)
    assert.equal(queue.remove(held), false)
    assert.equal(queue.remove(entry()), false)
    assert.equal(other.size, 1)
  })

  test('behaves like a sorted list under any sequence of operations', () => {
    const operation = fc.oneof(
      fc.record({ do: fc.constant('push' as const), priority: fc.integer({ min: -2, max: 2 }) }),
      fc.record({ do: fc.constant('take' as const) }),
      fc.record({ do: fc.constant('remove' as const), at: fc.nat(20) }),
    )
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), operations => {
        const queue = new PendingQueue()
        const model: Entry[] = []
        for (const each of operations) {
          if (each.do === 'push') {
            const added = entry(each.priority)
            queue.push(added)
            const after = model.findIndex(other => (other.work.options.priority ?? 0) < each.priority)
            model.splice(after < 0 ? model.length : after, 0, added)
          } else if (each.do === 'take') {
            assert.equal(queue.take(), model.shift())
          } else if (model.length > 0) {
            const [gone] = model.splice(each.at % model.length, 1)
            assert.equal(queue.remove(gone as Entry), true)
          }
          assert.equal(queue.size, model.length)
          assert.deepEqual([...queue.entries()], model)
        }
      }),
    )
  })
})
