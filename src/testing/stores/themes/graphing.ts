import assert from 'node:assert/strict'
import type { AwaitedCounter, Membership, OutgoingCall } from '../../../stores/roles/calls.ts'
import { finishOne } from '../counted.ts'
import type { Probe } from '../probe.ts'
import { type Kind, named, outgoing, scene } from '../scene.ts'

/** A call of a graph: a member of the counters of those who need it, which waits for its own where it needs others. */
function node(id: string, parents: string, needs: number = 0, changes: Partial<OutgoingCall> = {}): OutgoingCall {
  const counts = [...parents].map(parent => ({
    counter: `for ${parent}`,
    member: id.charCodeAt(0) - 97,
    owned: true as const,
  }))
  return outgoing({
    id,
    ...(counts.length > 0 ? { counts } : {}),
    ...(needs > 0 ? { after: wait(id, needs) } : {}),
    ...changes,
  })
}

/** The wait of a call of a graph for its own counter. */
function wait(id: string, members: number, joins?: AwaitedCounter['joins']): AwaitedCounter {
  return { counter: `for ${id}`, members, failure: 'drop', ...(joins ? { joins } : {}) }
}

/** A root `r` of two: `p` of `a` and `b`, `q` of `b` and `c`. */
function diamond(): OutgoingCall {
  return node('r', '', 2, {
    inner: [node('p', 'r', 2), node('q', 'r', 2), node('a', 'p'), node('b', 'pq'), node('c', 'q')],
  })
}

async function statesOf(probe: Probe, ids: string): Promise<string> {
  const states = await Promise.all([...ids].map(id => probe.stateOf(id)))
  return states.join(' ')
}

/** Calls that go together: they are kept together, fail together, stop together, and run again together. */
export function graphing(kind: Kind): void {
  scene(
    kind,
    'inner calls are kept with their call, and run in the order of their needs',
    ['counters', 'find'],
    async ({ probe }) => {
      assert.deepEqual(await probe.send([diamond()]), [{ outcome: 'accepted', id: 'r' }])
      const [a, b, c] = await probe.claimed()
      assert.deepEqual([a?.id, b?.id, c?.id], ['a', 'b', 'c'])
      for (const each of [a, b, c]) await finishOne(probe, each)
      const [p, q] = await probe.claimed()
      assert.deepEqual([p?.id, p?.after, q?.id], ['p', 'for p', 'q'])
      assert.deepEqual(
        (await probe.members('for q')).map(({ id, result }) => [id, result]),
        [
          ['b', '"b"'],
          ['c', '"c"'],
        ],
      )
      assert.equal((await probe.job('r')).state, 'held')
      await finishOne(probe, p)
      await finishOne(probe, q)
      assert.equal(await finishOne(probe), 'r')
      assert.deepEqual(await probe.claimedIds(), [])
    },
  )

  scene(
    kind,
    'a call that is sent again, joins another one or is rejected brings no inner calls along',
    ['counters', 'unique'],
    async ({ probe }) => {
      const unique = { key: 'k', conflict: 'join' } as const
      await probe.send([outgoing({ id: 'old', queue: 'other', unique })])
      const [joined, rejected] = await probe.send([
        node('s', '', 1, { unique, inner: [node('x', 's')] }),
        node('t', '', 1, { unique: { key: 'k', conflict: 'reject' }, inner: [node('y', 't')] }),
      ])
      assert.deepEqual([joined?.outcome, rejected?.outcome], ['joined', 'rejected'])
      const graph = node('r', '', 1, { inner: [node('a', 'r')] })
      const again = node('r', '', 1, { inner: [node('b', 'r')] })
      assert.deepEqual(
        (await probe.send([graph, again])).map(({ outcome }) => outcome),
        ['accepted', 'joined'],
      )
      assert.deepEqual(await probe.claimedIds(), ['a'])
      assert.equal(await statesOf(probe, 'xystb'), 'gone gone gone gone gone')
    },
  )

  scene(
    kind,
    'a graph of which one call has too many bytes is not kept at all',
    ['counters', 'maxBytes', 'next'],
    async ({ probe }) => {
      const large = node('b', 'r', 0, { body: `["${'x'.repeat(2_000)}",{},{}]` })
      const graph = node('r', '', 2, { inner: [node('a', 'r'), large] })
      const [outcome] = await probe.send([graph])
      assert.ok(outcome?.outcome === 'rejected' && outcome.reason === 'size' && outcome.bytes > 2_000)
      assert.equal(await statesOf(probe, 'rab'), 'gone gone gone')
      await probe.send(named(['first']))
      const claim = await probe.oneClaim()
      const refused = await probe.settled(claim, { kind: 'done', result: '1', next: [graph] })
      assert.ok(typeof refused === 'object' && /Call b.* bytes/.test(refused.refused), JSON.stringify(refused))
      assert.equal(await probe.settled(claim), 'ok')
    },
    { maxBytes: 1_000 },
  )

  scene(kind, 'a settlement may send a graph', ['counters', 'next'], async ({ probe }) => {
    await probe.send(named(['first']))
    await probe.settled(await probe.oneClaim(), { kind: 'done', result: '1', next: [diamond()] })
    assert.deepEqual(await probe.claimedIds(), ['a', 'b', 'c'])
  })

  scene(
    kind,
    'who is dropped is told which call has failed by itself, and what is not needed any more stops',
    ['counters', 'find'],
    async ({ probe }) => {
      await probe.send([diamond()])
      const taking = probe.intake()
      taking.want(3)
      await taking.until(({ claims }) => claims.length === 3)
      const [a, b, c] = taking.claims
      assert.ok(a && b && c)
      await finishOne(probe, c)
      await probe.settled(a, { kind: 'failed', error: '{"m":1}' })
      await taking.until(({ cancelling }) => cancelling.length > 0)
      const [p, r] = [await probe.errorOf('p'), await probe.errorOf('r')]
      assert.deepEqual([p['source'], p['id'], p['origin']], ['member', 'a', 'a'])
      assert.deepEqual([r['source'], r['id'], r['origin']], ['member', 'p', 'a'])
      // Nobody is left who waits for q, and so for b.
      assert.equal(await statesOf(probe, 'rpqac'), 'failed failed cancelled failed done')
      assert.deepEqual(
        taking.cancelling.map(([id]) => id),
        ['b'],
      )
      assert.equal(await probe.settled(b, { kind: 'cancelled', error: '{}' }), 'ok')
      taking.close()
    },
  )

  scene(kind, 'a member that is tolerated drops nobody', ['counters'], async ({ probe }) => {
    const counts = [{ counter: 'for r', member: 0, owned: true, tolerated: true }] as const
    await probe.send([node('r', '', 2, { inner: [outgoing({ id: 'a', counts }), node('b', 'r')] })])
    const [a, b] = await probe.claimed()
    assert.ok(a && b)
    await probe.settled(a, { kind: 'failed', error: '{"m":1}' })
    assert.equal(await probe.stateOf('r'), 'pending')
    await finishOne(probe, b)
    assert.equal((await probe.oneClaim()).id, 'r')
    const ends = (await probe.members('for r')).map(({ state, error, result }) => [state, error ?? result])
    assert.deepEqual(ends, [
      ['failed', '{"m":1}'],
      ['done', '"b"'],
    ])
    // Also for one who comes late.
    await probe.send([outgoing({ id: 'late', after: { ...wait('r', 2) } })])
    assert.deepEqual(await probe.claimedIds(), ['late'])
  })

  scene(
    kind,
    'a call that is there already may become a member, also if it has ended, and belongs to nobody',
    ['counters', 'cancel', 'find'],
    async ({ probe }) => {
      await probe.send(named(['over', 'there']))
      const [over, there] = await probe.claimed()
      assert.ok(over && there)
      await finishOne(probe, over)
      const joins = ['over', 'there'].map((id, member) => ({ id, member }))
      await probe.send([
        outgoing({ id: 'r', after: wait('r', 2, joins) }),
        outgoing({ id: 's', after: wait('s', 2, joins) }),
        outgoing({ id: 'lost', after: wait('lost', 1, [{ id: 'nobody', member: 0 }]) }),
        outgoing({ id: 'easy', after: wait('easy', 1, [{ id: 'nobody', member: 0, tolerated: true }]) }),
      ])
      assert.equal(await probe.stateOf('lost'), 'failed')
      assert.deepEqual(await probe.claimedIds(), ['easy'])
      assert.deepEqual(await probe.inspector.cancel(['r'], '1'), ['cancelled'])
      assert.equal(await probe.stateOf('there'), 'running')
      await finishOne(probe, there)
      assert.deepEqual(await probe.claimedIds(), ['s'])
      assert.deepEqual(
        (await probe.members('for s')).map(({ result }) => result),
        ['"over"', '"there"'],
      )
    },
  )

  scene(
    kind,
    'a call that is cancelled, purged or expires takes along what was there for it alone',
    ['counters', 'cancel', 'purge', 'turn', 'find'],
    async ({ probe, bed }) => {
      await probe.send([
        node('r', '', 1, { inner: [node('a', 'r', 1), node('b', 'a'), node('c', 'as')] }),
        node('s', '', 1, { queue: 'p' }),
        node('t', '', 1, { expires: 5_000, inner: [node('d', 't')] }),
      ])
      await probe.inspector.cancel(['r'], '"enough"')
      assert.equal(await statesOf(probe, 'rabc'), 'cancelled cancelled cancelled pending')
      await probe.inspector.purge({ queue: 'p' })
      assert.equal(await statesOf(probe, 'sc'), 'gone cancelled')
      await bed.turn(5_000)
      assert.deepEqual(await probe.claimedIds(), [])
      assert.equal(await statesOf(probe, 'td'), 'cancelled cancelled')
      assert.match((await probe.job('d')).error ?? '', /call t, for which it was to run/)
    },
  )

  scene(
    kind,
    'made to run again, a graph does again only what is not done, whichever of its calls is named',
    ['counters', 'retry', 'find'],
    async ({ probe }) => {
      for (const named of ['r', 'p', 'a']) {
        const ids = (text: string): string => `${text} of ${named}`
        const renamed = ({ id, counts, after, inner, ...rest }: OutgoingCall): OutgoingCall => ({
          ...rest,
          id: ids(id),
          ...(counts ? { counts: counts.map(each => ({ ...each, counter: ids(each.counter) })) } : {}),
          ...(after ? { after: { ...after, counter: ids(after.counter) } } : {}),
          ...(inner ? { inner: inner.map(renamed) } : {}),
        })
        await probe.send([renamed(diamond())])
        const [a, b, c] = await probe.claimed()
        assert.ok(a && b && c)
        await finishOne(probe, b)
        await probe.settled(a, { kind: 'failed', error: '{}' })
        await probe.settled(c, { kind: 'cancelled', error: '{}' })
        assert.equal(await probe.stateOf(ids('r')), 'failed')
        assert.deepEqual(await probe.inspector.retry([ids(named)]), ['ready'])
        assert.equal((await probe.job(ids('r'))).state, 'held')
        const again = await probe.claimed()
        assert.deepEqual(again.map(({ id }) => id).sort(), [ids('a'), ids('c')])
        for (const each of again) await finishOne(probe, each)
        for (const each of await probe.claimed()) await finishOne(probe, each)
        assert.equal(await finishOne(probe), ids('r'))
      }
    },
  )

  scene(
    kind,
    'what is kept of the results of members is dropped when they have been used',
    ['counters', 'retry'],
    async ({ probe }) => {
      await probe.send([node('r', '', 2, { inner: [node('a', 'r'), outgoing({ id: 'b', counts: [mine] })] })])
      await finishOne(probe)
      await finishOne(probe)
      const claim = await probe.oneClaim()
      await probe.settled(claim, { kind: 'failed', error: '{}' })
      assert.deepEqual(
        (await probe.members('for r')).map(({ result }) => result),
        ['"a"', '"b"'],
      )
      assert.deepEqual(await probe.inspector.retry(['r']), ['ready'])
      await finishOne(probe)
      assert.deepEqual(await probe.members('for r'), [
        { member: 0, id: 'a', state: 'done' },
        { member: 1, id: 'b', state: 'done', result: '"b"' },
      ])
    },
  )

  scene(
    kind,
    'a graph of ten thousand calls, wide or deep, stops at once with its root',
    ['counters', 'cancel'],
    async ({ probe }) => {
      const count = 10_000
      const counts = (counter: string, member: number): Membership[] => [{ counter, member, owned: true }]
      const wide = Array.from({ length: count }, (_, n) =>
        outgoing({ id: `w${n}`, counts: counts('for wide', n), after: wait(`w${n}`, 1) }),
      )
      const shared = outgoing({
        id: 'shared',
        counts: wide.map((_, n) => ({ counter: `for w${n}`, member: 0, owned: true })),
      })
      const deep = Array.from({ length: count }, (_, n) =>
        outgoing({
          id: `d${n}`,
          counts: counts(n === 0 ? 'for deep' : `for d${n - 1}`, 0),
          after: wait(`d${n}`, 1),
        }),
      )
      await probe.send([
        outgoing({ id: 'wide', after: wait('wide', count), inner: [...wide, shared] }),
        outgoing({ id: 'deep', after: wait('deep', 1), inner: deep }),
      ])
      await probe.inspector.cancel(['wide', 'deep'], '1')
      for (const id of ['w0', `w${count - 1}`, 'shared', 'd0', `d${count - 1}`]) {
        assert.equal(await probe.stateOf(id), 'cancelled', id)
      }
    },
  )

  scene(kind, 'graphs that make no sense are refused', ['counters'], async ({ probe }) => {
    const inner = [outgoing({ inner: [outgoing()] })]
    const wrong: Partial<OutgoingCall>[] = [
      { inner },
      { inner: 'calls' as never },
      { inner: [outgoing({ delay: -1 })] },
      { after: wait('r', 1, [{ id: '', member: 0 }]) },
      { after: wait('r', 1, [{ id: 'a', member: -1 }]) },
      { after: { ...wait('r', 1), joins: 'a' as never } },
    ]
    for (const changes of wrong) {
      await assert.rejects(probe.send([outgoing(changes)]), { code: 'SKEIN_INVALID_ARGUMENT' }, JSON.stringify(changes))
    }
    assert.deepEqual(await probe.claimedIds(), [])
  })
}

/** A membership that is nobody's own. */
const mine = { counter: 'for r', member: 1 }
