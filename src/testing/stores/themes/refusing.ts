import assert from 'node:assert/strict'
import type { IntakeRequest, Settlement } from '../../../stores/roles/broker.ts'
import type { OutgoingCall } from '../../../stores/roles/calls.ts'
import type { Report } from '../../../stores/roles/results.ts'
import { type Kind, named, outgoing, scene } from '../scene.ts'

const invalid = { code: 'SKEIN_INVALID_ARGUMENT' }

export function refusing(kind: Kind): void {
  scene(kind, 'calls that make no sense are refused, and nothing of their send is kept', [], async ({ probe }) => {
    const wrong: Record<string, unknown>[] = [
      { id: '' },
      { id: 5 },
      { queue: '' },
      { task: undefined },
      { headers: {} },
      { body: 1 },
      { priority: 10 },
      { priority: -1 },
      { priority: 1.5 },
      { delay: -1 },
      { delay: NaN },
      { delay: Infinity },
      { expires: NaN },
      { deadline: -5 },
      { maxDeaths: 0 },
      { unique: { key: 'k', conflict: 'fight' } },
      { unique: { key: '', conflict: 'join' } },
      { unique: { key: 'k', conflict: 'join', for: NaN } },
      { unique: { key: 'k', conflict: 'join', for: -1 } },
      { unique: { key: 'k', conflict: 'join', for: Infinity } },
      { limit: { key: 'k', concurrency: 0, strategy: 'wait' } },
      { limit: { key: 'k', rate: { count: 0, per: 1 }, strategy: 'wait' } },
      { limit: { key: 'k', rate: { count: 1, per: 0 }, strategy: 'wait' } },
      { limit: { key: 'k', strategy: 'beg' } },
      { tags: [''] },
    ]
    for (const changes of wrong) {
      const call = outgoing(changes as Partial<OutgoingCall>)
      await assert.rejects(probe.send([outgoing(), call]), invalid, JSON.stringify(changes))
    }
    assert.deepEqual(await probe.claimedIds(), [])
  })

  scene(kind, 'intakes, settlements and reports that make no sense are refused', [], async ({ store, probe }) => {
    const wrong: Record<string, unknown>[] = [
      { worker: '' },
      { lease: 0 },
      { lease: NaN },
      { queues: 'q' },
      { rates: { t: { count: -1, per: 5 } } },
    ]
    for (const changes of wrong) {
      assert.throws(() => probe.intake(changes as Partial<IntakeRequest>), invalid, JSON.stringify(changes))
    }
    await probe.send(named(['a']))
    const { id, token } = await probe.oneClaim()
    for (const settlement of [
      { kind: 'won' },
      { kind: 'done' },
      { kind: 'retry', error: '{}', delay: -1 },
      { kind: 'failed' },
    ]) {
      const wrong = { id, token, ...settlement } as Settlement
      await assert.rejects(store.broker.settle([wrong]), invalid, JSON.stringify(settlement))
    }
    for (const report of [{ kind: 'gossip', value: '1' }, { kind: 'item' }, { kind: 'step', name: '', value: '1' }]) {
      await assert.rejects(store.results.report([{ id, token, ...report } as Report]), invalid, JSON.stringify(report))
    }
    assert.equal(await probe.stateOf('a'), 'running')
  })

  scene(kind, 'filters and reasons that make no sense are refused', ['list', 'cancel'], async ({ probe }) => {
    await assert.rejects(probe.inspector.list({ states: ['lost' as 'done'] }), invalid)
    await assert.rejects(probe.inspector.list({ limit: 0 }), invalid)
    await assert.rejects(probe.inspector.cancel(['a'], 'no json'), invalid)
  })
}
