import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CancelledError, InvalidArgumentError, openScope, type Owner, scope, TimeoutError } from 'skein'
import { never, rejection, settled } from '../deferred.ts'
import { spawnInTurn } from '../scope/in-turn.ts'
import { situations } from './operations.ts'

for (const [name, prepare] of Object.entries(situations)) {
  describe(name, () => {
    test('22: that threw Cancelled while waiting did not happen', async () => {
      await scope(async other => {
        const { wait, untouched } = await prepare(other)
        const waiting = other.spawn(s => wait(s))
        await settled()
        await waiting.cancel('enough')
        assert.equal(waiting.state, 'cancelled')
        untouched()
        await settled()
        untouched()
      })
    })

    test('22: on a cancelled scope throws at once and does not happen', async () => {
      await scope(async other => {
        const { wait, untouched } = await prepare(other)
        await other.scope(async s => {
          s.cancel()
          assert.ok((await rejection(wait(s))) instanceof CancelledError)
        })
        untouched()
      })
    })

    // A reentrant lock belongs to a task, and a signal is none.
    const takesSignal = name !== 'RLock.acquire'
    if (takesSignal)
      test('22: with an aborted or aborting AbortSignal throws and does not happen', async () => {
        await scope(async other => {
          const { wait, untouched } = await prepare(other)
          const controller = new AbortController()
          const waiting = wait(controller.signal)
          await settled()
          controller.abort('enough')
          const error = await rejection(waiting)
          assert.ok(error instanceof CancelledError && error.source === 'signal')
          untouched()
          assert.ok((await rejection(wait(controller.signal))) instanceof CancelledError)
          untouched()
        })
      })

    test('22: that ran out of time did not happen', async () => {
      await scope(async other => {
        const { wait, untouched } = await prepare(other)
        const waiting = other.spawn(s => rejection(s.scope(inner => wait(inner), { timeout: 1 })))
        assert.ok((await waiting.result()) instanceof TimeoutError)
        untouched()
      })
    })

    test('23: a result that came before the cancellation in the same turn is not lost', async () => {
      await scope(async other => {
        const { wait, release } = await prepare(other)
        let got = false
        const waiting = other.spawn(async s => {
          await wait(s)
          got = true
        })
        await settled()
        release()
        void waiting.cancel()
        await rejection(waiting.result()).catch(() => {})
        // The lock of a condition has to be taken back first, and there the cancellation is seen.
        assert.equal(got, name !== 'Condition.wait')
      })
    })

    test('23: a cancellation that came before the result in the same turn leaves the result to others', async () => {
      await scope(async other => {
        const { wait, release, untouched } = await prepare(other)
        const waiting = other.spawn(s => wait(s))
        await settled()
        void waiting.cancel()
        untouched()
        const next = other.spawn(s => wait(s))
        await settled()
        release()
        await next.result()
        assert.equal(waiting.state, 'cancelled')
      })
    })

    test('whose scope ends meanwhile is broken off and leaves nothing behind', async () => {
      await scope(async other => {
        const { wait, untouched } = await prepare(other)
        const s = openScope()
        const waiting = rejection(wait(s))
        await settled()
        await s[Symbol.asyncDispose]()
        assert.ok((await waiting) instanceof CancelledError)
        await settled()
        untouched()
      })
    })

    // At a barrier nobody goes on before the others have come.
    const oneByOne = name !== 'Barrier.wait'
    if (oneByOne)
      test('goes on in the order of arrival', async () => {
        await scope(async other => {
          const { wait, release } = await prepare(other)
          const order: number[] = []
          const jobs = await spawnInTurn(other, 2, async (s, index) => {
            await wait(s)
            order.push(index)
            await s.wait(never())
          })
          release()
          await settled()
          assert.equal(order[0], 0)
          for (const job of jobs) void job.cancel()
        })
      })

    test('refuses an owner that is none', async () => {
      await scope(async other => {
        const { wait, untouched } = await prepare(other)
        for (const wrong of [5, 'scope', {}]) {
          assert.ok((await rejection(wait(wrong as unknown as Owner))) instanceof InvalidArgumentError)
        }
        untouched()
      })
    })
  })
}
