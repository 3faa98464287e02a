import assert from 'node:assert/strict'
import { jobCounter } from '../../../stores/job-counter.ts'
import type { Store } from '../../../stores/roles/store.ts'
import type { MovedCall, MovedMember, Transfer } from '../../../stores/roles/transfer.ts'
import { type Moved, movedOf } from '../moved.ts'
import { Probe } from '../probe.ts'
import { type Kind, named, outgoing, scene } from '../scene.ts'

/** The rest of a store, without the places of its store. */
function plain({ calls, members }: Moved): unknown {
  return { calls: calls.map(({ place: _own, ...call }) => call), members }
}

export function transferring(kind: Kind): void {
  /** A store, and another one that is empty. */
  const between = (
    title: string,
    needs: Parameters<typeof scene>[2],
    body: (
      from: { readonly store: Store; readonly probe: Probe },
      to: { readonly store: Store; readonly probe: Probe },
    ) => Promise<void>,
  ): void =>
    scene(kind, title, ['transfer', ...needs], async ({ store, probe }) => {
      const bed = await kind.subject.make()
      try {
        const other = await bed.open()
        await body({ store, probe }, { store: other, probe: new Probe(other, bed) })
      } finally {
        await bed.tearDown()
      }
    })

  between(
    'what waits comes as it is, and what has ended does not',
    ['priority', 'limit', 'unique', 'cancel'],
    async (from, to) => {
      await from.probe.send([
        ...named(['done', 'tried', 'cancelled']),
        outgoing({
          id: 'plain',
          headers: '{"a":"é"}',
          body: '[[1],{},{}]',
          maxDeaths: 7,
          ignoreResult: true,
          tags: ['x', 'y'],
        }),
        outgoing({ id: 'later', delay: 1_000_000, expires: 2_000_000, deadline: 3_000_000, priority: 7 }),
        outgoing({
          id: 'limited',
          limit: { key: 'l', concurrency: 2, rate: { count: 3, per: 4_000 }, strategy: 'wait' },
        }),
        outgoing({ id: 'only', unique: { key: 'u', conflict: 'reject', for: 5_000 } }),
      ])
      const [done, tried] = await from.probe.claimed(2)
      assert.ok(done && tried)
      await from.probe.settled(done)
      await from.probe.settled(tried, { kind: 'retry', error: '{"m":1}', delay: 60_000 })
      await from.probe.inspector.cancel(['cancelled'], '"no"')
      const moved = await movedOf(from.store)
      assert.deepEqual(
        moved.calls.map(({ id }) => id),
        ['tried', 'plain', 'later', 'limited', 'only'],
      )
      assert.deepEqual(await to.store.transfer?.take(moved), ['taken', 'taken', 'taken', 'taken', 'taken'])
      assert.deepEqual(plain(await movedOf(to.store)), plain(moved))
      assert.deepEqual(await to.store.transfer?.take(moved), ['known', 'known', 'known', 'known', 'known'])
      assert.deepEqual(plain(await movedOf(to.store)), plain(moved), 'what is taken in twice is there once')
      assert.deepEqual(await to.probe.claimedIds(), ['plain', 'limited', 'only'])
      const clash = outgoing({ unique: { key: 'u', conflict: 'reject' } })
      assert.equal((await to.probe.send([clash]))[0]?.outcome, 'rejected')
    },
  )

  between('what runs is taken in as handed back', [], async (from, to) => {
    await from.probe.send(named(['a']))
    await from.probe.oneClaim()
    const { calls, members } = await movedOf(from.store)
    assert.deepEqual([calls[0]?.running, calls[0]?.attempt], [true, 0])
    await to.store.transfer?.take({ calls, members })
    assert.equal((await to.probe.oneClaim()).attempt, 1)
  })

  between(
    'finished steps, what is undone of them and the values of a stream come along',
    ['undo'],
    async (from, to) => {
      await from.probe.send(named(['a']))
      const { id, token } = await from.probe.oneClaim()
      await from.store.results.report([
        { id, token, kind: 'step', name: '__proto__', value: '{"x":1}' },
        { id, token, kind: 'step', name: 'train', value: '"t"', undo: true },
        { id, token, kind: 'step', name: 'hotel', value: '"h"', undo: true },
        { id, token, kind: 'item', value: '[1]' },
        { id, token, kind: 'log', line: '{"text":"stays"}' },
      ])
      const ends = { state: 'failed', error: '{"m":1}' } as const
      await from.probe.settled({ id, token } as never, { kind: 'release', undo: ends })
      const again = await from.probe.oneClaim()
      await from.store.results.report([{ id, token: again.token, kind: 'undone', name: 'hotel', value: 'null' }])
      await from.probe.settled(again, { kind: 'release' })
      const moved = await movedOf(from.store)
      await to.store.transfer?.take(moved)
      assert.deepEqual(plain(await movedOf(to.store)), plain(moved))
      const claim = await to.probe.oneClaim()
      assert.deepEqual(Object.keys(claim.steps), ['__proto__', 'train', 'hotel'])
      assert.deepEqual(claim.undo, { steps: ['train'], failures: [], ends, rounds: 1 })
      assert.deepEqual(
        (await to.store.results.reports('a', 0)).filter(each => each.kind === 'item').map(each => each.value),
        ['[1]'],
      )
    },
  )

  between(
    'a graph goes on in the other store where it was, with the results of what was done',
    ['counters'],
    async (from, to) => {
      const counts = (member: number, more: object = {}) => ({ counts: [{ counter: 'c', member, ...more }] })
      await from.probe.send([
        outgoing({ id: 'a', ...counts(0) }),
        outgoing({ id: 'b', ...counts(1, { owned: true }) }),
        outgoing({ id: 'c', ...counts(2, { tolerated: true }) }),
        outgoing({ id: 'root', after: { counter: 'c', members: 3, failure: 'drop' }, delay: 5 }),
        outgoing({ id: 'limited', after: { counter: 'never', members: 1, failure: 'release', limit: 1_000_000 } }),
      ])
      await from.probe.settled(await from.probe.oneClaim(), { kind: 'done', result: '"from a"' })
      const moved = await movedOf(from.store)
      assert.deepEqual(moved.members, [{ counter: 'c', member: 0, id: 'a', state: 'done', result: '"from a"' }])
      assert.deepEqual(await to.store.transfer?.take(moved), ['taken', 'taken', 'taken', 'taken'])
      await to.store.transfer?.take({ calls: [], members: moved.members })
      assert.deepEqual(plain(await movedOf(to.store)), plain(moved))
      const [b, c] = await to.probe.claimed()
      assert.ok(b && c)
      assert.deepEqual([b.id, c.id], ['b', 'c'])
      await to.probe.settled(b)
      assert.equal(await to.probe.stateOf('root'), 'pending')
      await to.probe.settled(c, { kind: 'failed', error: '{}' })
      assert.deepEqual(
        (await to.probe.members('c')).map(each => [each.member, each.id, each.state]),
        [
          [0, 'a', 'done'],
          [1, 'b', 'done'],
          [2, 'c', 'failed'],
        ],
      )
      assert.equal((await to.probe.job('root')).state, 'delayed')
    },
  )

  /** One that was dropped since one of its two members was refused, and made to run again by hand: it waits for the other, `b`. */
  const dropped = async ({ probe }: { readonly probe: Probe }): Promise<void> => {
    const unique = { key: 'k', conflict: 'reject' } as const
    await probe.send([
      outgoing({ id: 'root', after: { counter: 'c', members: 2, failure: 'drop' } }),
      outgoing({ id: 'b', unique, counts: [{ counter: 'c', member: 0 }] }),
      outgoing({ id: 'a', unique, counts: [{ counter: 'c', member: 1 }] }),
    ])
    assert.equal((await probe.job('root')).state, 'failed')
    assert.deepEqual(await probe.inspector.retry(['root']), ['ready'])
  }
  const byHand = ['counters', 'retry', 'unique', 'find'] as const

  between(
    'one that waits by hand although a member has failed waits on in the other store',
    byHand,
    async (from, to) => {
      await dropped(from)
      const moved = await movedOf(from.store)
      assert.deepEqual(
        moved.members.map(({ id, state }) => [id, state]),
        [['a', 'cancelled']],
      )
      assert.deepEqual(await to.store.transfer?.take(moved), ['taken', 'taken'])
      assert.deepEqual(plain(await movedOf(to.store)), plain(moved))
      assert.equal((await to.probe.job('root')).state, 'held')
      await to.probe.settled(await to.probe.oneClaim())
      assert.deepEqual(await to.probe.claimedIds(), ['root'])
    },
  )

  between('one that waits by hand is dropped by the next member that fails', byHand, async (from, to) => {
    await dropped(from)
    await to.store.transfer?.take(await movedOf(from.store))
    await to.probe.settled(await to.probe.oneClaim(), { kind: 'failed', error: '{}' })
    assert.equal((await to.probe.job('root')).state, 'failed')
  })

  between('one that was let go is not dropped by a member that has failed before', byHand, async (from, to) => {
    await dropped(from)
    await from.probe.settled(await from.probe.oneClaim())
    const { calls, members } = await movedOf(from.store)
    await to.store.transfer?.take({ calls: [], members })
    assert.deepEqual(await to.store.transfer?.take({ calls, members: [] }), ['taken'])
    assert.deepEqual(plain(await movedOf(to.store)), plain({ calls, members }))
    assert.deepEqual(await to.probe.claimedIds(), ['root'])
  })

  between(
    'one whose last member has ended meanwhile is delayed by as much as it was to be once that lets it go',
    ['counters', 'find'],
    async (from, to) => {
      await from.probe.send([
        outgoing({ id: 'a', after: { counter: 'c', members: 1, failure: 'drop' }, delay: 60_000 }),
      ])
      const { calls } = await movedOf(from.store)
      const members = [{ counter: 'c', member: 0, id: 'x', state: 'done' }] as const
      await to.store.transfer?.take({ calls, members })
      const { state, dueAt } = await to.probe.job('a')
      assert.equal(state, 'delayed')
      assert.ok(dueAt >= (calls[0]?.sentAt ?? 0) + 60_000)
    },
  )

  scene(
    kind,
    'a member of a counter that is forgotten moves as a member of none',
    ['transfer', 'counters', 'purge'],
    async ({ store, probe }) => {
      await probe.send([
        outgoing({ id: 'root', after: { counter: 'c', members: 1, failure: 'release' } }),
        outgoing({ id: 'a', counts: [{ counter: 'c', member: 0 }] }),
      ])
      await probe.inspector.purge({ states: ['held'] })
      const { calls } = await movedOf(store)
      assert.deepEqual(
        calls.map(call => [call.id, 'counts' in call]),
        [['a', false]],
      )
    },
  )

  between('signals and memos come along', ['counters'], async (from, to) => {
    await from.probe.send(named(['a']))
    const claim = await from.probe.oneClaim()
    const counter = jobCounter('a')
    const after = { counter, members: 2, failure: 'release' } as const
    await from.probe.settled(claim, { kind: 'release', after, memo: '{"m":1}' })
    await from.probe.counters.signal('a', 'word', '1')
    const moved = await movedOf(from.store)
    await to.store.transfer?.take(moved)
    assert.deepEqual(plain(await movedOf(to.store)), plain(moved))
    assert.deepEqual(await to.probe.claimedIds(), [])
    await to.probe.counters.signal('a', 'word', '2')
    const again = await to.probe.oneClaim()
    assert.equal(again.memo, '{"m":1}')
    assert.deepEqual(
      (await to.probe.members(counter)).map(each => [each.id, each.result]),
      [
        ['word', '1'],
        ['word', '2'],
      ],
    )
  })

  between('what the other store cannot keep is refused alone, and says why', ['unique'], async (from, to) => {
    await to.probe.send([outgoing({ id: 'there', unique: { key: 'u', conflict: 'reject' } })])
    await from.probe.send([outgoing({ id: 'a', unique: { key: 'u', conflict: 'reject' } }), outgoing({ id: 'b' })])
    const moved = await movedOf(from.store)
    assert.deepEqual(await to.store.transfer?.take(moved), [{ refused: 'unique', existing: 'there' }, 'taken'])
  })

  between('thousands come in the order in which they were sent', [], async (from, to) => {
    const ids = Array.from({ length: 1_200 }, (_, n) => `c${n}`)
    await from.probe.send(named(ids))
    const moved = await movedOf(from.store)
    await to.store.transfer?.take(moved)
    assert.deepEqual(await to.probe.claimedIds(2_000), ids)
  })

  between('thousands of members come in order, whatever counters they are of', ['counters'], async (from, to) => {
    const sizes = { a: 700, b: 1, c: 1_200 }
    await from.probe.send(
      Object.keys(sizes).map(counter =>
        outgoing({ id: `for ${counter}`, after: { counter, members: 2_000, failure: 'release' } }),
      ),
    )
    const members = Object.entries(sizes).flatMap(([counter, size]) =>
      Array.from({ length: size }, (_, member): MovedMember => ({
        counter,
        member,
        id: `m${member}`,
        state: 'done',
        result: `${member}`,
      })),
    )
    await from.store.transfer?.take({ calls: [], members: members.toReversed() })
    const moved = await movedOf(from.store)
    assert.deepEqual(moved.members, members)
    await to.store.transfer?.take(moved)
    assert.deepEqual((await movedOf(to.store)).members, members)
  })

  scene(
    kind,
    'members of a counter come while one of them has not ended, and stay when nobody needs them any more, however many',
    ['transfer', 'counters'],
    async ({ store, probe }) => {
      const members = ['a', 'b'].flatMap(counter =>
        Array.from({ length: 1_500 }, (_, member): MovedMember => ({
          counter,
          member,
          id: `m${member}`,
          state: 'done',
          result: '1',
        })),
      )
      await (store.transfer as Transfer).take({ calls: [], members })
      assert.deepEqual((await movedOf(store)).members, [])
      await probe.send([outgoing({ id: 'open', counts: [{ counter: 'b', member: 1_500 }] })])
      assert.deepEqual((await movedOf(store)).members, members.slice(1_500))
      await probe.settled(await probe.oneClaim())
      assert.deepEqual((await movedOf(store)).members, [])
    },
  )

  scene(
    kind,
    'what makes no sense is refused, and nothing of it is taken in',
    ['transfer'],
    async ({ store, probe }) => {
      await probe.send(named(['a']))
      const { calls } = await movedOf(store)
      const [call] = calls as [MovedCall]
      const wrong: readonly object[] = [
        { id: '' },
        { dueAt: Number.NaN },
        { sentAt: '1' },
        { attempt: -1 },
        { deadlineAt: Number.POSITIVE_INFINITY },
        { headers: 1 },
        { memo: 'no JSON' },
        { error: 'no JSON' },
        { reports: [{ kind: 'odd', value: '1' }] },
        { reports: [{ kind: 'step', name: 's', value: 'no JSON' }] },
        { reports: [{ kind: 'item', value: '' }] },
        { reports: [{ kind: 'undoing', value: 'no JSON' }] },
        { reports: [{ kind: 'undoing', value: '{"state":"undoing","into":"done","error":1}' }] },
        { reports: [{ kind: 'undoing', value: 'null' }] },
        { after: { counter: 'c', members: -1, failure: 'drop', delay: 0 } },
        { priority: 10 },
      ]
      for (const each of wrong) {
        const bad = { ...call, id: 'other', ...each } as MovedCall
        await assert.rejects(
          (store.transfer as Transfer).take({ calls: [{ ...call, id: 'fine' }, bad], members: [] }),
          {
            code: 'SKEIN_INVALID_ARGUMENT',
          },
        )
      }
      for (const each of [{ state: 'ready' }, { result: 'no JSON' }, { error: 'no JSON' }, { member: Number.NaN }]) {
        const member = { counter: 'c', member: 0, id: 'x', state: 'done', ...each } as MovedMember
        await assert.rejects((store.transfer as Transfer).take({ calls: [], members: [member] }), {
          code: 'SKEIN_INVALID_ARGUMENT',
        })
      }
      assert.equal((await movedOf(store)).calls.length, 1)
    },
  )
  scene(kind, 'to go on after a place that cannot be is refused', ['transfer'], async ({ store }) => {
    const { transfer } = store as { readonly transfer: Transfer }
    const code = { code: 'SKEIN_INVALID_ARGUMENT' }
    for (const after of [Number.NaN, -1, Number.POSITIVE_INFINITY, '1', undefined])
      await assert.rejects(transfer.calls(after as number), code)
    for (const after of [{ counter: 'c', member: Number.NaN }, { counter: 1, member: 0 }, { counter: 'c' }])
      await assert.rejects(transfer.members(after as { counter: string; member: number }), code)
  })
}
