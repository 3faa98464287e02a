import assert, { AssertionError } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BrokenError, CancelledError, InvalidArgumentError, MisuseError, openScope, scope, sleep } from 'skein'
import { assertCheckpoints, assertNoCheckpoints, leakCheck, Sequencer, settled } from 'skein/testing'

describe('a sequencer', () => {
  test('50: runs the pieces in the order of their numbers, whatever the order of asking', async () => {
    const order = new Sequencer()
    const seen: number[] = []
    await scope(s => {
      for (const position of [3, 1, 4, 0, 2]) {
        s.spawn(async s => {
          await order.run(
            position,
            async () => {
              await s.sleep(0)
              seen.push(position)
            },
            s,
          )
        })
      }
    })
    assert.deepEqual(seen, [0, 1, 2, 3, 4])
    assert.equal(order.turn, 5)
  })

  test('50: a piece that throws ends its turn', async () => {
    const order = new Sequencer()
    await assert.rejects(
      order.run(0, () => Promise.reject(new Error('thrown'))),
      /thrown/,
    )
    assert.equal(await order.run(1, () => 'next'), 'next')
  })

  test('50: a piece that is cancelled while it waits breaks the sequence for all others', async () => {
    const order = new Sequencer()
    const outcomes: unknown[] = []
    await scope(async s => {
      const note = async (position: number, job: ReturnType<typeof start>): Promise<void> => {
        outcomes[position] = await job.result().catch((error: unknown) => error)
      }
      const start = (position: number) =>
        s.spawn(s => order.run(position, () => 'ran', s).catch((error: unknown) => error))
      const second = start(2)
      const third = start(3)
      await settled()
      const noted = [note(2, second), note(3, third)]
      await second.cancel()
      await Promise.all(noted)
      outcomes[1] = await order.run(0, () => 'ran', s).catch((error: unknown) => error)
    })
    assert.ok(outcomes[2] instanceof CancelledError)
    assert.ok(outcomes[3] instanceof BrokenError)
    assert.ok(outcomes[1] instanceof BrokenError)
    assert.match(outcomes[3].message, /position 2 was cancelled/)
  })

  test('50: a number is used once, and is a number', async () => {
    const order = new Sequencer()
    await order.run(0, () => {})
    await assert.rejects(
      order.run(0, () => {}),
      MisuseError,
    )
    await assert.rejects(
      order.run(-1, () => {}),
      InvalidArgumentError,
    )
  })
})

describe('the assertions about cancel points', () => {
  test('49: accept what passes one, and refuse what passes none', async () => {
    assert.equal(await assertCheckpoints(async s => (await s.sleep(0), 7)), 7)
    await assertCheckpoints(s => s.checkpoint())
    await assertCheckpoints(() => sleep(0))
    await assertCheckpoints(s => s.scope(inner => inner.sleep(0)))
    await assert.rejects(
      assertCheckpoints(async function idle() {}),
      (error: unknown) => {
        assert.ok(error instanceof AssertionError)
        assert.match(error.message, /^idle passed no cancel point/)
        return true
      },
    )
  })

  test('49: refuse a cancel point where there must be none', async () => {
    assert.equal(await assertNoCheckpoints(() => 7), 7)
    await assertNoCheckpoints(s => s.spawn(() => {}))
    await assertNoCheckpoints(s => s.cancelled)
    await assert.rejects(
      assertNoCheckpoints(s => s.sleep(0)),
      AssertionError,
    )
    await assert.rejects(
      assertNoCheckpoints(s => s.checkpoint()),
      AssertionError,
    )
    await assert.rejects(
      assertNoCheckpoints(() => Promise.reject(new Error('own'))),
      /own/,
    )
  })
})

describe('the check for leaks', () => {
  test('accepts what cleans up after itself', async () => {
    assert.equal(
      await leakCheck(async () => {
        await scope(s => {
          s.spawn(s => s.sleep(0))
          s.cancel()
        }).catch(() => {})
        return 7
      }),
      7,
    )
  })

  test('names a scope, a timer, a handle and a listener that were left', async () => {
    let block: ReturnType<typeof openScope> | undefined
    const listener = (): void => {}
    const { createServer } = await import('node:net')
    const server = createServer()
    await assert.rejects(
      leakCheck(async () => {
        block = openScope({ name: 'forgotten' })
        block.spawn(s => s.sleep('1h'))
        process.on('SIGWINCH', listener)
        await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      }),
      (error: unknown) => {
        assert.ok(error instanceof AssertionError)
        assert.match(error.message, /scope forgotten, which has not ended/)
        assert.match(error.message, /timer of skein/)
        assert.match(error.message, /handle of the kind TCP/)
        assert.match(error.message, /listener of process for 'SIGWINCH'/)
        return true
      },
    )
    process.removeListener('SIGWINCH', listener)
    server.close()
    await block?.[Symbol.asyncDispose]()
  })
})
