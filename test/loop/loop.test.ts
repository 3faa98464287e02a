import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { call, CapacityLimiter, InvalidArgumentError, loop, loop as loopOfItsRoom } from 'skein'
import { codeOf, failure } from '../conformance/expect.ts'
import { fileAppears, touch } from '../conformance/files.ts'
import { holdStubbornly, holdUntil, spinFor } from '../conformance/tasks/holding.ts'
import { double, doubleLater, echo, where } from '../conformance/tasks/values.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

describe('loop', () => {
  test('is an executor as it stands, the same through both doors', async () => {
    assert.equal(loop, loopOfItsRoom)
    assert.equal(loop.kind, 'loop')
    assert.equal(await loop.run(double, 4), 8)
    assert.equal(await (await loop.submit(double, 4)).result(), 8)
    assert.deepEqual(await loop.map(double, [1, 2]).toArray(), [2, 4])
    assert.equal(await loop.run(where), where())
  })

  test('itself cannot be closed: it belongs to everybody', async () => {
    await loop.close()
    await loop.close({ cancel: true })
    await loop[Symbol.asyncDispose]()
    assert.equal(await loop.run(double, 4), 8)
  })

  test('with options is another executor, which can be closed', async () => {
    const own = loop({ concurrency: 2 })
    assert.equal(own.capacity, 2)
    assert.equal(await own.run(double, 4), 8)
    await own.close()
    assert.equal(await codeOf(own.run(double, 4)), 'SKEIN_CLOSED')
    assert.equal(await loop.run(double, 4), 8)
  })

  test('called without options is another executor, too, with no limit', async () => {
    const own = loop()
    assert.equal(own.capacity, Number.POSITIVE_INFINITY)
    assert.equal(await own.run(double, 4), 8)
    await own.close()
    assert.equal(await codeOf(own.run(double, 4)), 'SKEIN_CLOSED')
    assert.equal(await loop.run(double, 4), 8)
  })

  test('options that are none are refused by name', () => {
    const wrong: [object, RegExp][] = [
      [{ concurrency: 0 }, /concurrency/],
      [{ maxQueue: -1 }, /maxQueue/],
      [{ overload: 'panic' }, /overload/],
      [{ grace: 'soon' }, /grace/],
      [{ workers: 4 }, /workers/],
      [null as never, /object with loop options/],
    ]
    for (const [options, name] of wrong) {
      assert.throws(
        () => loop(options),
        (error: unknown) => error instanceof InvalidArgumentError && name.test(error.message),
        JSON.stringify(options),
      )
    }
  })

  test('a thousand calls can wait at the same time', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skein-'))
    const gate = join(folder, 'gate')
    const calls = Array.from({ length: 1_000 }, () => loop.run(holdUntil, join(folder, 'started'), gate))
    await fileAppears(join(folder, 'started'))
    touch(gate)
    assert.deepEqual(new Set(await Promise.all(calls)), new Set(['released']))
    rmSync(folder, { recursive: true })
  })

  test('synchronous calls let timers and sockets have their turn', async () => {
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    await Promise.all(Array.from({ length: 60 }, () => loop.run(spinFor, 2)))
    clearInterval(timer)
    assert.ok(ticks >= 3, `${ticks} ticks during 120 ms of synchronous calls`)
  })

  test('a call does not start before run has returned', async () => {
    let returned = false
    const outcome = loop.run(echo, 'value').then(() => returned)
    returned = true
    assert.equal(await outcome, true)
  })

  test('an abandoned call that ends badly later harms nobody', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skein-'))
    const heard: unknown[] = []
    const listener = (reason: unknown): void => void heard.push(reason)
    process.on('unhandledRejection', listener)
    const own = loop({ concurrency: 1, grace: 5 })
    const job = await own.submit(call(holdStubbornly, join(folder, 'started'), join(folder, 'gate')))
    await fileAppears(join(folder, 'started'))
    await job.cancel()
    assert.equal(job.state, 'cancelled')
    assert.equal(await codeOf(job.result()), 'SKEIN_CANCELLED')
    touch(join(folder, 'gate'))
    assert.equal(await own.run(doubleLater, 2), 4)
    await own.close()
    process.off('unhandledRejection', listener)
    assert.deepEqual(heard, [])
    rmSync(folder, { recursive: true })
  })

  test('what is no task is refused and named', async () => {
    const plain = function plain(): number {
      return 1
    }
    const error = await failure(InvalidArgumentError, (async () => loop.run(plain as never))())
    assert.match(error.message, /plain/)
    assert.match(error.message, /task\(import\.meta/)
    assert.equal(await codeOf((async () => loop.run(undefined as never))()), 'SKEIN_INVALID_ARGUMENT')
  })
})

describe('pausing on a limiter that others share', () => {
  test('asks for no token while it is paused, and gives back one that comes', async () => {
    const limiter = new CapacityLimiter(1)
    const place = loop({ limiter })
    await limiter.acquireFor('somebody')
    const first = place.run(double, 1)
    assert.equal(limiter.stats().waiting, 1)
    place.pause()
    const second = place.run(double, 2)
    limiter.releaseFor('somebody')
    await new Promise(setImmediate)
    assert.deepEqual([limiter.borrowed, limiter.stats().waiting, place.stats().queued], [0, 0, 2])
    place.resume()
    assert.deepEqual(await Promise.all([first, second]), [2, 4])
    await place.close()
  })
})
