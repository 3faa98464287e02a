import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'node:test'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { call, CancelledError, move, WorkerCrashedError } from 'skein'
import { threads } from 'skein/threads'
import { failure } from '../conformance/expect.ts'
import { fileAppears } from '../conformance/files.ts'
import { giveDeepBeside } from '../conformance/tasks/deep.ts'
import { spinUntil } from '../conformance/tasks/holding.ts'
import { addToShared, answerOn, fillBuffer, runtime } from '../conformance/tasks/memory.ts'
import { double } from '../conformance/tasks/values.ts'
import { timed, type UsePool, withPool } from '../support/pools.ts'

const withThreads = (use: UsePool, options?: object): Promise<void> => withPool(threads, use, options)

describe('threads', () => {
  timed('run in this process, in threads other than the main one', () =>
    withThreads(async pool => {
      const seen = await pool.run(runtime)
      assert.equal(seen.main, false)
      assert.equal(seen.pid, process.pid)
      assert.ok(seen.thread > 0)
      assert.equal(pool.stats().workers[0]?.id, seen.thread)
    }),
  )

  timed('are as many as the machine can run in parallel, unless told otherwise', async () => {
    const pool = threads()
    assert.equal(pool.capacity, availableParallelism())
    await pool.close()
  })

  timed('a buffer that is moved does so: it is empty here afterwards', () =>
    withThreads(async pool => {
      const buffer = new ArrayBuffer(1024)
      const got = await pool.run(fillBuffer, move(buffer), 7)
      assert.equal(buffer.byteLength, 0)
      assert.deepEqual(new Uint8Array(got), new Uint8Array(1024).fill(7))
    }),
  )

  timed('a buffer that two calls move reaches the first, and the second says that it is gone', () =>
    withThreads(async pool => {
      const buffer = new ArrayBuffer(8)
      const moving = call(fillBuffer, move(buffer), 7)
      const [first, second] = await Promise.allSettled([pool.run(moving), pool.run(moving)])
      assert.equal(first.status, 'fulfilled')
      assert.equal(second.status, 'rejected')
      assert.equal(second.status === 'rejected' && (second.reason as { code: string }).code, 'SKEIN_UNSENDABLE')
      assert.match(String(second.status === 'rejected' && second.reason), /moved away/)
    }),
  )

  timed('a buffer that is not moved is copied', () =>
    withThreads(async pool => {
      const buffer = new ArrayBuffer(8)
      const got = await pool.run(fillBuffer, buffer, 7)
      assert.deepEqual([...new Uint8Array(buffer)], Array(8).fill(0))
      assert.deepEqual([...new Uint8Array(got)], Array(8).fill(7))
    }),
  )

  timed('a call that waits in the queue moves its buffer when it is sent', () =>
    withThreads(async pool => {
      const buffers = Array.from({ length: 20 }, () => new ArrayBuffer(16))
      const results = await Promise.all(buffers.map((buffer, n) => pool.run(fillBuffer, move(buffer), n)))
      for (const [n, result] of results.entries()) assert.deepEqual([...new Uint8Array(result)], Array(16).fill(n))
    }),
  )

  timed('a message port moves to the worker and works there', () =>
    withThreads(async pool => {
      const { port1, port2 } = new MessageChannel()
      port1.postMessage('hello')
      const made = call(answerOn, move(port2), 'got')
      assert.equal(await pool.run(made), 'answered')
      assert.deepEqual(receiveMessageOnPort(port1), { message: 'got hello' })
      port1.close()
    }),
  )

  timed('shared memory is shared', () =>
    withThreads(
      async pool => {
        const shared = new SharedArrayBuffer(4)
        await Promise.all(Array.from({ length: 4 }, () => pool.run(addToShared, shared, 1_000)))
        assert.equal(new Int32Array(shared)[0], 4_000)
      },
      { workers: 2 },
    ),
  )

  timed('a thread that does not stop is terminated', () =>
    withThreads(
      async (pool, folder) => {
        const job = await pool.submit(spinUntil, join(folder, 'started'), join(folder, 'never'))
        await fileAppears(join(folder, 'started'))
        await job.cancel()
        assert.equal((await failure(CancelledError, job.result())).ended, 'terminated')
        assert.equal(await pool.run(double, 2), 4)
      },
      { grace: 10 },
    ),
  )

  timed('a result that cannot be read here fails its call, and its thread is replaced', () =>
    withThreads(async pool => {
      const before = (await pool.run(runtime)).thread
      const { message } = await failure(WorkerCrashedError, pool.run(giveDeepBeside, 5_000))
      assert.match(message, /what it sent could not be read \(.*call stack/)
      assert.notEqual((await pool.run(runtime)).thread, before)
    }),
  )

  timed('a thread that loops without a checkpoint does not outlive close', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skein-'))
    const pool = threads({ workers: 1, grace: 10 })
    const running = failure(CancelledError, pool.run(spinUntil, join(folder, 'started'), join(folder, 'never')))
    await fileAppears(join(folder, 'started'))
    await pool.close({ cancel: true })
    assert.equal((await running).ended, 'terminated')
    assert.equal(process.getActiveResourcesInfo().filter(each => /Worker|MessagePort/.test(each)).length, 0)
    rmSync(folder, { recursive: true })
  })

  timed('leave the environment of the program as it is', () =>
    withThreads(
      async pool => {
        await pool.run(double, 1)
        assert.equal(process.env['SKEIN_ONLY_INSIDE'], undefined)
      },
      { env: { SKEIN_ONLY_INSIDE: 'yes' } },
    ),
  )
})
