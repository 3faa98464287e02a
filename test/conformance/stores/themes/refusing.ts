import assert from 'node:assert/strict'
import type { ClaimRequest, OutgoingCall, Report, Settlement } from 'skein/stores'
import { claimed, named, outgoing, scene, type Subject } from '../subject.ts'

const invalid = { code: 'SKEIN_INVALID_ARGUMENT' }

export function refusing(subject: Subject): void {
  scene(subject, 'calls that make no sense are refused, and nothing of their send is kept', async ({ store }) => {
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
      { limit: { key: 'k', concurrency: 0, strategy: 'wait' } },
      { limit: { key: 'k', rate: { count: 0, per: 1 }, strategy: 'wait' } },
      { limit: { key: 'k', rate: { count: 1, per: 0 }, strategy: 'wait' } },
      { limit: { key: 'k', strategy: 'beg' } },
      { tags: [''] },
    ]
    for (const changes of wrong) {
      const call = outgoing(changes as Partial<OutgoingCall>)
      await assert.rejects(store.send([outgoing(), call]), invalid, JSON.stringify(changes))
    }
    assert.deepEqual(await store.jobs({}), [])
  })

  scene(subject, 'claims, settlements, reports and filters that make no sense are refused', async ({ store }) => {
    const request = { worker: 'w', queues: ['q'], tasks: ['t'], limit: 1, lease: 1_000 }
    const claims: Record<string, unknown>[] = [
      { worker: '' },
      { limit: 0 },
      { limit: 1.5 },
      { lease: 0 },
      { lease: NaN },
      { queues: 'q' },
      { rates: { t: { count: -1, per: 5 } } },
    ]
    for (const changes of claims) {
      await assert.rejects(store.claim({ ...request, ...changes } as ClaimRequest), invalid, JSON.stringify(changes))
    }
    await store.send(named(['a']))
    const [claim] = await claimed(store)
    assert.ok(claim)
    const at = { id: claim.id, token: claim.token }
    for (const settlement of [
      { kind: 'won' },
      { kind: 'done' },
      { kind: 'retry', error: '{}', delay: -1 },
      { kind: 'failed' },
    ]) {
      await assert.rejects(store.settle([{ ...at, ...settlement } as Settlement]), invalid, JSON.stringify(settlement))
    }
    for (const report of [{ kind: 'gossip', value: '1' }, { kind: 'item' }, { kind: 'step', name: '', value: '1' }]) {
      await assert.rejects(store.report([{ ...at, ...report } as Report]), invalid, JSON.stringify(report))
    }
    await assert.rejects(store.jobs({ states: ['lost' as 'done'] }), invalid)
    await assert.rejects(store.jobs({ limit: 0 }), invalid)
    await assert.rejects(store.cancel(['a'], 'no json'), invalid)
    assert.equal((await store.job('a'))?.state, 'running')
  })
}
