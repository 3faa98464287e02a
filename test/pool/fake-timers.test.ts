import assert from 'node:assert/strict'
import { describe, mock, test } from 'node:test'
import { call } from 'skein'
import { processes } from 'skein/processes'
import { threads } from 'skein/threads'
import { add, holds, spins, twice } from './fake-timers-tasks.ts'

test(
  'threads under them take back what is behind a call that is slower than it was expected to be',
  { timeout: 30_000 },
  async () => {
    const pool = threads({ workers: 2 })
    const many = Array.from({ length: 500 })
    await Promise.all(many.map(() => pool.run(holds)))
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'] })
    try {
      const gate = new Int32Array(new SharedArrayBuffer(4))
      const held = pool.run(holds, gate)
      // Some of them are sent ahead to the thread that is held.
      await Promise.all(many.slice(0, 50).map(() => pool.run(holds)))
      Atomics.store(gate, 0, 1)
      Atomics.notify(gate, 0)
      await held
    } finally {
      mock.timers.reset()
      await pool.close()
    }
  },
)

for (const open of [threads, processes]) {
  describe(`${open.name} under timers that a test has put in the place of the platform’s`, () => {
    test('run, end what is out of time by force, and close', async () => {
      const pool = open({ workers: 1, grace: 10, maxTasksPerWorker: 3 })
      mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'] })
      try {
        assert.equal(await pool.run(add, 1, 2), 3)
        assert.equal(
          (
            await pool
              .map(
                twice,
                Array.from({ length: 20 }, (_, i) => i),
              )
              .toArray()
          ).length,
          20,
        )
        await assert.rejects(pool.run(call(spins).with({ timeout: 20 })), { code: 'SKEIN_TIMEOUT' })
        assert.equal(await pool.run(add, 2, 3), 5)
        await pool.close()
      } finally {
        mock.timers.reset()
      }
    })
  })
}
