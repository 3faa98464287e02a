import assert from 'node:assert/strict'
import type { OutgoingCall } from '../../../stores/roles/calls.ts'
import { after, finishOne, members, waiter } from '../counted.ts'
import { type Kind, named, outgoing, scene } from '../scene.ts'

/** Calls that are counted when they have ended, whichever way that is. */
export function counting(kind: Kind): void {
  scene(
    kind,
    'a call waits until all members have ended, and has their results in order',
    ['counters'],
    async ({ probe }) => {
      await probe.send([waiter('w', 3), ...members(['a', 'b', 'c'])])
      const [a, b, c] = await probe.claimed()
      assert.ok(a && b && c)
      for (const each of [c, a]) await finishOne(probe, each)
      assert.deepEqual(await probe.claimedIds(), [])
      assert.equal(await probe.stateOf('w'), 'pending')
      assert.deepEqual(
        (await probe.members('c')).map(each => each.member),
        [0, 2],
      )
      await finishOne(probe, b)
      const claim = await probe.oneClaim()
      assert.equal(claim.id, 'w')
      assert.equal(claim.after, 'c')
      assert.deepEqual(await probe.members('c'), [
        { member: 0, id: 'a', state: 'done', result: '"a"' },
        { member: 1, id: 'b', state: 'done', result: '"b"' },
        { member: 2, id: 'c', state: 'done', result: '"c"' },
      ])
      assert.deepEqual(await probe.counters.members('c', 1), [{ member: 2, id: 'c', state: 'done', result: '"c"' }])
      assert.deepEqual(await probe.members('nobody'), [])
    },
  )

  scene(kind, 'members may have ended before anybody waits', ['counters'], async ({ probe }) => {
    await probe.send(members(['a', 'b']))
    await finishOne(probe)
    await finishOne(probe)
    await probe.send([waiter('w', 2), waiter('more', 3), outgoing({ id: 'none', after: after(0, 'drop', 'new') })])
    assert.deepEqual(await probe.claimedIds(), ['w', 'none'])
    await probe.send([outgoing({ id: 'c', counts: [{ counter: 'c', member: 7 }] })])
    await finishOne(probe)
    assert.deepEqual(await probe.claimedIds(), ['more'])
  })

  scene(
    kind,
    'a member is counted whichever way it ends',
    ['counters', 'turn', 'maxDeaths', 'cancel', 'purge', 'unique', 'limit', 'leases'],
    async ({ store, probe, bed }) => {
      const limit = { key: 'l', concurrency: 1, strategy: 'drop' } as const
      const ids = [
        'done',
        'failed',
        'dead',
        'died',
        'cancelled',
        'expired',
        'purged',
        'replaced',
        'rejected',
        'dropped',
      ]
      const changes: Record<string, Partial<OutgoingCall>> = {
        died: { maxDeaths: 1 },
        cancelled: { delay: 60_000 },
        expired: { delay: 60_000, expires: 9_000 },
        purged: { delay: 60_000, queue: 'p' },
        replaced: { delay: 60_000, unique: { key: 'u', conflict: 'reject' } },
        rejected: { unique: { key: 'v', conflict: 'reject' } },
        dropped: { limit },
      }
      await probe.send([
        waiter('w', ids.length),
        outgoing({ queue: 'other', unique: { key: 'v', conflict: 'reject' } }),
        outgoing({ queue: 'other', limit }),
        ...members(ids).map(call => ({ ...call, ...changes[call.id] })),
      ])
      const [done, failed, dead] = await probe.claimed(3)
      assert.ok(done && failed && dead)
      await store.broker.settle([
        { id: 'done', token: done.token, kind: 'done', result: '7' },
        { id: 'failed', token: failed.token, kind: 'failed', error: '{"m":1}' },
        { id: 'dead', token: dead.token, kind: 'dead', error: '{"m":2}' },
      ])
      assert.equal((await probe.oneClaim()).id, 'died')
      await probe.inspector.cancel(['cancelled'], '"enough"')
      await probe.inspector.purge({ queue: 'p' })
      await probe.send([outgoing({ queue: 'other', unique: { key: 'u', conflict: 'replace' } })])
      assert.deepEqual(await probe.claimedIds(), [])
      await bed.turn(10_000)
      assert.deepEqual(await probe.claimedIds(), ['w'])
      const ended = await probe.members('c')
      assert.deepEqual(
        ended.map(each => each.id),
        ids,
      )
      assert.deepEqual(
        ended.map(each => each.state),
        [
          'done',
          'failed',
          'dead',
          'dead',
          'cancelled',
          'cancelled',
          'cancelled',
          'cancelled',
          'cancelled',
          'cancelled',
        ],
      )
      assert.deepEqual(
        ended.map(({ result, error }) =>
          result === undefined ? (JSON.parse(error ?? '{}') as { source?: string }).source : result,
        ),
        ['7', undefined, undefined, 'deaths', 'explicit', 'expired', 'purged', 'replaced', 'rejected', 'rejected'],
      )
    },
  )

  scene(
    kind,
    'a member whose worker died and that runs again is counted once',
    ['counters', 'turn', 'leases'],
    async ({ probe, bed }) => {
      await probe.send([...members(['a', 'b']), waiter('w', 2)])
      const [old] = await probe.claimed(1)
      assert.ok(old)
      await bed.turn(10_000)
      const again = await probe.oneClaim()
      assert.equal(again.id, 'a')
      assert.equal(await probe.settled(old, { kind: 'done', result: '"old"' }), 'lost')
      await finishOne(probe, again)
      assert.equal(await probe.settled(again, { kind: 'done', result: '"late"' }), 'lost')
      assert.equal(await finishOne(probe), 'b')
      assert.deepEqual(await probe.claimedIds(), ['w'])
      assert.equal((await probe.members('c'))[0]?.result, '"a"')
    },
  )

  scene(
    kind,
    'a member that is tried again is not counted before it has ended for good',
    ['counters'],
    async ({ probe }) => {
      await probe.send([...members(['a']), waiter('w', 1, 'drop')])
      await probe.settled(await probe.oneClaim(), { kind: 'retry', error: '{}', delay: 0 })
      await probe.settled(await probe.oneClaim(), { kind: 'release' })
      assert.deepEqual(await probe.members('c'), [])
      assert.equal(await finishOne(probe), 'a')
      assert.deepEqual(await probe.claimedIds(), ['w'])
    },
  )

  scene(
    kind,
    'a member that is made to run again by hand is counted once, and its latest end is kept',
    ['counters', 'retry'],
    async ({ probe }) => {
      await probe.send([...members(['a', 'b']), waiter('w', 2)])
      const [a, b] = await probe.claimed()
      assert.ok(a && b)
      await probe.settled(a, { kind: 'failed', error: '{}' })
      assert.deepEqual(await probe.inspector.retry(['a']), ['ready'])
      await finishOne(probe)
      assert.deepEqual(await probe.claimedIds(), [])
      assert.deepEqual(await probe.members('c'), [{ member: 0, id: 'a', state: 'done', result: '"a"' }])
      await finishOne(probe, b)
      assert.deepEqual(await probe.claimedIds(), ['w'])
    },
  )

  scene(
    kind,
    'a member that is joined is counted through the call that it joined, at once if that has ended',
    ['counters', 'unique'],
    async ({ probe }) => {
      await probe.send([outgoing({ id: 'shared', unique: { key: 'k', conflict: 'join' } }), ...named(['over'])])
      const [shared, over] = await probe.claimed()
      assert.ok(shared && over)
      await finishOne(probe, over)
      await probe.send([
        waiter('w', 2),
        outgoing({ id: 'x', unique: { key: 'k', conflict: 'join' }, counts: [{ counter: 'c', member: 0 }] }),
        // Sent again, as somebody does who has not heard whether it arrived.
        outgoing({ id: 'over', counts: [{ counter: 'c', member: 1 }] }),
        outgoing({ id: 'over', counts: [{ counter: 'c', member: 1 }] }),
        // The member is there already, so this is only a call.
        outgoing({ id: 'other', queue: 'r', counts: [{ counter: 'c', member: 1 }] }),
      ])
      assert.deepEqual(
        (await probe.members('c')).map(each => each.id),
        ['over'],
      )
      assert.deepEqual(await probe.claimedIds(), [])
      await finishOne(probe, shared)
      assert.deepEqual(await probe.claimedIds(), ['w'])
      assert.equal(await finishOne(probe, await probe.oneClaim({ queues: ['r'] })), 'other')
      assert.deepEqual(
        (await probe.members('c')).map(each => each.id),
        ['shared', 'over'],
      )
    },
  )

  scene(kind, 'one call may be a member of several counters, and several of one', ['counters'], async ({ probe }) => {
    const counts = ['c', 'c', 'd'].map((counter, member) => ({ counter, member }))
    await probe.send([
      outgoing({ id: 'a', counts }),
      waiter('w', 2),
      outgoing({ id: 'v', after: after(1, 'drop', 'd') }),
    ])
    await finishOne(probe)
    assert.deepEqual(await probe.claimedIds(), ['w', 'v'])
    assert.equal((await probe.members('c')).length, 2)
  })
}
