import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MessageChannel } from 'node:worker_threads'
import { ClosedError, put, UnsendableError, WorkerCrashedError } from 'skein'
import { connect } from 'skein/queue'
import { threads } from 'skein/threads'
import { failure } from '../conformance/expect.ts'
import { fileAppears, touch } from '../conformance/files.ts'
import { exitWith } from '../conformance/tasks/crashing.ts'
import * as tasks from '../conformance/tasks/handing-over.ts'
import { holdUntil } from '../conformance/tasks/holding.ts'
import { textOf } from '../conformance/tasks/values.ts'
import { timed, type UsePool, withPool } from '../support/pools.ts'

const model: tasks.Model = { weights: [3], words: new Map([['a', 1]]) }

const withThread = (use: UsePool, options?: object): Promise<void> => withPool(threads, use, options)

describe('a value that was put', () => {
  timed('fails the calls that no worker has been given yet, when its handle is closed', () =>
    withThread(async (pool, folder) => {
      const handle = put(model)
      const first = pool.run(holdUntil, join(folder, 'started'), join(folder, 'gate'))
      await fileAppears(join(folder, 'started'))
      const waiting = failure(ClosedError, pool.run(tasks.score, handle, 'a'))
      await handle.close()
      touch(join(folder, 'gate'))
      assert.equal((await waiting).code, 'SKEIN_CLOSED')
      assert.equal(await first, 'released')
    }),
  )

  timed('comes to the worker that replaces one that has crashed', () =>
    withThread(async pool => {
      const handle = put(model)
      assert.equal(await pool.run(tasks.score, handle, 'a'), 3)
      await failure(WorkerCrashedError, pool.run(exitWith, 1))
      assert.equal(handle.copies, 0)
      assert.equal(await pool.run(tasks.score, handle, 'a'), 3)
      assert.equal(handle.copies, 1)
      await handle.close()
    }),
  )

  timed('is counted once for each worker, over all executors', async () => {
    const pools = [threads({ workers: 1 }), threads({ workers: 1 })]
    const handle = put(model)
    for (const pool of [...pools, ...pools]) await pool.run(tasks.score, handle, 'a')
    assert.equal(handle.copies, 2)
    await pools[0]?.close()
    assert.equal(handle.copies, 1)
    await handle.close()
    assert.equal(handle.copies, 0)
    await pools[1]?.close()
  })

  timed('can share memory that is shared', () =>
    withThread(async pool => {
      const cells = new Int32Array(new SharedArrayBuffer(8))
      const handle = put({ cells, more: 'text' })
      await pool.run(tasks.setCell, handle, 1, 7)
      assert.equal(cells[1], 7)
      await handle.close()
    }),
  )

  timed('fails its calls where it holds what cannot be cloned, and names it', () =>
    withThread(async pool => {
      const { port1, port2 } = new MessageChannel()
      const handle = put({ deep: [port1] })
      for (let round = 0; round < 2; round++) {
        const error = await failure(UnsendableError, pool.run(tasks.isSame, handle, {}))
        assert.equal(error.path, 'the value that was put.deep[0]')
      }
      assert.equal(handle.copies, 0)
      assert.equal(await pool.run(textOf, 'on'), 'on')
      await handle.close()
      port1.close()
      port2.close()
    }),
  )

  timed('is refused in a result, and by a queue', async () => {
    await withThread(async pool => {
      const error = await failure(UnsendableError, pool.run(tasks.giveHandle))
      assert.equal(error.path, 'result')
      assert.match(error.message, /handle of a value that was put/)
    })
    const handle = put(model)
    const queue = await connect('memory:')
    const refused = await failure(UnsendableError, queue.submit(tasks.scoreOf, { model: handle, text: 'a' }))
    assert.equal(refused.path, 'arguments[0].model')
    assert.match(refused.message, /a file or a database/)
    await queue.close()
    await handle.close()
  })

  timed('is freed when its handle has been forgotten', () =>
    withThread(async pool => {
      await pool.run(tasks.watch, put(model))
      setFlagsFromString('--expose-gc')
      const collect = runInNewContext('gc') as () => void
      let freed = false
      for (let round = 0; round < 100 && !freed; round++) {
        await new Promise(resolve => setImmediate(resolve))
        collect()
        freed = await pool.run(tasks.isCollected)
      }
      assert.equal(freed, true)
    }),
  )

  timed('is freed with await using', async () => {
    let count = -1
    await withThread(async pool => {
      let outside
      {
        await using handle = put(model)
        await pool.run(tasks.score, handle, 'a')
        outside = handle
      }
      count = outside.copies
    })
    assert.equal(count, 0)
  })
})
