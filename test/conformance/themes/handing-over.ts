import assert from 'node:assert/strict'
import { call, ClosedError, move, put, UnsendableError } from 'skein'
import { all, failure } from '../expect.ts'
import { fileAppears, touch } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import * as tasks from '../tasks/handing-over.ts'
import { add as addTask } from '../tasks/values.ts'

const model = (): tasks.Model => ({ weights: [3], words: new Map([['a', 1], ['b', 2]]) }) // oxfmt-ignore

/** `move` and `put`: what they promise wherever a call runs. */
export const handingOver: Theme = theme('handing over', add => {
  add('gives the task the memory that was moved to it, and the caller what it moved back', async ({ shared }) => {
    const got = await shared.run(tasks.increase, move(new Uint8Array(20_000)))
    assert.equal(got.length, 20_000)
    assert.ok(got.every(byte => byte === 1))
  })

  add('moves the items of a map', async ({ shared }) => {
    const items = Array.from({ length: 30 }, (_, n) => move(new Uint8Array(100).fill(n)))
    const got = await shared.map(tasks.increase, items).toArray()
    assert.deepEqual(
      got.map(each => [each.length, each[0], each[99]]),
      items.map((_, n) => [100, n + 1, n + 1]),
    )
  })

  add('gives the values that a generator moves', async ({ shared, file }) => {
    const got = await all(shared.stream(tasks.pieces, 5, file('log')))
    assert.deepEqual(
      got.map(each => [each.length, each[0]]),
      [0, 1, 2, 3, 4].map(n => [4_000, n]),
    )
  })

  add('carries on with what a moved result was passed to next, and leaves that here', async ({ shared }) => {
    const { bytes } = await shared.run(tasks.giveKept, 100, true)
    const more = await shared.run(tasks.increase, bytes.slice())
    assert.deepEqual([more.length, more[0]], [100, 8])
    await shared.run(tasks.firstByte, { buffers: new Map([['bytes', bytes]]) })
    assert.equal(bytes.length, 100, 'the mark of the result did not hold for the next call')
  })

  add('leaves what was to move where it is when the call is refused', async ({ open }) => {
    const closed = open({ workers: 1 })
    await closed.close()
    const bytes = new Uint8Array(100)
    await failure(ClosedError, closed.run(tasks.increase, move(bytes)))
    assert.equal(bytes.length, 100)
  }, { needs: ['workers'] }) // oxfmt-ignore

  add('gives the value for the handle that was put, as often as it is asked for', async ({ shared }) => {
    await using handle = put(model())
    assert.equal(await shared.run(tasks.score, handle, 'a'), 3)
    assert.equal(await shared.run(tasks.score, handle, 'b'), 6)
    assert.equal(await (await shared.submit(tasks.score, handle, 'b')).result(), 6)
    assert.equal(await shared.run(call(tasks.score, handle, 'a').with({ priority: 1 })), 3)
  })

  add('finds the handle in arrays and objects, in nested calls, in streams and in the items of a map', async at => {
    await using handle = put(model())
    const { shared } = at
    assert.equal(await shared.run(tasks.scoreOf, { model: handle, text: 'b' }), 6)
    const nested = call(addTask, call(tasks.score, handle, 'a'), call(tasks.scoreOf, { model: handle, text: 'b' }))
    assert.equal(await shared.run(nested), 9)
    assert.deepEqual(await all(shared.stream(tasks.scoreAll, handle, ['b', 'a', 'c'])), [2, 1, 0])
    const items = Array.from({ length: 40 }, (_, n) => ({ model: handle, text: n % 2 ? 'a' : 'b' }))
    const got = await shared.map(tasks.scoreOf, items).toArray()
    assert.deepEqual(got, items.map(({ text }) => (text === 'a' ? 3 : 6))) // oxfmt-ignore
  })

  add('is one object wherever the same handle stands', async ({ shared }) => {
    await using handle = put(model())
    assert.equal(await shared.run(tasks.isSame, handle, handle), true)
    await using other = put(model())
    assert.equal(await shared.run(tasks.isSame, handle, other), false)
  })

  add('keeps a value that was put in a worker from call to call', async ({ open }) => {
    const executor = open({ workers: 1 })
    await using handle = put(model())
    assert.equal((await executor.run(tasks.wasHere, handle)).before, false)
    assert.equal((await executor.run(tasks.wasHere, handle)).before, true)
  })

  add('puts values of any kind that can be sent', async ({ shared }) => {
    await using dictionary = put(new tasks.Dictionary(['a', 'b']))
    assert.equal(await shared.run(tasks.wordAt, dictionary as never, 1), 'b')
    assert.equal(await shared.run(tasks.wordAt, dictionary as never, 0), 'a')
  })

  add('fails with SKEIN_CLOSED when a handle has been closed', async ({ shared }) => {
    const handle = put(model())
    assert.equal(await shared.run(tasks.score, handle, 'a'), 3)
    await handle.close()
    await handle.close()
    const error = await failure(ClosedError, shared.run(tasks.scoreOf, { model: handle, text: 'a' }))
    assert.equal(error.code, 'SKEIN_CLOSED')
    assert.match(error.message, /arguments\[0\]\.model is a value that was put and has been closed/)
    assert.equal(handle.copies, 0)
    assert.equal(await shared.run(addTask, 1, 2), 3)
  })

  add('leaves a value that was put to the calls that have it, when the handle is closed', async ({ open, file }) => {
    const executor = open({ workers: 1, concurrency: 2 })
    const handle = put(model())
    const running = executor.run(tasks.scoreLater, file('started'), file('gate'), handle)
    await fileAppears(file('started'))
    await handle.close()
    touch(file('gate'))
    assert.equal(await running, 1)
  })

  add('has the value again when a failed call is run once more', async ({ shared }) => {
    await using handle = put(model())
    const failing = shared.run(call(tasks.failWith, handle).with({ retries: 1 }))
    assert.equal((await failure(RangeError, failing)).message, 'a model with 1 weights')
  })

  add('refuses to put what cannot be sent, in the calls that need it', async ({ shared }) => {
    await using handle = put({ weights: [() => 1], words: new Map<string, number>() })
    const error = await failure(UnsendableError, shared.run(tasks.score, handle as never, 'a'))
    assert.equal(error.path, 'the value that was put.weights[0]')
    assert.equal(handle.copies, 0)
    assert.equal(await shared.run(addTask, 1, 2), 3)
  }, { needs: ['border'] }) // oxfmt-ignore

  add('refuses a handle inside of a value that is put', async ({ shared }) => {
    await using inner = put([1])
    await using outer = put({ weights: inner, words: new Map<string, number>() })
    const error = await failure(UnsendableError, shared.run(tasks.score, outer as never, 'a'))
    assert.equal(error.path, 'the value that was put.weights')
    assert.match(error.message, /handle of a value that was put/)
  }, { needs: ['border'] }) // oxfmt-ignore

  add('counts the workers that keep a value, and frees it in all of them', async ({ open }) => {
    const executor = open({ workers: 1 })
    const handle = put(model())
    await executor.run(tasks.watch, handle)
    assert.equal(handle.copies, 1)
    assert.equal(await executor.run(tasks.isCollected), false)
    await handle.close()
    assert.equal(handle.copies, 0)
    assert.equal(await executor.run(tasks.isCollected), true)
  }, { needs: ['workers'] }) // oxfmt-ignore

  add('gives a value that was put to a worker that takes the place of another', async ({ open }) => {
    const executor = open({ workers: 1, maxTasksPerWorker: 1 })
    await using handle = put(model())
    const first = await executor.run(tasks.wasHere, handle)
    const second = await executor.run(tasks.wasHere, handle)
    assert.notEqual(first.where, second.where)
    assert.equal(second.before, false)
    await executor.close()
    assert.equal(handle.copies, 0, 'no worker of a closed executor keeps it')
  }, { needs: ['workers'] }) // oxfmt-ignore
})
