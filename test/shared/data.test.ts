import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  SharedArray,
  SharedCell,
  SharedChannel,
  SharedCounter,
  SharedEvent,
  SharedMap,
  SharedRWLock,
  SharedStruct,
} from 'skein/shared'
import { threads } from 'skein/threads'
import { type UsePool, withPool } from '../support/pools.ts'
import * as tasks from './tasks.ts'

const onThreads = (workers: number, use: UsePool): Promise<void> => withPool(threads, use, { workers, grace: '10ms' })
const wrong: readonly unknown[] = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '1', null, 2 ** 60]
const refused = { code: 'SKEIN_INVALID_ARGUMENT' }

describe('a channel', () => {
  test('between threads loses nothing, doubles nothing, and keeps the order of each sender', () =>
    onThreads(4, async pool => {
      const channel = new SharedChannel<number>({ capacity: 16 })
      const each = 20_000
      const receiving = [1, 2].map(() => pool.run(tasks.consumes, channel))
      await Promise.all([0, 1].map(n => pool.run(tasks.produces, channel, n * each, each)))
      channel.close()
      const got = await Promise.all(receiving)
      for (const values of got) {
        for (const n of [0, 1]) {
          const ofOne = values.filter(value => Math.floor(value / each) === n)
          assert.deepEqual(
            ofOne,
            ofOne.toSorted((a, b) => a - b),
          )
        }
      }
      const all = got.flat().toSorted((a, b) => a - b)
      assert.equal(all.length, 2 * each)
      assert.ok(all.every((value, at) => value === at))
    }))

  test('carries texts, bytes, numbers and plain data, in order', async () => {
    const channel = new SharedChannel({ capacity: 3 })
    const values = ['ä', 1.5, new Uint8Array([1, 2]), { a: [1n, undefined] }, undefined, 'x\ud800', Number.NaN]
    const sending = (async () => {
      for (const value of values) await channel.send(value)
      channel.close()
    })()
    const got: unknown[] = []
    for await (const value of channel.values()) got.push(value)
    assert.deepEqual(got, values)
    await sending
  })

  test('is full, empty and closed as it says', async () => {
    const channel = new SharedChannel<number>({ capacity: 1 })
    assert.equal(channel.tryReceive(), undefined)
    assert.deepEqual([channel.trySend(1), channel.trySend(2), channel.size], [true, false, 1])
    const stop = new AbortController()
    const waits = channel.send(3, stop.signal)
    stop.abort()
    await assert.rejects(waits, { code: 'SKEIN_CANCELLED' })
    channel.close()
    assert.throws(() => channel.trySend(2), { code: 'SKEIN_CLOSED' })
    assert.equal(await channel.receive(), 1)
    await assert.rejects(channel.receive(), { code: 'SKEIN_END_OF_CHANNEL' })
  })

  test('refuses what does not fit', async () => {
    for (const value of [...wrong, 0]) {
      assert.throws(() => new SharedChannel({ capacity: value as number }), refused)
      assert.throws(() => new SharedChannel({ itemSize: value as number }), refused)
    }
    const channel = new SharedChannel({ itemSize: 8 })
    await assert.rejects(channel.send('more than 8 bytes'), /has 17 bytes, and one may have 8/)
    await assert.rejects(
      channel.send(() => {}),
      refused,
    )
  })
})

describe('a readers-writer lock', () => {
  test('lets many read or one write', () =>
    onThreads(2, async pool => {
      const [lock, cells] = [new SharedRWLock(), new Int32Array(new SharedArrayBuffer(8))]
      const reads = await Promise.all([1, 2].map(() => pool.run(tasks.readsAndWrites, lock, cells, 5_000)))
      assert.deepEqual(
        [reads, [...cells]],
        [
          [5_000, 5_000],
          [1_000, 1_000],
        ],
      )
    }))

  test('is abandoned by a writer that dies, and not by a reader', () =>
    onThreads(1, async pool => {
      for (const [dies, isAbandoned] of [
        [tasks.diesReading, false],
        [tasks.diesWriting, true],
      ] as const) {
        const [lock, held] = [new SharedRWLock({ name: 'prices' }), new SharedEvent()]
        const dying = assert.rejects(pool.run(dies, lock, held), { code: 'SKEIN_WORKER_CRASHED' })
        await held.wait()
        const writing = lock.write(() => 'written')
        if (isAbandoned) await assert.rejects(writing, { code: 'SKEIN_ABANDONED', lock: "rwlock 'prices'" })
        else assert.equal(await writing, 'written')
        await dying
        assert.equal(lock.stats().abandoned, isAbandoned)
        assert.equal(await lock.repair(() => {}), isAbandoned)
        assert.equal(await lock.read(() => 'read'), 'read')
      }
    }))

  test('lets readers wait behind a writer that waits, and forgets a writer that is cancelled', async () => {
    const lock = new SharedRWLock()
    const order: string[] = []
    let leave = (): void => {}
    const reading = lock.read(() => new Promise<void>(resolve => (leave = resolve)))
    await Promise.resolve()
    const stop = new AbortController()
    const cancelled = lock.write(() => {}, stop.signal)
    const writing = lock.write(() => void order.push('write'))
    const behind = lock.read(() => void order.push('read'))
    await assert.rejects(
      Promise.race([
        cancelled,
        Promise.resolve()
          .then(() => stop.abort())
          .then(() => cancelled),
      ]),
      {
        code: 'SKEIN_CANCELLED',
      },
    )
    leave()
    await Promise.all([reading, writing, behind])
    assert.deepEqual(order.toSorted(), ['read', 'write'])
    assert.deepEqual(lock.stats(), { readers: 0, writer: undefined, abandoned: false })
  })
})

describe('numbers, arrays and structs', () => {
  test('are the same in every thread, and no step is lost', () =>
    onThreads(2, async pool => {
      const array = new SharedArray('int32', 10)
      const struct = new SharedStruct({ visits: 'int32', ratio: 'float64' })
      const cell = new SharedCell()
      const told = await Promise.all([1, 2].map(() => pool.run(tasks.fills, array, struct as never, cell, 1_000)))
      assert.deepEqual(told, [
        ['int32', true],
        ['int32', true],
      ])
      assert.deepEqual([...array.view], new Array(10).fill(200))
      assert.deepEqual([struct.fields.visits, cell.value], [2_000, 1_000])
    }))

  test('a counter counts beyond 32 bits', () => {
    const counter = new SharedCounter()
    assert.equal(counter.exchange(2 ** 40), 0)
    assert.deepEqual([counter.add(), counter.add(-1), counter.value], [2 ** 40 + 1, 2 ** 40, 2 ** 40])
    for (const value of [0.5, Number.NaN, '1', null]) assert.throws(() => counter.add(value as number), refused)
  })

  test('a cell compares bit by bit', () => {
    const cell = new SharedCell(1.5)
    assert.deepEqual(
      [cell.compareAndSet(2, 3), cell.compareAndSet(1.5, 3), cell.exchange(4), cell.value],
      [false, true, 3, 4],
    )
    assert.throws(() => new SharedCell('1' as never), refused)
    assert.throws(
      () =>
        cell.update(() => {
          throw new Error('oops')
        }),
      /oops/,
    )
    assert.equal(cell.value, 4)
  })

  test('an array refuses an unknown type, a length that is none or too large, memory of one thread, and an index outside', () => {
    for (const value of [...wrong, undefined]) assert.throws(() => new SharedArray('int8', value as number), refused)
    assert.throws(() => new SharedArray('float64', 2 ** 45), { ...refused, message: /^length is too large/ })
    assert.throws(() => new SharedArray('int64' as never, 1), refused)
    assert.throws(() => SharedArray.over(new Int8Array(1)), { ...refused, message: /SharedArrayBuffer/ })
    assert.throws(() => SharedArray.over([] as never), refused)
    assert.throws(() => new SharedArray('int8', 2).add(2), refused)
    assert.throws(() => new SharedArray('float64', 2).add(1), refused)
    const view = new Float32Array(new SharedArrayBuffer(8))
    const [over, from] = [SharedArray.over<'float32'>(view), SharedArray.from<'float32'>(view)]
    view[1] = 2
    assert.deepEqual([over.type, over.view[1], from.view[1]], ['float32', 2, 0])
  })

  test('a struct refuses another shape, another type and an unknown field', () => {
    const struct = new SharedStruct({ a: 'int32', b: 'boolean', c: 'uint32' }, { name: 's' })
    assert.throws(() => struct.expect({ a: 'int32' }), {
      ...refused,
      message: /has the fields \{ a: int32, b: boolean/,
    })
    for (const value of [...wrong, undefined]) assert.throws(() => (struct.fields.c = value as number), refused)
    assert.throws(() => (struct.fields.b = 1 as never), refused)
    assert.throws(() => struct.add('b'), refused)
    assert.throws(() => struct.add('x' as never), refused)
    for (const shape of [{}, undefined, { a: 'text' }]) assert.throws(() => new SharedStruct(shape as never), refused)
    struct.fields.a = -5
    struct.fields.b = true
    assert.deepEqual({ ...struct.fields }, { a: -5, b: true, c: 0 })
    assert.throws(() => Object.assign(struct.fields, { d: 1 }), TypeError)
  })
})

describe('a map', () => {
  test('is filled by several threads, and no count is lost', () =>
    onThreads(2, async pool => {
      const map = new SharedMap<number>({ maxEntries: 500 })
      const words = Array.from({ length: 5_000 }, (_, n) => `word ${n % 400}`)
      assert.deepEqual(await Promise.all([1, 2].map(() => pool.run(tasks.countsWords, map, words))), [true, true])
      assert.equal(map.size, 400)
      assert.equal(
        map.keys().reduce((sum, key) => sum + (map.get(key) as number), 0),
        10_000,
      )
    }))

  test('does what a Map does, whatever the order of the steps', () => {
    const map = new SharedMap<number>({ maxEntries: 8, keyLength: 4 })
    const plain = new Map<string, number>()
    let seed = 7
    const random = (below: number): number => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff) % below
    for (let step = 0; step < 20_000; step++) {
      const key = `k${random(12)}`
      if (random(3) > 0) {
        if (plain.size < 8 || plain.has(key)) {
          map.set(key, step)
          plain.set(key, step)
        } else assert.throws(() => map.set(key, step), { code: 'SKEIN_OVERLOADED' })
      } else assert.equal(map.delete(key), plain.delete(key))
      assert.equal(map.get(key), plain.get(key))
      assert.equal(map.size, plain.size)
    }
    assert.deepEqual(map.keys().toSorted(), [...plain.keys()].toSorted())
    map.clear()
    assert.deepEqual([map.size, map.keys(), map.has('k1')], [0, [], false])
  })

  test('holds bytes, of which it gives copies, and keys of any characters', () => {
    const map = new SharedMap<Uint8Array>({ valueSize: 16 })
    map.set('ä \ud800', new Uint8Array([1, 2, 3]))
    const got = map.get('ä \ud800') as Uint8Array
    got[0] = 9
    assert.deepEqual(map.get('ä \ud800'), new Uint8Array([1, 2, 3]))
    assert.throws(() => map.add('ä \ud800'), refused)
  })

  test('refuses what does not fit', () => {
    for (const value of [...wrong, 0]) {
      const n = value as number
      for (const option of ['maxEntries', 'keyLength', 'valueSize'])
        assert.throws(() => new SharedMap({ [option]: n }), refused)
    }
    const map = new SharedMap({ keyLength: 2 })
    assert.throws(() => map.set('abc', 1), refused)
    assert.throws(() => map.set(1 as never, 1), refused)
    assert.throws(() => map.set('a', '1' as never), refused)
    assert.throws(() => map.set('a', new Uint8Array(9)), refused)
    assert.equal(map.get('abc'), undefined)
  })
})
