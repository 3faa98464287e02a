import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { virtualClock } from 'skein/testing'
import { Batcher } from '#skein/queue/worker/batcher.js'
import { type Deferred, deferred, settled } from '../../core/deferred.ts'

const fails = (error: unknown): never => assert.fail(String(error))

/** A store that answers when it is told to. */
class SlowStore {
  readonly batches: { readonly items: number[]; readonly answer: Deferred<string[]> }[] = []
  readonly write = (items: number[]): Promise<string[]> => {
    const answer = deferred<string[]>()
    this.batches.push({ items, answer })
    return answer.promise
  }

  answer(index: number): void {
    const batch = this.batches[index]
    batch?.answer.resolve(batch.items.map(item => `wrote ${item}`))
  }
}

describe('a batcher', () => {
  test('puts what comes in one turn into one batch', async () => {
    const store = new SlowStore()
    const batcher = new Batcher(store.write, fails)
    const outcomes: string[] = []
    for (const n of [1, 2, 3]) batcher.add(n, outcome => outcomes.push(outcome))
    await settled()
    assert.deepEqual(
      store.batches.map(each => each.items),
      [[1, 2, 3]],
    )
    store.answer(0)
    await settled()
    assert.deepEqual(outcomes, ['wrote 1', 'wrote 2', 'wrote 3'])
  })

  test('collects while two batches are on their way', async () => {
    const store = new SlowStore()
    const batcher = new Batcher(store.write, fails)
    const outcomes: string[] = []
    for (const n of [1, 2, 3, 4, 5]) {
      batcher.add(n, outcome => outcomes.push(outcome))
      await settled()
    }
    assert.deepEqual(
      store.batches.map(each => each.items),
      [[1], [2]],
    )
    store.answer(1)
    await settled()
    assert.deepEqual(store.batches[2]?.items, [3, 4, 5])
    store.answer(0)
    store.answer(2)
    await settled()
    assert.deepEqual(outcomes, ['wrote 2', 'wrote 1', 'wrote 3', 'wrote 4', 'wrote 5'])
  })

  test('tries a batch again that the store could not write, before what came after it', async () => {
    const clock = virtualClock()
    try {
      const store = new SlowStore()
      const errors: unknown[] = []
      const batcher = new Batcher(store.write, error => errors.push(error))
      const outcomes: string[] = []
      batcher.add(1, outcome => outcomes.push(outcome))
      await settled()
      store.batches[0]?.answer.reject(new Error('disk full'))
      await settled()
      batcher.add(2, outcome => outcomes.push(outcome))
      await settled()
      assert.equal(store.batches.length, 1, 'it waits before it tries again')
      await clock.advance(60)
      await settled()
      assert.deepEqual(store.batches[1]?.items, [1, 2])
      store.answer(1)
      await settled()
      assert.deepEqual(outcomes, ['wrote 1', 'wrote 2'])
      assert.equal(errors.length, 1)
    } finally {
      clock.restore()
    }
  })

  test('tries what failed together one by one, and what fails by itself holds up nobody', async () => {
    const clock = virtualClock()
    try {
      const batches: number[][] = []
      let cured = false
      const batcher = new Batcher<number, string>(
        async items => {
          batches.push(items)
          if (!cured && items.includes(2)) throw new Error('2 is damaged')
          return items.map(item => `wrote ${item}`)
        },
        () => {},
      )
      const outcomes: string[] = []
      for (const n of [1, 2, 3]) batcher.add(n, outcome => outcomes.push(outcome))
      await settled()
      await clock.advance(60)
      await settled()
      assert.deepEqual(batches, [[1, 2, 3], [1], [2], [3]])
      assert.deepEqual(outcomes, ['wrote 1', 'wrote 3'])
      batcher.add(4, outcome => outcomes.push(outcome))
      await settled()
      assert.deepEqual(batches.slice(4), [[4]])
      await clock.advance(2_000)
      await settled()
      assert.deepEqual(batches.slice(5), [[2]])
      cured = true
      await clock.advance(2_000)
      await settled()
      assert.deepEqual(outcomes, ['wrote 1', 'wrote 3', 'wrote 4', 'wrote 2'])
    } finally {
      clock.restore()
    }
  })

  test('keeps the order of two batches that fail, whichever fails first', async () => {
    const clock = virtualClock()
    try {
      const store = new SlowStore()
      const batcher = new Batcher<number, string>(store.write, () => {})
      for (const n of [1, 2]) {
        batcher.add(n, () => {})
        await settled()
      }
      store.batches[1]?.answer.reject(new Error('disk full'))
      await settled()
      store.batches[0]?.answer.reject(new Error('disk full'))
      await settled()
      await clock.advance(60)
      await settled()
      assert.deepEqual(
        store.batches.slice(2).map(each => each.items),
        [[1], [2]],
      )
      batcher.giveUp()
    } finally {
      clock.restore()
    }
  })

  test('that is given up writes nothing more and tells of nothing', async () => {
    const store = new SlowStore()
    const batcher = new Batcher(store.write, fails)
    batcher.add(1, fails)
    await settled()
    batcher.giveUp()
    batcher.add(2, fails)
    await settled()
    assert.equal(store.batches.length, 1)
  })

  test('keeps a batch to the size that it was told', async () => {
    const store = new SlowStore()
    const batcher = new Batcher(store.write, fails, 2)
    for (const n of [1, 2, 3, 4, 5]) batcher.add(n, () => {})
    await settled()
    store.answer(0)
    store.answer(1)
    await settled()
    assert.deepEqual(
      store.batches.map(each => each.items),
      [[1, 2], [3, 4], [5]],
    )
    batcher.giveUp()
  })
})
