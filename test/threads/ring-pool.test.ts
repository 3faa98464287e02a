import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { call, CancelledError, type Executor } from 'skein'
import { threads, type ThreadsOptions } from 'skein/threads'
import { failure } from '../conformance/expect.ts'
import { echo } from '../conformance/tasks/values.ts'

async function withThread(use: (pool: Executor) => Promise<void>, spin: ThreadsOptions['spin'] = 0): Promise<void> {
  const pool = threads({ workers: 1, spin })
  try {
    await use(pool)
  } finally {
    await pool.close({ cancel: true })
  }
}

/** A test that hangs fails, long after it should have ended. */
function timed(name: string, run: () => Promise<void>): void {
  test(name, { timeout: 60_000 }, run)
}

describe('threads and their rings', () => {
  timed('sides that look for an answer for a while get it, and so do those that have stopped looking', () =>
    withThread(async pool => {
      for (let i = 0; i < 2_000; i++) assert.equal(await pool.run(echo, i), i)
      // Longer than they look, on both sides.
      for (const ms of [0, 1, 3, 0, 5]) {
        await new Promise(resolve => setTimeout(resolve, ms))
        assert.equal(await pool.run(echo, ms), ms)
      }
      assert.deepEqual(await Promise.all([1, 2, 3].map(each => pool.run(echo, each))), [1, 2, 3])
    }, '1ms'),
  )

  timed('to spin for longer than a second, or for something that is no time, is refused', async () => {
    assert.throws(() => threads({ spin: '2s' }), /spin must be a duration of at most '1s', got '2s'/)
    assert.throws(() => threads({ spin: -1 }), /spin must be a duration/)
    assert.throws(() => threads({ spn: 1 } as never), /Unknown threads option 'spn'\. Did you mean 'spin'\?/)
  })

  timed('values that the ring carries and values that are cloned come back in their own calls, thousands at once', () =>
    withThread(async pool => {
      const values = Array.from({ length: 6_000 }, (_, i) => {
        if (i % 5 === 0) return new Map([[i, { i }]])
        if (i % 501 === 0) return 'x'.repeat(50_000) + i
        return { i, text: `call ${i}`, list: [i, -i, i / 3] }
      })
      assert.deepEqual(await Promise.all(values.map(value => pool.run(echo, value))), values)
      assert.equal(pool.stats().workers[0]?.inFlight, 0)
    }),
  )

  // Each argument is looked at once for the ring; what the ring cannot carry is looked at again.
  for (const [kind, extra] of [
    ['the ring carries', []],
    ['is cloned', new Set()],
    ['cannot be sent', () => {}],
  ] as const) {
    timed(`a getter of an argument that ${kind} may cancel its own call`, () =>
      withThread(async pool => {
        const abort = new AbortController()
        const argument = {
          get now() {
            abort.abort('from the getter')
            return 1
          },
          extra,
        }
        await failure(CancelledError, pool.run(call(echo, argument as unknown).with({ signal: abort.signal })))
        assert.equal(await pool.run(echo, 'the next'), 'the next')
        assert.equal(pool.stats().workers[0]?.inFlight, 0)
      }),
    )
  }

  timed('a getter that throws fails its own call with what it has thrown', () =>
    withThread(async pool => {
      const argument = {
        get now(): never {
          throw new RangeError('not now')
        },
      }
      assert.equal((await failure(RangeError, pool.run(echo, argument as unknown))).message, 'not now')
      assert.equal(await pool.run(echo, 'the next'), 'the next')
    }),
  )

  timed('calls that a getter starts while its call is being sent run after it', () =>
    withThread(async pool => {
      const inner: Promise<unknown>[] = []
      const argument = {
        get now() {
          inner.push(pool.run(echo, 'inner'))
          return 'outer'
        },
      }
      assert.deepEqual(await pool.run(echo, argument as unknown), { now: 'outer' })
      assert.deepEqual(
        await Promise.all(inner),
        inner.map(() => 'inner'),
      )
    }),
  )
})
