import assert from 'node:assert/strict'
import type { Claim } from '../../../stores/roles/broker.ts'
import type { Store } from '../../../stores/roles/store.ts'
import type { Probe } from '../probe.ts'
import { type Kind, named, outgoing, scene } from '../scene.ts'

const failed = { state: 'failed', error: '{"m":"no money"}' } as const

/** Reports steps that can be undone. */
async function finish(store: Store, { id, token }: Claim, ...names: string[]): Promise<void> {
  const outcomes = await store.results.report(
    names.map(name => ({ id, token, kind: 'step', name, value: `"${name}"`, undo: true }) as const),
  )
  assert.deepEqual(new Set(outcomes), new Set(['ok']))
}

/** A call whose steps are finished, as its first attempt has it. */
async function begun(store: Store, probe: Probe, ...names: string[]): Promise<Claim> {
  await probe.send(named(['a']))
  const claim = await probe.oneClaim()
  await finish(store, claim, ...names)
  return claim
}

export function undoing(kind: Kind): void {
  scene(
    kind,
    'a call is claimed with what there is to undo of it, and with nothing else',
    ['undo'],
    async ({ store, probe }) => {
      const first = await begun(store, probe, 'train', 'hotel')
      assert.equal(first.undo, undefined)
      await store.results.report([{ id: 'a', token: first.token, kind: 'step', name: 'mail', value: '1' }])
      await probe.settled(first, { kind: 'release' })
      const second = await probe.oneClaim()
      assert.deepEqual(second.undo, { steps: ['train', 'hotel'], failures: [], rounds: 0 })
      assert.deepEqual(Object.keys(second.steps), ['train', 'hotel', 'mail'])
      assert.equal(await probe.settled(second), 'ok')
      assert.equal(await probe.stateOf('a'), 'done')
    },
  )

  scene(
    kind,
    'one that is to be undone is in line at once with its end, and ends when its worker says so',
    ['undo', 'cancel'],
    async ({ store, probe }) => {
      const first = await begun(store, probe, 'train', 'hotel')
      assert.equal(await probe.settled(first, { kind: 'release', undo: failed }), 'ok')
      assert.equal(await probe.stateOf('a'), 'pending')
      const second = await probe.oneClaim()
      assert.equal(second.attempt, 2)
      assert.deepEqual(second.undo, { steps: ['train', 'hotel'], failures: [], ends: failed, rounds: 1 })
      const { token } = second
      await store.results.report([
        { id: 'a', token, kind: 'undone', name: 'hotel', value: 'null' },
        { id: 'a', token, kind: 'undone', name: 'train', value: '{"m":"too late"}' },
      ])
      assert.deepEqual(await probe.inspector.cancel(['a'], '"enough"'), ['cancelling'])
      await probe.settled(second, { kind: 'release' })
      const third = await probe.oneClaim()
      assert.deepEqual(third.undo, { steps: [], failures: ['{"m":"too late"}'], ends: failed, rounds: 1 })
      assert.equal(await probe.settled(third, { kind: 'failed', error: failed.error }), 'ok')
      assert.equal(await probe.stateOf('a'), 'failed')
      assert.deepEqual(await probe.errorOf('a'), { m: 'no money' })
      const reports = await store.results.reports('a', 0)
      assert.deepEqual(
        reports.filter(each => each.kind === 'undone').map(each => JSON.parse(each.value) as unknown),
        [
          { name: 'hotel', value: null },
          { name: 'train', value: { m: 'too late' } },
        ],
      )
      const turns = reports
        .filter(each => each.kind === 'state')
        .map(each => JSON.parse(each.value) as { state: string })
      assert.deepEqual(turns[0], { state: 'undoing', attempt: 1, into: 'failed', error: { m: 'no money' } })
    },
  )

  scene(
    kind,
    'one that waits, and could be undone, is cancelled only when it has been',
    ['undo', 'cancel', 'turn'],
    async ({ store, probe, bed }) => {
      const first = await begun(store, probe, 'train')
      await probe.settled(first, { kind: 'retry', error: '{}', delay: 1_000_000 })
      assert.deepEqual(await probe.inspector.cancel(['a'], '"enough"'), ['cancelling'])
      const second = await probe.oneClaim()
      assert.equal(second.undo?.ends?.state, 'cancelled')
      assert.deepEqual((JSON.parse(second.undo?.ends?.error ?? '') as { reason?: unknown }).reason, 'enough')
      await bed.turn(2_000_000)
      assert.equal(await probe.stateOf('a'), 'pending', 'another one claims it once its lease is over')
      const third = await probe.oneClaim()
      assert.deepEqual(third.undo?.ends, second.undo?.ends)
      assert.equal(await probe.settled(third, { kind: 'cancelled', error: third.undo?.ends?.error ?? '' }), 'ok')
      assert.equal(await probe.stateOf('a'), 'cancelled')
    },
  )

  scene(
    kind,
    'one that was asked to stop, and whose worker dies or hands it back, is undone',
    ['undo', 'cancel', 'turn', 'leases'],
    async ({ store, probe, bed }) => {
      for (const how of ['dies', 'hands back', 'fails'] as const) {
        await probe.send(named([how]))
        const claim = await probe.oneClaim()
        await finish(store, claim, 'train')
        assert.deepEqual(await probe.inspector.cancel([how], '"enough"'), ['cancelling'])
        if (how === 'dies') await bed.turn(20_000)
        else if (how === 'fails') await probe.settled(claim, { kind: 'retry', error: '{}', delay: 5_000 })
        else await probe.settled(claim, { kind: 'release' })
        const next = await probe.oneClaim()
        assert.deepEqual([next.id, next.undo?.ends?.state], [how, 'cancelled'])
        await probe.settled(next, { kind: 'cancelled', error: '{}' })
      }
    },
  )

  scene(
    kind,
    'a deadline does not end one that could be undone, and holds no more from then on',
    ['undo', 'turn'],
    async ({ store, probe, bed }) => {
      await probe.send([outgoing({ id: 'a', deadline: 5_000 })])
      const claim = await probe.oneClaim()
      await finish(store, claim, 'train')
      await probe.settled(claim, { kind: 'retry', error: '{}', delay: 4_000 })
      await bed.turn(6_000)
      const next = await probe.oneClaim()
      assert.deepEqual([next.deadline, next.undo?.ends?.state], [undefined, 'cancelled'])
      assert.match(next.undo?.ends?.error ?? '', /"deadline"/)
      await probe.settled(next, { kind: 'retry', error: '{}', delay: 1_000_000 })
      await bed.turn(1_000_000)
      assert.deepEqual((await probe.oneClaim()).undo?.ends, next.undo?.ends)
    },
  )

  scene(
    kind,
    'by hand it runs anew, and does again what was undone, and nothing else',
    ['undo', 'retry'],
    async ({ store, probe }) => {
      const first = await begun(store, probe, 'train', 'hotel', 'car')
      await store.results.report([{ id: 'a', token: first.token, kind: 'step', name: 'mail', value: '1' }])
      await probe.settled(first, { kind: 'release', undo: failed })
      const second = await probe.oneClaim()
      const { token } = second
      await store.results.report([
        { id: 'a', token, kind: 'undone', name: 'hotel', value: 'null' },
        { id: 'a', token, kind: 'undone', name: 'car', value: '{"m":"too late"}' },
      ])
      await probe.settled(second, { kind: 'failed', error: '{}' })
      assert.deepEqual(await probe.inspector.retry(['a']), ['ready'])
      const third = await probe.oneClaim()
      assert.deepEqual(Object.keys(third.steps).sort(), ['car', 'mail', 'train'])
      assert.deepEqual(third.undo, { steps: ['train', 'car'], failures: [], rounds: 0 })
      await finish(store, third, 'hotel')
      await probe.settled(third, { kind: 'release', undo: failed })
      assert.deepEqual((await probe.oneClaim()).undo, {
        steps: ['train', 'car', 'hotel'],
        failures: [],
        ends: failed,
        rounds: 1,
      })
    },
  )

  scene(
    kind,
    'with more bytes than the store takes, its end is refused',
    ['undo', 'maxBytes'],
    async ({ store, probe }) => {
      const claim = await begun(store, probe, 'train')
      const outcome = await probe.settled(claim, {
        kind: 'release',
        undo: { ...failed, error: `"${'x'.repeat(2_000)}"` },
      })
      assert.ok(typeof outcome === 'object')
      assert.equal(await probe.settled(claim, { kind: 'release', undo: failed }), 'ok')
    },
    { maxBytes: 1_000 },
  )
}
