import assert from 'node:assert/strict'
import { claimed, claimedIds, named, oneClaim, outgoing, scene, settled, stateOf, type Subject } from '../subject.ts'

export function ending(subject: Subject): void {
  scene(subject, 'every ending is kept with its times, result or error', async ({ store, bed }) => {
    await store.send(named(['done', 'failed', 'dead', 'cancelled']))
    await bed.turn(100)
    const claims = await claimed(store)
    await bed.turn(50)
    const [done, failed, dead, cancelled] = claims
    assert.ok(done && failed && dead && cancelled)
    const outcomes = await store.settle([
      { id: 'done', token: done.token, kind: 'done', result: '{"n":1}' },
      { id: 'failed', token: failed.token, kind: 'failed', error: '{"m":"no"}' },
      { id: 'dead', token: dead.token, kind: 'dead', error: '{"m":"poison"}' },
      { id: 'cancelled', token: cancelled.token, kind: 'cancelled', error: '{"m":"stop"}' },
    ])
    assert.deepEqual(outcomes, ['ok', 'ok', 'ok', 'ok'])
    const job = await store.job('done')
    assert.equal(job?.state, 'done')
    assert.equal(job.result, '{"n":1}')
    assert.equal(job.error, undefined)
    assert.equal(job.worker, 'w')
    assert.equal((job.startedAt as number) - job.sentAt, 100)
    assert.equal((job.endedAt as number) - (job.startedAt as number), 50)
    for (const id of ['failed', 'dead', 'cancelled']) {
      const other = await store.job(id)
      assert.equal(other?.state, id)
      assert.equal(other.result, undefined)
    }
    assert.equal((await store.job('failed'))?.error, '{"m":"no"}')
  })

  scene(subject, 'one that is lost does not touch its neighbours in the batch', async ({ store }) => {
    await store.send(named(['a', 'b']))
    const [a, b] = await claimed(store)
    assert.ok(a && b)
    const outcomes = await store.settle([
      { id: 'a', token: a.token, kind: 'done', result: '1' },
      { id: 'x', token: 1, kind: 'done', result: '2' },
      { id: 'b', token: b.token, kind: 'done', result: '3' },
    ])
    assert.deepEqual(outcomes, ['ok', 'lost', 'ok'])
  })

  scene(
    subject,
    'a retry counts the attempt, waits its delay and keeps the error meanwhile',
    async ({ store, bed }) => {
      await store.send(named(['a']))
      await settled(store, await oneClaim(store), { kind: 'retry', error: '{"try":1}', delay: 2_000 })
      const waiting = await store.job('a')
      assert.equal(waiting?.state, 'delayed')
      assert.equal(waiting.error, '{"try":1}')
      await bed.turn(1_999)
      assert.deepEqual(await claimedIds(store), [])
      await bed.turn(1)
      const claim = await oneClaim(store)
      assert.equal(claim.attempt, 2)
      await settled(store, claim)
      assert.equal((await store.job('a'))?.error, undefined)
    },
  )

  scene(subject, 'a call that was handed back has not used up an attempt', async ({ store, bed }) => {
    await store.send(named(['a']))
    const first = await oneClaim(store)
    await settled(store, first, { kind: 'release' })
    const second = await oneClaim(store)
    assert.equal(second.attempt, 1)
    assert.ok(second.token > first.token)
    await settled(store, second, { kind: 'release', delay: 1_000 })
    assert.equal(await stateOf(store, 'a'), 'delayed')
    await bed.turn(1_000)
    assert.equal((await oneClaim(store)).attempt, 1)
  })

  scene(
    subject,
    'a result with more bytes than the store takes is refused, and the claim is still held',
    async ({ store }) => {
      await store.send(named(['a', 'b']))
      const [a, b] = await claimed(store)
      assert.ok(a && b)
      const [refused, neighbour] = await store.settle([
        { id: 'a', token: a.token, kind: 'done', result: `"${'x'.repeat(2_000)}"` },
        { id: 'b', token: b.token, kind: 'done', result: '1' },
      ])
      assert.ok(typeof refused === 'object' && /2002 bytes/.test(refused.refused))
      assert.equal(neighbour, 'ok')
      assert.equal(await stateOf(store, 'a'), 'running')
      assert.equal(await settled(store, a, { kind: 'failed', error: '{"m":"too large"}' }), 'ok')
    },
    { maxBytes: 1_000 },
  )

  scene(subject, 'an ended call can be made ready again, with fresh counts; others cannot', async ({ store, bed }) => {
    await store.send([...named(['a']), ...named(['pending'], { delay: 1_000 })])
    await oneClaim(store)
    await bed.turn(10_000)
    await store.sweep()
    const claim = await oneClaim(store, { tasks: ['t'] })
    assert.equal(claim.id, 'a')
    await settled(store, claim, { kind: 'failed', error: '{"m":1}' })
    assert.deepEqual(await store.retry(['a', 'pending', 'nobody']), ['ready', 'pending', 'gone'])
    const job = await store.job('a')
    assert.equal(job?.state, 'ready')
    assert.equal(job.error, undefined)
    assert.equal(job.endedAt, undefined)
    const ids = await claimed(store)
    const again = ids.find(each => each.id === 'a')
    assert.equal(again?.attempt, 1)
    assert.equal(again?.deaths, 0)
    assert.ok((again?.token ?? 0) > claim.token)
  })

  scene(subject, 'what had expired runs when it is retried by hand', async ({ store, bed }) => {
    await store.send([...named(['a'], { expires: 1_000 }), ...named(['b'], { deadline: 1_000 })])
    await bed.turn(1_000)
    assert.deepEqual(await store.retry(['a', 'b']), ['ready', 'ready'])
    assert.deepEqual(await claimedIds(store), ['a', 'b'])
  })

  scene(
    subject,
    'of the ended calls only as many are kept as retention says, the latest',
    async ({ store }) => {
      await store.send(named(['a', 'b', 'c', 'd', 'pending']))
      for (const claim of await claimed(store, 4)) await settled(store, claim)
      await store.sweep()
      assert.deepEqual(
        (await store.jobs({})).map(job => job.id),
        ['pending', 'd', 'c'],
      )
    },
    { retention: { count: 2 } },
  )

  scene(
    subject,
    'ended calls are kept only for as long as retention says',
    async ({ store, bed }) => {
      await store.send(named(['old', 'young']))
      await settled(store, await oneClaim(store))
      await bed.turn(60_000)
      await settled(store, await oneClaim(store))
      await bed.turn(40_000)
      await store.sweep()
      assert.deepEqual(
        (await store.jobs({})).map(job => job.id),
        ['young'],
      )
      assert.equal((await store.reports('old', 0)).length, 0)
    },
    { retention: { age: 100_000 } },
  )

  scene(
    subject,
    'ended calls are kept only up to the bytes that retention says',
    async ({ store }) => {
      await store.send(named(['a', 'b', 'c']))
      for (const claim of await claimed(store)) {
        await settled(store, claim, { kind: 'done', result: `"${'x'.repeat(400)}"` })
      }
      await store.sweep()
      assert.deepEqual(
        (await store.jobs({})).map(job => job.id),
        ['c', 'b'],
      )
    },
    { retention: { bytes: 1_000 } },
  )

  scene(
    subject,
    'effects are committed with the acknowledgement, or refused where there are no tables',
    async ({ store }) => {
      await store.send([outgoing({ id: 'a' })])
      const claim = await oneClaim(store)
      const effects = [{ sql: 'CREATE TABLE IF NOT EXISTS mine (n)', parameters: [] }]
      const outcome = await settled(store, claim, { kind: 'done', result: '1', effects })
      if (store.features.effects) assert.equal(outcome, 'ok')
      else {
        assert.ok(typeof outcome === 'object')
        assert.equal(await stateOf(store, 'a'), 'running')
      }
    },
  )
}
