import assert from 'node:assert/strict'
import type { OutgoingCall, StoredLimit } from '../../../stores/roles/calls.ts'
import { Probe } from '../probe.ts'
import { type Kind, named, outgoing, scene } from '../scene.ts'

function limited(
  ids: readonly string[],
  limit: Partial<StoredLimit>,
  changes: Partial<OutgoingCall> = {},
): OutgoingCall[] {
  return named(ids, { limit: { key: 'k', strategy: 'wait', ...limit }, ...changes })
}

export function limits(kind: Kind): void {
  scene(
    kind,
    'of the calls that share a key no more run at once than it says; others pass',
    ['limit'],
    async ({ probe }) => {
      await probe.send([...limited(['a', 'b', 'c', 'd'], { concurrency: 2 }), ...named(['free'])])
      const first = await probe.claimed()
      assert.deepEqual(
        first.map(claim => claim.id),
        ['a', 'b', 'free'],
      )
      assert.deepEqual(await probe.claimedIds(), [])
      assert.equal(await probe.settled(first[1] as (typeof first)[number]), 'ok')
      assert.deepEqual(await probe.claimedIds(), ['c'])
      assert.equal(await probe.settled(first[0] as (typeof first)[number]), 'ok')
      assert.deepEqual(await probe.claimedIds(), ['d'])
    },
  )

  scene(
    kind,
    'a place becomes free by every ending, by a retry, a release and a death',
    ['turn', 'limit', 'maxDeaths', 'leases'],
    async ({ bed, probe }) => {
      const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
      await probe.send(limited(ids, { concurrency: 1 }, { maxDeaths: 1 }))
      const next = async (id: string) => {
        const claims = await probe.claimed()
        assert.deepEqual(
          claims.map(claim => claim.id),
          [id],
        )
        return claims[0] as (typeof claims)[number]
      }
      await probe.settled(await next('a'))
      await probe.settled(await next('b'), { kind: 'failed', error: '{}' })
      await probe.settled(await next('c'), { kind: 'retry', error: '{}', delay: 1_000_000 })
      await probe.settled(await next('d'), { kind: 'release', delay: 1_000_000 })
      await next('e')
      await bed.turn(10_000)
      await probe.settled(await next('f'), { kind: 'cancelled', error: '{}' })
      await next('g')
    },
  )

  scene(
    kind,
    'the order of priority holds among calls of a key, also when they had to wait',
    ['priority', 'limit'],
    async ({ probe }) => {
      await probe.send(limited(['a', 'b', 'c'], { concurrency: 1 }))
      const a = await probe.oneClaim()
      assert.deepEqual(await probe.claimedIds(), [])
      await probe.send(limited(['high'], { concurrency: 1 }, { priority: 9 }))
      assert.deepEqual(await probe.claimedIds(), [])
      await probe.settled(a)
      const high = await probe.oneClaim()
      assert.equal(high.id, 'high')
      await probe.settled(high)
      assert.deepEqual(await probe.claimedIds(), ['b'])
    },
  )

  scene(
    kind,
    'calls of a key in a queue that nobody works on do not hold up those in another',
    ['limit'],
    async ({ probe }) => {
      await probe.send([
        ...limited(['a'], { concurrency: 1 }),
        ...limited(['asleep', 'asleep2'], { concurrency: 1 }, { queue: 'idle' }),
        ...limited(['b', 'c'], { concurrency: 1 }),
      ])
      const a = await probe.oneClaim()
      assert.deepEqual(await probe.claimedIds(9, { queues: ['q', 'idle'] }), [])
      await probe.settled(a)
      const b = await probe.oneClaim()
      assert.equal(b.id, 'b')
      await probe.settled(b)
      assert.deepEqual(await probe.claimedIds(), ['c'])
    },
  )

  scene(
    kind,
    'a call that waited for its limit can be cancelled, expires and is counted as ready',
    ['turn', 'limit', 'cancel', 'stats'],
    async ({ bed, probe }) => {
      await probe.send([
        ...limited(['a', 'b'], { concurrency: 1 }),
        ...limited(['c'], { concurrency: 1 }, { expires: 1_000 }),
      ])
      const a = await probe.oneClaim()
      assert.deepEqual(await probe.claimedIds(), [])
      assert.equal(await probe.stateOf('b'), 'pending')
      assert.equal((await probe.inspector.stats()).queues[0]?.counts.ready, 2)
      assert.deepEqual(await probe.inspector.cancel(['b'], '"no"'), ['cancelled'])
      await bed.turn(1_000)
      assert.equal(await probe.stateOf('c'), 'cancelled')
      await probe.settled(a)
      assert.deepEqual(await probe.claimedIds(), [])
    },
  )

  scene(
    kind,
    'of the calls that share a key no more start within the window than it says',
    ['turn', 'limit'],
    async ({ bed, probe }) => {
      await probe.send(limited(['a', 'b', 'c', 'd', 'e'], { rate: { count: 2, per: 1_000 } }))
      const first = await probe.claimed(1)
      await bed.turn(600)
      assert.deepEqual(await probe.claimedIds(), ['b'])
      for (const claim of first) await probe.settled(claim)
      assert.deepEqual(await probe.claimedIds(), [])
      await bed.turn(399)
      assert.deepEqual(await probe.claimedIds(), [])
      await bed.turn(1)
      assert.deepEqual(await probe.claimedIds(), ['c'])
      await bed.turn(600)
      assert.deepEqual(await probe.claimedIds(), ['d'])
      await bed.turn(400)
      assert.deepEqual(await probe.claimedIds(), ['e'])
    },
  )

  scene(kind, 'a limit of both kinds keeps to both', ['turn', 'limit'], async ({ bed, probe }) => {
    await probe.send(limited(['a', 'b', 'c', 'd'], { concurrency: 1, rate: { count: 2, per: 1_000 } }))
    const a = await probe.oneClaim()
    assert.deepEqual(await probe.claimedIds(), [])
    await probe.settled(a)
    await probe.settled(await probe.oneClaim())
    assert.deepEqual(await probe.claimedIds(), [])
    await bed.turn(1_000)
    assert.deepEqual(await probe.claimedIds(), ['c'])
  })

  scene(kind, 'drop: a call whose places are taken is not kept', ['limit', 'find'], async ({ probe }) => {
    const drop = { concurrency: 2, strategy: 'drop' } as const
    assert.deepEqual(
      (await probe.send(limited(['a', 'b', 'c'], drop))).map(each => each.outcome),
      ['accepted', 'accepted', 'rejected'],
    )
    const [a] = await probe.claimed()
    assert.ok(a)
    assert.deepEqual(await probe.send(limited(['d'], drop)), [{ outcome: 'rejected', reason: 'limit' }])
    await probe.settled(a)
    assert.equal((await probe.send(limited(['e'], drop)))[0]?.outcome, 'accepted')
    assert.equal(await probe.inspector.find('c'), undefined)
  })

  scene(
    kind,
    'drop: a call beyond the rate is not kept, until the window has moved on',
    ['turn', 'limit'],
    async ({ bed, probe }) => {
      const drop = { rate: { count: 2, per: 1_000 }, strategy: 'drop' } as const
      await probe.send(limited(['a'], drop))
      await probe.claimedIds()
      assert.deepEqual(
        (await probe.send(limited(['b', 'c'], drop))).map(each => each.outcome),
        ['accepted', 'rejected'],
      )
      await bed.turn(1_000)
      assert.deepEqual(
        (await probe.send(limited(['d', 'e'], drop))).map(each => each.outcome),
        ['accepted', 'rejected'],
      )
    },
  )

  scene(
    kind,
    'cancel-oldest: the oldest that waits gives way, else the oldest that runs is asked to stop',
    ['limit', 'find'],
    async ({ probe }) => {
      const oldest = { concurrency: 1, strategy: 'cancel-oldest' } as const
      await probe.send(limited(['a', 'b'], oldest))
      assert.equal(await probe.stateOf('a'), 'cancelled')
      assert.equal((await probe.errorOf('a'))['by'], 'b')
      const b = await probe.oneClaim()
      await probe.send(limited(['c'], oldest))
      assert.notEqual((await probe.inspector.find('b'))?.cancelling, undefined)
      assert.deepEqual(await probe.claimedIds(), [])
      await probe.send(limited(['d'], oldest))
      assert.equal(await probe.stateOf('c'), 'cancelled')
      await probe.settled(b, { kind: 'cancelled', error: '{}' })
      assert.deepEqual(await probe.claimedIds(), ['d'])
    },
  )

  scene(kind, 'cancel-oldest with a rate: as many wait as may start, the latest ones', ['limit'], async ({ probe }) => {
    await probe.send(limited(['a', 'b', 'c', 'd'], { rate: { count: 2, per: 1_000 }, strategy: 'cancel-oldest' }))
    assert.deepEqual(await probe.claimedIds(), ['c', 'd'])
  })

  scene(kind, 'keys of limits are apart from each other', ['limit'], async ({ probe }) => {
    await probe.send([
      outgoing({ id: 'a', limit: { key: 'x', concurrency: 1, strategy: 'wait' } }),
      outgoing({ id: 'b', limit: { key: 'y', concurrency: 1, strategy: 'wait' } }),
      outgoing({ id: 'c', limit: { key: 'x', concurrency: 1, strategy: 'wait' } }),
    ])
    assert.deepEqual(await probe.claimedIds(), ['a', 'b'])
  })

  scene(kind, 'a thousand calls behind one key come one by one, in order', ['limit'], async ({ probe }) => {
    const ids = Array.from({ length: 1_000 }, (_, index) => `c${index}`)
    await probe.send(limited(ids, { concurrency: 1 }))
    const seen: string[] = []
    for (let claims = await probe.claimed(); claims.length > 0; claims = await probe.claimed()) {
      assert.equal(claims.length, 1)
      seen.push(claims[0]?.id as string)
      await probe.settled(claims[0] as (typeof claims)[number])
    }
    assert.deepEqual(seen, ids)
  })

  scene(
    kind,
    'of a task no more start within the window than all workers together may',
    ['turn', 'rates', 'tasks'],
    async ({ bed, probe }) => {
      const rates = { t: { count: 3, per: 1_000 } }
      const other = new Probe(await bed.open(), bed)
      await probe.send([...named(['a', 'b', 'c', 'd']), ...named(['u'], { task: 'u' })])
      assert.deepEqual(await probe.claimedIds(2, { rates }), ['a', 'b'])
      assert.deepEqual(await other.claimedIds(9, { rates, tasks: ['t', 'u'] }), ['c', 'u'])
      await bed.turn(999)
      assert.deepEqual(await probe.claimedIds(9, { rates }), [])
      await bed.turn(1)
      assert.deepEqual(await other.claimedIds(9, { rates }), ['d'])
    },
  )
}
