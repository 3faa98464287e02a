import assert from 'node:assert/strict'
import type { KeyConflict, OutgoingCall } from '../../../stores/roles/calls.ts'
import { type Kind, named, outgoing, scene } from '../scene.ts'
import type { Probe } from '../probe.ts'

function unique(id: string, conflict: KeyConflict, changes: Partial<OutgoingCall> = {}): OutgoingCall {
  return outgoing({ id, unique: { key: 'k', conflict }, ...changes })
}

/** A call that keeps its key for ten seconds. */
function kept(id: string, conflict: KeyConflict, changes: Partial<OutgoingCall> = {}): OutgoingCall {
  return outgoing({ id, unique: { key: 'k', conflict, for: 10_000 }, ...changes })
}

/** The ways in which the one call that is there can end, the bed's clock standing still. */
const endings: Readonly<Record<string, (probe: Probe, id: string) => Promise<unknown>>> = {
  done: async probe => probe.settled(await probe.oneClaim(), { kind: 'done', result: '7' }),
  failed: async probe => probe.settled(await probe.oneClaim(), { kind: 'failed', error: '{}' }),
  dead: async probe => probe.settled(await probe.oneClaim(), { kind: 'dead', error: '{}' }),
  cancelled: async (probe, id) => probe.inspector.cancel([id], '"x"'),
}

export function uniqueness(kind: Kind): void {
  scene(
    kind,
    'reject: a second call of the key is not kept, and is told of the first',
    ['unique', 'find'],
    async ({ probe }) => {
      const outcomes = await probe.send([unique('a', 'reject'), unique('b', 'reject')])
      assert.deepEqual(outcomes, [
        { outcome: 'accepted', id: 'a' },
        { outcome: 'rejected', reason: 'unique', existing: 'a' },
      ])
      assert.equal(await probe.inspector.find('b'), undefined)
    },
  )

  scene(kind, 'join: a second call of the key is the first one', ['unique'], async ({ probe }) => {
    await probe.send([unique('a', 'reject')])
    assert.deepEqual(await probe.send([unique('b', 'join')]), [{ outcome: 'joined', id: 'a' }])
    assert.deepEqual(await probe.claimedIds(), ['a'])
  })

  scene(kind, 'replace: one that waits gives way and says by whom', ['unique'], async ({ probe }) => {
    await probe.send([unique('a', 'replace', { delay: 5_000 })])
    assert.deepEqual(await probe.send([unique('b', 'replace')]), [{ outcome: 'replaced', id: 'b', replaced: 'a' }])
    assert.equal(await probe.stateOf('a'), 'cancelled')
    const error = await probe.errorOf('a')
    assert.equal(error['source'], 'replaced')
    assert.equal(error['by'], 'b')
    assert.deepEqual(await probe.claimedIds(), ['b'])
  })

  scene(kind, 'replace: a running call is not replaced', ['unique'], async ({ probe }) => {
    await probe.send([unique('a', 'reject')])
    const claim = await probe.oneClaim()
    assert.deepEqual(await probe.send([unique('b', 'replace')]), [
      { outcome: 'rejected', reason: 'unique', existing: 'a' },
    ])
    assert.equal(await probe.settled(claim), 'ok')
  })

  scene(
    kind,
    'a running call that was asked to stop gives its key up; the next one starts when it has ended',
    ['unique', 'cancel', 'retry'],
    async ({ probe }) => {
      for (const [index, conflict] of (['join', 'reject', 'replace'] as const).entries()) {
        const [first, second] = [`old ${index}`, `new ${index}`]
        await probe.send([unique(first, 'reject')])
        const claim = await probe.oneClaim()
        await probe.inspector.cancel([first], '"changed"')
        assert.deepEqual(await probe.send([unique(second, conflict)]), [{ outcome: 'accepted', id: second }])
        // From here on it is the second one that has the key.
        assert.deepEqual(await probe.send([unique('third', 'join')]), [{ outcome: 'joined', id: second }])
        assert.deepEqual(await probe.claimedIds(), [], 'two calls of one key run at once')
        assert.deepEqual(await probe.inspector.retry([first]), ['pending'])
        assert.equal(await probe.settled(claim, { kind: 'cancelled', error: '{}' }), 'ok')
        assert.deepEqual(await probe.inspector.retry([first]), ['taken'])
        const next = await probe.oneClaim()
        assert.equal(next.id, second)
        assert.equal(await probe.settled(next), 'ok')
      }
    },
  )

  scene(
    kind,
    'a call that waits for one that was asked to stop may be cancelled itself: the one after it waits likewise',
    ['unique', 'cancel'],
    async ({ probe }) => {
      await probe.send([unique('a', 'reject')])
      const claim = await probe.oneClaim()
      await probe.inspector.cancel(['a'], '"x"')
      await probe.send([unique('b', 'join')])
      assert.deepEqual(await probe.inspector.cancel(['b'], '"x"'), ['cancelled'])
      assert.deepEqual(await probe.send([unique('c', 'join')]), [{ outcome: 'accepted', id: 'c' }])
      assert.deepEqual(await probe.claimedIds(), [])
      await probe.settled(claim)
      assert.deepEqual(await probe.claimedIds(), ['c'])
    },
  )

  scene(
    kind,
    'a call that waits for one that was asked to stop is due at its own time, or then if that is over',
    ['turn', 'unique', 'cancel'],
    async ({ bed, probe }) => {
      for (const [index, due] of [3_000, 1_000].entries()) {
        const [first, second] = [`old ${index}`, `new ${index}`]
        await probe.send([unique(first, 'reject')])
        const claim = await probe.oneClaim()
        await probe.inspector.cancel([first], '"x"')
        await probe.send([{ ...unique(second, 'reject'), delay: due }])
        await bed.turn(2_000)
        await probe.settled(claim)
        if (due > 2_000) {
          assert.deepEqual(await probe.claimedIds(), [])
          await bed.turn(due - 2_000)
        }
        const next = await probe.oneClaim()
        assert.equal(next.id, second)
        await probe.settled(next)
      }
    },
  )

  scene(
    kind,
    'a call whose worker dies while it is asked to stop lets the next one of its key start',
    ['turn', 'unique', 'cancel', 'leases'],
    async ({ bed, probe }) => {
      await probe.send([unique('a', 'reject')])
      await probe.oneClaim()
      await probe.inspector.cancel(['a'], '"x"')
      await probe.send([unique('b', 'join')])
      await bed.turn(10_000)
      assert.deepEqual(await probe.claimedIds(), ['b'])
    },
  )

  scene(
    kind,
    'a call that waits for a counter is not kept while one of its key is asked to stop',
    ['unique', 'cancel', 'counters'],
    async ({ probe }) => {
      await probe.send([unique('a', 'reject')])
      await probe.oneClaim()
      await probe.inspector.cancel(['a'], '"x"')
      const after = { counter: 'c', members: 0, failure: 'release' } as const
      assert.deepEqual(await probe.send([unique('b', 'join', { after })]), [
        { outcome: 'rejected', reason: 'unique', existing: 'a' },
      ])
    },
  )

  scene(
    kind,
    'a key is taken while its call waits for a retry, and free as soon as it has ended',
    ['turn', 'unique', 'cancel', 'purge'],
    async ({ bed, probe }) => {
      const endings: (() => Promise<unknown>)[] = [
        async () => probe.settled(await probe.oneClaim()),
        async () => probe.settled(await probe.oneClaim(), { kind: 'failed', error: '{}' }),
        async () => probe.settled(await probe.oneClaim(), { kind: 'dead', error: '{}' }),
        async () => probe.inspector.cancel(['2', '3'], '"x"'),
        async () => probe.inspector.purge({ queue: 'q' }),
      ]
      for (const [index, end] of endings.entries()) {
        const [first] = await probe.send([unique(`${index}`, 'reject')])
        assert.equal(first?.outcome, 'accepted', `after ending ${index - 1}`)
        await probe.settled(await probe.oneClaim(), { kind: 'retry', error: '{}', delay: 1_000 })
        assert.equal((await probe.send([unique('other', 'reject')]))[0]?.outcome, 'rejected')
        await bed.turn(1_000)
        await end()
      }
      assert.equal((await probe.send([unique('last', 'reject')]))[0]?.outcome, 'accepted')
    },
  )

  scene(
    kind,
    'keys are free when calls expire or are dead',
    ['turn', 'unique', 'maxDeaths', 'leases'],
    async ({ bed, probe }) => {
      await probe.send([unique('a', 'reject', { expires: 1_000 })])
      await bed.turn(1_000)
      assert.equal((await probe.send([unique('b', 'reject', { maxDeaths: 1 })]))[0]?.outcome, 'accepted')
      await probe.oneClaim()
      await bed.turn(10_000)
      assert.equal((await probe.send([unique('c', 'reject')]))[0]?.outcome, 'accepted')
    },
  )

  scene(
    kind,
    'an ended call is not made ready again while another one has its key',
    ['unique', 'retry'],
    async ({ probe }) => {
      await probe.send([unique('a', 'reject')])
      await probe.settled(await probe.oneClaim(), { kind: 'failed', error: '{}' })
      await probe.send([unique('b', 'reject')])
      assert.deepEqual(await probe.inspector.retry(['a']), ['taken'])
      await probe.settled(await probe.oneClaim())
      assert.deepEqual(await probe.inspector.retry(['a']), ['ready'])
      assert.deepEqual(await probe.send([unique('c', 'join')]), [{ outcome: 'joined', id: 'a' }])
    },
  )

  scene(kind, 'keys are apart from each other and from calls without one', ['unique'], async ({ probe }) => {
    const outcomes = await probe.send([
      unique('a', 'reject'),
      outgoing({ id: 'b', unique: { key: 'K', conflict: 'reject' } }),
      ...named(['c']),
    ])
    assert.deepEqual(
      outcomes.map(each => each.outcome),
      ['accepted', 'accepted', 'accepted'],
    )
  })

  scene(
    kind,
    'a key with a time stays taken until that has passed since its call was sent, in whatever way the call ends',
    ['turn', 'unique', 'cancel'],
    async ({ bed, probe }) => {
      for (const [state, end] of Object.entries(endings)) {
        assert.deepEqual(await probe.send([kept(state, 'reject')]), [{ outcome: 'accepted', id: state }])
        await bed.turn(4_000)
        await end(probe, state)
        await bed.turn(5_999)
        assert.deepEqual(await probe.send([unique('other', 'reject')]), [
          { outcome: 'rejected', reason: 'unique', existing: state },
        ])
        assert.deepEqual(await probe.send([unique('other', 'join')]), [{ outcome: 'joined', id: state }])
        assert.equal(await probe.stateOf(state), state)
        await bed.turn(1)
      }
      assert.equal((await probe.send([unique('last', 'reject')]))[0]?.outcome, 'accepted')
    },
  )

  scene(
    kind,
    'a call that takes longer than the time of its key has it until its end',
    ['turn', 'unique'],
    async ({ bed, probe }) => {
      await probe.send([kept('a', 'reject')])
      await bed.turn(20_000)
      assert.equal((await probe.send([unique('b', 'reject')]))[0]?.outcome, 'rejected')
      await probe.settled(await probe.oneClaim())
      assert.equal((await probe.send([unique('b', 'reject')]))[0]?.outcome, 'accepted')
    },
  )

  scene(
    kind,
    'replace: one that has ended stays as it is and loses its key',
    ['turn', 'unique', 'retry'],
    async ({ probe }) => {
      await probe.send([kept('a', 'reject')])
      await probe.settled(await probe.oneClaim(), { kind: 'done', result: '7' })
      assert.deepEqual(await probe.send([kept('b', 'replace')]), [{ outcome: 'accepted', id: 'b' }])
      assert.equal(await probe.stateOf('a'), 'done')
      assert.deepEqual(await probe.send([unique('c', 'join')]), [{ outcome: 'joined', id: 'b' }])
      await probe.settled(await probe.oneClaim())
      assert.deepEqual(await probe.inspector.retry(['a']), ['taken'])
      assert.deepEqual(await probe.send([unique('c', 'join')]), [{ outcome: 'joined', id: 'b' }])
    },
  )

  scene(
    kind,
    'replace: one that waits gives its key away, with the time for which it had it',
    ['turn', 'unique', 'list'],
    async ({ bed, probe }) => {
      await probe.send([kept('a', 'reject', { delay: 5_000 })])
      assert.deepEqual(await probe.send([unique('b', 'replace')]), [{ outcome: 'replaced', id: 'b', replaced: 'a' }])
      await probe.settled(await probe.oneClaim())
      assert.equal((await probe.send([unique('c', 'reject')]))[0]?.outcome, 'accepted')
      await bed.turn(10_000)
      assert.deepEqual(await probe.listed(), ['c', 'b', 'a'])
    },
  )

  scene(
    kind,
    'one that keeps its key can be made ready again, and keeps it',
    ['turn', 'unique', 'retry'],
    async ({ bed, probe }) => {
      await probe.send([kept('a', 'reject')])
      await probe.settled(await probe.oneClaim(), { kind: 'failed', error: '{}' })
      assert.deepEqual(await probe.inspector.retry(['a']), ['ready'])
      await probe.settled(await probe.oneClaim(), { kind: 'done', result: '7' })
      assert.deepEqual(await probe.send([unique('b', 'join')]), [{ outcome: 'joined', id: 'a' }])
      await bed.turn(10_000)
      assert.deepEqual(await probe.inspector.retry(['a']), ['ready'])
      assert.deepEqual(await probe.send([unique('b', 'join')]), [{ outcome: 'joined', id: 'a' }])
    },
  )

  scene(kind, 'purging gives a key free', ['turn', 'unique', 'purge'], async ({ probe }) => {
    await probe.send([kept('a', 'reject')])
    await probe.settled(await probe.oneClaim())
    await probe.inspector.purge({ queue: 'q' })
    assert.equal((await probe.send([unique('b', 'reject')]))[0]?.outcome, 'accepted')
  })

  scene(
    kind,
    'a call that has its key is not forgotten, whatever retention says, and is afterwards',
    ['turn', 'unique', 'retention', 'list'],
    async ({ bed, probe }) => {
      await probe.send([kept('kept', 'reject'), ...named(['a', 'b', 'c'])])
      for (const claim of await probe.claimed()) await probe.settled(claim)
      await bed.turn(5_000)
      assert.deepEqual(await probe.send([unique('d', 'join')]), [{ outcome: 'joined', id: 'kept' }])
      assert.equal((await probe.listed()).includes('kept'), true)
      await bed.turn(200_000)
      assert.deepEqual(await probe.listed(), [])
    },
    { retention: { done: { count: 1, age: 100_000 } } },
  )

  scene(
    kind,
    'of a call whose result nobody wants there is left what tells that it has its key, as long as it has',
    ['turn', 'unique', 'find'],
    async ({ bed, probe }) => {
      await probe.send([kept('a', 'reject', { ignoreResult: true })])
      await probe.settled(await probe.oneClaim(), { kind: 'done', result: '7' })
      assert.deepEqual(await probe.send([unique('b', 'join')]), [{ outcome: 'joined', id: 'a' }])
      const { state, result, keyUntil = 0, sentAt } = await probe.job('a')
      assert.deepEqual([state, result, keyUntil - sentAt], ['done', undefined, 10_000])
      await bed.turn(10_000)
      assert.equal((await probe.send([unique('b', 'reject')]))[0]?.outcome, 'accepted')
    },
  )

  scene(
    kind,
    'what was sent is the same call again, under the same id, also when it has ended',
    ['once', 'find'],
    async ({ probe }) => {
      const call = outgoing({ id: 'report 2026-01', once: true })
      assert.deepEqual(await probe.send([call, call]), [
        { outcome: 'accepted', id: call.id },
        { outcome: 'joined', id: call.id },
      ])
      await probe.settled(await probe.oneClaim(), { kind: 'done', result: '7' })
      assert.deepEqual(await probe.send([call]), [{ outcome: 'joined', id: call.id }])
      assert.deepEqual(await probe.claimedIds(), [])
      assert.equal((await probe.job(call.id)).result, '7')
    },
  )

  scene(
    kind,
    'a running call that keeps its key for a time does not give it up when it is asked to stop',
    ['turn', 'unique', 'cancel'],
    async ({ bed, probe }) => {
      await probe.send([kept('a', 'reject')])
      const claim = await probe.oneClaim()
      await probe.inspector.cancel(['a'], '"x"')
      assert.deepEqual(await probe.send([unique('b', 'join')]), [{ outcome: 'joined', id: 'a' }])
      await probe.settled(claim, { kind: 'cancelled', error: '{}' })
      assert.deepEqual(await probe.send([unique('b', 'join')]), [{ outcome: 'joined', id: 'a' }])
      await bed.turn(10_000)
      assert.deepEqual(await probe.send([unique('b', 'join')]), [{ outcome: 'accepted', id: 'b' }])
    },
  )
}
