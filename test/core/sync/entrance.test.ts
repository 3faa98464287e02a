import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  CapacityLimiter,
  type Entrance,
  InvalidArgumentError,
  type Job,
  Lock,
  loop,
  MisuseError,
  RateLimiter,
  RLock,
  RWLock,
  type Scope,
  scope,
  Semaphore,
  task,
} from 'skein'
import { type RankedNode, Ranks } from '#skein/core/sync/ranks.js'
import { type QueueOwner, Waiter, WaitQueue } from 'skein/lowlevel'
import { inPlainOrder } from '../plain-order.ts'
import { type Deferred, deferred, rejection, settled } from '../deferred.ts'
import { inVirtualTime } from '../virtual-time.ts'

/** What lets one in at a time, with its own way in and that of others. */
const makers = {
  Lock: () => new Lock(),
  RLock: () => new RLock(),
  'the write side of RWLock': () => {
    const lock = new RWLock()
    return Object.assign(lock.write, { stats: () => ({ waiting: lock.stats().waitingWriters }) })
  },
  Semaphore: () => new Semaphore(1),
  CapacityLimiter: () => new CapacityLimiter(1),
} as const

type Way = Pick<Entrance, 'hold'>

/** Somebody is in, until the gate that is returned opens. */
async function taken(door: Way, s: Scope): Promise<Deferred<void>> {
  const gate = deferred()
  s.spawn(s => door.hold(() => s.wait(gate.promise), s))
  await settled()
  return gate
}

/** The order in which those go in who come while somebody else is in. */
async function orderOf(
  door: Way,
  come: (enter: (name: string, way: Way) => Job<void>) => void | Promise<void>,
): Promise<string[]> {
  const order: string[] = []
  await scope(async s => {
    const gate = await taken(door, s)
    await come((name, way) => s.spawn(s => way.hold(() => void order.push(name), s)))
    await settled()
    gate.resolve()
  })
  return order
}

for (const [name, make] of Object.entries(makers)) {
  describe(`priorities of ${name}`, () => {
    test(
      'serve the highest first, and equals in the order in which they came',
      inPlainOrder(async () => {
        const door = make()
        const order = await orderOf(door, enter => {
          for (const [at, priority] of [0, -1, 5, undefined, 5, 0, -1].entries()) {
            enter(`${at} with ${priority}`, priority === undefined ? door : door.with({ priority }))
          }
        })
        assert.deepEqual(order, [
          '2 with 5',
          '4 with 5',
          '0 with 0',
          '3 with undefined',
          '5 with 0',
          '1 with -1',
          '6 with -1',
        ])
        assert.equal(door.stats().waiting, 0)
      }),
    )

    test(
      'can be changed for those who wait: they go to the end of their new line, in their order',
      inPlainOrder(async () => {
        const door = make()
        const order = await orderOf(door, async enter => {
          const some = door.with({ priority: -3 })
          enter('some 1', some)
          enter('plain', door)
          enter('some 2', some)
          enter('high', door.with({ priority: 2 }))
          await settled()
          some.priority = 2
          assert.equal(some.priority, 2)
          enter('high, too', door.with({ priority: 2 }))
          await settled()
          assert.equal(door.stats().waiting, 5)
        })
        assert.deepEqual(order, ['high', 'some 1', 'some 2', 'high, too', 'plain'])
      }),
    )

    test('one that is cancelled while waiting leaves nothing behind', async () => {
      const door = make()
      const order = await orderOf(door, async enter => {
        const way = door.with({ priority: 3 })
        const first = enter('first', way)
        enter('second', way)
        await settled()
        await first.cancel()
        assert.equal(way.waiting.size, 1)
        way.priority = -3
        assert.equal(door.stats().waiting, 1)
      })
      assert.deepEqual([order, door.stats().waiting], [['second'], 0])
    })

    test('acquire, tryAcquire and release are there, too; trying never overtakes who waits', async () => {
      const door = make()
      await scope(async s => {
        const way = door.with({ priority: 9 })
        assert.equal(way.tryAcquire(s), true)
        const other = s.spawn(async s => {
          await door.acquire(s)
          door.with({}).release(s)
        })
        await settled()
        await s.scope(async inner => {
          if (!(door instanceof RLock)) assert.equal(way.tryAcquire(inner), false)
        })
        way.release(s)
        await other.result()
        await way.acquire(s)
        way.release(s)
      })
    })

    test('refuse what is no integer, and unknown options', () => {
      for (const priority of [Number.NaN, Infinity, 1.5, '1']) {
        assert.throws(() => make().with({ priority: priority as never }), InvalidArgumentError)
        assert.throws(() => {
          make().with({}).priority = priority as never
        }, InvalidArgumentError)
      }
      assert.throws(() => make().with({ prio: 1 } as never), InvalidArgumentError)
      assert.throws(() => make().with(5 as never), InvalidArgumentError)
    })
  })
}

describe('priorities of both sides of an RWLock', () => {
  test(
    'are those of one line: readers go in before a writer with a lower one, also where some read already',
    inPlainOrder(async () => {
      const lock = new RWLock()
      const order: string[] = []
      await scope(async s => {
        const gate = await taken(lock.read, s)
        const enter = (name: string, side: Way): void => void s.spawn(s => side.hold(() => void order.push(name), s))
        enter('writer', lock.write)
        await settled()
        enter('reader', lock.read)
        enter('urgent reader', lock.read.with({ priority: 1 }))
        enter('urgent writer', lock.write.with({ priority: 2 }))
        await settled()
        assert.deepEqual(order, ['urgent reader'])
        enter('reader with the writer in front', lock.read.with({ priority: 1 }))
        await settled()
        assert.deepEqual(order, ['urgent reader'])
        assert.deepEqual(lock.stats(), {
          readers: 1,
          writing: false,
          owners: lock.stats().owners,
          waitingReaders: 2,
          waitingWriters: 2,
        })
        gate.resolve()
      })
      assert.deepEqual(order.slice(1), ['urgent writer', 'reader with the writer in front', 'writer', 'reader'])
    }),
  )

  test('a plain reader goes in at once before a writer that is content to wait', async () => {
    const lock = new RWLock()
    await scope(async s => {
      const gate = await taken(lock.read, s)
      const writer = s.spawn(s => lock.write.with({ priority: -1 }).hold(() => 'written', s))
      await settled()
      assert.equal(await lock.read.hold(() => 'read', s), 'read')
      assert.equal(writer.state, 'running')
      gate.resolve()
      assert.equal(await writer.result(), 'written')
    })
  })

  test('readers go in at once when the writer before them goes behind, or has given up', async () => {
    const lock = new RWLock()
    await scope(async s => {
      const gate = await taken(lock.read, s)
      const slow = lock.write.with({ priority: 1 })
      const writer = s.spawn(s => slow.hold(() => {}, s))
      await settled()
      const readers = [1, 2].map(() => s.spawn(s => lock.read.hold(() => {}, s)))
      await settled()
      assert.equal(lock.stats().waitingReaders, 2)
      slow.priority = -1
      await Promise.all(readers.map(reader => reader.result()))
      slow.priority = 1
      const late = s.spawn(s => lock.read.hold(() => {}, s))
      await settled()
      await writer.cancel()
      await late.result()
      gate.resolve()
    })
  })

  test('a lock that breaks says so to all who wait, with a priority or without', async () => {
    const lock = new RWLock()
    await scope(async s => {
      const forgetful = s.spawn(s => lock.write.acquire(s).then(() => s.sleep(0)))
      await settled()
      const waiting = [lock.read, lock.read.with({ priority: 3 }), lock.write.with({ priority: -3 })].map(side =>
        rejection(side.acquire(new AbortController().signal)),
      )
      await forgetful.result()
      for (const each of waiting) assert.equal(((await each) as { code?: string }).code, 'SKEIN_BROKEN')
    })
  })

  test('refuse a weight', () => {
    assert.throws(() => new RWLock().read.with({ weight: 2 } as never), InvalidArgumentError)
  })
})

describe('weights', () => {
  for (const [name, make] of [
    ['Semaphore', (total: number) => new Semaphore(total)],
    ['CapacityLimiter', (total: number) => new CapacityLimiter(total)],
  ] as const) {
    test(
      `${name}: one takes several places at once or none, and those behind do not overtake`,
      inPlainOrder(async () => {
        const door = make(3)
        const order: string[] = []
        await scope(async s => {
          const gates = [deferred(), deferred()] as const
          s.spawn(s => door.hold(() => gates[0].promise, s))
          s.spawn(s => door.hold(() => gates[1].promise, s))
          await settled()
          const heavy = s.spawn(s => door.with({ weight: 3 }).hold(() => void order.push('heavy'), s))
          const light = s.spawn(s => door.hold(() => void order.push('light'), s))
          await settled()
          assert.equal(door instanceof Semaphore ? door.tryAcquire() : door.tryAcquire(s), false)
          gates[0].resolve()
          await settled()
          assert.deepEqual(order, [])
          gates[1].resolve()
          await Promise.all([heavy.result(), light.result()])
        })
        assert.deepEqual(order, ['heavy', 'light'])
        assert.equal(door instanceof Semaphore ? door.value : door.available, 3)
      }),
    )

    test(`${name}: a light one goes in at once, where there is room, before a heavy one with a lower priority that waits`, async () => {
      const door = make(3)
      await scope(async s => {
        const gate = await taken(door, s)
        const heavy = s.spawn(s => door.with({ weight: 3 }).hold(() => 'heavy', s))
        await settled()
        const equal = s.spawn(s => door.with({ priority: 0 }).hold(() => 'equal', s))
        assert.equal(await door.with({ priority: 1 }).hold(() => 'light', s), 'light')
        assert.deepEqual([heavy.state, equal.state, door.stats().waiting], ['running', 'running', 2])
        gate.resolve()
        assert.deepEqual([await heavy.result(), await equal.result()], ['heavy', 'equal'])
      })
    })

    test(`${name}: one without a priority goes in at once before a heavy one with a negative one`, async () => {
      const door = make(2)
      await scope(async s => {
        const gate = await taken(door, s)
        const heavy = s.spawn(s => door.with({ weight: 2, priority: -1 }).hold(() => 'heavy', s))
        await settled()
        assert.equal(await door.hold(() => 'plain', s), 'plain')
        assert.deepEqual([heavy.state, door.stats().waiting], ['running', 1])
        gate.resolve()
        assert.equal(await heavy.result(), 'heavy')
      })
    })

    test(
      `${name}: a heavy one that gives up, or goes behind, lets the light ones in at once`,
      inPlainOrder(async () => {
        for (const leave of ['cancel', 'behind'] as const) {
          const door = make(2)
          await scope(async s => {
            const gate = await taken(door, s)
            const way = door.with({ weight: 2, priority: 1 })
            const heavy = s.spawn(s => way.hold(() => 'heavy', s))
            const light = s.spawn(s => door.hold(() => 'light', s))
            await settled()
            assert.equal(light.state, 'running')
            if (leave === 'cancel') void heavy.cancel()
            else way.priority = -1
            assert.equal(await light.result(), 'light')
            gate.resolve()
          })
          assert.equal(door.stats().waiting, 0)
        }
      }),
    )
  }

  test('a semaphore refuses a weight that could never go in, and a release beyond `max` counts what all who wait want', async () => {
    const semaphore = new Semaphore(2)
    for (const weight of [0, -1, 1.5, 3, Number.NaN, Infinity]) {
      assert.throws(() => semaphore.with({ weight }), InvalidArgumentError)
    }
    const way = semaphore.with({ weight: 2 })
    await way.acquire()
    const waiting = way.acquire()
    assert.throws(() => semaphore.release(5), MisuseError)
    assert.equal(semaphore.stats().waiting, 1)
    semaphore.release(4)
    await waiting
    assert.equal(semaphore.value, 2)
  })

  test('a limiter gives the weight back with its borrower, and one above the total waits until that is raised', async () => {
    const limiter = new CapacityLimiter(2)
    await scope(async s => {
      const way = limiter.with({ weight: 3 })
      const waiting = way.acquire(s)
      await settled()
      assert.deepEqual([limiter.borrowed, limiter.available, limiter.stats().waiting], [0, 0, 1])
      limiter.total = 4
      await waiting
      assert.deepEqual([limiter.borrowed, limiter.available, limiter.stats().peak], [3, 1, 3])
      limiter.release(s)
      assert.deepEqual([limiter.borrowed, limiter.available], [0, 4])
    })
  })

  test('an executor with the limiter waits behind those who came before', async () => {
    const limiter = new CapacityLimiter(2)
    const one = task(import.meta, () => 'ran', { name: 'entrance.one' })
    const place = loop({ limiter })
    await scope(async s => {
      const gate = await taken(limiter, s)
      const heavy = s.spawn(s => limiter.with({ weight: 2 }).hold(() => 'heavy', s))
      await settled()
      const run = place.run(one)
      await settled()
      assert.deepEqual([limiter.borrowed, place.stats().queued], [1, 1])
      gate.resolve()
      assert.deepEqual([await heavy.result(), await run], ['heavy', 'ran'])
    })
    await place.close()
  })
})

describe('RateLimiter', () => {
  test(
    'serves the highest priority first, also one that is raised while it waits for a large one in front',
    inVirtualTime(async () => {
      const limiter = new RateLimiter({ limit: 10, per: '1s' })
      limiter.tryTake(10)
      const order: string[] = []
      await scope(async s => {
        const take = (name: string, count: number, way: { take(count: number, s: Scope): Promise<void> }) => {
          s.spawn(async s => {
            await way.take(count, s)
            order.push(name)
          })
        }
        const raised = limiter.with({ priority: -1 })
        take('large', 10, limiter)
        take('small', 1, limiter.with({ priority: 1 }))
        take('raised', 1, raised)
        await s.sleep(150)
        assert.deepEqual(order, ['small'])
        raised.priority = 5
        await s.sleep(60)
        assert.deepEqual(order, ['small', 'raised'])
      })
      assert.deepEqual(order, ['small', 'raised', 'large'])
      assert.throws(() => limiter.with({ weight: 2 } as never), InvalidArgumentError)
    }),
  )
})

describe('the line that all wait in', () => {
  const owner: QueueOwner = { describe: () => 'a line' }

  test('is that of a plain list, whatever comes, goes and moves', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), entrance: fc.nat(4) }),
      fc.record({ kind: fc.constant('take' as const) }),
      fc.record({ kind: fc.constant('leave' as const), at: fc.nat(20) }),
      fc.record({ kind: fc.constant('move' as const), entrance: fc.nat(4), priority: fc.integer({ min: -2, max: 2 }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
        const semaphore = new Semaphore(0, { max: 3 })
        const ways = [1, 2, 3, 1, 2].map(weight => semaphore.with({ weight }))
        const queue = new WaitQueue<void, number>(owner)
        let model: { way: Entrance; waiter: Waiter<void, number> }[] = []
        const next = () => model.toSorted((a, b) => b.way.priority - a.way.priority)[0]
        let numbers = 0
        for (const each of steps) {
          if (each.kind === 'add') {
            const way = ways[each.entrance] as Entrance
            model.push({ way, waiter: new Waiter(queue, numbers++, way) })
          } else if (each.kind === 'take') {
            const expected = next()
            assert.equal(queue.shift(), expected?.waiter)
            model = model.filter(one => one !== expected)
          } else if (each.kind === 'leave') {
            const [one] = model.splice(each.at % Math.max(1, model.length), 1)
            if (one !== undefined) queue.remove(one.waiter)
          } else {
            const way = ways[each.entrance] as Entrance
            if (way.priority === each.priority) continue
            way.priority = each.priority
            const moved = model.filter(one => one.way === way)
            model = [...model.filter(one => one.way !== way), ...moved]
          }
          assert.equal(queue.first, next()?.waiter)
          assert.equal(queue.wouldBeFirst(undefined), (next()?.way.priority ?? -1) < 0)
          assert.equal(queue.size, model.length)
          assert.equal(
            queue.weight,
            model.reduce((sum, { way }) => sum + way.weight, 0),
          )
        }
        const failing = model.map(({ waiter }) => rejection(waiter.promise))
        queue.failAll('over')
        assert.equal(queue.size, 0)
        await Promise.all(failing)
      }),
    )
  })

  test('a hundred thousand of as many priorities cost the logarithm each: counted', () => {
    interface Node extends RankedNode<Node> {}
    const many = 100_000
    const logarithm = Math.ceil(Math.log2(many))
    for (const [priorityOf, most] of [
      [(at: number) => (at * 7919) % many, many * 3 * logarithm],
      [() => 0, 0],
    ] as const) {
      let compared = 0
      const ranks = new Ranks<Node>((priority, other) => (compared++, priority > other))
      const all = Array.from({ length: many }, (): Node => ({ before: undefined, after: undefined, rank: undefined }))
      for (const [at, one] of all.entries()) ranks.add(one, priorityOf(at))
      for (const one of all.filter((_, at) => at % 2 === 0)) assert.ok(ranks.remove(one))
      while (ranks.take() !== undefined);
      assert.ok(compared <= most, `${compared} comparisons`)
    }
  })

  test('a hundred thousand who wait with priorities are moved and served', async () => {
    const door = new Semaphore(0, { max: 1 })
    const served: number[] = []
    await scope(async s => {
      const way = door.with({ priority: 1 })
      const held = Array.from({ length: 100_000 }, (_, at) => {
        const entrance = at % 4 === 0 ? way : door.with({ priority: at % 1_000 })
        return entrance.hold(() => void served.push(at), s)
      })
      assert.equal(door.stats().waiting, 100_000)
      way.priority = 5_000
      door.release()
      await Promise.all(held)
    })
    assert.equal(served.length, 100_000)
    assert.ok(served.slice(0, 25_000).every((at, place) => at === place * 4))
  })
})
