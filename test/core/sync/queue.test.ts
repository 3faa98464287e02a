import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ClosedError, InvalidArgumentError, MisuseError, Queue, scope } from 'skein'
import { rejection, settled } from '../deferred.ts'

const drain = <T>(queue: Queue<T>): T[] => {
  const items: T[] = []
  while (queue.size > 0) items.push(queue.tryGet() as T)
  return items
}

describe('45: Queue', () => {
  test('gives items in the order asked for: first in, last in, or by priority with ties in order', () => {
    const fifo = new Queue<number>()
    const lifo = new Queue<number>({ order: 'lifo' })
    for (const n of [1, 2, 3]) {
      fifo.tryPut(n)
      lifo.tryPut(n)
    }
    assert.deepEqual(drain(fifo), [1, 2, 3])
    assert.deepEqual(drain(lifo), [3, 2, 1])
    const ranked = new Queue<{ rank: number; name: string }>({ order: 'priority', priority: item => item.rank })
    for (const [rank, name] of [
      [1, 'a'],
      [5, 'b'],
      [1, 'c'],
      [5, 'd'],
      [3, 'e'],
    ] as const) {
      ranked.tryPut({ rank, name })
    }
    assert.deepEqual(
      drain(ranked).map(item => item.name),
      ['b', 'd', 'e', 'a', 'c'],
    )
  })

  test('makes put wait while it is full, and gives the freed place to the first who waits', async () => {
    const queue = new Queue<number>({ capacity: 1 })
    await scope(async s => {
      await queue.put(1, s)
      const second = s.spawn(s => queue.put(2, s))
      await settled()
      const third = s.spawn(s => queue.put(3, s))
      await settled()
      assert.equal(queue.tryPut(4), false)
      assert.equal(await queue.get(s), 1)
      assert.equal(queue.tryPut(4), false)
      await second.result()
      assert.equal(third.state, 'running')
      assert.deepEqual([await queue.get(s), await queue.get(s)], [2, 3])
    })
  })

  test('a waiting get owns the next item', async () => {
    const queue = new Queue<number>()
    const waiting = queue.get()
    queue.tryPut(1)
    assert.equal(queue.tryGet(), undefined)
    assert.equal(await waiting, 1)
  })

  test('join waits for taskDone of every item, and one too many is an error', async () => {
    const queue = new Queue<number>()
    await queue.join()
    queue.tryPut(1)
    queue.tryPut(2)
    let joined = false
    const joining = queue.join().then(() => void (joined = true))
    drain(queue)
    queue.taskDone()
    await settled()
    assert.equal(joined, false)
    queue.taskDone()
    await joining
    assert.throws(() => queue.taskDone(), MisuseError)
  })

  test('closed gracefully rejects puts, gives what it holds, and then rejects gets', async () => {
    const queue = new Queue<number>({ capacity: 1, name: 'pages' })
    queue.tryPut(1)
    const blocked = rejection(queue.put(2))
    assert.deepEqual(queue.close(), [])
    assert.ok((await blocked) instanceof ClosedError)
    assert.throws(() => queue.tryPut(3), /queue 'pages' was closed/)
    await assert.rejects(queue.put(3), ClosedError)
    assert.equal(await queue.get(), 1)
    await assert.rejects(queue.get(), ClosedError)
    assert.throws(() => queue.tryGet(), ClosedError)
    queue.taskDone()
    await queue.join()
  })

  test('closed rejects gets that wait, never leaves them hanging', async () => {
    const queue = new Queue<number>()
    const waiting = [rejection(queue.get()), rejection(queue.get())]
    queue.close()
    for (const error of await Promise.all(waiting)) assert.ok(error instanceof ClosedError)
  })

  test('is closed at the end of an await using block', async () => {
    const outer = new Queue<number>()
    {
      await using queue = outer
      queue.tryPut(1)
      assert.equal(queue.closed, false)
    }
    assert.equal(outer.closed, true)
    assert.equal(await outer.get(), 1)
  })

  test('closed immediately gives back what it held, which counts as done', async () => {
    const queue = new Queue<number>()
    for (const n of [1, 2, 3]) queue.tryPut(n)
    queue.tryGet()
    const joining = queue.join()
    assert.deepEqual(queue.close({ immediate: true }), [2, 3])
    assert.deepEqual(queue.close({ immediate: true }), [])
    await assert.rejects(queue.get(), ClosedError)
    queue.taskDone()
    await joining
  })

  test('items ends when the queue was closed and is empty, in every loop', async () => {
    const queue = new Queue<number>()
    const seen: number[] = []
    await scope(async s => {
      for (let i = 0; i < 3; i++) {
        s.spawn(async s => {
          for await (const item of queue.items(s)) seen.push(item)
        })
      }
      for (let n = 0; n < 10; n++) await queue.put(n, s)
      queue.close()
    })
    assert.deepEqual(
      seen.sort((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    )
  })

  test('39: statistics equal reality at each step', async () => {
    const queue = new Queue<number>({ capacity: 1 })
    const now = (): unknown[] => {
      const { size, peak, unfinished, waitingPuts, waitingGets } = queue.stats()
      return [size, peak, unfinished, waitingPuts, waitingGets]
    }
    const getting = queue.get()
    assert.deepEqual(now(), [0, 0, 0, 0, 1])
    queue.tryPut(1)
    assert.deepEqual(now(), [0, 0, 1, 0, 0])
    await getting
    queue.tryPut(2)
    const putting = queue.put(3)
    assert.deepEqual(now(), [1, 1, 2, 1, 0])
    await queue.get()
    await putting
    assert.deepEqual(now(), [1, 1, 3, 0, 0])
    for (let i = 0; i < 3; i++) queue.taskDone()
    await queue.get()
    assert.deepEqual(now(), [0, 1, 0, 0, 0])
  })

  test('refuses wrong options, and an item whose priority is none', async () => {
    for (const wrong of [0, -1, 1.5, NaN]) assert.throws(() => new Queue({ capacity: wrong }), InvalidArgumentError)
    assert.throws(() => new Queue({ order: 'random' as never }), InvalidArgumentError)
    assert.throws(() => new Queue({ order: 'priority' }), /needs priority/)
    assert.throws(() => new Queue({ priority: () => 1 }), /needs priority/)
    assert.throws(() => new Queue({ maxsize: 1 } as never), InvalidArgumentError)
    const queue = new Queue<number>({ order: 'priority', priority: n => n, capacity: 1 })
    await assert.rejects(queue.put(NaN), InvalidArgumentError)
    queue.tryPut(1)
    await assert.rejects(queue.put(NaN), InvalidArgumentError)
    assert.equal(queue.stats().waitingPuts, 0)
  })
})
