import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { loop, scope, task } from 'skein'
import { connect } from 'skein/queue'
import { processes } from 'skein/processes'
import { threads } from 'skein/threads'
import {
  packShared,
  SharedArray,
  SharedBarrier,
  SharedCell,
  SharedChannel,
  SharedCondition,
  SharedCounter,
  SharedEvent,
  type SharedHandle,
  SharedLatch,
  SharedMap,
  SharedMutex,
  SharedOnce,
  SharedRLock,
  SharedRWLock,
  SharedSemaphore,
  SharedStruct,
  unpackShared,
} from 'skein/shared'
import { withPool } from '../support/pools.ts'

export const makesChannel = task(
  import.meta,
  function makesChannel(first: string) {
    const made = new SharedChannel<string>({ capacity: 2 })
    made.trySend(first)
    return made
  },
  { name: 'handles.makesChannel' },
)

const takes = task(import.meta, (handle: object) => typeof handle, { name: 'handles.takes' })

describe('a handle', () => {
  test('is refused by processes and by queues, with its name and what to do', async () => {
    const lock = new SharedMutex({ name: 'stock' })
    const refusal = {
      code: 'SKEIN_UNSENDABLE',
      message: /arguments\[0\] is a SharedMutex, whose memory .*Run the call on threads\(\)/,
    }
    await withPool(processes, async pool => assert.rejects(pool.run(takes, lock), refusal))
    await using queue = await connect('memory:shared handles')
    await assert.rejects(queue.submit(takes, lock), refusal)
  })

  test('stays the same object on the event loop', async () => {
    const lock = new SharedMutex()
    const same = task(import.meta, (handle: SharedMutex) => handle === lock, { name: 'handles.same' })
    assert.equal(await loop.run(same, lock), true)
  })

  test('goes to a Worker of the user as plain data', async () => {
    const event = new SharedEvent({ name: 'go' })
    const code = `
      import { workerData } from 'node:worker_threads'
      import { unpackShared } from 'skein/shared'
      const event = unpackShared(workerData)
      event.set()
    `
    const file = new URL(
      `data:text/javascript,${encodeURIComponent(code.replace("'skein/shared'", `'${import.meta.resolve('skein/shared')}'`))}`,
    )
    const worker = new Worker(file, { workerData: packShared(event) })
    await event.wait()
    await new Promise(resolve => worker.once('exit', resolve))
    assert.equal(event.isSet, true)
  })

  test('that a Worker of the user holds when it is terminated leaves the lock abandoned', async () => {
    const [lock, held] = [new SharedMutex({ name: 'stock' }), new SharedEvent()]
    const code = `
      import { workerData } from 'node:worker_threads'
      import { unpackShared } from 'skein/shared'
      const [lock, held] = workerData.map(unpackShared)
      lock.acquireSync()
      held.set()
      for (;;);
    `
    const file = new URL(
      `data:text/javascript,${encodeURIComponent(code.replace("'skein/shared'", `'${import.meta.resolve('skein/shared')}'`))}`,
    )
    const worker = new Worker(file, { workerData: [packShared(lock), packShared(held)] })
    await held.wait()
    const waiting = assert.rejects(lock.acquire(), { code: 'SKEIN_ABANDONED', message: /mutex 'stock' was abandoned/ })
    await worker.terminate()
    await waiting
  })

  test('outlives the thread that made it, and its pool', async () => {
    let channel: SharedChannel<string> | undefined
    await withPool(threads, async pool => {
      channel = await pool.run(makesChannel, 'made there')
    })
    assert.equal(await channel?.receive(), 'made there')
    assert.equal(channel?.trySend('and here'), true)
  })

  test('that arrives damaged, or as something else, is refused', () => {
    const form = packShared(new SharedMutex())
    const wrong: readonly [unknown, RegExp][] = [
      [undefined, /what packShared has returned/],
      [{ kind: 'SharedNothing' }, /what packShared has returned/],
      [{ ...form, memory: new ArrayBuffer(64) }, /arrived without its shared memory/],
      [{ ...form, memory: new SharedArrayBuffer(4) }, /holds something else/],
      [{ ...form, memory: new SharedArrayBuffer(64) }, /holds something else/],
      [{ ...form, kind: 'SharedEvent' }, /holds something else/],
      [{ ...form, table: new SharedArrayBuffer(256 * 257) }, /knows nothing of the threads of this one/],
    ]
    for (const [data, message] of wrong) {
      assert.throws(() => unpackShared(data as never), { code: 'SKEIN_INVALID_ARGUMENT', message })
    }
    assert.throws(() => packShared({} as never), { code: 'SKEIN_INVALID_ARGUMENT' })
  })
})

describe('memory', () => {
  const refused = { code: 'SKEIN_INVALID_ARGUMENT' }
  const all: readonly (() => SharedHandle)[] = [
    () => new SharedMutex(),
    () => new SharedRLock(),
    () => new SharedRWLock(),
    () => new SharedSemaphore(1),
    () => new SharedCondition(),
    () => new SharedEvent(),
    () => new SharedLatch(1),
    () => new SharedBarrier(1),
    () => new SharedOnce(),
    () => new SharedCounter(),
    () => new SharedCell(),
    () => new SharedArray('int8', 1),
    () => new SharedStruct({ a: 'int32' }),
    () => new SharedMap(),
    () => new SharedChannel(),
  ]

  test('that is too short for what it says it holds is refused, whatever that is', () => {
    for (const make of all) {
      const form = packShared(make())
      const whole = form.memory.byteLength
      for (const length of new Set([8, whole, whole - 4].filter(each => each >= 8))) {
        const memory = new SharedArrayBuffer(length)
        const words = new Int32Array(memory)
        words.set(new Int32Array(form.memory).subarray(0, words.length))
        words[1] = 2 ** 30 // a number that no other handle has
        const unpacked = (): unknown => unpackShared({ ...form, memory })
        if (length === whole) assert.ok(unpacked())
        else assert.throws(unpacked, refused, `${form.kind} of ${length} bytes`)
      }
    }
  })

  test('that was copied, as on the way to another process, is refused with that', () => {
    for (const make of all) {
      const form = packShared(make())
      const copied: unknown = JSON.parse(JSON.stringify(form))
      assert.throws(() => unpackShared(copied as never), { ...refused, message: /Processes have no memory in common/ })
    }
  })

  test('of a struct that came with another shape is refused', () => {
    const form = packShared(new SharedStruct({ a: 'int32', b: 'float64' }))
    const memory = new SharedArrayBuffer(form.memory.byteLength)
    new Int32Array(memory).set(new Int32Array(form.memory))
    new Int32Array(memory)[1] = 2 ** 30 + 1
    for (const more of [{ a: 'int32' }, { a: 'int32', b: 'text' }, undefined, 'a']) {
      assert.throws(() => unpackShared({ ...form, memory, more }), refused)
    }
  })

  test('that is more than the machine has is refused by each that may ask for it', () => {
    const asks: readonly (() => unknown)[] = [
      () => new SharedArray('float64', Number.MAX_SAFE_INTEGER),
      () => new SharedArray('int8', 2 ** 52),
      () => new SharedChannel({ capacity: 1_048_576, itemSize: 16_777_216 }),
      () => new SharedMap({ maxEntries: 4_194_304, keyLength: 4_096, valueSize: 1_048_576 }),
    ]
    for (const ask of asks) assert.throws(ask, refused)
  })
})

describe('wrong arguments', () => {
  test('of a shared primitive are refused by name', () => {
    const numbers: readonly unknown[] = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '1', null, undefined, 2 ** 40]
    for (const value of numbers) {
      const n = value as number
      assert.throws(() => new SharedSemaphore(n), { code: 'SKEIN_INVALID_ARGUMENT', message: /^value must be/ })
      assert.throws(() => new SharedLatch(n), { code: 'SKEIN_INVALID_ARGUMENT', message: /^times must be/ })
      assert.throws(() => new SharedBarrier(n), { code: 'SKEIN_INVALID_ARGUMENT', message: /^parties must be/ })
      if (value !== undefined) {
        assert.throws(() => new SharedSemaphore(1, { max: n }), {
          code: 'SKEIN_INVALID_ARGUMENT',
          message: /^max must/,
        })
        assert.throws(() => new SharedSemaphore(1).release(n), { code: 'SKEIN_INVALID_ARGUMENT' })
        assert.throws(() => new SharedLatch(1).countDown(n), { code: 'SKEIN_INVALID_ARGUMENT' })
      }
    }
    assert.throws(() => new SharedBarrier(0), { code: 'SKEIN_INVALID_ARGUMENT' })
    assert.throws(() => new SharedMutex({ nmae: 'x' } as never), /Did you mean 'name'/)
    assert.throws(() => new SharedMutex({ name: 3 } as never), { code: 'SKEIN_INVALID_ARGUMENT' })
    assert.throws(() => new SharedCondition({} as never), { code: 'SKEIN_INVALID_ARGUMENT' })
    assert.throws(() => new SharedMutex().holdSync(undefined as never), { code: 'SKEIN_INVALID_ARGUMENT' })
  })

  test('no blocking wait is taken on the main thread', () => {
    const waits: readonly (() => unknown)[] = [
      () => new SharedMutex().acquireSync(),
      () => new SharedMutex().holdSync(() => {}),
      () => new SharedSemaphore(1).acquireSync(),
      () => new SharedEvent().waitSync(),
      () => new SharedLatch(1).waitSync(),
      () => new SharedBarrier(2).waitSync(),
      () => new SharedOnce().runSync(() => {}),
    ]
    for (const wait of waits) assert.throws(wait, { code: 'SKEIN_MISUSE', message: /would block the main thread/ })
  })
})

describe('rules of use', () => {
  test('a lock is released by who holds it alone', async () => {
    const lock = new SharedMutex({ name: 'a' })
    assert.throws(() => lock.release(), { code: 'SKEIN_MISUSE', message: /nobody holds it/ })
    await scope(async s => {
      await lock.acquire(s)
      await scope(async other => assert.throws(() => lock.release(other), { code: 'SKEIN_MISUSE' }))
      await assert.rejects(lock.acquire(s), { code: 'SKEIN_MISUSE', message: /asks for it again/ })
      lock.release(s)
    })
    assert.equal(lock.held, false)
  })

  test('a scope that ends with the lock in its hands leaves it abandoned', async () => {
    const lock = new SharedMutex()
    await scope(async s => lock.acquire(s))
    await assert.rejects(lock.acquire(), { code: 'SKEIN_ABANDONED' })
    await lock.repair(() => {})
    assert.equal(lock.tryAcquire(), true)
    lock.release()
  })

  test('a wait that is cancelled leaves no trace, and those behind it go on', async () => {
    const lock = new SharedMutex()
    await lock.acquire()
    const stop = new AbortController()
    const first = lock.acquire(stop.signal)
    const second = lock.acquire()
    stop.abort()
    await assert.rejects(first, { code: 'SKEIN_CANCELLED' })
    lock.release()
    await second
    assert.equal(lock.stats().waiting, 0)
    lock.release()
  })

  test('a semaphore that is released too often says so', async () => {
    const places = new SharedSemaphore(1, { max: 2 })
    places.release()
    assert.throws(() => places.release(), { code: 'SKEIN_MISUSE' })
    await places.acquire()
    assert.equal(places.value, 1)
  })

  test('a condition needs its lock', async () => {
    const condition = new SharedCondition()
    await assert.rejects(condition.wait(), { code: 'SKEIN_MISUSE' })
    assert.throws(() => condition.notify(), { code: 'SKEIN_MISUSE' })
  })

  test('a condition passes on what a cancelled waiter had got', async () => {
    const condition = new SharedCondition()
    const stop = new AbortController()
    const wait = (owner?: AbortSignal): Promise<void> => condition.lock.hold(() => condition.wait(owner), owner)
    const first = wait(stop.signal)
    await condition.lock.hold(() => {})
    const second = condition.lock.hold(() => condition.wait())
    await condition.lock.hold(() => {
      condition.notify()
      stop.abort()
    })
    await assert.rejects(first, { code: 'SKEIN_CANCELLED' })
    await second
  })

  test('a barrier that is reset or aborted breaks the waits, and whose arrival is cancelled has not come', async () => {
    const barrier = new SharedBarrier(2)
    const one = barrier.wait()
    barrier.reset()
    await assert.rejects(one, { code: 'SKEIN_BROKEN' })
    const two = barrier.wait()
    barrier.abort()
    await assert.rejects(two, { code: 'SKEIN_BROKEN' })
    await assert.rejects(barrier.wait(), { code: 'SKEIN_BROKEN' })
    barrier.reset()
    const stop = new AbortController()
    const three = barrier.wait(stop.signal)
    stop.abort()
    await assert.rejects(three, { code: 'SKEIN_CANCELLED' })
    assert.deepEqual(barrier.stats(), { parties: 2, waiting: 0, broken: false })
    assert.deepEqual(await Promise.all([barrier.wait(), barrier.wait()]), [0, 1])
  })

  test('what fails is done again by the next', async () => {
    const once = new SharedOnce()
    await assert.rejects(
      once.run(() => {
        throw new Error('oops')
      }),
      /oops/,
    )
    assert.equal(await once.run(attempt => assert.equal(attempt, 2)), true)
    assert.equal(await once.run(() => assert.fail()), false)
  })

  test('a reentrant lock needs a scope where it does not block', async () => {
    await assert.rejects(new SharedRLock().acquire(), { code: 'SKEIN_MISUSE', message: /without a scope/ })
  })
})
