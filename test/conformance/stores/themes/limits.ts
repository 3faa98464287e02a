import assert from 'node:assert/strict'
import type { OutgoingCall, StoredLimit } from 'skein/stores'
import {
  claimed,
  claimedIds,
  errorOf,
  named,
  oneClaim,
  outgoing,
  scene,
  settled,
  stateOf,
  type Subject,
} from '../subject.ts'

function limited(
  ids: readonly string[],
  limit: Partial<StoredLimit>,
  changes: Partial<OutgoingCall> = {},
): OutgoingCall[] {
  return named(ids, { limit: { key: 'k', strategy: 'wait', ...limit }, ...changes })
}

export function limits(subject: Subject): void {
  scene(subject, 'of the calls that share a key no more run at once than it says; others pass', async ({ store }) => {
    assert.equal(store.features.limits, true)
    await store.send([...limited(['a', 'b', 'c', 'd'], { concurrency: 2 }), ...named(['free'])])
    const first = await claimed(store)
    assert.deepEqual(
      first.map(claim => claim.id),
      ['a', 'b', 'free'],
    )
    assert.deepEqual(await claimedIds(store), [])
    assert.equal(await settled(store, first[1] as (typeof first)[number]), 'ok')
    assert.deepEqual(await claimedIds(store), ['c'])
    assert.equal(await settled(store, first[0] as (typeof first)[number]), 'ok')
    assert.deepEqual(await claimedIds(store), ['d'])
  })

  scene(subject, 'a place becomes free by every ending, by a retry, a release and a death', async ({ store, bed }) => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    await store.send(limited(ids, { concurrency: 1 }, { maxDeaths: 1 }))
    const next = async (id: string) => {
      const claims = await claimed(store)
      assert.deepEqual(
        claims.map(claim => claim.id),
        [id],
      )
      return claims[0] as (typeof claims)[number]
    }
    await settled(store, await next('a'))
    await settled(store, await next('b'), { kind: 'failed', error: '{}' })
    await settled(store, await next('c'), { kind: 'retry', error: '{}', delay: 1_000_000 })
    await settled(store, await next('d'), { kind: 'release', delay: 1_000_000 })
    await next('e')
    await bed.turn(10_000)
    await store.sweep()
    await settled(store, await next('f'), { kind: 'cancelled', error: '{}' })
    await next('g')
  })

  scene(subject, 'the order of priority holds among calls of a key, also when they had to wait', async ({ store }) => {
    await store.send(limited(['a', 'b', 'c'], { concurrency: 1 }))
    const a = await oneClaim(store)
    assert.deepEqual(await claimedIds(store), [])
    await store.send(limited(['high'], { concurrency: 1 }, { priority: 9 }))
    assert.deepEqual(await claimedIds(store), [])
    await settled(store, a)
    const high = await oneClaim(store)
    assert.equal(high.id, 'high')
    await settled(store, high)
    assert.deepEqual(await claimedIds(store), ['b'])
  })

  scene(
    subject,
    'calls of a key in a queue that nobody works on do not hold up those in another',
    async ({ store }) => {
      await store.send([
        ...limited(['a'], { concurrency: 1 }),
        ...limited(['asleep', 'asleep2'], { concurrency: 1 }, { queue: 'idle' }),
        ...limited(['b', 'c'], { concurrency: 1 }),
      ])
      const a = await oneClaim(store)
      assert.deepEqual(await claimedIds(store, 9, { queues: ['q', 'idle'] }), [])
      await settled(store, a)
      const b = await oneClaim(store)
      assert.equal(b.id, 'b')
      await settled(store, b)
      assert.deepEqual(await claimedIds(store), ['c'])
    },
  )

  scene(
    subject,
    'a call that waited for its limit can be cancelled, expires and is counted as ready',
    async ({ store, bed }) => {
      await store.send([
        ...limited(['a', 'b'], { concurrency: 1 }),
        ...limited(['c'], { concurrency: 1 }, { expires: 1_000 }),
      ])
      const a = await oneClaim(store)
      assert.deepEqual(await claimedIds(store), [])
      assert.equal(await stateOf(store, 'b'), 'ready')
      assert.equal((await store.stats()).queues[0]?.counts.ready, 2)
      assert.deepEqual(await store.cancel(['b'], '"no"'), ['cancelled'])
      await bed.turn(1_000)
      await store.sweep()
      assert.equal(await stateOf(store, 'c'), 'cancelled')
      await settled(store, a)
      assert.deepEqual(await claimedIds(store), [])
    },
  )

  scene(
    subject,
    'of the calls that share a key no more start within the window than it says',
    async ({ store, bed }) => {
      await store.send(limited(['a', 'b', 'c', 'd', 'e'], { rate: { count: 2, per: 1_000 } }))
      const first = await claimed(store, 1)
      await bed.turn(600)
      assert.deepEqual(await claimedIds(store), ['b'])
      for (const claim of first) await settled(store, claim)
      assert.deepEqual(await claimedIds(store), [])
      await bed.turn(399)
      assert.deepEqual(await claimedIds(store), [])
      await bed.turn(1)
      assert.deepEqual(await claimedIds(store), ['c'])
      await bed.turn(600)
      assert.deepEqual(await claimedIds(store), ['d'])
      await bed.turn(400)
      assert.deepEqual(await claimedIds(store), ['e'])
    },
  )

  scene(subject, 'a limit of both kinds keeps to both', async ({ store, bed }) => {
    await store.send(limited(['a', 'b', 'c', 'd'], { concurrency: 1, rate: { count: 2, per: 1_000 } }))
    const a = await oneClaim(store)
    assert.deepEqual(await claimedIds(store), [])
    await settled(store, a)
    await settled(store, await oneClaim(store))
    assert.deepEqual(await claimedIds(store), [])
    await bed.turn(1_000)
    assert.deepEqual(await claimedIds(store), ['c'])
  })

  scene(subject, 'drop: a call whose places are taken is not kept', async ({ store }) => {
    const drop = { concurrency: 2, strategy: 'drop' } as const
    assert.deepEqual(
      (await store.send(limited(['a', 'b', 'c'], drop))).map(each => each.outcome),
      ['accepted', 'accepted', 'rejected'],
    )
    const [a] = await claimed(store)
    assert.ok(a)
    assert.deepEqual(await store.send(limited(['d'], drop)), [{ outcome: 'rejected', reason: 'limit' }])
    await settled(store, a)
    assert.equal((await store.send(limited(['e'], drop)))[0]?.outcome, 'accepted')
    assert.equal(await store.job('c'), undefined)
  })

  scene(subject, 'drop: a call beyond the rate is not kept, until the window has moved on', async ({ store, bed }) => {
    const drop = { rate: { count: 2, per: 1_000 }, strategy: 'drop' } as const
    await store.send(limited(['a'], drop))
    await claimedIds(store)
    assert.deepEqual(
      (await store.send(limited(['b', 'c'], drop))).map(each => each.outcome),
      ['accepted', 'rejected'],
    )
    await bed.turn(1_000)
    assert.deepEqual(
      (await store.send(limited(['d', 'e'], drop))).map(each => each.outcome),
      ['accepted', 'rejected'],
    )
  })

  scene(
    subject,
    'cancel-oldest: the oldest that waits gives way, else the oldest that runs is asked to stop',
    async ({ store }) => {
      const oldest = { concurrency: 1, strategy: 'cancel-oldest' } as const
      await store.send(limited(['a', 'b'], oldest))
      assert.equal(await stateOf(store, 'a'), 'cancelled')
      assert.equal((await errorOf(store, 'a'))['by'], 'b')
      const b = await oneClaim(store)
      await store.send(limited(['c'], oldest))
      assert.notEqual((await store.job('b'))?.cancelling, undefined)
      assert.deepEqual(await claimedIds(store), [])
      await store.send(limited(['d'], oldest))
      assert.equal(await stateOf(store, 'c'), 'cancelled')
      await settled(store, b, { kind: 'cancelled', error: '{}' })
      assert.deepEqual(await claimedIds(store), ['d'])
    },
  )

  scene(subject, 'cancel-oldest with a rate: as many wait as may start, the latest ones', async ({ store }) => {
    await store.send(limited(['a', 'b', 'c', 'd'], { rate: { count: 2, per: 1_000 }, strategy: 'cancel-oldest' }))
    assert.deepEqual(await claimedIds(store), ['c', 'd'])
  })

  scene(subject, 'keys of limits are apart from each other', async ({ store }) => {
    await store.send([
      outgoing({ id: 'a', limit: { key: 'x', concurrency: 1, strategy: 'wait' } }),
      outgoing({ id: 'b', limit: { key: 'y', concurrency: 1, strategy: 'wait' } }),
      outgoing({ id: 'c', limit: { key: 'x', concurrency: 1, strategy: 'wait' } }),
    ])
    assert.deepEqual(await claimedIds(store), ['a', 'b'])
  })

  scene(subject, 'a thousand calls behind one key come one by one, in order', async ({ store }) => {
    const ids = Array.from({ length: 1_000 }, (_, index) => `c${index}`)
    await store.send(limited(ids, { concurrency: 1 }))
    const seen: string[] = []
    for (let claims = await claimed(store); claims.length > 0; claims = await claimed(store)) {
      assert.equal(claims.length, 1)
      seen.push(claims[0]?.id as string)
      await settled(store, claims[0] as (typeof claims)[number])
    }
    assert.deepEqual(seen, ids)
  })

  scene(subject, 'of a task no more start within the window than all workers together may', async ({ store, bed }) => {
    const rates = { t: { count: 3, per: 1_000 } }
    const other = await bed.open()
    await store.send([...named(['a', 'b', 'c', 'd']), ...named(['u'], { task: 'u' })])
    assert.deepEqual(await claimedIds(store, 2, { rates }), ['a', 'b'])
    assert.deepEqual(await claimedIds(other, 9, { rates, tasks: ['t', 'u'] }), ['c', 'u'])
    await bed.turn(999)
    assert.deepEqual(await claimedIds(store, 9, { rates }), [])
    await bed.turn(1)
    assert.deepEqual(await claimedIds(other, 9, { rates }), ['d'])
  })
}
