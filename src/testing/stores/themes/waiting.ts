import assert from 'node:assert/strict'
import { firstChild, firstSignal, jobCounter } from '../../../stores/job-counter.ts'
import type { Claim } from '../../../stores/roles/broker.ts'
import type { AwaitedCounter, Membership, OutgoingCall } from '../../../stores/roles/calls.ts'
import type { Store } from '../../../stores/roles/store.ts'
import { after, finishOne, members, waiter } from '../counted.ts'
import { type Kind, named, outgoing, scene } from '../scene.ts'

/** Calls that wait while they last: for a time, for a signal, for calls that they have sent for themselves. */
export function waiting(kind: Kind): void {
  scene(
    kind,
    'who waits is let go when its time is over, and not before, whatever its members do',
    ['counters', 'turn', 'find'],
    async ({ probe, bed }) => {
      await probe.send([
        ...members(['a', 'b'], { queue: 'r' }),
        outgoing({ id: 'w', after: { ...after(2), limit: 5_000 } }),
        outgoing({ id: 'patient', after: after(2) }),
      ])
      const { state, dueAt, sentAt } = await probe.job('w')
      assert.deepEqual([state, dueAt - sentAt], ['held', 5_000])
      await finishOne(probe, await probe.oneClaim({ queues: ['r'] }))
      await bed.turn(4_999)
      assert.deepEqual(await probe.claimedIds(), [])
      await bed.turn(1)
      assert.deepEqual(await probe.claimedIds(), ['w'])
      await finishOne(probe, await probe.oneClaim({ queues: ['r'] }))
      assert.deepEqual(await probe.claimedIds(), ['patient'])
    },
  )

  scene(
    kind,
    'a time that was to be waited for at most is nothing once the members have ended',
    ['counters', 'turn'],
    async ({ probe, bed }) => {
      await probe.send([...members(['a']), outgoing({ id: 'w', after: { ...after(1), limit: 5_000 }, delay: 1_000 })])
      await finishOne(probe)
      await bed.turn(999)
      assert.deepEqual(await probe.claimedIds(), [])
      await bed.turn(1)
      const claim = await probe.oneClaim()
      await bed.turn(9_000)
      assert.equal(await probe.settled(claim), 'ok')
    },
  )

  scene(
    kind,
    'an expiry and a deadline end who waits before its time is over',
    ['counters', 'turn'],
    async ({ probe, bed }) => {
      const wait = { ...after(1), limit: 5_000 }
      await probe.send([
        outgoing({ id: 'expired', after: wait, expires: 3_000 }),
        outgoing({ id: 'late', after: wait, deadline: 4_000 }),
        outgoing({ id: 'waits', after: wait, deadline: 6_000 }),
      ])
      await bed.turn(5_000)
      assert.deepEqual(await probe.claimedIds(), ['waits'])
      for (const id of ['expired', 'late']) assert.equal(await probe.stateOf(id), 'cancelled')
    },
  )

  scene(
    kind,
    'an attempt that is handed back waits for its time, and goes on with its memo',
    ['counters', 'turn', 'find'],
    async ({ probe, bed }) => {
      await probe.send(named(['w']))
      const first = await probe.oneClaim()
      assert.equal(first.memo, undefined)
      assert.equal(await probe.settled(first, wait(first, 0, 30 * day, '{"sleeps":true}')), 'ok')
      const job = await probe.job('w')
      assert.deepEqual([job.state, job.memo, job.after], ['held', '{"sleeps":true}', jobCounter('w')])
      await bed.turn(30 * day - 1)
      assert.deepEqual(await probe.claimedIds(), [])
      await bed.turn(1)
      const second = await probe.oneClaim()
      assert.deepEqual([second.memo, second.attempt, second.after], ['{"sleeps":true}', 1, jobCounter('w')])
      // Handed back unfinished, as by a worker that stops: it is the same attempt still.
      await probe.settled(second, { kind: 'release', begun: true })
      const third = await probe.oneClaim()
      assert.equal(third.memo, '{"sleeps":true}')
      await probe.settled(third, wait(third, 0, 1_000))
      await bed.turn(1_000)
      const fourth = await probe.oneClaim()
      assert.equal(fourth.memo, undefined)
      await probe.settled(fourth, wait(fourth, 0, 0, '2'))
      const fifth = await probe.oneClaim()
      assert.equal(fifth.memo, '2')
      await probe.settled(fifth, { kind: 'retry', error: '{}', delay: 0 })
      const sixth = await probe.oneClaim()
      assert.deepEqual([sixth.memo, sixth.attempt], [undefined, 2])
    },
  )

  scene(
    kind,
    'an attempt may write its memo while it runs, and it is there for who goes on after a death',
    ['counters', 'turn', 'leases', 'maxBytes'],
    async ({ store, probe, bed }) => {
      await probe.send(named(['w']))
      const { id, token } = await probe.oneClaim()
      const memo = (value: string): { id: string; token: number; kind: 'memo'; value: string } => ({
        id,
        token,
        kind: 'memo',
        value,
      })
      assert.deepEqual(await store.results.report([memo('1'), memo('2')]), ['ok', 'ok'])
      const [large] = await store.results.report([memo(JSON.stringify('x'.repeat(2_000)))])
      assert.ok(typeof large === 'object')
      await assert.rejects(store.results.report([memo('no JSON')]), { code: 'SKEIN_INVALID_ARGUMENT' })
      await bed.turn(10_000)
      const again = await probe.oneClaim()
      assert.deepEqual([again.memo, again.deaths], ['2', 1])
      assert.deepEqual(await store.results.report([memo('3')]), ['lost'])
      assert.deepEqual(await store.results.reports('w', 0).then(all => all.filter(each => each.kind !== 'state')), [])
      await finishOne(probe, again)
    },
    { maxBytes: 1_000 },
  )

  scene(
    kind,
    'a job that has waited for a time does not wait for it again when it is made to run again by hand',
    ['counters', 'turn', 'retry'],
    async ({ probe, bed }) => {
      await probe.send(named(['w']))
      const claim = await probe.oneClaim()
      await probe.settled(claim, wait(claim, 0, 1_000, '1'))
      await bed.turn(1_000)
      await probe.settled(await probe.oneClaim(), { kind: 'failed', error: '{}' })
      assert.deepEqual(await probe.inspector.retry(['w']), ['ready'])
      const again = await probe.oneClaim()
      assert.deepEqual([again.id, again.memo], ['w', undefined])
    },
  )

  scene(
    kind,
    'a signal lets go who waits for it, and is kept where nobody does yet',
    ['counters', 'turn'],
    async ({ store, probe, bed }) => {
      const { signal } = probe.counters
      await probe.send(named(['early', 'w']))
      assert.equal(await signal('early', 'approval', '{"ok":true}'), 'kept')
      // Also for longer than anything is kept that nobody waits for.
      await bed.turn(400 * day)
      const [early, w] = await probe.claimed()
      assert.ok(early && w)
      assert.equal(early.after, jobCounter('early'))
      assert.equal(await probe.settled(early, wait(early, 0)), 'ok')
      assert.equal(await probe.settled(w, wait(w, 0, 60_000)), 'ok')
      assert.deepEqual(await probe.claimedIds(), ['early'])
      const told = reported(store, 'w')
      assert.equal(await signal('w', 'approval', '1'), 'kept')
      await told
      assert.equal(await signal('w', 'approval', '2'), 'kept')
      assert.equal(await signal('w', 'other', '3'), 'kept')
      assert.deepEqual(await probe.claimedIds(), ['w'])
      assert.deepEqual(await probe.members(jobCounter('w')), [
        { member: firstSignal, id: 'approval', state: 'done', result: '1' },
        { member: firstSignal + 1, id: 'approval', state: 'done', result: '2' },
        { member: firstSignal + 2, id: 'other', state: 'done', result: '3' },
      ])
      assert.equal((await probe.members(jobCounter('early')))[0]?.result, '{"ok":true}')
    },
  )

  scene(
    kind,
    'a signal that comes while its job runs lets it go as soon as it waits',
    ['counters', 'next'],
    async ({ probe }) => {
      await probe.send(named(['w', 'done']))
      const [w, done] = await probe.claimed()
      assert.ok(w && done)
      for (const id of ['w', 'done']) assert.equal(await probe.counters.signal(id, 'go', '1'), 'kept')
      assert.equal(await probe.settled(w, wait(w, 1)), 'ok')
      assert.deepEqual(await probe.claimedIds(), [], 'it has seen that one already')
      await probe.counters.signal('w', 'go', '2')
      assert.deepEqual(await probe.claimedIds(), ['w'])
      assert.equal(await probe.settled(done), 'ok')
      assert.equal(await probe.stateOf('done'), 'done')
    },
  )

  scene(
    kind,
    'a signal to a job that has ended or is unknown is refused, and one that says nothing',
    ['counters', 'maxBytes'],
    async ({ probe }) => {
      const { signal } = probe.counters
      await probe.send(named(['a', 'b']))
      await finishOne(probe)
      assert.equal(await signal('a', 'go', '1'), 'ended')
      assert.equal(await signal('nobody', 'go', '1'), 'gone')
      const large = await signal('b', 'go', JSON.stringify('x'.repeat(2_000)))
      assert.ok(typeof large === 'object' && large.refused.includes('1000'))
      for (const [id, name, value] of [
        ['', 'go', '1'],
        ['b', '', '1'],
        ['b', 'go', undefined as never],
      ] as const)
        await assert.rejects(signal(id, name, value), { code: 'SKEIN_INVALID_ARGUMENT' })
      assert.deepEqual(await probe.members(jobCounter('b')), [])
    },
    { maxBytes: 1_000 },
  )

  scene(kind, 'signals are gone with their job', ['counters', 'purge'], async ({ probe }) => {
    await probe.send(named(['a', 'b']))
    for (const id of ['a', 'b']) await probe.counters.signal(id, 'go', '1')
    await finishOne(probe)
    assert.equal(await probe.inspector.purge({}), 2)
    for (const id of ['a', 'b']) assert.deepEqual(await probe.members(jobCounter(id)), [])
    assert.equal(await probe.counters.signal('a', 'go', '1'), 'gone')
  })

  scene(
    kind,
    'a step sends calls in its commit, and who sent them waits for them',
    ['counters', 'next'],
    async ({ store, probe }) => {
      await probe.send(named(['w']))
      const claim = await probe.oneClaim()
      const step = stepOf(claim, 'charge', [child('w', 'charge')])
      assert.deepEqual(await store.results.report([step]), ['ok'])
      // Who does not know whether it was written does it again.
      assert.deepEqual(await store.results.report([step]), ['ok'])
      const charge = await probe.oneClaim()
      assert.equal(charge.id, 'w/charge')
      assert.equal(await probe.settled(claim, wait(claim, 0)), 'ok')
      assert.deepEqual(await probe.claimedIds(), [])
      await finishOne(probe, charge)
      const again = await probe.oneClaim()
      assert.deepEqual([again.id, again.steps], ['w', { charge: '{}' }])
      const [member] = await probe.members(jobCounter('w'))
      assert.deepEqual(member, { member: firstChild, id: 'w/charge', state: 'done', result: '"w/charge"' })
    },
  )

  scene(
    kind,
    'a step of an attempt that has lost its claim sends nothing, and neither does one that is too large',
    ['counters', 'next', 'turn', 'leases', 'maxBytes'],
    async ({ store, probe, bed }) => {
      await probe.send(named(['w']))
      const old = await probe.oneClaim()
      await bed.turn(10_000)
      const claim = await probe.oneClaim()
      assert.deepEqual(await store.results.report([stepOf(old, 's', [child('w', 'a')])]), ['lost'])
      const large = child('w', 'b', { body: JSON.stringify([['x'.repeat(2_000)], {}, {}]) })
      const [refused] = await store.results.report([stepOf(claim, 's', [large])])
      assert.ok(typeof refused === 'object')
      assert.deepEqual(await probe.claimedIds(), [])
      assert.equal(await probe.settled(claim), 'ok')
    },
    { maxBytes: 1_000 },
  )

  scene(
    kind,
    'calls that a job has sent for itself are cancelled when it ends before them, and those that they have sent',
    ['counters', 'next', 'cancel', 'find'],
    async ({ store, probe }) => {
      const shared = outgoing({ id: 'shared', queue: 'r' })
      await probe.send([...named(['w']), shared])
      const claim = await probe.oneClaim()
      await store.results.report([
        stepOf(claim, 'charge', [
          child('w', 'waits'),
          child('w', 'runs', {}, 1),
          { ...shared, counts: [membership('w', 2)] },
          outgoing({ id: 'free' }),
        ]),
      ])
      const [waits, runs, free] = await probe.claimed()
      assert.ok(waits && runs && free)
      await store.results.report([stepOf(waits, 'deep', [child('w/waits', 'deep', { queue: 'r' })])])
      await probe.settled(waits, wait(waits, 0))
      await probe.settled(claim, wait(claim, 0))
      const stopping = probe.intake()
      stopping.want(0)
      assert.deepEqual(await probe.inspector.cancel(['w'], '"enough"'), ['cancelled'])
      for (const id of ['w/waits', 'w/waits/deep']) assert.equal(await probe.stateOf(id), 'cancelled')
      assert.match(
        String((await probe.errorOf('w/waits'))['reason']),
        /call w, for which it was to run, has ended as cancelled/,
      )
      assert.ok((await probe.job('w/runs')).cancelling?.includes('call w, for which it was to run'))
      assert.equal(await probe.stateOf('free'), 'running')
      assert.deepEqual(await probe.claimedIds(10, { queues: ['r'] }), ['shared'])
      await stopping.stop()
      stopping.close()
    },
  )

  scene(
    kind,
    'a thousand jobs that wait for the same moment are all let go',
    ['counters', 'turn'],
    async ({ probe, bed }) => {
      const ids = Array.from({ length: 1_200 }, (_, index) => `w${index}`)
      await probe.send(ids.map(id => outgoing({ id, after: { ...after(1, 'release', jobCounter(id)), limit: day } })))
      await probe.send([waiter('other', 1)])
      await bed.turn(day)
      assert.deepEqual(new Set(await probe.claimedIds(2_000)), new Set(ids))
    },
  )
}

const day = 86_400_000

/** The end of an attempt that waits for what it has asked for itself, so many of which it has seen. */
function wait(
  { id }: Claim,
  seen: number,
  limit?: number,
  memo?: string,
): { kind: 'release'; begun: true; after: AwaitedCounter; memo?: string } {
  return {
    kind: 'release',
    begun: true,
    after: {
      counter: jobCounter(id),
      members: seen + 1,
      failure: 'release',
      ...(limit === undefined ? {} : { limit }),
    },
    ...(memo === undefined ? {} : { memo }),
  }
}

function membership(id: string, index: number): Membership & { owned: true } {
  return { counter: jobCounter(id), member: firstChild + index, owned: true }
}

/** A call that a job sends for itself. */
function child(id: string, name: string, changes: Partial<OutgoingCall> = {}, index: number = 0): OutgoingCall {
  return outgoing({ id: `${id}/${name}`, counts: [membership(id, index)], ...changes })
}

function stepOf(
  { id, token }: Claim,
  name: string,
  next: readonly OutgoingCall[],
): { id: string; token: number; kind: 'step'; name: string; value: string; next: readonly OutgoingCall[] } {
  return { id, token, kind: 'step', name, value: '{}', next }
}

/** Resolves when a job is said to have left something. */
function reported(store: Store, id: string): Promise<void> {
  return new Promise(resolve => {
    const stop = store.results.watch(id, {
      reported: () => {
        stop()
        resolve()
      },
    })
  })
}
