import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CancelledError, channel, Event, scope, type Scope } from 'skein'
import { virtualClock } from 'skein/testing'

describe('a body that gives the promise of its own wait', () => {
  test('gives what the wait gives, as a task and as a scope', async () => {
    const [sender, receiver] = channel<string>()
    const got = await scope(async s => {
      const first = s.spawn(s => receiver.receive(s))
      const second = s.scope(s => receiver.receive(s))
      await sender.send('a', s)
      await sender.send('b', s)
      return [await first.result(), await second]
    })
    assert.deepEqual(new Set(got), new Set(['a', 'b']))
  })

  test('fails with what the wait fails with, and that is a failure of the scope', async () => {
    const broken = new Error('broken')
    const ended = scope(s => {
      s.spawn(s => s.wait(Promise.reject(broken)))
      s.spawn(s => s.sleep('1h'))
    })
    await assert.rejects(ended, error => error === broken)
  })

  test('ends when its job is cancelled, and troubles nobody else', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    try {
      await scope(async s => {
        const job = s.spawn(s => s.sleep('1h'))
        const begun = new Event()
        s.spawn(() => begun.set())
        await begun.wait(s)
        await job.cancel('enough')
        assert.equal(job.state, 'cancelled')
        await assert.rejects(job.result(), CancelledError)
        await s.sleep(0)
      })
    } finally {
      process.off('unhandledRejection', note)
    }
    assert.deepEqual(unhandled, [])
  })

  test('ends with the wait whose promise it gave, not with another one of the scope', async () => {
    using _clock = virtualClock({ autojump: true })
    const order: string[] = []
    await scope(s => {
      const job = s.spawn(s => {
        void s.sleep(1).then(() => order.push('the short wait'))
        return s.sleep(10)
      })
      s.spawn(async s => {
        await s.sleep(5)
        order.push(`${job.state} in between`)
        await job.result()
        order.push('done')
      })
    })
    assert.deepEqual(order, ['the short wait', 'running in between', 'done'])
  })

  test('ends also where the wait was over before the body returned it, or belongs to another scope', async () => {
    await scope(async outer => {
      const over = outer.spawn(s => {
        const wait = s.sleep('1h')
        s.cancel()
        return wait
      })
      await assert.rejects(over.result(), CancelledError)
      const other = outer.spawn(() => outer.sleep(0))
      assert.equal(await other.result(), undefined)
    })
  })

  test('waits for what it has started although its own wait is over', async () => {
    const gate = new Event()
    let child: Scope | undefined
    await scope(async s => {
      const job = s.spawn(s => {
        s.spawn(s => ((child = s), gate.wait(s)))
        return s.sleep(0)
      })
      await s.sleep(0)
      await s.sleep(0)
      assert.equal(job.state, 'running')
      assert.equal(child?.cancelled, false)
      gate.set()
      await job.result()
    })
  })
})
