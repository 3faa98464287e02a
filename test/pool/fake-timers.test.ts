import assert from 'node:assert/strict'
import { describe, mock, test } from 'node:test'
import { call, task } from 'skein'
import { processes } from 'skein/processes'
import { threads } from 'skein/threads'

const add = task(import.meta, (a: number, b: number) => a + b, { name: 'fake-timers.add' })
const twice = task(import.meta, (n: number) => 2 * n, { name: 'fake-timers.twice' })
const spins = task(
  import.meta,
  function spins(): void {
    for (;;);
  },
  { name: 'fake-timers.spins' },
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
