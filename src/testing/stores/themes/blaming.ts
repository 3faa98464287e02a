import assert from 'node:assert/strict'
import { type Kind, named, scene } from '../scene.ts'

/** The blame for the death of a worker, among the calls that it held. */
export function blaming(kind: Kind): void {
  scene(
    kind,
    'what was only at hand when its worker died comes back as if nothing had been',
    ['turn', 'find', 'leases'],
    async ({ bed, probe }) => {
      await probe.send(named(['a', 'b', 'c']))
      const claims = await probe.claimed(3, {}, 2)
      assert.deepEqual(
        claims.map(({ id, ahead }) => [id, ahead]),
        [
          ['a', undefined],
          ['b', true],
          ['c', true],
        ],
      )
      await bed.turn(10_000)
      for (const id of ['b', 'c']) {
        const { state, attempt, deaths } = await probe.job(id)
        assert.deepEqual({ state, attempt, deaths }, { state: 'ready', attempt: 0, deaths: 0 })
      }
      assert.equal((await probe.job('a')).deaths, 1)
    },
  )

  scene(
    kind,
    'what was claimed ahead and has begun since is to blame',
    ['turn', 'find', 'leases'],
    async ({ store, bed, probe }) => {
      await probe.send(named(['a']))
      const claims = await probe.claimed(1, {}, 1)
      assert.deepEqual(await store.broker.blame(claims, true), ['ok'])
      await bed.turn(10_000)
      const { attempt, deaths } = await probe.job('a')
      assert.deepEqual({ attempt, deaths }, { attempt: 1, deaths: 1 })
    },
  )

  scene(
    kind,
    'what was at hand when a worker died is not at hand again without being to blame',
    ['turn', 'find', 'leases'],
    async ({ bed, probe }) => {
      await probe.send(named(['a']))
      await probe.claimed(1, {}, 1)
      await bed.turn(10_000)
      const [claim] = await probe.claimed(1, {}, 1)
      assert.equal(claim?.ahead, undefined)
      assert.equal(claim?.alone, undefined)
      await bed.turn(10_000)
      assert.equal((await probe.job('a')).deaths, 1)
    },
  )

  scene(
    kind,
    'a call under which a worker died is to run alone, about as long as it had run',
    ['turn', 'leases'],
    async ({ bed, probe }) => {
      await probe.send(named(['a']))
      const first = await probe.oneClaim()
      assert.equal(first.alone, undefined)
      await bed.turn(10_000)
      const { alone } = await probe.oneClaim()
      assert.ok(alone !== undefined && alone >= 0 && alone <= 10_000, String(alone))
    },
  )

  scene(
    kind,
    'one that is to run alone is not to blame before it has begun',
    ['turn', 'find', 'leases'],
    async ({ bed, probe }) => {
      await probe.send(named(['a']))
      await probe.oneClaim()
      await bed.turn(10_000)
      await probe.oneClaim()
      await bed.turn(10_000)
      const { attempt, deaths } = await probe.job('a')
      assert.deepEqual({ attempt, deaths }, { attempt: 1, deaths: 1 })
      assert.notEqual((await probe.oneClaim()).alone, undefined)
    },
  )

  scene(
    kind,
    'calls that had begun together are not dead for it, however often',
    ['turn', 'leases'],
    async ({ store, bed, probe }) => {
      await probe.send(named(['a', 'b'], { maxDeaths: 2 }))
      for (let n = 0; n < 4; n++) {
        await store.broker.blame(await probe.claimed(2), true)
        await bed.turn(10_000)
      }
      assert.deepEqual([await probe.stateOf('a'), await probe.stateOf('b')], ['pending', 'pending'])
      const [guilty, innocent] = await probe.claimed(2)
      assert.ok(guilty && innocent)
      await store.broker.blame([guilty], true)
      await bed.turn(10_000)
      assert.deepEqual([await probe.stateOf('a'), await probe.stateOf('b')], ['dead', 'pending'])
    },
  )

  scene(kind, 'workers that die do not share their blame', ['turn', 'leases'], async ({ bed, probe }) => {
    await probe.send(named(['a', 'b'], { maxDeaths: 1 }))
    await probe.oneClaim({ worker: 'v' })
    await probe.oneClaim({ worker: 'w' })
    await bed.turn(10_000)
    assert.deepEqual([await probe.stateOf('a'), await probe.stateOf('b')], ['dead', 'dead'])
  })

  scene(
    kind,
    'what is being stopped because somebody asked for it is not to blame',
    ['turn', 'find', 'leases'],
    async ({ store, bed, probe }) => {
      await probe.send(named(['a']))
      for (let n = 0; n < 5; n++) {
        const claim = await probe.oneClaim()
        assert.deepEqual(await store.broker.blame([claim], false), ['ok'])
        await bed.turn(10_000)
      }
      const { state, attempt, deaths } = await probe.job('a')
      assert.deepEqual({ state, attempt, deaths }, { state: 'ready', attempt: 0, deaths: 0 })
    },
  )

  scene(kind, 'an old token changes no blame', ['turn', 'find', 'leases'], async ({ store, bed, probe }) => {
    await probe.send(named(['a']))
    const [old] = await probe.claimed(1, {}, 1)
    assert.ok(old)
    await bed.turn(10_000)
    await probe.oneClaim()
    assert.deepEqual(await store.broker.blame([old, { id: 'nobody', token: 1 }], false), ['lost', 'lost'])
    await bed.turn(10_000)
    assert.equal((await probe.job('a')).deaths, 1)
  })

  scene(
    kind,
    'a retry can say that a thread or process has died, and counts that',
    ['find', 'leases'],
    async ({ probe }) => {
      await probe.send(named(['a']))
      const retry = { kind: 'retry', error: '{}', delay: 0 } as const
      await probe.settled(await probe.oneClaim(), { ...retry, death: { alone: true } })
      const second = await probe.oneClaim()
      assert.deepEqual([second.attempt, second.deaths], [2, 1])
      assert.notEqual(second.alone, undefined)
      await probe.settled(second, { ...retry, death: { alone: false } })
      const third = await probe.oneClaim()
      assert.deepEqual([third.attempt, third.deaths, third.alone], [3, 2, undefined])
      await probe.settled(third, retry)
      assert.equal((await probe.job('a')).deaths, 2)
      await probe.settled(await probe.oneClaim(), { kind: 'dead', error: '{}', death: { alone: false } })
      assert.equal((await probe.job('a')).deaths, 3)
    },
  )

  scene(
    kind,
    'one that has ended by itself, and is tried again, need not be alone any more',
    ['turn', 'leases'],
    async ({ bed, probe }) => {
      await probe.send(named(['a']))
      await probe.oneClaim()
      await bed.turn(10_000)
      await probe.settled(await probe.oneClaim(), { kind: 'retry', error: '{}', delay: 0 })
      assert.equal((await probe.oneClaim()).alone, undefined)
    },
  )

  scene(kind, 'how many workers may die under a call comes with it', ['maxDeaths', 'leases'], async ({ probe }) => {
    await probe.send([...named(['a'], { maxDeaths: 7 }), ...named(['b'])])
    const claims = await probe.claimed()
    assert.deepEqual(
      claims.map(each => each.maxDeaths ?? 3),
      [7, 3],
    )
  })

  scene(kind, 'what has begun does not expire', ['turn', 'find', 'leases'], async ({ store, bed, probe }) => {
    await probe.send(named(['retried', 'died', 'interrupted'], { expires: 5_000 }))
    for (const claim of await probe.claimed()) {
      if (claim.id === 'retried') await probe.settled(claim, { kind: 'retry', error: '{}', delay: 30_000 })
      if (claim.id === 'interrupted') await probe.settled(claim, { kind: 'release', delay: 30_000, begun: true })
    }
    await bed.turn(40_000)
    for (const id of ['retried', 'died', 'interrupted']) assert.equal(await probe.stateOf(id), 'pending', id)
    await store.broker.send(named(['unbegun'], { expires: 5_000 }))
    const claims = await probe.claimed(9)
    const unbegun = claims.find(({ id }) => id === 'unbegun')
    assert.ok(unbegun)
    await probe.settled(unbegun, { kind: 'release' })
    await bed.turn(6_000)
    assert.equal(await probe.stateOf('unbegun'), 'cancelled')
  })
}
