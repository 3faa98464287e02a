import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CancelledError, failAfter, moveOnAfter, type Scope, scope, TimeoutError } from 'skein'
import { deferred, never, rejection } from '../deferred.ts'
import { inVirtualTime } from '../virtual-time.ts'

describe('a deadline', () => {
  test('ends the scope with a TimeoutError that names the limit', async () => {
    const error = await rejection(scope(s => s.sleep('1h'), { timeout: 5, name: 'download' }))
    assert.ok(error instanceof TimeoutError)
    assert.equal(error.timeout, 5)
    assert.match(error.message, /scope download ran out of time \(5 ms\)/)
  })

  test('reaches children, who see a cancellation by the deadline', async () => {
    let seen: unknown
    const error = await rejection(
      scope(
        s => {
          s.spawn(async s => {
            seen = await rejection(s.wait(never()))
            throw seen
          })
        },
        { timeout: 5 },
      ),
    )
    assert.ok(error instanceof TimeoutError)
    assert.ok(seen instanceof CancelledError)
    assert.equal(seen.source, 'deadline')
  })

  test('is the earliest along the parents', async () => {
    const late = Date.now() + 60_000
    const early = Date.now() + 30_000
    await scope(
      async outer => {
        assert.equal(outer.deadline, early)
        await outer.scope(s => assert.equal(s.deadline, early), { deadline: late })
        await outer.scope(s => assert.equal(s.deadline, early - 1), { deadline: early - 1 })
        await outer.spawn(s => assert.equal(s.deadline, early)).result()
      },
      { deadline: early },
    )
    await scope(s => assert.equal(s.deadline, Infinity))
    await scope(s => assert.equal(s.deadline, Infinity), { timeout: Infinity })
  })

  test('given twice counts where it is earlier', async () => {
    const deadline = Date.now() + 10_000
    await scope(s => assert.ok(s.deadline < Date.now() + 2_000), { deadline, timeout: '1s' })
    await scope(s => assert.equal(s.deadline, deadline), { deadline, timeout: '1h' })
  })

  test('of the outer scope is reported by the outer scope, not by the inner one', async () => {
    let inner: unknown
    const outer = await rejection(
      scope(
        async s => {
          inner = await rejection(s.scope(s => s.sleep('1h'), { timeout: '1h' }))
          s.checkpoint()
        },
        { timeout: 5, name: 'outer' },
      ),
    )
    assert.ok(inner instanceof CancelledError)
    assert.ok(outer instanceof TimeoutError)
    assert.match(outer.message, /outer/)
  })

  test('in the past still lets the body run to its first cancel point', async () => {
    for (const options of [{ timeout: 0 }, { deadline: Date.now() - 1_000 }]) {
      const steps: string[] = []
      const error = await rejection(
        scope(async s => {
          steps.push('started')
          await s.sleep(0)
          steps.push('not reached')
        }, options),
      )
      assert.ok(error instanceof TimeoutError)
      assert.deepEqual(steps, ['started'])
    }
  })

  test('that nobody met a cancel point in time to notice takes no value away', async () => {
    assert.equal(await scope(() => 'value', { timeout: 0 }), 'value')
  })

  test('takes no late value away from a body that waited for a raw promise; s.wait ends at the limit', async () => {
    const gate = deferred<string>()
    const expired = deferred()
    const late = (s: Scope): Promise<string> => {
      s.signal.addEventListener('abort', () => expired.resolve())
      return gate.promise
    }
    const running = [
      scope(late, { timeout: 1 }),
      failAfter(1, late),
      moveOnAfter(1, late, 'otherwise'),
      scope(s => s.failAfter(1, late)),
    ]
    await expired.promise
    const waited = [scope(s => s.wait(gate.promise), { timeout: 1 }), failAfter(1, s => s.wait(gate.promise))]
    for (const thrown of await Promise.all(waited.map(rejection))) assert.ok(thrown instanceof TimeoutError)
    assert.equal(await moveOnAfter(1, s => s.wait(gate.promise), 'otherwise'), 'otherwise')
    gate.resolve('late')
    assert.deepEqual(await Promise.all(running), ['late', 'late', 'late', 'late'])
  })

  test(
    'of a scope without a name is told in words, without frames of our own',
    inVirtualTime(async () => {
      const error = await rejection(scope(s => s.sleep('1h'), { timeout: 1 }))
      assert.ok(error instanceof TimeoutError)
      assert.equal(error.message, 'an unnamed scope ran out of time (1 ms)')
      assert.doesNotMatch(error.stack ?? '', /\n\s+at /)
      const named = await rejection(scope(s => s.sleep('1h'), { timeout: 1, name: 'download' }))
      assert.match((named as Error).message, /^scope download ran/)
      const unnamed = await rejection(scope(async s => (s.cancel(), s.spawn(s => s.sleep(0)).result())))
      assert.match((unnamed as Error).message, /^an unnamed (scope|task) was cancelled by/)
    }),
  )

  test('is seen by checkpoint inside a synchronous loop that blocks the event loop', async () => {
    const error = await rejection(
      scope(
        s => {
          s.spawn(child => {
            for (;;) child.checkpoint()
          })
        },
        { timeout: 5 },
      ),
    )
    assert.ok(error instanceof TimeoutError)
  })

  test('of the scope that comes first is the one reported when several passed while the loop was blocked', async () => {
    let inner: unknown
    const outer = await rejection(
      scope(
        async s => {
          inner = await rejection(
            s.scope(
              s => {
                const start = Date.now()
                while (Date.now() < start + 20);
                s.checkpoint()
              },
              { timeout: 10 },
            ),
          )
          s.checkpoint()
        },
        { timeout: 5 },
      ),
    )
    assert.ok(inner instanceof CancelledError)
    assert.ok(outer instanceof TimeoutError)
    assert.equal(outer.timeout, 5)
  })

  test('stands first among the failures, before what failed because of it', async () => {
    const late = new Error('clean-up')
    const body = async (s: import('skein').Scope): Promise<void> => {
      s.spawn(s =>
        s.sleep('1h').catch(() => {
          throw late
        }),
      )
      await s.sleep('1h')
    }
    assert.ok((await rejection(scope(body, { timeout: 5 }))) instanceof TimeoutError)
    const group = await rejection(scope(body, { timeout: 5, errors: 'group' }))
    assert.ok(group instanceof AggregateError)
    assert.ok(group.errors[0] instanceof TimeoutError)
    assert.equal(group.errors[1], late)
  })

  test('cannot be set in a scope that has ended', async () => {
    let kept: Scope | undefined
    await scope(s => void (kept = s))
    assert.throws(() => kept?.setLimit({ timeout: '15s' }), { code: 'SKEIN_SCOPE_CLOSED' })
    assert.throws(() => kept?.setLimit({}), { code: 'SKEIN_SCOPE_CLOSED' })
  })

  test('with a key that nobody knows is refused', async () => {
    await scope(s => {
      assert.throws(() => s.setLimit({ timout: '15s' } as never), { code: 'SKEIN_INVALID_ARGUMENT', message: /timout/ })
    })
  })

  test('is not longer than a platform timer can be', async () => {
    await scope(s => s.sleep(0), { timeout: '365d' })
  })

  test('of many scopes at once fires for each', async () => {
    const deadline = Date.now() + 20
    const results = await Promise.all(
      Array.from({ length: 5_000 }, () => rejection(scope(s => s.wait(never()), { deadline }))),
    )
    assert.ok(results.every(error => error instanceof TimeoutError))
  })
})
