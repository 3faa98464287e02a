import assert from 'node:assert/strict'
import type { OutgoingCall } from '../../../stores/roles/calls.ts'
import { after, finishOne, members, waiter } from '../counted.ts'
import { type Kind, named, outgoing, scene } from '../scene.ts'

/** Calls that wait for a counter: what lets them go, what ends them instead, and what is kept for them. */
export function awaiting(kind: Kind): void {
  scene(
    kind,
    'drop: the first member that is not done ends who waits as failed, and what waits for that, too',
    ['counters', 'find'],
    async ({ store, probe }) => {
      await probe.send([
        ...members(['a', 'b', 'c']),
        waiter('patient', 3),
        waiter('w', 3, 'drop', { counts: [{ counter: 'd', member: 0 }] }),
        outgoing({ id: 'v', after: after(1, 'drop', 'd') }),
      ])
      const told = new Promise<void>(resolve => {
        const stop = store.results.watch('v', {
          ended: () => {
            stop()
            resolve()
          },
        })
      })
      await store.results.outcome('v')
      const [a, b, c] = await probe.claimed()
      assert.ok(a && b && c)
      await finishOne(probe, a)
      await probe.settled(b, { kind: 'failed', error: '{}' })
      await told
      const [w, v] = [await probe.errorOf('w'), await probe.errorOf('v')]
      assert.deepEqual([w['source'], w['id'], w['member']], ['member', 'b', 1])
      assert.deepEqual([v['source'], v['id'], v['member']], ['member', 'w', 0])
      assert.equal(await probe.stateOf('w'), 'failed')
      assert.equal(await probe.stateOf('v'), 'failed')
      assert.equal((await probe.job('patient')).state, 'held')
      await finishOne(probe, c)
      assert.deepEqual(await probe.claimedIds(), ['patient'])
      // Who comes late is told the same.
      await probe.send([waiter('late', 3, 'drop')])
      assert.equal(await probe.stateOf('late'), 'failed')
      assert.equal((await probe.errorOf('late'))['id'], 'b')
    },
  )

  scene(
    kind,
    'a call that was dropped and is made to run again waits for what has not ended, and for what runs again with it',
    ['counters', 'retry', 'find'],
    async ({ probe }) => {
      await probe.send([...members(['a', 'b']), waiter('w', 2, 'drop')])
      const [a, b] = await probe.claimed()
      assert.ok(a && b)
      await probe.settled(a, { kind: 'failed', error: '{}' })
      assert.equal(await probe.stateOf('w'), 'failed')
      assert.deepEqual(await probe.inspector.retry(['w']), ['ready'])
      assert.equal((await probe.job('w')).state, 'held')
      await finishOne(probe, b)
      assert.equal(await finishOne(probe), 'a')
      assert.deepEqual(await probe.claimedIds(), ['w'])
    },
  )

  scene(
    kind,
    'who waits can be cancelled, purged, or expire, and then nothing lets it go',
    ['counters', 'turn', 'cancel', 'purge', 'stats', 'list', 'find'],
    async ({ probe, bed }) => {
      await probe.send([
        ...members(['a'], { queue: 'r' }),
        waiter('cancelled', 1),
        waiter('purged', 1, 'release', { queue: 'p' }),
        waiter('expired', 1, 'release', { expires: 5_000 }),
        waiter('late', 1, 'release', { deadline: 5_000 }),
      ])
      const job = await probe.job('late')
      assert.deepEqual([job.state, job.after], ['held', 'c'])
      assert.deepEqual(await probe.listed({ states: ['held'] }), ['late', 'expired', 'purged', 'cancelled'])
      assert.deepEqual(await probe.listed({ states: ['ready', 'delayed'] }), ['a'])
      const { queues } = await probe.inspector.stats()
      assert.equal(queues.find(each => each.queue === 'q')?.counts.held, 3)
      assert.deepEqual(await probe.inspector.cancel(['cancelled'], '1'), ['cancelled'])
      assert.equal(await probe.inspector.purge({ queue: 'p' }), 1)
      await bed.turn(5_000)
      await finishOne(probe, await probe.oneClaim({ queues: ['r'] }))
      assert.deepEqual(await probe.claimedIds(10, { queues: ['q', 'p'] }), [])
      for (const id of ['cancelled', 'expired', 'late']) assert.equal(await probe.stateOf(id), 'cancelled')
      assert.equal(await probe.stateOf('purged'), 'gone')
    },
  )

  scene(kind, 'members and those who wait for them can be purged at once', ['counters', 'purge'], async ({ probe }) => {
    await probe.send([
      waiter('v', 2, 'drop'),
      ...members(['a', 'b']),
      waiter('w', 2, 'drop', { counts: [{ counter: 'd', member: 0 }] }),
      outgoing({ id: 'x', queue: 'r', after: after(1, 'release', 'd') }),
    ])
    assert.equal(await probe.inspector.purge({ queue: 'q' }), 4)
    for (const id of ['v', 'a', 'b', 'w']) assert.equal(await probe.stateOf(id), 'gone')
    assert.deepEqual(await probe.claimedIds(10, { queues: ['q', 'r'] }), ['x'])
    assert.deepEqual(
      (await probe.members('d')).map(each => each.state),
      ['cancelled'],
    )
  })

  scene(
    kind,
    'a member that is sent again after its counter was forgotten is counted once more',
    ['counters', 'purge'],
    async ({ probe }) => {
      // One that has ended counts at once, one that has not when it ends.
      for (const [index, ends] of [true, false].entries()) {
        const [id, late, counter] = [`member ${index}`, `late ${index}`, `counter ${index}`]
        const member = outgoing({ id, counts: [{ counter, member: 0 }] })
        const wait = after(1, 'release', counter)
        await probe.send([member, outgoing({ id: `early ${index}`, after: wait })])
        assert.equal(await probe.inspector.purge({ states: ['held'] }), 1)
        if (ends) await finishOne(probe)
        assert.deepEqual(await probe.send([member]), [{ outcome: 'joined', id }])
        if (!ends) await finishOne(probe)
        await probe.send([outgoing({ id: late, after: wait })])
        const claim = await probe.oneClaim()
        assert.equal(claim.id, late)
        await probe.settled(claim)
      }
    },
  )

  scene(kind, 'the delay of who waits counts from when it is let go', ['counters', 'turn'], async ({ probe, bed }) => {
    await probe.send([...members(['a']), waiter('w', 1, 'release', { delay: 1_000 })])
    await bed.turn(5_000)
    await finishOne(probe)
    assert.deepEqual(await probe.claimedIds(), [])
    await bed.turn(999)
    assert.deepEqual(await probe.claimedIds(), [])
    await bed.turn(1)
    assert.deepEqual(await probe.claimedIds(), ['w'])
  })

  scene(
    kind,
    'a running call gives its place back to wait for calls that it sends, and goes on where it was',
    ['counters', 'next'],
    async ({ store, probe }) => {
      await probe.send(named(['a']))
      const first = await probe.oneClaim()
      await store.results.report([{ id: 'a', token: first.token, kind: 'step', name: 's', value: '5' }])
      assert.equal(await probe.settled(first, { kind: 'release', after: after(2), next: members(['b', 'c']) }), 'ok')
      assert.equal(await probe.stateOf('a'), 'pending')
      assert.deepEqual(await Promise.all((await probe.claimed()).map(each => finishOne(probe, each))), ['b', 'c'])
      const second = await probe.oneClaim()
      assert.deepEqual([second.id, second.attempt, second.after, second.steps], ['a', 1, 'c', { s: '5' }])
      assert.ok(second.token > first.token)
      // It may wait for something else after that: then nobody needs the first counter any more.
      const next = [outgoing({ id: 'd', counts: [{ counter: 'd', member: 0 }] })]
      await probe.settled(second, { kind: 'release', after: after(1, 'drop', 'd'), next })
      assert.deepEqual(await probe.members('c'), [])
      assert.equal(await finishOne(probe), 'd')
      assert.equal((await probe.oneClaim()).after, 'd')
    },
  )

  scene(
    kind,
    'a running call that waits for what has ended already goes back into line, or fails, at once',
    ['counters'],
    async ({ probe }) => {
      await probe.send([...members(['a', 'b']), ...named(['x', 'y'])])
      const [a, b, x, y] = await probe.claimed()
      assert.ok(a && b && x && y)
      await probe.settled(a, { kind: 'failed', error: '{}' })
      await finishOne(probe, b)
      await probe.settled(x, { kind: 'release', after: after(2) })
      await probe.settled(y, { kind: 'release', after: after(2, 'drop') })
      assert.deepEqual(await probe.claimedIds(), ['x'])
      assert.equal(await probe.stateOf('y'), 'failed')
    },
  )

  scene(
    kind,
    'a running call that was asked to stop, or is overdue, does not begin to wait',
    ['counters', 'turn', 'cancel'],
    async ({ probe, bed }) => {
      await probe.send([...named(['stopped']), ...named(['late'], { deadline: 1_000 })])
      const [stopped, late] = await probe.claimed()
      assert.ok(stopped && late)
      await probe.inspector.cancel(['stopped'], '1')
      await bed.turn(1_000)
      for (const each of [stopped, late]) await probe.settled(each, { kind: 'release', after: after(1) })
      assert.equal(await probe.stateOf('stopped'), 'cancelled')
      assert.equal(await probe.stateOf('late'), 'cancelled')
    },
  )

  scene(
    kind,
    'what became of members is there although they are forgotten, and goes with the last who waited',
    ['counters', 'purge'],
    async ({ probe }) => {
      await probe.send([
        ...members(['a', 'b'], { ignoreResult: true }),
        waiter('v', 2, 'release', { queue: 'v' }),
        waiter('w', 2, 'release', { queue: 'w' }),
      ])
      const [a, b] = await probe.claimed()
      assert.ok(a && b)
      await finishOne(probe, a)
      await probe.settled(b, { kind: 'failed', error: '{"m":1}' })
      await probe.inspector.purge({ queue: 'q' })
      assert.equal(await probe.stateOf('a'), 'gone')
      assert.equal(await probe.stateOf('b'), 'gone')
      const kept = [
        { member: 0, id: 'a', state: 'done', result: '"a"' },
        { member: 1, id: 'b', state: 'failed', error: '{"m":1}' },
      ]
      assert.deepEqual(await probe.members('c'), kept)
      await finishOne(probe, await probe.oneClaim({ queues: ['v'] }))
      await probe.inspector.purge({ queue: 'v' })
      assert.deepEqual(await probe.members('c'), kept)
      await probe.inspector.purge({ queue: 'w' })
      assert.deepEqual(await probe.members('c'), [])
    },
  )

  scene(
    kind,
    'what is kept for a call that has waited counts as its own, and is forgotten with it as retention says',
    ['counters', 'retention', 'turn', 'list', 'retry'],
    async ({ probe, bed }) => {
      await probe.send([...members(['a'], { ignoreResult: true }), waiter('w', 1)])
      await probe.settled(await probe.oneClaim(), { kind: 'done', result: `"${'x'.repeat(700)}"` })
      await finishOne(probe)
      // By hand it runs again, and what was kept is still there.
      assert.deepEqual(await probe.inspector.retry(['w']), ['ready'])
      assert.equal((await probe.members('c')).length, 1)
      await finishOne(probe)
      await probe.send(named(['later']))
      await bed.turn(1)
      assert.deepEqual(await probe.listed(), ['later', 'w'])
      await probe.settled(await probe.oneClaim(), { kind: 'done', result: `"${'x'.repeat(400)}"` })
      await bed.turn(1)
      assert.deepEqual(await probe.listed(), ['later'])
      assert.deepEqual(await probe.members('c'), [])
    },
    { retention: { done: { bytes: 1_000 } } },
  )

  scene(
    kind,
    'a counter for which nobody has waited is forgotten in time, one with members that have not ended is not',
    ['counters', 'retention', 'turn'],
    async ({ probe, bed }) => {
      await probe.send([...members(['a']), outgoing({ id: 'slow', queue: 'r', counts: [{ counter: 'd', member: 5 }] })])
      await finishOne(probe)
      await bed.turn(99_999)
      assert.equal((await probe.members('c')).length, 1)
      await bed.turn(1)
      assert.deepEqual(await probe.members('c'), [])
      await finishOne(probe, await probe.oneClaim({ queues: ['r'] }))
      assert.equal((await probe.members('d')).length, 1)
    },
    { retention: { done: { age: 100_000 } } },
  )

  scene(
    kind,
    'ten thousand members are counted, and their results read a thousand at a time',
    ['counters'],
    async ({ store, probe }) => {
      const count = 10_000
      const ids = Array.from({ length: count }, (_, n) => `m${n}`)
      await probe.send([waiter('w', count), ...members(ids)])
      for (let left = count; left > 0; left -= 1_000) {
        const claims = await probe.claimed(1_000)
        assert.ok(!claims.some(each => each.id === 'w'))
        await store.broker.settle(claims.map(({ id, token }) => ({ id, token, kind: 'done', result: `"${id}"` })))
      }
      assert.deepEqual(await probe.claimedIds(), ['w'])
      const results: (string | undefined)[] = []
      for (let page = await probe.members('c'); page.length > 0;) {
        assert.equal(page.length, 1_000)
        results.push(...page.map(each => each.result))
        page = await probe.counters.members('c', page.at(-1)?.member ?? 0)
      }
      assert.deepEqual(
        results,
        ids.map(id => `"${id}"`),
      )
    },
  )

  scene(
    kind,
    'a chain of ten thousand calls that wait for each other comes down at once',
    ['counters'],
    async ({ probe }) => {
      const count = 10_000
      const chain = Array.from({ length: count }, (_, n) =>
        outgoing({ id: `l${n}`, after: after(1, 'drop', `c${n}`), counts: [{ counter: `c${n + 1}`, member: 0 }] }),
      )
      await probe.send([...chain, outgoing({ id: 'first', counts: [{ counter: 'c0', member: 0 }] })])
      await probe.settled(await probe.oneClaim(), { kind: 'failed', error: '{}' })
      assert.equal(await probe.stateOf('l0'), 'failed')
      assert.equal(await probe.stateOf(`l${count - 1}`), 'failed')
      assert.equal((await probe.errorOf(`l${count - 1}`))['id'], `l${count - 2}`)
    },
  )

  scene(kind, 'counters that make no sense are refused', ['counters'], async ({ probe }) => {
    const invalid = { code: 'SKEIN_INVALID_ARGUMENT' }
    const wrong: Record<string, unknown>[] = [
      { counts: [{ counter: '', member: 0 }] },
      { counts: [{ counter: 'c', member: -1 }] },
      { counts: [{ counter: 'c', member: 0.5 }] },
      { counts: [{ counter: 'c', member: 2 ** 60 }] },
      { counts: 'c' },
      { after: { counter: '', members: 1, failure: 'drop' } },
      { after: { counter: 'c', members: NaN, failure: 'drop' } },
      { after: { counter: 'c', members: Infinity, failure: 'drop' } },
      { after: { counter: 'c', members: 1, failure: 'cry' } },
    ]
    for (const changes of wrong) {
      await assert.rejects(probe.send([outgoing(changes as Partial<OutgoingCall>)]), invalid, JSON.stringify(changes))
    }
    await probe.send(named(['a']))
    const claim = await probe.oneClaim()
    const bad = { counter: 'c', members: -1, failure: 'drop' } as const
    await assert.rejects(probe.settled(claim, { kind: 'release', after: bad }), invalid)
    await assert.rejects(probe.counters.members('', -1), invalid)
    await assert.rejects(probe.counters.members('c', 1.5), invalid)
    assert.equal(await probe.settled(claim), 'ok')
  })
}
