import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, test } from 'node:test'
import {
  all,
  CancelledError,
  current,
  errorsOf,
  InvalidArgumentError,
  map,
  type Scope,
  scope,
  TimeoutError,
} from 'skein'
import { deferred, never, rejection, settled } from '../deferred.ts'
import { inVirtualTime } from '../virtual-time.ts'

/** A source that says what was taken from it, and whether it was closed. */
function counted(length = Infinity) {
  const seen = { taken: 0, closed: 0 }
  function* items(): Generator<number, void> {
    try {
      while (seen.taken < length) yield seen.taken++
    } finally {
      seen.closed++
    }
  }
  return { seen, items: items() }
}

/** Items that come when they are sent. */
function sent<T>() {
  const seen = { closed: false }
  let next = deferred<IteratorResult<T, undefined>>()
  const answer = (result: IteratorResult<T, undefined>): void => {
    const { resolve } = next
    next = deferred()
    resolve(result)
  }
  const iterator: AsyncIterableIterator<T> = {
    next: () => next.promise as Promise<IteratorResult<T>>,
    return: async () => {
      seen.closed = true
      return { value: undefined, done: true }
    },
    [Symbol.asyncIterator]: () => iterator,
  }
  return {
    seen,
    items: iterator,
    send: (value: T) => answer({ value, done: false }),
    end: () => answer({ value: undefined, done: true }),
  }
}

const after = async (ms: number, s: Scope): Promise<number> => {
  await s.sleep(ms)
  return ms
}

describe('map', () => {
  test(
    'gives the results in the order of the items, or as they complete',
    inVirtualTime(async () => {
      await scope(async s => {
        assert.deepEqual(await map([30, 10, 20], after, {}, s).toArray(), [30, 10, 20])
        assert.deepEqual(await map([30, 10, 20], after, { ordered: false }, s).toArray(), [10, 20, 30])
        assert.deepEqual(await map(new Set(['a', 'b']), (name, _s, at) => `${name}${at}`, {}, s).toArray(), [
          'a0',
          'b1',
        ])
        assert.deepEqual(await map([], after, {}, s).toArray(), [])
      })
    }),
  )

  test(
    'never works on more than `concurrency` items, and takes an item only when it may begin with it',
    inVirtualTime(async () => {
      const { seen, items } = counted(10)
      let running = 0
      let most = 0
      await scope(async s => {
        const results = map(
          items,
          async (n, s) => {
            most = Math.max(most, ++running)
            assert.ok(seen.taken - n <= 3)
            await s.sleep(10 - n)
            running--
            return n
          },
          { concurrency: 3 },
          s,
        )
        assert.deepEqual(await results.toArray(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      })
      assert.equal(most, 3)
    }),
  )

  test('begins with the first read, and takes no more than `lookAhead` items ahead of its reader', async () => {
    const { seen, items } = counted()
    await scope(async s => {
      const results = map(items, n => n, { concurrency: 2, lookAhead: 5 }, s)
      await settled()
      assert.equal(seen.taken, 0)
      for (let read = 0; read < 20; read++) {
        assert.equal((await results.next()).value, read)
        await settled()
        assert.equal(seen.taken, read + 6)
      }
      await results.return?.()
      assert.equal(seen.closed, 1)
    })
  })

  test('reads ahead four times `concurrency` by default, and 256 without it', async () => {
    for (const [options, ahead] of [
      [{ concurrency: 3 }, 12],
      [{}, 256],
    ] as const) {
      const { seen, items } = counted()
      const results = map(items, n => n, options)
      await results.next()
      await settled()
      assert.equal(seen.taken, ahead + 1)
      await results.return?.()
    }
  })

  test('a function gets the item, a scope of its own, and the number of the item', async () => {
    await scope(
      async s => {
        const seen = await map(
          ['a'],
          (item, own, index) => [item, index, own === current(), own.parent?.parent === s, own.title],
          {},
          s,
        ).toArray()
        assert.deepEqual(seen, [['a', 0, true, true, 'task map']])
        const named = await map([1], function double(_, s) {
          return s.name
        }).toArray()
        assert.deepEqual(named, ['double'])
      },
      { name: 'outer' },
    )
  })

  test('waits for what an item has started in its scope', async () => {
    const gate = deferred()
    let ended = false
    await scope(async s => {
      const reading = map(
        [1],
        (n, s) => {
          s.spawn(() => gate.promise)
          return n
        },
        {},
        s,
      )
        .toArray()
        .then(values => {
          ended = true
          return values
        })
      await settled()
      assert.equal(ended, false)
      gate.resolve()
      assert.deepEqual(await reading, [1])
    })
  })

  test('takes async sources, one item at a time, and gives what is there while the next one is awaited', async () => {
    const source = sent<number>()
    await scope(async s => {
      const results = map(source.items, n => n * 2, { concurrency: 2 }, s)
      const first = results.next()
      source.send(1)
      assert.equal((await first).value, 2)
      const rest = results.toArray()
      source.send(2)
      await settled()
      source.send(3)
      await settled()
      source.end()
      assert.deepEqual(await rest, [4, 6])
      assert.equal(source.seen.closed, false)
    })
  })

  test(
    'the first failure stops the rest: no further item begins, what runs is cancelled and has ended, the source is closed',
    inVirtualTime(async () => {
      const failure = new Error('two')
      const second = new Error('while it ended')
      const { seen, items } = counted()
      const began: number[] = []
      let stopped = false
      await scope(async s => {
        const results = map(
          items,
          async (n, s) => {
            began.push(n)
            if (n === 2) {
              await s.sleep(1)
              throw failure
            }
            if (n < 2) return n
            await rejection(s.wait(never()))
            stopped = true
            throw second
          },
          { concurrency: 2 },
          s,
        )
        assert.equal((await results.next()).value, 0)
        assert.equal((await results.next()).value, 1)
        assert.equal(await rejection(results.next()), failure)
        assert.deepEqual([began.toSorted((a, b) => a - b), stopped, seen.closed], [[0, 1, 2, 3], true, 1])
        assert.deepEqual(errorsOf(failure), [failure, second])
        assert.deepEqual(await results.next(), { value: undefined, done: true })
        assert.deepEqual([s.cancelled, s.failures], [false, []])
      })
    }),
  )

  test('with `settle` failures are values, with the number of their item', async () => {
    const failure = new Error('odd')
    const results = map([0, 1, 2], n => (n === 1 ? Promise.reject(failure) : n), { settle: true })
    assert.deepEqual(await results.toArray(), [
      { state: 'done', index: 0, value: 0 },
      { state: 'failed', index: 1, error: failure },
      { state: 'done', index: 2, value: 2 },
    ])
  })

  test(
    'a time limit holds for each item alone',
    inVirtualTime(async () => {
      const settledOnes = await map([1, 50, 2], after, { timeout: 10, settle: true, concurrency: 1 }).toArray()
      assert.deepEqual(
        settledOnes.map(each => (each.state === 'done' ? each.value : (each.error as TimeoutError).code)),
        [1, 'SKEIN_TIMEOUT', 2],
      )
      assert.ok((await rejection(map([1, 50], after, { timeout: 10 }).toArray())) instanceof TimeoutError)
    }),
  )

  test('an item that cancels itself has no result, so it has failed; in `all`, too', async () => {
    const itself = async (_: number, s: Scope) => {
      s.cancel('enough')
      await s.wait(never())
    }
    assert.ok((await rejection(map([1], itself).toArray())) instanceof CancelledError)
    const [settledOne] = await map([1], itself, { settle: true }).toArray()
    assert.equal(settledOne?.state, 'failed')
    assert.ok((await rejection(all([s => itself(1, s), s => s.wait(never())]))) instanceof CancelledError)
  })

  test('of an array takes what is added while the last item is worked on, as a loop over it would', async () => {
    for (const least of [1, 2]) {
      const pages = Array.from({ length: least }, (_, at) => at + 1)
      const visit = (page: number) => {
        if (pages.length < 5) pages.push(pages.length + 1)
        return page
      }
      assert.deepEqual(await map(pages, visit, { concurrency: 1 }).toArray(), [1, 2, 3, 4, 5])
    }
  })

  test('what the source throws ends it like a failure, after the results that came before', async () => {
    const failure = new Error('no more')
    function* items() {
      yield 1
      throw failure
    }
    async function* later() {
      yield* items()
    }
    for (const source of [items, later]) {
      const results = map(source(), n => n)
      assert.equal((await results.next()).value, 1)
      assert.equal(await rejection(results.next()), failure)
      assert.deepEqual(await results.next(), { value: undefined, done: true })
    }
  })

  test('leaving the loop cancels what runs, waits for it, and closes the source', async () => {
    const { seen, items } = counted()
    let stopped = 0
    await scope(async s => {
      const results = map(
        items,
        async (n, s) => {
          if (n > 0) {
            await rejection(s.wait(never()))
            stopped++
          }
          return n
        },
        { concurrency: 3 },
        s,
      )
      for await (const value of results) {
        assert.equal(value, 0)
        break
      }
      assert.deepEqual([stopped, seen.closed], [3, 1])
      assert.deepEqual([s.children, s.cancelled], [[], false])
      assert.deepEqual(await results.next(), { value: undefined, done: true })
    })
  })

  test('leaving does not wait for an item that the source still owes, and ignores it when it comes', async () => {
    const source = sent<number>()
    let began = 0
    await scope(async s => {
      const results = map(source.items, () => began++, {}, s)
      const reading = results.next()
      await settled()
      assert.deepEqual(await results.return?.(), { value: undefined, done: true })
      assert.deepEqual(await reading, { value: undefined, done: true })
      assert.equal(source.seen.closed, true)
      source.send(1)
      await settled()
      assert.equal(began, 0)
    })
  })

  test('a failure that nobody has read is thrown by leaving', async () => {
    const failure = new Error('unread')
    const results = map([0, 1], n => (n === 1 ? Promise.reject(failure) : n))
    await results.next()
    await settled()
    assert.equal(await rejection(results.return?.() as Promise<unknown>), failure)
  })

  test('is cancelled with its scope: also a read that waits for a source which owes its item', async () => {
    const source = sent<number>()
    const error = await rejection(
      scope(async s => {
        s.spawn(async () => {
          await settled()
          s.cancel('enough')
        })
        await map(source.items, n => n, {}, s).next()
      }),
    )
    assert.ok(error instanceof CancelledError)
    assert.equal(error.reason, 'enough')
    assert.equal(source.seen.closed, true)
  })

  test('on behalf of a scope that has been cancelled it takes nothing', async () => {
    const { seen, items } = counted()
    await scope(async s => {
      s.cancel()
      assert.ok((await rejection(map(items, n => n, {}, s).next())) instanceof CancelledError)
    })
    assert.equal(seen.taken, 0)
  })

  test('belongs to the current scope, or to a signal; and leaves no listener', async () => {
    const error = await rejection(
      scope(
        () => {
          const results = map([1], (_, s) => s.wait(never()))
          return results.next()
        },
        { timeout: 5 },
      ),
    )
    assert.ok(error instanceof TimeoutError)
    const controller = new AbortController()
    const reading = map([1], (_, s) => s.wait(never()), {}, controller.signal).toArray()
    await settled()
    controller.abort('signal')
    assert.equal(((await rejection(reading)) as CancelledError).reason, 'signal')
    const { signal } = new AbortController()
    await map([1, 2], n => n, { concurrency: 1, lookAhead: 1 }, signal).toArray()
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  })

  test('a map that nobody goes on reading does not keep its scope open', async () => {
    const { items } = counted()
    const source = sent<number>()
    await scope(async s => {
      assert.equal((await map(items, n => n, { concurrency: 2 }, s).next()).value, 0)
      const owed = map(source.items, n => n, {}, s).next()
      await settled()
      source.send(1)
      assert.equal((await owed).value, 1)
    })
  })

  test('a map that was left to rest goes on with the next read, and hears then that its scope has been cancelled', async () => {
    const source = sent<number>()
    await scope(async s => {
      const results = map(source.items, n => n, {}, s)
      for (const value of [1, 2]) {
        const read = results.next()
        await settled()
        source.send(value)
        assert.equal((await read).value, value)
        await settled()
        assert.deepEqual(s.children, [])
      }
      s.cancel()
      assert.ok((await rejection(results.next())) instanceof CancelledError)
      assert.equal(source.seen.closed, true)
    })
  })

  test('several reads at once are answered in order', async () => {
    await scope(async s => {
      const results = map([1, 2], (n, s) => s.sleep(0).then(() => n), { concurrency: 1 }, s)
      const reads = await Promise.all([results.next(), results.next(), results.next(), results.next()])
      assert.deepEqual(
        reads.map(read => read.value),
        [1, 2, undefined, undefined],
      )
    })
  })

  test('a hundred thousand items, and as many reads at once, cost no more each than a few', async () => {
    // Counted, not timed: looking through what waits for each of them would need ten thousand million steps.
    const items = Array.from({ length: 100_000 }, (_, at) => at)
    const values = await map(items, n => n, { concurrency: 10 }).toArray()
    assert.deepEqual(values, items)
    const results = map(items, n => n, { ordered: false })
    const reads = await Promise.all(items.map(() => results.next()))
    assert.equal(
      reads.reduce((sum, { value }) => sum + (value as number), 0),
      4_999_950_000,
    )
  })

  test('refuses what is no function, no source, or no option', () => {
    for (const wrong of [undefined, 'x', Promise.resolve()]) {
      assert.throws(() => map([1], wrong as never), InvalidArgumentError)
    }
    for (const wrong of [undefined, null, 7, {}]) assert.throws(() => map(wrong as never, n => n), /iterable/)
    for (const options of [{ ordered: 1 }, { settle: 'yes' }, { chunk: 2 }, { concurrency: '2' }, 3, null]) {
      assert.throws(() => map([1], n => n, options as never), InvalidArgumentError)
    }
    assert.throws(() => map([1], n => n, {}, {} as never), InvalidArgumentError)
  })
})
