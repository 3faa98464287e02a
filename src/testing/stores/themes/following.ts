import assert from 'node:assert/strict'
import type { Ending } from '../probe.ts'
import { type Kind, named, outgoing, scene } from '../scene.ts'

const endings: readonly Ending[] = [
  { kind: 'done', result: '1' },
  { kind: 'failed', error: '{}' },
  { kind: 'dead', error: '{}' },
  { kind: 'cancelled', error: '{}' },
  { kind: 'retry', error: '{}', delay: 1_000 },
  { kind: 'release', delay: 1_000 },
]

/** Calls that a settlement sends, in the commit that acknowledges. */
export function following(kind: Kind): void {
  for (const ending of endings) {
    scene(kind, `a settlement as '${ending.kind}' sends what comes next, in order`, ['next'], async ({ probe }) => {
      await probe.send(named(['a']))
      const next = named(['b', 'c'])
      assert.equal(await probe.settled(await probe.oneClaim(), { ...ending, next }), 'ok')
      assert.deepEqual(await probe.claimedIds(), ['b', 'c'])
    })
  }

  scene(kind, 'what comes next is kept as it was given', ['next', 'find', 'priority'], async ({ probe }) => {
    await probe.send(named(['a']))
    const next = [outgoing({ id: 'b', queue: 'r', body: '[["ä"],{},{}]', priority: 3, delay: 5_000, tags: ['x'] })]
    await probe.settled(await probe.oneClaim(), { kind: 'done', result: '1', next })
    const { queue, body, priority, state, tags } = await probe.job('b')
    assert.deepEqual(
      { queue, body, priority, state, tags },
      { queue: 'r', body: '[["ä"],{},{}]', priority: 3, state: 'delayed', tags: ['x'] },
    )
  })

  scene(kind, 'a claim whose lease is gone sends nothing', ['next', 'turn', 'leases'], async ({ probe, bed }) => {
    await probe.send(named(['a']))
    const old = await probe.oneClaim()
    await bed.turn(10_000)
    const claim = await probe.oneClaim({ worker: 'v' })
    for (const ending of endings) assert.equal(await probe.settled(old, { ...ending, next: named(['old']) }), 'lost')
    assert.equal(await probe.settled(claim, { kind: 'done', result: '1', next: named(['new']) }), 'ok')
    assert.equal(await probe.settled(claim, { kind: 'done', result: '1', next: named(['again']) }), 'lost')
    assert.deepEqual(await probe.claimedIds(), ['new'])
  })

  scene(
    kind,
    'of settlements in one batch only those that are lost send nothing',
    ['next'],
    async ({ store, probe }) => {
      await probe.send(named(['a', 'b']))
      const [a, b] = await probe.claimed()
      assert.ok(a && b)
      const outcomes = await store.broker.settle([
        { id: 'a', token: a.token, kind: 'done', result: '1', next: named(['after a']) },
        { id: 'b', token: b.token + 1, kind: 'done', result: '1', next: named(['after nobody']) },
        { id: 'b', token: b.token, kind: 'done', result: '1', next: named(['after b']) },
      ])
      assert.deepEqual(outcomes, ['ok', 'lost', 'ok'])
      assert.deepEqual(await probe.claimedIds(), ['after a', 'after b'])
    },
  )

  scene(kind, 'what comes next is not sent again when it is there already', ['next'], async ({ probe }) => {
    await probe.send(named(['a', 'b']))
    const [a, b] = await probe.claimed()
    assert.ok(a && b)
    // Both lead to the same, as two attempts of one call do where an acknowledgement got lost on the way.
    await probe.settled(a, { kind: 'done', result: '1', next: named(['c']) })
    const c = await probe.oneClaim()
    await probe.settled(c)
    assert.equal(await probe.settled(b, { kind: 'done', result: '1', next: named(['c']) }), 'ok')
    assert.deepEqual(await probe.claimedIds(), [])
    assert.equal(await probe.stateOf('c'), 'done')
  })

  scene(
    kind,
    'nothing is sent by a retry or release of a call that was asked to stop, since that ends it',
    ['next', 'cancel'],
    async ({ probe }) => {
      await probe.send(named(['retry', 'release', 'done']))
      const [retry, release, done] = await probe.claimed()
      assert.ok(retry && release && done)
      await probe.inspector.cancel(['retry', 'release', 'done'], '"stop"')
      await probe.settled(retry, { kind: 'retry', error: '{}', delay: 0, next: named(['after retry']) })
      await probe.settled(release, { kind: 'release', next: named(['after release']) })
      // It was too late to stop this one: it is done, and so it goes on.
      await probe.settled(done, { kind: 'done', result: '1', next: named(['after done']) })
      assert.deepEqual(await probe.claimedIds(), ['after done'])
      assert.equal(await probe.stateOf('retry'), 'cancelled')
      assert.equal(await probe.stateOf('release'), 'cancelled')
    },
  )

  scene(kind, 'nothing is sent by a retry or release past the deadline', ['next', 'turn'], async ({ probe, bed }) => {
    await probe.send(named(['retry', 'release'], { deadline: 5_000 }))
    const [retry, release] = await probe.claimed()
    assert.ok(retry && release)
    await bed.turn(5_000)
    await probe.settled(retry, { kind: 'retry', error: '{}', delay: 0, next: named(['after retry']) })
    await probe.settled(release, { kind: 'release', next: named(['after release']) })
    assert.deepEqual(await probe.claimedIds(), [])
    assert.equal(await probe.stateOf('retry'), 'cancelled')
    assert.equal(await probe.stateOf('release'), 'cancelled')
  })

  scene(
    kind,
    'what comes next may take over the unique key of the one that ends; where it is taken it is not sent',
    ['next', 'unique'],
    async ({ probe }) => {
      const unique = { key: 'k', conflict: 'reject' } as const
      await probe.send(named(['a'], { unique }))
      const next = named(['b', 'c'], { unique })
      assert.equal(await probe.settled(await probe.oneClaim(), { kind: 'done', result: '1', next }), 'ok')
      assert.deepEqual(await probe.claimedIds(), ['b'])
      assert.equal(await probe.stateOf('c'), 'gone')
    },
  )

  scene(
    kind,
    'what has more bytes than the store takes makes the settlement refused, and nothing of it is written',
    ['next', 'maxBytes'],
    async ({ probe }) => {
      await probe.send(named(['a']))
      const claim = await probe.oneClaim()
      const next = [outgoing({ id: 'b' }), outgoing({ id: 'large', body: `["${'x'.repeat(2_000)}",{},{}]` })]
      const refused = await probe.settled(claim, { kind: 'done', result: '1', next })
      assert.ok(typeof refused === 'object' && /Call large.* bytes/.test(refused.refused), JSON.stringify(refused))
      assert.equal(await probe.stateOf('a'), 'running')
      assert.equal(await probe.stateOf('b'), 'gone')
      assert.equal(await probe.settled(claim, { kind: 'failed', error: '{}' }), 'ok')
    },
    { maxBytes: 1_000 },
  )

  scene(kind, 'what comes next must make sense', ['next'], async ({ probe }) => {
    await probe.send(named(['a']))
    const claim = await probe.oneClaim()
    const next = [outgoing({ id: 'b' }), outgoing({ delay: -1 })]
    await assert.rejects(probe.settled(claim, { kind: 'done', result: '1', next }), { code: 'SKEIN_INVALID_ARGUMENT' })
    assert.equal(await probe.settled(claim), 'ok')
    assert.equal(await probe.stateOf('b'), 'gone')
  })

  scene(
    kind,
    'a call that fails since another one has, or that its workers died under, sends what its message asks for then',
    ['counters', 'next', 'turn', 'maxDeaths', 'leases', 'cancel'],
    async ({ probe, bed }) => {
      const body = (id: string): string =>
        `[[],{},{"callbacks":null,"errbacks":[${errback(id)}],"chain":null,"chord":null}]`
      await probe.send([
        outgoing({ id: 'dropped', body: body('1'), after: { counter: 'c', members: 1, failure: 'drop' } }),
        outgoing({ id: 'dropped at once', body: body('2'), after: { counter: 'd', members: 1, failure: 'drop' } }),
        outgoing({ id: 'cancelled', body: body('none'), delay: 60_000 }),
        outgoing({ id: 'expired', body: body('none'), delay: 60_000, expires: 5_000 }),
        outgoing({
          id: 'large',
          body: body('3').replace('[[],', `[["${'x'.repeat(50_000)}"],`),
          after: { counter: 'c', members: 1, failure: 'drop' },
        }),
        outgoing({
          id: 'unreadable',
          body: '[[],{},{"errbacks":[{"task":7}]}]',
          after: { counter: 'c', members: 1, failure: 'drop' },
        }),
        outgoing({ id: 'a', counts: [{ counter: 'c', member: 0 }] }),
        outgoing({ id: 'died', body: body('4'), maxDeaths: 1 }),
      ])
      await probe.settled(await probe.oneClaim(), { kind: 'failed', error: '{}' })
      await probe.inspector.cancel(['cancelled'], '"enough"')
      assert.equal((await probe.oneClaim()).id, 'died')
      const sent = await probe.claimed()
      assert.deepEqual(
        sent.map(({ id, queue, task }) => ({ id, queue, task })),
        ['1', '3'].map(id => ({ id, queue: 'q', task: 't' })),
      )
      assert.equal(
        sent[0]?.body.startsWith('[["dropped","told",12345678901234567890,NaN],{"k":1},{"callbacks":null,'),
        true,
      )
      const { root_id: root, parent_id: parent } = JSON.parse(sent[0]?.headers ?? '{}') as Record<string, unknown>
      assert.deepEqual([root, parent], ['dropped', 'dropped'])
      for (const each of sent) await probe.settled(each, { kind: 'done', result: '1' })
      await probe.send([outgoing({ id: 'b', queue: 'other', counts: [{ counter: 'd', member: 0 }] })])
      await bed.turn(10_000)
      assert.deepEqual(await probe.claimedIds(), ['4'])
      assert.equal(await probe.stateOf('died'), 'dead')
    },
  )
}

/** A call that is to follow, as Celery writes it. */
function errback(id: string): string {
  const options = `{"task_id":"${id}","headers":{"x-own":1}}`
  return `{"task":"t","args":["told", 12345678901234567890, NaN],"kwargs":{"k":1},"options":${options},"subtask_type":null,"immutable":false}`
}
