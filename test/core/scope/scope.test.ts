import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CancelledError, InvalidArgumentError, type Job, type Scope, scope, ScopeClosedError } from 'skein'
import { deferred, never, rejection, settled } from '../deferred.ts'
import { inPlainOrder } from '../plain-order.ts'

describe('a scope', () => {
  test('gives what its body returns, sync or async', async () => {
    assert.equal(await scope(() => 1), 1)
    assert.equal(await scope(async () => 2), 2)
  })

  test('throws the very error that its body threw', async () => {
    const error = new Error('body')
    assert.equal(
      await rejection(
        scope(() => {
          throw error
        }),
      ),
      error,
    )
    assert.equal(await rejection(scope(() => Promise.reject(error))), error)
    for (const odd of [undefined, null, 0, 'text']) assert.equal(await rejection(scope(() => Promise.reject(odd))), odd)
  })

  test('ends only when everything started in it has ended, and leaves the children alone when the body returns', async () => {
    const gate = deferred()
    let over = false
    const running = scope(s => {
      s.spawn(async s => {
        await s.wait(gate.promise)
        over = true
      })
      return 'value'
    })
    let ended = false
    void running.then(() => (ended = true))
    await settled()
    assert.equal(ended, false)
    gate.resolve()
    assert.equal(await running, 'value')
    assert.equal(over, true)
  })

  test('waits for grandchildren and for children that children start in it', async () => {
    const order: string[] = []
    await scope(outer => {
      outer.spawn(async s => {
        s.spawn(async s => {
          await s.sleep(0)
          order.push('grandchild')
        })
        outer.spawn(async s => {
          await s.sleep(0)
          await s.sleep(0)
          order.push('sibling')
        })
        order.push('child')
      })
    })
    assert.deepEqual(order, ['child', 'grandchild', 'sibling'])
  })

  test('starts a spawned function after spawn has returned, and before timers', async () => {
    const order: string[] = []
    await scope(async s => {
      s.spawn(() => order.push('child'))
      order.push('spawned')
      await Promise.resolve()
      await Promise.resolve()
      order.push('body')
    })
    assert.deepEqual(order, ['spawned', 'child', 'body'])
  })

  test('wakes its waiting body and cancels the siblings when a child fails, and throws what the child threw', async () => {
    const error = new Error('child')
    const seen: unknown[] = []
    let sibling: Job<void> | undefined
    const thrown = await rejection(
      scope(async s => {
        sibling = s.spawn(s => s.sleep('1h'))
        s.spawn(async s => {
          await s.sleep(0)
          throw error
        })
        await s.sleep('1h').catch((cancelled: unknown) => {
          seen.push(cancelled)
          throw cancelled
        })
      }),
    )
    assert.equal(thrown, error)
    assert.equal(sibling?.state, 'cancelled')
    const [cancelled] = seen
    assert.ok(cancelled instanceof CancelledError)
    assert.equal(cancelled.source, 'failure')
    assert.equal(cancelled.reason, error)
    assert.equal(cancelled.cause, error)
  })

  test('keeps every failure readable, in order, and none twice', async () => {
    const first = new Error('first')
    const second = new Error('second')
    const inBody = new Error('body')
    let handle: Scope | undefined
    const thrown = await rejection(
      scope(async s => {
        handle = s
        s.spawn(async s => {
          try {
            await s.sleep('1h')
          } catch {
            throw second // while being cancelled
          }
        })
        const job = s.spawn(() => Promise.reject(first))
        await job.result().catch(() => {})
        await s.wait(never()).catch(() => {})
        throw inBody
      }),
    )
    assert.equal(thrown, first)
    assert.deepEqual(handle?.failures, [first, second, inBody])
  })

  test('does not count the failure of a child twice when the body passes it on', async () => {
    const error = new Error('child')
    let handle: Scope | undefined
    await rejection(
      scope(async s => {
        handle = s
        await s.spawn(() => Promise.reject(error)).result()
      }),
    )
    assert.deepEqual(handle?.failures, [error])
  })

  for (const depth of [1, 2, 3]) {
    for (const failures of [1, 2, 3]) {
      test(
        `throws the same shape through ${depth} levels for ${failures} failures`,
        inPlainOrder(async () => {
          const errors = Array.from({ length: failures }, (_, i) => new Error(`failure ${i}`))
          const nest = (level: number): ((s: Scope) => Promise<void>) =>
            level === 0
              ? async s => {
                  for (const error of errors) s.spawn(() => Promise.reject(error))
                }
              : s => s.scope(nest(level - 1))
          assert.equal(await rejection(scope(nest(depth))), errors[0])
          const group = await rejection(
            scope(
              async s => {
                for (const error of errors) s.spawn(() => Promise.reject(error))
              },
              { errors: 'group' },
            ),
          )
          assert.ok(group instanceof AggregateError)
          assert.deepEqual(group.errors, errors)
        }),
      )
    }
  }

  test('has no failures when all went well', async () => {
    let handle: Scope | undefined
    await scope(s => void (handle = s))
    assert.deepEqual(handle?.failures, [])
  })

  test('takes no new work once it has ended', async () => {
    let handle: Scope | undefined
    await scope(s => void (handle = s), { name: 'download' })
    assert.throws(() => handle?.spawn(() => 1), ScopeClosedError)
    assert.throws(() => handle?.onExit(() => 1), { code: 'SKEIN_SCOPE_CLOSED', message: /onExit .* scope download/ })
    assert.throws(() => handle?.checkpoint(), ScopeClosedError)
    assert.ok((await rejection(handle?.sleep(0) as Promise<void>)) instanceof ScopeClosedError)
    assert.ok((await rejection(handle?.wait(Promise.resolve()) as Promise<void>)) instanceof ScopeClosedError)
    assert.ok((await rejection(handle?.scope(() => 1) as Promise<number>)) instanceof ScopeClosedError)
  })

  test('says what to write when it is given something else than a function', async () => {
    const work = async (): Promise<number> => 1
    function* values(): Generator<number> {
      yield 1
    }
    for (const [wrong, named] of [
      [work(), /got a promise/],
      [values(), /got a generator/],
      [undefined, /got undefined/],
      [42, /got 42/],
    ] as const) {
      const error = await rejection(scope(wrong as never))
      assert.ok(error instanceof InvalidArgumentError)
      assert.match(error.message, named)
      assert.match(error.message, /scope\(s => work\(s\)\)/)
      await scope(s => assert.throws(() => s.spawn(wrong as never), InvalidArgumentError))
    }
  })

  test('refuses wrong options by name', async () => {
    for (const [options, message] of [
      [{ timeout: -1 }, /timeout must be a duration/],
      [{ timeout: Number.NaN }, /timeout must be a duration/],
      [{ timeout: 'soon' }, /timeout must be a duration/],
      [{ grace: 'soon' }, /grace must be a duration/],
      [{ deadline: Number.NaN }, /deadline must be a point in time/],
      [{ deadline: '5s' }, /deadline must be a point in time/],
      [{ signal: {} }, /signal must be an AbortSignal/],
      [{ errors: 'all' }, /errors must be 'first' or 'group'/],
    ] as const) {
      let ran = false
      const error = await rejection(scope(() => void (ran = true), options as never))
      assert.ok(error instanceof InvalidArgumentError)
      assert.match(error.message, message)
      assert.equal(ran, false)
    }
  })

  test('knows its name and its parent', async () => {
    await scope(async function outer(s) {
      assert.equal(s.name, 'outer')
      assert.equal(s.parent, undefined)
      await s.scope(function inner(nested) {
        assert.equal(nested.name, 'inner')
        assert.equal(nested.parent, s)
      })
      const job = s.spawn(function fetchAll(child) {
        assert.equal(child.name, 'fetchAll')
        assert.equal(child.parent, s)
      })
      assert.equal(job.name, 'fetchAll')
      assert.equal(s.spawn(() => 1, { name: 'other' }).name, 'other')
    })
  })

  test('nests some hundred scopes deep and ten thousand tasks deep, and cancels all of it', async () => {
    const nested = (s: Scope, level: number): Promise<number> =>
      level === 0 ? Promise.resolve(7) : s.scope(inner => nested(inner, level - 1))
    assert.equal(await scope(s => nested(s, 500)), 7)

    let turns = 0
    let reached = 0
    const chain =
      (level: number) =>
      (s: Scope): Promise<void> | undefined => {
        if (level === 0) return s.sleep('1h').finally(() => reached++)
        s.spawn(chain(level - 1))
        return undefined
      }
    await assert.rejects(
      scope(async s => {
        s.spawn(chain(10_000))
        while (s.failures.length === 0) {
          await s.sleep(0)
          if (++turns === 3) s.cancel('enough')
        }
      }),
      CancelledError,
    )
    assert.equal(reached, 1)
  })

  test('called while another body starts, is part of that scope', async () => {
    const error = await rejection(
      scope(s => {
        s.spawn(async () => {
          await scope(inner => inner.sleep('1h'))
        })
        s.spawn(async s => {
          await s.sleep(0)
          throw new Error('stop')
        })
      }),
    )
    assert.equal((error as Error).message, 'stop')
  })
})

describe('onExit', () => {
  test('runs the handlers when all work has ended, the last one first, each to its end', async () => {
    const order: string[] = []
    await scope(s => {
      s.onExit(() => order.push('first registered'))
      s.onExit(async s => {
        await s.sleep(0)
        order.push('second registered')
      })
      s.spawn(async s => {
        await s.sleep(0)
        order.push('child')
      })
      order.push('body')
    })
    assert.deepEqual(order, ['body', 'child', 'second registered', 'first registered'])
  })

  test('shields the handlers from the cancellation of the scope', async () => {
    let cleaned = false
    await assert.rejects(
      scope(async s => {
        s.onExit(async s => {
          assert.equal(s.cancelled, false)
          await s.sleep(0)
          cleaned = true
        })
        s.cancel()
        s.checkpoint()
      }),
      CancelledError,
    )
    assert.equal(cleaned, true)
  })

  test('counts what a handler throws as a failure and still runs the others', async () => {
    const error = new Error('handler')
    let other = false
    const thrown = await rejection(
      scope(s => {
        s.onExit(() => void (other = true))
        s.onExit(() => {
          throw error
        })
        return 1
      }),
    )
    assert.equal(thrown, error)
    assert.equal(other, true)
  })

  test('ends a handler that exceeds its limit', async () => {
    await assert.rejects(
      scope(s => s.onExit(s => s.wait(never()), { timeout: 5 })),
      { code: 'SKEIN_TIMEOUT', timeout: 5 },
    )
  })
})
