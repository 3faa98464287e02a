import assert from 'node:assert/strict'
import { claimed, claimedIds, errorOf, named, oneClaim, scene, settled, stateOf, type Subject } from '../subject.ts'

export function leases(subject: Subject): void {
  scene(subject, "what is claimed is nobody else's", async ({ store, bed }) => {
    const other = await bed.open()
    await store.send(named(['a', 'b', 'c']))
    assert.deepEqual(await claimedIds(store, 2), ['a', 'b'])
    assert.deepEqual(await claimedIds(other, 9, { worker: 'v' }), ['c'])
  })

  scene(subject, 'a lease that ran out is recovered by a sweep, and the token rises', async ({ store, bed }) => {
    await store.send(named(['a']))
    const first = await oneClaim(store)
    await bed.turn(9_999)
    await store.sweep()
    assert.equal(await stateOf(store, 'a'), 'running')
    await bed.turn(1)
    await store.sweep()
    const second = await oneClaim(store, { worker: 'v' })
    assert.equal(second.id, 'a')
    assert.ok(second.token > first.token)
    assert.equal(second.attempt, 2)
    assert.equal(second.deaths, 1)
    assert.equal((await store.job('a'))?.worker, 'v')
  })

  scene(subject, 'a renewed lease lasts from then on', async ({ store, bed }) => {
    await store.send(named(['a']))
    const { id, token } = await oneClaim(store)
    await bed.turn(9_000)
    assert.deepEqual(await store.renew([{ id, token }], 10_000), ['ok'])
    await bed.turn(9_000)
    await store.sweep()
    assert.equal(await stateOf(store, 'a'), 'running')
    await bed.turn(1_000)
    await store.sweep()
    assert.equal(await stateOf(store, 'a'), 'ready')
    assert.deepEqual(await store.renew([{ id, token }], 10_000), ['lost'])
  })

  scene(subject, 'the store itself renews the leases of claims that it keeps', async ({ store, bed }) => {
    await store.send(named(['a']))
    const claim = await oneClaim(store, { keep: true })
    for (let time = 0; time < 60_000; time += 3_000) await bed.turn(3_000)
    await store.sweep()
    assert.equal(await stateOf(store, 'a'), 'running')
    assert.equal(await settled(store, claim), 'ok')
  })

  scene(subject, 'claims that are made at the same moment are all renewed', async ({ store, bed }) => {
    await store.send(named(['a', 'b']))
    const claims = await Promise.all(['v', 'w'].map(worker => claimed(store, 1, { worker, keep: true })))
    for (let time = 0; time < 60_000; time += 3_000) await bed.turn(3_000)
    await store.sweep()
    for (const claim of claims.flat()) assert.equal(await settled(store, claim), 'ok')
  })

  scene(
    subject,
    'an old token changes nothing: no result, report, step, renewal, retry, release',
    async ({ store, bed }) => {
      await store.send(named(['a']))
      const old = await oneClaim(store)
      await bed.turn(10_000)
      await store.sweep()
      const claim = await oneClaim(store)
      const { id, token } = old
      const outcomes = [
        ...(await store.settle([
          { id, token, kind: 'done', result: '"old"' },
          { id, token, kind: 'failed', error: '{}' },
          { id, token, kind: 'retry', error: '{}', delay: 0 },
          { id, token, kind: 'release' },
          { id, token, kind: 'cancelled', error: '{}' },
          { id, token, kind: 'dead', error: '{}' },
        ])),
        ...(await store.report([
          { id, token, kind: 'progress', value: '1' },
          { id, token, kind: 'log', line: '"x"' },
          { id, token, kind: 'item', value: '1' },
          { id, token, kind: 'step', name: 's', value: '1' },
        ])),
        ...(await store.renew([{ id, token }], 10_000)),
      ]
      assert.deepEqual(new Set(outcomes), new Set(['lost']))
      assert.deepEqual(
        (await store.reports('a', 0)).filter(each => each.kind !== 'state'),
        [],
      )
      assert.equal(await settled(store, claim, { kind: 'done', result: '"new"' }), 'ok')
      assert.equal((await store.job('a'))?.result, '"new"')
    },
  )

  scene(subject, 'a token of the future, of another call and of an ended call changes nothing', async ({ store }) => {
    await store.send(named(['a', 'b']))
    const [a, b] = await claimed(store)
    assert.ok(a && b)
    assert.equal(await settled(store, { ...a, token: a.token + 1 }), 'lost')
    assert.equal(await settled(store, { ...a, id: 'nobody' }), 'lost')
    assert.equal(await settled(store, a), 'ok')
    assert.equal(await settled(store, a, { kind: 'failed', error: '{}' }), 'lost')
    assert.equal(await stateOf(store, 'a'), 'done')
  })

  scene(subject, 'a call under which too many workers died is dead, with the story', async ({ store, bed }) => {
    await store.send(named(['a']))
    for (const worker of ['w1', 'w2', 'w3']) {
      assert.equal((await oneClaim(store, { worker })).id, 'a')
      await bed.turn(10_000)
      await store.sweep()
    }
    assert.equal(await stateOf(store, 'a'), 'dead')
    const error = await errorOf(store, 'a')
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
    assert.deepEqual(await claimedIds(store), [])
  })

  scene(subject, 'how many workers may die can be said for each call', async ({ store, bed }) => {
    await store.send(named(['a'], { maxDeaths: 1 }))
    await oneClaim(store)
    await bed.turn(10_000)
    await store.sweep()
    assert.equal(await stateOf(store, 'a'), 'dead')
  })

  scene(subject, 'a call that lost its worker keeps its place in line', async ({ store, bed }) => {
    await store.send(named(['a', 'b']))
    await claimedIds(store, 1)
    await bed.turn(10_000)
    await store.sweep()
    assert.deepEqual(await claimedIds(store), ['a', 'b'])
  })
}
