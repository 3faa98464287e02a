import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, test } from 'node:test'
import {
  all,
  allSettled,
  any,
  asCompleted,
  CancelledError,
  errorsOf,
  InvalidArgumentError,
  race,
  type Scope,
  scope,
  some,
  type Work,
} from 'skein'
import { deferred, never, rejection, settled } from '../deferred.ts'
import { inVirtualTime } from '../virtual-time.ts'

const after =
  <T>(ms: number, value: T) =>
  async (s: Scope): Promise<T> => {
    await s.sleep(ms)
    return value
  }
const failing =
  (ms: number, error: Error) =>
  async (s: Scope): Promise<never> => {
    await s.sleep(ms)
    throw error
  }

describe('all', () => {
  test(
    'runs everything at the same time and gives results in the order of the list',
    inVirtualTime(async clock => {
      const start = clock.now()
      await scope(async s => {
        assert.deepEqual(await all([after(30, 'a'), after(10, 'b'), () => 'c'], s), ['a', 'b', 'c'])
        assert.equal(clock.now(), start + 30)
        assert.deepEqual(await all([], s), [])
      })
    }),
  )

  test(
    'gives a record for a record, with the keys in its order, whoever ends first',
    inVirtualTime(async () => {
      await scope(async s => {
        const found = await all({ slow: after(2, 1), fast: () => 2, ['__proto__']: () => 3 }, s)
        assert.deepEqual(Object.entries(found), [
          ['slow', 1],
          ['fast', 2],
          ['__proto__', 3],
        ])
      })
    }),
  )

  test('the first failure cancels the others, and is thrown when they have ended; the rest is in errorsOf', async () => {
    const [first, second] = [new Error('first'), new Error('second')]
    let ended = false
    await scope(async s => {
      const error = await rejection(
        all(
          [
            async s => {
              await rejection(s.wait(never()))
              ended = true
              throw second
            },
            () => Promise.reject(first),
          ],
          s,
        ),
      )
      assert.equal(ended, true)
      assert.equal(error, first)
      assert.deepEqual(errorsOf(error), [first, second])
      assert.deepEqual(s.failures, [])
    })
  })

  test('waits for what the functions have started in their scopes', async () => {
    let grandchild = false
    await scope(async s => {
      const values = await all(
        [
          s => {
            s.spawn(async s => {
              await s.sleep(0)
              grandchild = true
            })
            return 'value'
          },
        ],
        s,
      )
      assert.deepEqual(values, ['value'])
      assert.equal(grandchild, true)
    })
  })

  test('belongs to the scope, the current scope, or a signal; and leaves no listener', async () => {
    const inScope = await rejection(
      scope(async s => {
        void all([s => s.wait(never())], s).catch(() => {})
        s.cancel('enough')
        await s.sleep(0)
      }),
    )
    assert.ok(inScope instanceof CancelledError)
    await scope(
      () => {
        void all([s => assert.equal(s.parent?.parent?.name, 'outer')])
      },
      { name: 'outer' },
    )
    const controller = new AbortController()
    const running = all([s => s.wait(never())], controller.signal)
    controller.abort('signal')
    const aborted = await rejection(running)
    assert.ok(aborted instanceof CancelledError)
    assert.equal(aborted.reason, 'signal')
    await all([() => 1, () => 2], new AbortController().signal)
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  })

  test('refuses what is no list or record of functions', async () => {
    for (const wrong of [undefined, null, 7, [1], [Promise.resolve()], { a: 1 }]) {
      assert.ok((await rejection(all(wrong as never))) instanceof InvalidArgumentError)
    }
    for (const wrong of [race(['x'] as never), any(['x'] as never), allSettled(['x'] as never)]) {
      assert.ok((await rejection(wrong)) instanceof InvalidArgumentError)
    }
    assert.throws(() => asCompleted('x' as never), InvalidArgumentError)
    for (const use of [race, any]) assert.match(String(await rejection(use([]))), /at least one function/)
  })
})

describe('allSettled', () => {
  test(
    'gives how each one ended, and a failure stops nobody',
    inVirtualTime(async () => {
      const error = new Error('no')
      await scope(async s => {
        assert.deepEqual(await allSettled([after(2, 1), () => Promise.reject(error)], s), [
          { status: 'fulfilled', value: 1 },
          { status: 'rejected', reason: error },
        ])
        assert.deepEqual(await allSettled({ a: () => 1 }, s), { a: { status: 'fulfilled', value: 1 } })
        assert.equal(s.cancelled, false)
      })
    }),
  )

  test('is cancelled with its scope', async () => {
    const error = await rejection(scope(s => allSettled([s => s.wait(never())], s), { timeout: 1 }))
    assert.equal((error as { code?: unknown }).code, 'SKEIN_TIMEOUT')
  })
})

describe('race', () => {
  test('gives the first end, and the losers have ended by then', async () => {
    const ends: string[] = []
    const gate = deferred()
    const racing = scope(s =>
      race(
        [
          async s => {
            await rejection(s.wait(never()))
            ends.push('told')
            await gate.promise // slow to stop
            ends.push('stopped')
          },
          () => 'first',
        ],
        s,
      ),
    )
    await settled()
    assert.deepEqual(ends, ['told'])
    gate.resolve()
    assert.equal(await racing, 'first')
    assert.deepEqual(ends, ['told', 'stopped'])
  })

  test(
    'a failure that comes first is the outcome; one that a loser throws while it ends is not heard',
    inVirtualTime(async () => {
      const error = new Error('first')
      await scope(async s => {
        assert.equal(await rejection(race([() => Promise.reject(error), after(1, 'late')], s)), error)
        const value = await race(
          [
            () => 'value',
            async s => {
              await rejection(s.wait(never()))
              throw new Error('while it ends')
            },
          ],
          s,
        )
        assert.equal(value, 'value')
        assert.deepEqual(s.failures, [])
      })
    }),
  )

  test('an outcome that was reached is given, although the scope is cancelled while the losers end', async () => {
    const gate = deferred()
    const value = deferred<string | void>()
    const running = scope(async s => {
      s.spawn(async () => {
        await settled()
        s.cancel()
        gate.resolve()
      })
      value.resolve(await race([() => 'reached', async () => gate.promise], s))
      s.checkpoint()
    })
    assert.equal(await value.promise, 'reached')
    assert.ok((await rejection(running)) instanceof CancelledError)
  })
})

describe('any and some', () => {
  test(
    'any passes failures over and gives the first success',
    inVirtualTime(async () => {
      await scope(async s => {
        assert.equal(await any([failing(0, new Error('a')), after(1, 'b'), s => s.wait(never())], s), 'b')
      })
    }),
  )

  test('any throws all failures, in the order of the list, when nobody succeeds', async () => {
    const [a, b] = [new Error('a'), new Error('b')]
    await scope(async s => {
      const error = await rejection(any([failing(2, a), failing(0, b)], s))
      assert.ok(error instanceof AggregateError)
      assert.deepEqual(error.errors, [a, b])
      assert.match(error.message, /2 of 2 failed, none of them succeeded/)
    })
  })

  test(
    'some gives the first so many, in the order in which they came, and cancels the rest',
    inVirtualTime(async clock => {
      const start = clock.now()
      await scope(async s => {
        const got = await some(2, [after(30, 'a'), after(10, 'b'), after(20, 'c')], s)
        assert.deepEqual(got, [
          { index: 1, value: 'b' },
          { index: 2, value: 'c' },
        ])
        assert.equal(clock.now(), start + 20)
      })
    }),
  )

  test('some gives up as soon as too many have failed', async () => {
    let cancelled = false
    await scope(async s => {
      const error = await rejection(
        some(
          2,
          [
            () => Promise.reject(new Error('a')),
            () => Promise.reject(new Error('b')),
            async s => {
              await rejection(s.wait(never()))
              cancelled = true
            },
          ],
          s,
        ),
      )
      assert.ok(error instanceof AggregateError)
      assert.equal(error.errors.length, 2)
      assert.equal(cancelled, true)
      for (const count of [0, 3, 1.5, Number.NaN]) {
        assert.ok((await rejection(some(count, [() => 1, () => 2], s))) instanceof InvalidArgumentError)
      }
    })
  })
})

describe('asCompleted', () => {
  test(
    'gives each result as soon as it is there, with its place',
    inVirtualTime(async clock => {
      const start = clock.now()
      const seen: unknown[] = []
      await scope(async s => {
        for await (const { index, value } of asCompleted([after(30, 'a'), after(10, 'b'), after(20, 'c')], s)) {
          seen.push([index, value, clock.now() - start])
        }
      })
      assert.deepEqual(seen, [
        [1, 'b', 10],
        [2, 'c', 20],
        [0, 'a', 30],
      ])
    }),
  )

  test('starts with the first read, and a slow reader holds nobody up', async () => {
    let started = 0
    await scope(async s => {
      const results = asCompleted([() => (started++, 'first'), () => (started++, 'second')], s)
      await settled()
      assert.equal(started, 0)
      const first = await results.next()
      await settled()
      assert.equal(started, 2)
      assert.deepEqual(s.children, [])
      const both = [first.value, (await results.next()).value].toSorted((a, b) => (a?.index ?? 0) - (b?.index ?? 0))
      assert.deepEqual(both, [
        { index: 0, value: 'first' },
        { index: 1, value: 'second' },
      ])
      assert.deepEqual(await results.next(), { value: undefined, done: true })
      assert.deepEqual(await results.next(), { value: undefined, done: true })
    })
  })

  test('leaving the loop cancels the rest and waits for it', async () => {
    let stopped = false
    await scope(async s => {
      const slow: Work<number> = async s => {
        await rejection(s.wait(never()))
        stopped = true
        return 2
      }
      for await (const { value } of asCompleted([() => 1, slow], s)) {
        assert.equal(value, 1)
        break
      }
      assert.equal(stopped, true)
      assert.deepEqual(s.children, [])
      assert.equal(s.cancelled, false)
    })
  })

  test('throws the first failure after the results that came before it, once', async () => {
    const error = new Error('no')
    await scope(async s => {
      const results = asCompleted([() => 1, failing(0, error), s => s.wait(never())], s)
      assert.deepEqual((await results.next()).value, { index: 0, value: 1 })
      assert.equal(await rejection(results.next()), error)
      assert.deepEqual(await results.next(), { value: undefined, done: true })
    })
  })

  test('a failure that nobody has read is thrown by leaving', async () => {
    const error = new Error('unread')
    await scope(async s => {
      const results = asCompleted([() => 1, () => Promise.reject(error)], s)
      await results.next()
      await settled()
      assert.equal(await rejection(results.return?.() as Promise<unknown>), error)
    })
  })

  test(
    'several reads at once are served in order',
    inVirtualTime(() =>
      scope(async s => {
        const results = asCompleted([after(1, 'a'), after(2, 'b')], s)
        const reads = await Promise.all([results.next(), results.next(), results.next()])
        assert.deepEqual(
          reads.map(read => read.value?.value),
          ['a', 'b', undefined],
        )
      }),
    ),
  )

  test('ten thousand completions cost no more each than a few', async () => {
    // Counted, not timed: with a listener or a race for each, this would need a hundred million steps.
    await scope(async s => {
      let sum = 0
      const work = Array.from({ length: 10_000 }, (_, at) => () => at)
      for await (const { value } of asCompleted(work, s)) sum += value
      assert.equal(sum, 49_995_000)
      assert.ok((await any(work, s)) < 10_000)
      assert.equal((await all(work, s)).length, 10_000)
    })
  })
})

describe('work that is no function', () => {
  test('is refused with its place and what to write, also where it is a job that runs already', async () => {
    await scope(async s => {
      const job = s.spawn(async () => 1)
      await assert.rejects(race([() => 1, job as never], s), {
        name: 'InvalidArgumentError',
        message:
          'race needs functions, got a job as number 1. For a job that runs already pass s => s.wait(job.result()): ' +
          'what is cancelled then is the waiting.',
      })
      const called = Promise.resolve(1)
      await assert.rejects(all({ a: () => 1, b: called as never }, s), {
        message:
          "all needs functions, got a promise as 'b'. Pass the function itself and let the scope call it: " +
          'all([s => work(s)], s), not all([work()], s).',
      })
      assert.throws(() => asCompleted([called as never], s), /got a promise as number 0/)
    })
  })
})
