import assert from 'node:assert/strict'
import type { BrokerAbility, Claim, IntakeRequest } from '../../../stores/roles/broker.ts'
import type { AwaitedCounter, OutgoingCall } from '../../../stores/roles/calls.ts'
import { type Kind, outgoing, scene } from '../scene.ts'

const unsupported = { code: 'SKEIN_STORE_UNSUPPORTED' }

/** The options of a call that ask for an ability of a broker. */
const asking: Readonly<Record<'priority' | 'unique' | 'limit' | 'once', Partial<OutgoingCall>>> = {
  once: { once: true },
  priority: { priority: 1 },
  unique: { unique: { key: 'k', conflict: 'join' } },
  limit: { limit: { key: 'k', concurrency: 1, strategy: 'wait' } },
}

/** Tests of what the store lacks: that it says so, instead of doing half of it. */
export function gaps(kind: Kind): void {
  for (const [ability, changes] of Object.entries(asking)) {
    if (kind.has.has(ability as BrokerAbility)) continue
    scene(kind, `lacks '${ability}', and refuses calls that ask for it`, [], async ({ probe }) => {
      await assert.rejects(probe.send([outgoing(changes)]), unsupported)
      assert.deepEqual(await probe.claimedIds(), [])
    })
  }
  if (!kind.has.has('next')) {
    scene(kind, `lacks 'next', and refuses settlements with calls that are to follow`, [], async ({ probe }) => {
      await probe.send([outgoing({ id: 'a' })])
      const claim = await probe.oneClaim()
      const next = [outgoing({ id: 'b' })]
      await assert.rejects(probe.settled(claim, { kind: 'done', result: '1', next }), unsupported)
      assert.equal(await probe.settled(claim), 'ok')
      assert.deepEqual(await probe.claimedIds(), [])
    })
  }
  if (!kind.has.has('next')) {
    scene(kind, `lacks 'next', and refuses steps that send calls`, [], async ({ store, probe }) => {
      await probe.send([outgoing({ id: 'a' })])
      const { id, token } = await probe.oneClaim()
      const step = { id, token, kind: 'step', name: 's', value: '1', next: [outgoing({ id: 'b' })] } as const
      await assert.rejects(store.results.report([step]), unsupported)
      assert.equal(await probe.settled({ id, token } as Claim), 'ok')
      assert.deepEqual(await probe.claimedIds(), [])
    })
  }
  if (!kind.has.has('canvas')) {
    scene(kind, `lacks 'canvas', and refuses settlements with what Celery asks for`, [], async ({ probe }) => {
      await probe.send([outgoing({ id: 'a' })])
      const claim = await probe.oneClaim()
      const canvas = { calls: [], chords: [], parts: [], never: [], children: '[]' }
      await assert.rejects(probe.settled(claim, { kind: 'done', result: '1', canvas }), unsupported)
      assert.equal(await probe.settled(claim), 'ok')
    })
  }
  if (!kind.has.has('undo')) {
    scene(kind, `lacks 'undo', and refuses steps that can be undone`, [], async ({ store, probe }) => {
      await probe.send([outgoing({ id: 'a' })])
      const claim = await probe.oneClaim()
      const { id, token } = claim
      const step = { id, token, kind: 'step', name: 's', value: '1', undo: true } as const
      await assert.rejects(store.results.report([step]), unsupported)
      const undo = { state: 'failed', error: '1' } as const
      await assert.rejects(probe.settled(claim, { kind: 'release', undo }), unsupported)
      assert.equal(await probe.settled(claim), 'ok')
    })
  }
  if (!kind.has.has('counters')) {
    scene(kind, 'lacks counters, and refuses calls that are counted or wait', [], async ({ probe }) => {
      const after: AwaitedCounter = { counter: 'c', members: 1, failure: 'drop' }
      await assert.rejects(probe.send([outgoing({ counts: [{ counter: 'c', member: 0 }] })]), unsupported)
      await assert.rejects(probe.send([outgoing({ after })]), unsupported)
      await probe.send([outgoing({ id: 'a' })])
      const claim = await probe.oneClaim()
      await assert.rejects(probe.settled(claim, { kind: 'release', after }), unsupported)
      assert.equal(await probe.settled(claim), 'ok')
    })
  }
  if (!kind.has.has('rates')) {
    scene(kind, `lacks 'rates', and refuses intakes that ask for them`, [], async ({ probe }) => {
      const rates: IntakeRequest['rates'] = { t: { count: 1, per: 1_000 } }
      assert.throws(() => probe.intake({ rates }), unsupported)
    })
  }
  if (!kind.has.has('tasks')) {
    scene(kind, `lacks 'tasks', and hands over calls of tasks that the worker does not know`, [], async ({ probe }) => {
      await probe.send([outgoing({ id: 'a', task: 'unknown' })])
      assert.deepEqual(await probe.claimedIds(), ['a'])
    })
  }
  if (!kind.has.has('list')) {
    scene(kind, 'lacks a list, and refuses calls with tags to be found by', [], async ({ probe }) => {
      await assert.rejects(probe.send([outgoing({ tags: ['x'] })]), unsupported)
      assert.deepEqual(await probe.claimedIds(), [])
    })
  }
  if (!kind.has.has('once')) {
    scene(kind, `lacks 'once', and keeps a call twice that is sent twice`, [], async ({ probe }) => {
      await probe.send([outgoing({ id: 'a' })])
      await probe.send([outgoing({ id: 'a' })])
      assert.deepEqual(await probe.claimedIds(), ['a', 'a'])
    })
  }
  if (!kind.has.has('leases')) {
    scene(kind, `lacks 'leases', and leaves a claim with its holder`, ['turn'], async ({ probe, bed }) => {
      await probe.send([outgoing({ id: 'a' })])
      const claim = await probe.oneClaim()
      await bed.turn(1_000_000)
      assert.deepEqual(await probe.claimedIds(), [])
      assert.equal(await probe.settled(claim), 'ok')
    })
  }
  if (!kind.has.has('transactions')) {
    scene(kind, 'lacks transactions, and refuses effects', [], async ({ store, probe }) => {
      await probe.send([outgoing({ id: 'a' }), outgoing({ id: 'b' })])
      const effects = [{ sql: 'CREATE TABLE mine (n)', parameters: [] }]
      const [a, b] = await probe.claimed()
      assert.ok(a && b)
      await assert.rejects(probe.settled(a, { kind: 'done', result: '1', effects }), unsupported)
      const step = { id: b.id, token: b.token, kind: 'step', name: 's', value: '1', effects } as const
      await assert.rejects(store.results.report([step]), unsupported)
      assert.equal(await probe.stateOf('a'), 'running')
      assert.equal(await probe.settled(a), 'ok')
    })
  }
}
