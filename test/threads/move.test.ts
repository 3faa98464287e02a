import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { call, CancelledError, InvalidArgumentError, loop, move, UnsendableError } from 'skein'
import { threads } from 'skein/threads'
import { all, codeOf, failure } from '../conformance/expect.ts'
import { fileAppears, linesOf, touch } from '../conformance/files.ts'
import * as tasks from '../conformance/tasks/handing-over.ts'
import { holdUntil } from '../conformance/tasks/holding.ts'
import { echo, textOf } from '../conformance/tasks/values.ts'
import { timed, type UsePool, withPool } from '../support/pools.ts'

const withThread = (use: UsePool, options?: object): Promise<void> => withPool(threads, use, options)

describe('move', () => {
  test('gives back the value itself', () => {
    const bytes = new Uint8Array(4)
    assert.equal(move(bytes), bytes)
    assert.equal(bytes.length, 4, 'nothing has moved yet')
  })

  test('refuses what has nothing to move', () => {
    for (const value of [1, 'text', undefined, null, () => 1]) {
      assert.throws(() => move(value as never), { code: 'SKEIN_INVALID_ARGUMENT', message: /^move needs a buffer/ })
    }
    for (const value of [new SharedArrayBuffer(1), new Uint8Array(new SharedArrayBuffer(1))]) {
      assert.throws(() => move(value), { name: 'InvalidArgumentError', message: /Shared memory is never copied/ })
    }
    assert.throws(() => move(3 as never), InvalidArgumentError)
  })

  test('refuses memory that has been moved away', () => {
    const bytes = new Uint8Array(4)
    structuredClone(bytes, { transfer: [bytes.buffer] })
    assert.throws(() => move({ bytes }), { code: 'SKEIN_UNSENDABLE', message: /moved away/ })
  })
})

describe('on threads, move', () => {
  timed('takes along all memory in a value, wherever in it that lies', () =>
    withThread(async pool => {
      const row = {
        x: new Float64Array([1]),
        more: [new Map([['y', new Float32Array([2])]])],
        bytes: Buffer.alloc(9_000, 3),
      }
      const got = await pool.run(echo, move(row))
      assert.deepEqual(got, {
        x: new Float64Array([1]),
        more: [new Map([['y', new Float32Array([2])]])],
        bytes: Buffer.alloc(9_000, 3),
      })
      assert.deepEqual([row.x.length, row.more[0]?.get('y')?.length, row.bytes.length], [0, 0, 0])
    }),
  )

  timed('copies a Buffer that is a part of a larger piece of memory', () =>
    withThread(async pool => {
      const beside = Buffer.from('beside')
      const small = Buffer.from('small')
      assert.deepEqual(await pool.run(echo, move(small)), Buffer.from('small'))
      assert.equal(`${String(small)} ${String(beside)}`, 'small beside')
    }),
  )

  timed('empties what the task gives away, and only that', () =>
    withThread(async pool => {
      const moved = await pool.run(tasks.giveKept, 100, true)
      assert.deepEqual([moved.bytes.length, moved.bytes[99], moved.onMain], [100, 7, false])
      assert.equal(await pool.run(tasks.leftOfKept), 0)
      await pool.run(tasks.giveKept, 100, false)
      assert.equal(await pool.run(tasks.leftOfKept), 100)
    }),
  )

  timed('empties each value that a generator gives away', () =>
    withThread(async (pool, folder) => {
      await all(pool.stream(tasks.pieces, 3, join(folder, 'log')))
      assert.deepEqual(linesOf(join(folder, 'log')), ['left 0', 'left 0', 'left 0'])
    }),
  )

  timed('moves the items of a map, and their results', () =>
    withThread(async pool => {
      const items = Array.from({ length: 20 }, (_, n) => new Uint8Array(2_000).fill(n))
      const results = await pool.map(tasks.increase, items.map(move)).toArray()
      assert.deepEqual(results.map(each => each[1_999]), items.map((_, n) => n + 1)) // oxfmt-ignore
      assert.ok(items.every(each => each.length === 0))
    }),
  )

  timed('sends a buffer once: the second call says where it was', () =>
    withThread(async pool => {
      const bytes = new Uint8Array(8)
      const moving = call(tasks.firstByte, { buffers: new Map([['a', move(bytes)]]) })
      assert.deepEqual(await pool.run(moving), [0])
      const error = await failure(UnsendableError, pool.run(moving))
      assert.equal(error.path, 'arguments[0].buffers.get("a")')
      assert.match(error.message, /moved away/)
    }),
  )

  timed('leaves the buffer here while the call waits, also when it is cancelled then', () =>
    withThread(async (pool, folder) => {
      const first = pool.run(holdUntil, join(folder, 'started'), join(folder, 'gate'))
      await fileAppears(join(folder, 'started'))
      const bytes = new Uint8Array(100)
      const job = await pool.submit(tasks.increase, move(bytes))
      assert.equal(bytes.length, 100)
      await job.cancel()
      assert.equal((await failure(CancelledError, job.result())).ended, 'withdrawn')
      assert.equal(bytes.length, 100)
      touch(join(folder, 'gate'))
      await first
      await pool.run(tasks.increase, bytes)
      assert.equal(bytes.length, 100, 'the mark was for that one call')
    }),
  )

  timed('leaves the buffer here when another argument cannot be sent', () =>
    withThread(async pool => {
      const bytes = new Uint8Array(100)
      const { port1, port2 } = new MessageChannel()
      const refused = pool.run(textOf, move(bytes) as never, port1 as never)
      assert.equal((await failure(UnsendableError, refused)).path, 'arguments[1]')
      assert.equal(bytes.length, 100)
      port1.close()
      port2.close()
    }),
  )

  timed('copies memory that cannot leave, or refuses it in that call alone, as Node does', () =>
    withThread(async pool => {
      const outcomes = ['no error', 'SKEIN_UNSENDABLE']
      const wasm = tasks.unmovable()
      const sent = pool.run(tasks.firstByte, { buffers: new Map([['a', move(wasm)]]) })
      assert.ok(outcomes.includes(await codeOf(sent)))
      assert.equal(wasm.length, 65_536)
      assert.ok(outcomes.includes(await codeOf(pool.run(tasks.giveUnmovable))))
      assert.equal(await pool.run(textOf, 'on'), 'on')
    }),
  )

  timed('does not run a call again whose buffer has gone with the first run', () =>
    withThread(async (pool, folder) => {
      const log = join(folder, 'log')
      const failing = call(tasks.failOnce, move(new Uint8Array(5)), log).with({ retries: 2 })
      assert.equal((await failure(RangeError, pool.run(failing))).message, 'always')
      assert.deepEqual(linesOf(log), ['run with 5'])
      await failure(RangeError, loop.run(call(tasks.failOnce, move(new Uint8Array(5)), log).with({ retries: 1 })))
      assert.equal(linesOf(log).length, 3, 'on the event loop nothing has gone anywhere')
    }),
  )

  timed('is not undone by a worker that other calls keep busy', () =>
    withThread(async (pool, folder) => {
      const quick = Array.from({ length: 50 }, (_, n) => pool.run(textOf, n))
      await Promise.all(quick) // the pool has learned that these are short, and sends them ahead
      const holding = pool.run(holdUntil, join(folder, 'started'), join(folder, 'gate'))
      const behind = Array.from({ length: 50 }, () => pool.run(tasks.increase, move(new Uint8Array(10))))
      await fileAppears(join(folder, 'started'))
      touch(join(folder, 'gate'))
      assert.equal(await holding, 'released')
      assert.ok((await Promise.all(behind)).every(each => each[0] === 1))
    }),
  )

  timed('says so when a worker is ended before it came to a call that has moved its arguments', () =>
    withThread(
      async (pool, folder) => {
        const first = await pool.submit(tasks.holdThread, join(folder, 'started'))
        await fileAppears(join(folder, 'started'))
        const lost = failure(Error, pool.run(tasks.increase, move(new Uint8Array(10))))
        const kept = pool.run(textOf, 'kept')
        await first.cancel()
        assert.match((await lost).message, /was not run: thread 1 did not come to it/)
        assert.equal(await kept, 'kept')
      },
      { concurrency: 3, grace: 10 },
    ),
  )
})

// The other side of the last two: nothing of this holds where nothing moves.
describe('on the event loop, move', () => {
  timed('gives the task the value itself, and nothing is taken away', async () => {
    const bytes = new Uint8Array(3)
    assert.equal(await loop.run(tasks.increase, move(bytes)), bytes)
    await withThread(async pool => {
      assert.equal((await pool.run(tasks.increase, bytes)).length, 3)
      assert.equal(bytes.length, 3, 'neither the mark of the argument nor that of the result has lasted')
    })
  })
})
