import assert from 'node:assert/strict'
import type { RetentionChange } from '../../../stores/roles/retention.ts'
import { named, outgoing, type Kind, scene } from '../scene.ts'

export function ending(kind: Kind): void {
  scene(kind, 'every ending is kept with its times, result or error', ['turn'], async ({ store, bed, probe }) => {
    await probe.send(named(['done', 'failed', 'dead', 'cancelled']))
    await bed.turn(100)
    const claims = await probe.claimed()
    await bed.turn(50)
    const [done, failed, dead, cancelled] = claims
    assert.ok(done && failed && dead && cancelled)
    const outcomes = await store.broker.settle([
      { id: 'done', token: done.token, kind: 'done', result: '{"n":1}' },
      { id: 'failed', token: failed.token, kind: 'failed', error: '{"m":"no"}' },
      { id: 'dead', token: dead.token, kind: 'dead', error: '{"m":"poison"}' },
      { id: 'cancelled', token: cancelled.token, kind: 'cancelled', error: '{"m":"stop"}' },
    ])
    assert.deepEqual(outcomes, ['ok', 'ok', 'ok', 'ok'])
    const job = await store.results.outcome('done')
    assert.equal(job.state, 'done')
    assert.equal(job.result, '{"n":1}')
    assert.equal(job.error, undefined)
    assert.equal(job.worker, 'w')
    assert.equal((job.startedAt as number) - (job.sentAt as number), 100)
    assert.equal((job.endedAt as number) - (job.startedAt as number), 50)
    for (const id of ['failed', 'dead', 'cancelled']) {
      const other = await store.results.outcome(id)
      assert.equal(other.state, id)
      assert.equal(other.result, undefined)
    }
    assert.deepEqual(await probe.errorOf('failed'), { m: 'no' })
  })

  scene(kind, 'one that is lost does not touch its neighbours in the batch', [], async ({ store, probe }) => {
    await probe.send(named(['a', 'b']))
    const [a, b] = await probe.claimed()
    assert.ok(a && b)
    const outcomes = await store.broker.settle([
      { id: 'a', token: a.token, kind: 'done', result: '1' },
      { id: 'x', token: 1, kind: 'done', result: '2' },
      { id: 'b', token: b.token, kind: 'done', result: '3' },
    ])
    assert.deepEqual(outcomes, ['ok', 'lost', 'ok'])
  })

  scene(
    kind,
    'a retry counts the attempt, waits its delay and keeps the error meanwhile',
    ['turn'],
    async ({ store, bed, probe }) => {
      await probe.send(named(['a']))
      await probe.settled(await probe.oneClaim(), { kind: 'retry', error: '{"try":1}', delay: 2_000 })
      assert.equal(await probe.stateOf('a'), 'pending')
      assert.deepEqual(await probe.errorOf('a'), { try: 1 })
      await bed.turn(1_999)
      assert.deepEqual(await probe.claimedIds(), [])
      await bed.turn(1)
      const claim = await probe.oneClaim()
      assert.equal(claim.attempt, 2)
      await probe.settled(claim)
      assert.equal((await store.results.outcome('a')).error, undefined)
    },
  )

  scene(kind, 'a call that was handed back has not used up an attempt', ['turn'], async ({ bed, probe }) => {
    await probe.send(named(['a']))
    const first = await probe.oneClaim()
    await probe.settled(first, { kind: 'release' })
    const second = await probe.oneClaim()
    assert.equal(second.attempt, 1)
    assert.ok(second.token > first.token)
    await probe.settled(second, { kind: 'release', delay: 1_000 })
    assert.deepEqual(await probe.claimedIds(), [])
    await bed.turn(1_000)
    assert.equal((await probe.oneClaim()).attempt, 1)
  })

  scene(
    kind,
    'a result with more bytes than the store takes is refused, and the claim is still held',
    ['maxBytes'],
    async ({ store, probe }) => {
      await probe.send(named(['a', 'b']))
      const [a, b] = await probe.claimed()
      assert.ok(a && b)
      const [refused, neighbour] = await store.broker.settle([
        { id: 'a', token: a.token, kind: 'done', result: `"${'x'.repeat(2_000)}"` },
        { id: 'b', token: b.token, kind: 'done', result: '1' },
      ])
      assert.ok(typeof refused === 'object' && /2002 bytes/.test(refused.refused))
      assert.equal(neighbour, 'ok')
      assert.equal(await probe.stateOf('a'), 'running')
      assert.equal(await probe.settled(a, { kind: 'failed', error: '{"m":"too large"}' }), 'ok')
    },
    { maxBytes: 1_000 },
  )

  scene(
    kind,
    'an ended call can be made ready again, with fresh counts; others cannot',
    ['turn', 'find', 'retry', 'leases'],
    async ({ bed, probe }) => {
      await probe.send([...named(['a']), ...named(['pending'], { delay: 1_000 })])
      await probe.oneClaim()
      await bed.turn(10_000)
      const claim = await probe.oneClaim({ tasks: ['t'] })
      assert.equal(claim.id, 'a')
      await probe.settled(claim, { kind: 'failed', error: '{"m":1}' })
      assert.deepEqual(await probe.inspector.retry(['a', 'pending', 'nobody']), ['ready', 'pending', 'gone'])
      const job = await probe.job('a')
      assert.equal(job.state, 'ready')
      assert.equal(job.error, undefined)
      assert.equal(job.endedAt, undefined)
      const ids = await probe.claimed()
      const again = ids.find(each => each.id === 'a')
      assert.equal(again?.attempt, 1)
      assert.equal(again?.deaths, 0)
      assert.ok((again?.token ?? 0) > claim.token)
    },
  )

  scene(kind, 'what had expired runs when it is retried by hand', ['turn', 'retry'], async ({ bed, probe }) => {
    await probe.send([...named(['a'], { expires: 1_000 }), ...named(['b'], { deadline: 1_000 })])
    await bed.turn(1_000)
    assert.deepEqual(await probe.inspector.retry(['a', 'b']), ['ready', 'ready'])
    assert.deepEqual(await probe.claimedIds(), ['a', 'b'])
  })

  scene(
    kind,
    'of the ended calls only as many are kept as retention says, the latest, once all who wait have been told',
    ['list', 'retention', 'turn'],
    async ({ bed, probe }) => {
      await probe.send(named(['a', 'b', 'c', 'd', 'pending']))
      for (const claim of await probe.claimed(4)) await probe.settled(claim)
      await bed.turn(60_000)
      assert.deepEqual(await probe.listed(), ['pending', 'd', 'c', 'b', 'a'])
      await bed.turn(1)
      assert.deepEqual(await probe.listed(), ['pending', 'd', 'c'])
    },
    { retention: { done: { count: 2 } } },
  )

  scene(
    kind,
    'ended calls are kept only for as long as retention says',
    ['turn', 'list', 'retention'],
    async ({ store, bed, probe }) => {
      await probe.send(named(['old', 'young']))
      await probe.settled(await probe.oneClaim())
      await bed.turn(60_000)
      await probe.settled(await probe.oneClaim())
      await bed.turn(40_000)
      assert.deepEqual(await probe.listed(), ['young'])
      assert.equal((await store.results.reports('old', 0)).length, 0)
    },
    { retention: { done: { age: 100_000 } } },
  )

  scene(
    kind,
    'ended calls are kept only up to the bytes that retention says',
    ['list', 'retention', 'turn'],
    async ({ bed, probe }) => {
      await probe.send(named(['a', 'b', 'c']))
      for (const claim of await probe.claimed()) {
        await probe.settled(claim, { kind: 'done', result: `"${'x'.repeat(400)}"` })
      }
      await bed.turn(1)
      assert.deepEqual(await probe.listed(), ['c', 'b'])
    },
    { retention: { done: { bytes: 1_000 } } },
  )

  scene(
    kind,
    'what has failed, is dead or was cancelled outlives any number of those that are done',
    ['list', 'retention', 'turn', 'cancel'],
    async ({ bed, probe }) => {
      await probe.send(named(['cancelled', 'failed', 'dead', 'a', 'b', 'c']))
      await probe.inspector.cancel(['cancelled'], '"x"')
      const [failed, dead, ...others] = await probe.claimed()
      assert.ok(failed && dead)
      await probe.settled(failed, { kind: 'failed', error: '{}' })
      await probe.settled(dead, { kind: 'dead', error: '{}' })
      for (const claim of others) await probe.settled(claim, { kind: 'done', result: `"${'x'.repeat(400)}"` })
      await bed.turn(100_000)
      assert.deepEqual(await probe.listed(), ['c', 'dead', 'failed', 'cancelled'])
    },
    { retention: { done: { count: 1, bytes: 1_000 } } },
  )

  for (const [part, end] of [
    ['done', { kind: 'done', result: '1' }],
    ['failed', { kind: 'failed', error: '{}' }],
    ['failed', { kind: 'dead', error: '{}' }],
    ['cancelled', { kind: 'cancelled', error: '{}' }],
  ] as const) {
    scene(
      kind,
      `calls that have ended as ${end.kind} are kept as long as retention says of '${part}'`,
      ['list', 'turn', 'retain'],
      async ({ bed, probe }) => {
        await probe.inspector.retain({ [part]: { age: 100_000 } })
        await probe.send(named(['a']))
        await probe.settled(await probe.oneClaim(), end)
        await bed.turn(99_999)
        assert.deepEqual(await probe.listed(), ['a'])
        await bed.turn(1)
        assert.deepEqual(await probe.listed(), [])
      },
    )
  }

  scene(
    kind,
    'retention belongs to the store: to open it without a word changes nothing, and a change holds for all',
    ['list', 'retention', 'turn', 'retain', 'stats'],
    async ({ bed, probe }) => {
      const other = await bed.open()
      const asked = await other.inspector?.retain?.({})
      assert.deepEqual([asked?.done.count, asked?.failed.count, asked?.done.age], [3, 10_000, Infinity])
      await probe.send(named(['a', 'b', 'c']))
      for (const claim of await probe.claimed()) await probe.settled(claim)
      await bed.turn(100_000)
      assert.deepEqual(await probe.listed(), ['c', 'b', 'a'])
      await other.inspector?.retain?.({ done: { count: 1 } })
      await bed.turn(1)
      assert.deepEqual(await probe.listed(), ['c'])
      const { retention } = await probe.inspector.stats()
      assert.deepEqual([retention?.done.count, retention?.done.age], [1, Infinity])
      await bed.open({ retention: { failed: { count: 5 } } })
      assert.deepEqual((await probe.inspector.retain({})).failed.count, 5)
      assert.deepEqual((await probe.inspector.retain({})).done.count, 1)
    },
    { retention: { done: { count: 3, age: Infinity } } },
  )

  scene(kind, 'a retention that makes no sense is refused, and nothing of it holds', ['retain'], async ({ probe }) => {
    for (const change of [
      { done: { count: -1 } },
      { done: { count: NaN } },
      { failed: { age: -1 } },
      { failed: { age: '1y' } },
      { cancelled: { bytes: 1.5 } },
      { lost: { count: 1 } },
      { done: { length: 1 } },
      { count: 1 },
      { done: null },
    ]) {
      const refused = probe.inspector.retain({ failed: { count: 1 }, ...change } as RetentionChange)
      await assert.rejects(refused, { code: 'SKEIN_INVALID_ARGUMENT' }, JSON.stringify(change))
    }
    assert.equal((await probe.inspector.retain({})).failed.count, 10_000)
  })

  scene(kind, 'effects are committed with the acknowledgement', ['transactions'], async ({ probe }) => {
    await probe.send([outgoing({ id: 'a' })])
    const claim = await probe.oneClaim()
    const effects = [{ sql: 'CREATE TABLE IF NOT EXISTS mine (n)', parameters: [] }]
    const outcome = await probe.settled(claim, { kind: 'done', result: '1', effects })
    assert.equal(outcome, 'ok')
  })
}
