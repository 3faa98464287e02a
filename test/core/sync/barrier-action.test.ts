import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Barrier, BrokenError, InvalidArgumentError, MisuseError, scope } from 'skein'
import { rejection, settled } from '../deferred.ts'

describe('the action of a barrier', () => {
  test('runs once a round, when the last one has come and before any goes on', async () => {
    const seen: string[] = []
    const barrier = new Barrier(3, { action: () => seen.push(`all ${barrier.stats().waiting}`) })
    await scope(async s => {
      for (let i = 0; i < 3; i++) {
        s.spawn(async s => {
          for (let round = 0; round < 2; round++) {
            await barrier.wait(s)
            seen.push('on')
          }
        })
      }
    })
    assert.deepEqual(
      seen.filter(each => each !== 'on'),
      ['all 2', 'all 2'],
    )
    assert.deepEqual([seen[0], seen[4]], ['all 2', 'all 2'])
  })

  test('that throws breaks the barrier: the last one gets the error, the others hear that it is broken', async () => {
    const failure = new Error('no')
    let fails = true
    const barrier = new Barrier(2, {
      action: () => {
        if (fails) throw failure
      },
    })
    const first = rejection(barrier.wait())
    assert.equal(await rejection(barrier.wait()), failure)
    assert.ok((await first) instanceof BrokenError)
    assert.throws(() => barrier.tryWait(), BrokenError)
    barrier.reset()
    fails = false
    assert.deepEqual(await Promise.all([barrier.wait(), barrier.wait()]), [0, 1])
  })

  test('that aborts breaks it for the last one, too', async () => {
    const barrier = new Barrier(2, { action: () => barrier.abort() })
    const first = rejection(barrier.wait())
    assert.ok((await rejection(barrier.wait())) instanceof BrokenError)
    assert.ok((await first) instanceof BrokenError)
  })

  test('that waits is refused, and what becomes of its promise harms nothing', async () => {
    const late: () => unknown = () => Promise.reject(new Error('late'))
    const barrier = new Barrier(1, { action: late as () => void })
    assert.ok((await rejection(barrier.wait())) instanceof MisuseError)
    await settled()
    assert.throws(() => new Barrier(1, { action: 5 as never }), {
      code: 'SKEIN_INVALID_ARGUMENT',
      message: /^action must be a function, got 5/,
    })
    assert.throws(() => new Barrier(1, { act: () => {} } as never), InvalidArgumentError)
  })
})
