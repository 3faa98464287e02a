import assert from 'node:assert/strict'
import { Probe } from '../probe.ts'
import { type Kind, named, scene } from '../scene.ts'

export function leases(kind: Kind): void {
  scene(kind, "what is claimed is nobody else's", [], async ({ bed, probe }) => {
    const other = new Probe(await bed.open(), bed)
    await probe.send(named(['a', 'b', 'c']))
    assert.deepEqual(await probe.claimedIds(2), ['a', 'b'])
    assert.deepEqual(await other.claimedIds(9, { worker: 'v' }), ['c'])
  })

  scene(
    kind,
    'a call whose lease ran out is handed over again, and the token rises',
    ['turn', 'leases'],
    async ({ store, bed, probe }) => {
      await probe.send(named(['a']))
      const first = await probe.oneClaim()
      await bed.turn(9_999)
      assert.equal(await probe.stateOf('a'), 'running')
      await bed.turn(1)
      const second = await probe.oneClaim({ worker: 'v' })
      assert.equal(second.id, 'a')
      assert.ok(second.token > first.token)
      assert.equal(second.attempt, 2)
      assert.equal(second.deaths, 1)
      assert.equal((await store.results.outcome('a')).worker, 'v')
    },
  )

  scene(kind, 'a renewed lease lasts from then on', ['turn', 'leases'], async ({ store, bed, probe }) => {
    await probe.send(named(['a']))
    const { id, token } = await probe.oneClaim()
    await bed.turn(9_000)
    assert.deepEqual(await store.broker.renew([{ id, token }], 10_000), ['ok'])
    await bed.turn(9_000)
    assert.equal(await probe.stateOf('a'), 'running')
    await bed.turn(1_000)
    assert.equal(await probe.stateOf('a'), 'pending')
    assert.deepEqual(await store.broker.renew([{ id, token }], 10_000), ['lost'])
  })

  scene(
    kind,
    'the store itself renews the leases of claims that it keeps',
    ['turn', 'leases'],
    async ({ bed, probe }) => {
      await probe.send(named(['a']))
      const claim = await probe.oneClaim({ keep: true })
      for (let time = 0; time < 60_000; time += 3_000) await bed.turn(3_000)
      assert.equal(await probe.stateOf('a'), 'running')
      assert.equal(await probe.settled(claim), 'ok')
    },
  )

  scene(kind, 'claims that are made at the same moment are all renewed', ['turn'], async ({ bed, probe }) => {
    await probe.send(named(['a', 'b']))
    const claims = await Promise.all(['v', 'w'].map(worker => probe.claimed(1, { worker, keep: true })))
    for (let time = 0; time < 60_000; time += 3_000) await bed.turn(3_000)
    for (const claim of claims.flat()) assert.equal(await probe.settled(claim), 'ok')
  })

  scene(
    kind,
    'an old token changes nothing: no result, report, step, renewal, retry, release',
    ['turn', 'find', 'leases'],
    async ({ store, bed, probe }) => {
      await probe.send(named(['a']))
      const old = await probe.oneClaim()
      await bed.turn(10_000)
      const claim = await probe.oneClaim()
      const { id, token } = old
      const outcomes = [
        ...(await store.broker.settle([
          { id, token, kind: 'done', result: '"old"' },
          { id, token, kind: 'failed', error: '{}' },
          { id, token, kind: 'retry', error: '{}', delay: 0 },
          { id, token, kind: 'release' },
          { id, token, kind: 'cancelled', error: '{}' },
          { id, token, kind: 'dead', error: '{}' },
        ])),
        ...(await store.results.report([
          { id, token, kind: 'progress', value: '1' },
          { id, token, kind: 'log', line: '"x"' },
          { id, token, kind: 'item', value: '1' },
          { id, token, kind: 'step', name: 's', value: '1' },
        ])),
        ...(await store.broker.renew([{ id, token }], 10_000)),
      ]
      assert.deepEqual(new Set(outcomes), new Set(['lost']))
      assert.deepEqual(
        (await store.results.reports('a', 0)).filter(each => each.kind !== 'state'),
        [],
      )
      assert.equal(await probe.settled(claim, { kind: 'done', result: '"new"' }), 'ok')
      assert.equal((await probe.inspector.find('a'))?.result, '"new"')
    },
  )

  scene(kind, 'a token of the future, of another call and of an ended call changes nothing', [], async ({ probe }) => {
    await probe.send(named(['a', 'b']))
    const [a, b] = await probe.claimed()
    assert.ok(a && b)
    assert.equal(await probe.settled({ ...a, token: a.token + 1 }), 'lost')
    assert.equal(await probe.settled({ ...a, id: 'nobody' }), 'lost')
    assert.equal(await probe.settled(a), 'ok')
    assert.equal(await probe.settled(a, { kind: 'failed', error: '{}' }), 'lost')
    assert.equal(await probe.stateOf('a'), 'done')
  })

  scene(
    kind,
    'a call under which too many workers died is dead, with the story',
    ['turn', 'leases'],
    async ({ bed, probe }) => {
      await probe.send(named(['a']))
      for (const worker of ['w1', 'w2', 'w3']) {
        const claim = await probe.oneClaim({ worker })
        assert.equal(claim.id, 'a')
        assert.deepEqual(await probe.store.broker.blame([claim], true), ['ok'])
        await bed.turn(10_000)
      }
      assert.equal(await probe.stateOf('a'), 'dead')
      const error = await probe.errorOf('a')
      assert.equal(error['source'], 'deaths')
      const deaths = error['deaths'] as { worker: string; attempt: number; at: number }[]
      assert.deepEqual(
        deaths.map(({ worker, attempt }) => ({ worker, attempt })),
        [
          { worker: 'w1', attempt: 1 },
          { worker: 'w2', attempt: 2 },
          { worker: 'w3', attempt: 3 },
        ],
      )
      assert.deepEqual(await probe.claimedIds(), [])
    },
  )

  scene(
    kind,
    'how many workers may die can be said for each call',
    ['turn', 'maxDeaths', 'leases'],
    async ({ bed, probe }) => {
      await probe.send(named(['a'], { maxDeaths: 1 }))
      await probe.oneClaim()
      await bed.turn(10_000)
      assert.equal(await probe.stateOf('a'), 'dead')
    },
  )

  scene(kind, 'a call that lost its worker keeps its place in line', ['turn', 'leases'], async ({ bed, probe }) => {
    await probe.send(named(['a', 'b']))
    await probe.claimedIds(1)
    await bed.turn(10_000)
    assert.deepEqual(await probe.claimedIds(), ['a', 'b'])
  })
}
