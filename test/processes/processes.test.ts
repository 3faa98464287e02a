import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { describe } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { call, CancelledError, type Executor, move, TimeoutError, UnsendableError, WorkerCrashedError } from 'skein'
import { processes } from 'skein/processes'
import { failure } from '../conformance/expect.ts'
import { fileAppears, holds } from '../conformance/files.ts'
import { killAfterWork, killItem } from '../conformance/tasks/crashing.ts'
import { holdStubbornly, spinUntil } from '../conformance/tasks/holding.ts'
import { abort, fillBuffer, ignoreSigterm, raise, runtime, writeToChannel } from '../conformance/tasks/memory.ts'
import { double, echo, where } from '../conformance/tasks/values.ts'
import { timed, type UsePool, withPool } from '../support/pools.ts'

const withProcesses = (use: UsePool, options?: object): Promise<void> => withPool(processes, use, options)

async function pidOf(pool: Executor): Promise<number> {
  return Number((await pool.run(where)).split('/')[0])
}

/** True while there is a process of that id that is more than a line in a table. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** True when a child has died of which its parent has not heard yet. */
function isDead(pid: number): boolean {
  return /\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

describe('processes', () => {
  timed('are processes of their own', () =>
    withProcesses(async pool => {
      const seen = await pool.run(runtime)
      assert.notEqual(seen.pid, process.pid)
      assert.equal(pool.stats().workers[0]?.id, seen.pid)
    }),
  )

  timed('are as many as the machine can run in parallel, unless told otherwise', async () => {
    const pool = processes()
    assert.equal(pool.capacity, availableParallelism())
    await pool.close()
  })

  timed('a process on whose channel something else is written is replaced, and its calls fail', () =>
    withProcesses(
      async pool => {
        for (const [bytes, times] of [
          ['a line that was meant for somewhere else\n', 1],
          ['x', 1_000],
          ['\u00ff'.repeat(64), 1],
        ] as const) {
          const before = await pidOf(pool)
          const error = await failure(WorkerCrashedError, pool.run(writeToChannel, bytes, times))
          assert.match(error.message, /what it sent could not be read.*not written/)
          assert.notEqual(await pidOf(pool), before)
        }
        assert.deepEqual(await pool.map(double, [1, 2, 3]).toArray(), [2, 4, 6])
      },
      { grace: 100 },
    ),
  )

  for (const grace of [Infinity, '30d'] as const) {
    timed(`a process that is ended while it starts may have any time to go: ${grace}`, async () => {
      const warnings: Error[] = []
      const note = (warning: Error): void => void warnings.push(warning)
      process.on('warning', note)
      const pool = processes({ workers: 1, minWorkers: 1, grace })
      await Promise.resolve()
      assert.equal(pool.stats().workers[0]?.state, 'starting')
      await pool.close()
      process.off('warning', note)
      assert.deepEqual(warnings, [])
    })
  }

  timed('a process is gone after close', async () => {
    const pool = processes({ workers: 1 })
    const pid = await pidOf(pool)
    assert.equal(isAlive(pid), true)
    await pool.close()
    assert.equal(isAlive(pid), false)
  })

  timed('a buffer to move is copied instead, and stays usable here', () =>
    withProcesses(async pool => {
      const buffer = new ArrayBuffer(1024)
      const got = await pool.run(fillBuffer, move(buffer), 7)
      assert.equal(buffer.byteLength, 1024)
      assert.equal(new Uint8Array(got)[1023], 7)
    }),
  )

  timed('what only threads can share is refused, and named', () =>
    withProcesses(async pool => {
      const shared = await failure(UnsendableError, pool.run(echo, { cells: new SharedArrayBuffer(4) }))
      assert.equal(shared.path, 'arguments[0].cells')
      const { port1, port2 } = new MessageChannel()
      const port = await failure(UnsendableError, pool.run(echo, move(port2)))
      assert.equal(port.path, 'arguments[0]')
      port1.close()
      port2.close()
      assert.equal(await pool.run(double, 2), 4)
    }),
  )

  timed('a process in a loop is ended by SIGTERM', () =>
    withProcesses(
      async (pool, folder) => {
        const pid = await pidOf(pool)
        const job = await pool.submit(spinUntil, join(folder, 'started'), join(folder, 'never'))
        await fileAppears(join(folder, 'started'))
        await job.cancel()
        assert.equal((await failure(CancelledError, job.result())).ended, 'terminated')
        assert.equal(isAlive(pid), false)
        assert.equal(await pool.run(double, 2), 4)
      },
      { grace: 500 }, // SIGTERM has as long; on a busy machine a process takes a while to be seen dead
    ),
  )

  timed('a process that ignores SIGTERM gets SIGKILL', () =>
    withProcesses(
      async (pool, folder) => {
        const pid = await pidOf(pool)
        const job = await pool.submit(ignoreSigterm, join(folder, 'started'))
        await fileAppears(join(folder, 'started'))
        await job.cancel('out')
        const error = await failure(CancelledError, job.result())
        assert.equal(error.ended, 'killed')
        assert.equal(error.reason, 'out')
        assert.equal(isAlive(pid), false)
        assert.equal(await pool.run(double, 2), 4)
      },
      { grace: 20 },
    ),
  )

  timed('a process that has been stopped with SIGSTOP is killed when its call is cancelled', () =>
    withProcesses(
      async (pool, folder) => {
        const pid = await pidOf(pool)
        const job = await pool.submit(holdStubbornly, join(folder, 'started'), join(folder, 'never'))
        await fileAppears(join(folder, 'started'))
        process.kill(pid, 'SIGSTOP')
        await job.cancel()
        assert.match(String((await failure(CancelledError, job.result())).ended), /^(terminated|killed)$/)
        assert.equal(isAlive(pid), false)
        assert.equal(await pool.run(double, 2), 4)
      },
      { grace: 20 },
    ),
  )

  timed('a stopped process runs into the time limit of its call', () =>
    withProcesses(
      async (pool, folder) => {
        const pid = await pidOf(pool)
        const made = call(holdStubbornly, join(folder, 'started'), join(folder, 'never')).with({ timeout: 500 })
        const running = failure(TimeoutError, pool.run(made))
        await fileAppears(join(folder, 'started'))
        process.kill(pid, 'SIGSTOP')
        assert.match(String((await running).ended), /^(terminated|killed)$/)
        assert.equal(await pool.run(double, 2), 4)
      },
      { grace: 20 },
    ),
  )

  timed('a stopped and continued process goes on as if nothing had happened', () =>
    withProcesses(async pool => {
      const pid = await pidOf(pool)
      process.kill(pid, 'SIGSTOP')
      const running = Array.from({ length: 10 }, (_, n) => pool.run(double, n))
      process.kill(pid, 'SIGCONT')
      assert.deepEqual(await Promise.all(running), [0, 2, 4, 6, 8, 10, 12, 14, 16, 18])
      assert.equal(await pidOf(pool), pid)
    }),
  )

  timed('a stopped process does not keep close with cancel from ending', async () => {
    const pool = processes({ workers: 1, grace: 20 })
    const pid = await pidOf(pool)
    process.kill(pid, 'SIGSTOP')
    await pool.close({ cancel: true })
    await holds(() => !isAlive(pid))
  })

  for (const signal of ['SIGKILL', 'SIGSEGV', 'SIGUSR2'] as const) {
    timed(`the crash of a process by ${signal} names the signal`, () =>
      withProcesses(async pool => {
        const error = await failure(WorkerCrashedError, pool.run(raise, signal))
        assert.equal(error.signal, signal)
        assert.equal(error.exitCode, null)
        assert.match(error.message, new RegExp(signal))
        assert.match(error.task, /raise/)
        assert.match(error.worker, /^process \d+$/)
        assert.equal(await pool.run(double, 2), 4)
      }),
    )
  }

  timed('a process that aborts names the signal', () =>
    withProcesses(
      async pool => {
        assert.equal((await failure(WorkerCrashedError, pool.run(abort))).signal, 'SIGABRT')
      },
      { output: 'tagged' },
    ),
  )

  timed('an idle process that is killed from outside is replaced without harm', () =>
    withProcesses(async pool => {
      const pid = await pidOf(pool)
      const gone = new Promise<void>(resolve => {
        pool.observe(event => {
          if (event.type === 'worker' && event.state === 'gone') resolve()
        })
      })
      const awake = setInterval(() => undefined, 1_000) // an idle pool does not keep the program alive
      process.kill(pid, 'SIGKILL')
      await gone
      clearInterval(awake)
      assert.notEqual(await pidOf(pool), pid)
    }),
  )

  timed('a process that is killed with calls on their way loses none that had not started', () =>
    withProcesses(async pool => {
      const pid = await pidOf(pool)
      process.kill(pid, 'SIGKILL')
      const outcomes = await Promise.allSettled(Array.from({ length: 50 }, (_, n) => pool.run(double, n)))
      // At most the one call that could have started was lost.
      const lost = outcomes.filter(each => each.status === 'rejected')
      assert.ok(lost.length <= 1, `${lost.length} calls were lost`)
    }),
  )

  timed('an item that kills its process takes nothing along that ran before it, with chunk: 1', () =>
    withProcesses(
      async pool => {
        // Known to be short, so that many are sent ahead of the one that ends their process.
        for (let n = 0; n < 200; n++) await pool.run(killItem, 0)
        const items = Array.from({ length: 60 }, (_, n) => n)
        const outcomes = await pool.map(killItem, items, { settle: true, chunk: 1, lookAhead: 60 }).toArray()
        assert.deepEqual(
          outcomes.filter(each => each.state === 'failed').map(each => each.index),
          [5, 15, 25, 35, 45, 55],
        )
      },
      { workers: 1 },
    ),
  )

  timed(
    'what a process has said before it died is heard, even when the pool has since tried to tell it something',
    () =>
      withProcesses(
        async pool => {
          for (let n = 0; n < 200; n++) await pool.run(killItem, 0)
          const id = pool.stats().workers[0]?.id as number
          const outcomes = pool.map(killItem, [0, 1, 2, 3, 4, 5], { settle: true, chunk: 1, lookAhead: 60 }).toArray()
          await new Promise(setImmediate) // they are on their way
          while (existsSync('/proc/self/stat') && !isDead(id)) continue // and nothing is read meanwhile
          const later = pool.run(killItem, 6)
          assert.deepEqual(
            (await outcomes).map(each => each.state),
            ['done', 'done', 'done', 'done', 'done', 'failed'],
          )
          assert.equal(await later, 6)
        },
        { workers: 1 },
      ),
  )

  timed('a process that is killed takes along no result that it held back to send it with others', () =>
    withProcesses(
      async pool => {
        for (let n = 0; n < 20; n++) await pool.run(killAfterWork, 0)
        const numbers = Array.from({ length: 18 }, (_, n) => n)
        const outcomes = await Promise.allSettled(numbers.map(n => pool.run(killAfterWork, n)))
        const lost = numbers.filter(n => outcomes[n]?.status === 'rejected')
        assert.deepEqual(lost, [6])
      },
      { workers: 1 },
    ),
  )

  timed('messages larger than any pipe holds come through whole', () =>
    withProcesses(async pool => {
      const bytes = new Uint8Array(32_000_000).map((_, n) => n % 256)
      const results = await Promise.all([
        pool.run(echo, bytes),
        pool.run(echo, 'small'),
        pool.run(echo, 'x'.repeat(2_000_000)),
      ])
      assert.equal(Buffer.compare(results[0] as Uint8Array, bytes), 0)
      assert.equal(results[1], 'small')
      assert.equal((results[2] as string).length, 2_000_000)
    }),
  )

  timed('what a process writes to its own streams does not disturb its messages', () =>
    withProcesses(
      async pool => {
        const text = await pool.run(echo, '{"type":"result"}\n\0 not a message')
        assert.equal(text, '{"type":"result"}\n\0 not a message')
      },
      { output: 'tagged' },
    ),
  )
})
