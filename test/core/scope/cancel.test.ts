import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CancelledError, type Job, openScope, type Scope, scope } from 'skein'
import { deferred, never, rejection, settled } from '../deferred.ts'

describe('cancellation', () => {
  test('carries who asked and why; the first cause wins', async () => {
    const reason = { text: 'enough' }
    const error = await rejection(
      scope(async s => {
        assert.equal(s.cancelled, false)
        assert.equal(s.cause, undefined)
        s.cancel(reason)
        s.cancel('later')
        s.cancelWith({ source: 'shutdown' })
        assert.equal(s.cancelled, true)
        assert.deepEqual(s.cause, { source: 'explicit', reason })
        await s.sleep(0)
      }),
    )
    assert.ok(error instanceof CancelledError)
    assert.equal(error.source, 'explicit')
    assert.equal(error.reason, reason)
  })

  test('is level-triggered: swallowed once, it is thrown again at the next cancel points', async () => {
    let thrown = 0
    await rejection(
      scope(async s => {
        s.cancel()
        for (const point of [
          async () => s.checkpoint(),
          () => s.sleep(0),
          () => s.wait(Promise.resolve()),
          () => s.sleep(0),
          async () => s.checkpoint(),
        ]) {
          try {
            await point()
          } catch (error) {
            assert.ok(error instanceof CancelledError)
            thrown++
          }
        }
        s.checkpoint()
      }),
    )
    assert.equal(thrown, 5)
  })

  test('that nobody noticed does not take the value away', async () => {
    assert.equal(
      await scope(s => {
        s.cancel()
        return 'value'
      }),
      'value',
    )
  })

  test('leaves a child that completes all the same its value, and fails the scope only if something was broken off', async () => {
    const gate = deferred()
    let job: Job<string> | undefined
    const value = await scope(async s => {
      job = s.spawn(async () => {
        await gate.promise
        return 'done anyway'
      })
      await settled()
      s.cancel()
      gate.resolve()
      return 1
    })
    assert.equal(value, 1)
    assert.equal(await job?.result(), 'done anyway')
    assert.equal(job?.state, 'done')
  })

  test('throws CancelledError from the scope when a child was broken off although the body had returned', async () => {
    const error = await rejection(
      scope(s => {
        s.spawn(s => s.sleep('1h'))
        setImmediate(() => s.cancel('late'))
        return 1
      }),
    )
    assert.ok(error instanceof CancelledError)
    assert.equal(error.reason, 'late')
  })

  test('reaches a child before its first step, which still runs to its first cancel point', async () => {
    const steps: string[] = []
    await rejection(
      scope(s => {
        s.cancel()
        s.spawn(async s => {
          steps.push('started')
          await s.sleep(0)
          steps.push('not reached')
        })
      }),
    )
    assert.deepEqual(steps, ['started'])
  })

  test('of a grandparent reaches all leaves of the tree, with the same cause', async () => {
    const causes: unknown[] = []
    await rejection(
      scope(async top => {
        for (let i = 0; i < 2; i++) {
          top.spawn(s => {
            for (let j = 0; j < 2; j++) s.spawn(s => s.sleep('1h').finally(() => causes.push(s.cause)))
          })
        }
        await settled()
        top.cancel('all')
        assert.equal(top.cancelled, true)
      }),
    )
    assert.equal(causes.length, 4)
    assert.equal(new Set(causes).size, 1)
  })

  test('of one job alone is no failure of its scope', async () => {
    const value = await scope(async s => {
      const slow = s.spawn(s => s.sleep('1h'))
      const other = s.spawn(async s => {
        await s.sleep(0)
        return 'other'
      })
      await settled()
      await slow.cancel('not needed')
      assert.equal(slow.state, 'cancelled')
      const error = await rejection(slow.result())
      assert.ok(error instanceof CancelledError)
      assert.equal(error.source, 'explicit')
      assert.equal(error.reason, 'not needed')
      return other.result()
    })
    assert.equal(value, 'other')
  })

  test('of a job resolves when the job has really ended', async () => {
    const order: string[] = []
    await scope(async s => {
      const job = s.spawn(async s => {
        try {
          await s.sleep('1h')
        } finally {
          await s.shield(s => s.sleep(0), { timeout: '1s' })
          order.push('cleaned up')
        }
      })
      await settled()
      await job.cancel()
      order.push('cancelled')
      await job.cancel() // a job that has ended: nothing to do
    })
    assert.deepEqual(order, ['cleaned up', 'cancelled'])
  })

  test('of nested scopes at once is reported by each, and ends the outer one', async () => {
    let inner: unknown
    const outer = await rejection(
      scope(async s => {
        inner = await rejection(
          s.scope(async nested => {
            nested.cancel('inner')
            s.cancel('outer')
            await nested.sleep(0)
          }),
        )
        s.checkpoint()
      }),
    )
    assert.equal((inner as CancelledError).reason, 'inner')
    assert.equal((outer as CancelledError).reason, 'outer')
  })

  test('of an inner scope does not reach the outer one', async () => {
    await scope(async s => {
      await rejection(
        s.scope(async nested => {
          nested.cancel()
          nested.checkpoint()
        }),
      )
      assert.equal(s.cancelled, false)
      await s.sleep(0)
    })
  })

  test('after the end does nothing', async () => {
    let handle: Scope | undefined
    await scope(s => void (handle = s))
    handle?.cancel()
    assert.equal(handle?.cancelled, false)
  })

  test('counts as such what the platform throws when its signal aborts', async () => {
    const error = await rejection(
      scope(async s => {
        const { setTimeout: delay } = await import('node:timers/promises')
        s.spawn(() => delay(3_600_000, undefined, { signal: s.signal }))
        await settled()
        s.cancel('stop')
      }),
    )
    assert.ok(error instanceof CancelledError)
    assert.equal(error.reason, 'stop')
  })

  test('that somebody else suffered is a failure, not a cancellation of the task', async () => {
    const error = await rejection(
      scope(async s => {
        const job = s.spawn(s => s.sleep('1h'))
        s.spawn(() => job.result(), { name: 'reader' })
        await settled()
        await job.cancel('gone')
        await s.sleep('1h')
      }),
    )
    assert.ok(error instanceof CancelledError)
    assert.equal(error.reason, 'gone')
  })
})

describe('the signal of a scope', () => {
  test('aborts with the error that the cancel points throw', async () => {
    const error = await rejection(
      scope(async s => {
        const { signal } = s
        assert.equal(s.signal, signal)
        assert.equal(signal.aborted, false)
        s.cancel('why')
        assert.equal(signal.aborted, true)
        assert.ok(signal.reason instanceof CancelledError)
        assert.equal(signal.reason, await rejection(s.sleep(0)))
        s.checkpoint()
      }),
    )
    assert.equal((error as CancelledError).reason, 'why')
  })

  test('may have many listeners without a warning', async () => {
    let warnings = 0
    const note = (): void => void warnings++
    process.on('warning', note)
    await scope(async s => {
      for (let i = 0; i < 100; i++) s.signal.addEventListener('abort', () => {})
      await settled()
    })
    process.off('warning', note)
    assert.equal(warnings, 0)
  })

  test('is aborted from the start where the scope was cancelled before', async () => {
    await scope(s => {
      s.cancel()
      assert.equal(s.signal.aborted, true)
    })
  })

  test('from outside cancels the scope, also when it was aborted before', async () => {
    const controller = new AbortController()
    const running = rejection(scope(s => s.sleep('1h'), { signal: controller.signal }))
    controller.abort('user left')
    for (const error of [await running, await rejection(scope(s => s.sleep('1h'), { signal: controller.signal }))]) {
      assert.ok(error instanceof CancelledError)
      assert.equal(error.source, 'signal')
      assert.equal(error.reason, 'user left')
    }
  })
})

describe('shield', () => {
  test('keeps the cancellation of the outer scope out, and only that', async () => {
    await scope(async s => {
      s.cancel('outer')
      const value = await s.shield(
        async inner => {
          assert.equal(inner.cancelled, false)
          await inner.sleep(0)
          const error = await rejection(
            inner.scope(async nested => {
              nested.cancel('nested')
              await nested.sleep(0)
            }),
          )
          assert.equal((error as CancelledError).reason, 'nested')
          return 'cleaned'
        },
        { timeout: '5s' },
      )
      assert.equal(value, 'cleaned')
      assert.throws(() => s.checkpoint(), CancelledError)
    })
  })

  test('does not lose a cancellation that arrives while it runs', async () => {
    const gate = deferred()
    const error = await rejection(
      scope(async s => {
        const shielded = s.shield(s => s.wait(gate.promise), { timeout: '5s' })
        s.cancel('meanwhile')
        gate.resolve()
        await shielded
        s.checkpoint()
      }),
    )
    assert.equal((error as CancelledError).reason, 'meanwhile')
  })

  test('demands a limit, and keeps it while the outer scope is cancelled', async () => {
    await scope(async s => {
      const missing = await rejection(s.shield(() => 1, {} as never))
      assert.match((missing as Error).message, /needs a limit.*timeout: '5s'/)
      s.cancel()
      await assert.rejects(
        s.shield(s => s.wait(never()), { timeout: 5 }),
        { code: 'SKEIN_TIMEOUT', timeout: 5 },
      )
      assert.equal(await s.shield(s => s.deadline < Infinity, { timeout: '1s' }), true)
    })
  })

  test('is waited for by the scope', async () => {
    let over = false
    await rejection(
      scope(s => {
        void s.shield(s => s.sleep(0), { timeout: '1s' }).then(() => (over = true))
        s.cancel()
        s.checkpoint()
      }),
    )
    assert.equal(over, true)
  })
})

describe('openScope', () => {
  test('cancels what still runs, then waits for it', async () => {
    const s = openScope({ name: 'heartbeat' })
    const order: string[] = []
    const job = s.spawn(async s => {
      try {
        await s.sleep('1h')
      } finally {
        await s.shield(s => s.sleep(0), { timeout: '1s' })
        order.push('cleaned up')
      }
    })
    await settled()
    await s[Symbol.asyncDispose]()
    order.push('disposed')
    assert.deepEqual(order, ['cleaned up', 'disposed'])
    const error = await rejection(job.result())
    assert.equal((error as CancelledError).source, 'scope')
    await s[Symbol.asyncDispose]()
  })

  test('throws the failure of a child at the end when the block has not been told of it', async () => {
    const s = openScope()
    const error = new Error('child')
    s.spawn(() => Promise.reject(error))
    await settled()
    assert.equal(await rejection(s[Symbol.asyncDispose]()), error)
  })

  test('does not throw it a second time when a cancel point has told the block', async () => {
    const s = openScope()
    const error = new Error('child')
    s.spawn(() => Promise.reject(error))
    const told = await rejection(s.sleep('1h'))
    assert.equal((told as CancelledError).cause, error)
    await s[Symbol.asyncDispose]()
    assert.deepEqual(s.failures, [error])
  })
})
