import assert from 'node:assert/strict'
import type { CallOutcome } from '../../../stores/roles/results.ts'
import type { Store } from '../../../stores/roles/store.ts'
import { Probe } from '../probe.ts'
import { type Kind, named, outgoing, scene } from '../scene.ts'

/** Resolves once the end of a call was reported, with what came along. */
function endOf(store: Store, id: string): Promise<CallOutcome | undefined> {
  return new Promise(resolve => {
    const stop = store.results.watch(id, {
      ended: outcome => {
        stop()
        resolve(outcome)
      },
    })
  })
}

/** Resolves once it was reported that a call was begun or has left something behind. */
function newsOf(store: Store, id: string): Promise<void> {
  return new Promise(resolve => {
    const stop = store.results.watch(id, {
      reported: () => {
        stop()
        resolve()
      },
    })
  })
}

/** Looks once, as a listener does: what comes from then on is reported. */
async function looked(...stores: readonly Store[]): Promise<void> {
  for (const store of stores) await store.results.outcome('nobody')
}

export function watching(kind: Kind): void {
  scene(kind, 'the end of a call is told, elsewhere, too', [], async ({ store, probe, bed }) => {
    const other = await bed.open()
    await probe.send([...named(['done']), outgoing({ id: 'silent', ignoreResult: true })])
    const told = ['done', 'silent'].flatMap(id => [endOf(store, id), endOf(other, id)])
    await looked(store, other)
    for (const claim of await probe.claimed(2)) await probe.settled(claim)
    for (const outcome of await Promise.all(told)) {
      // How it ended may come along; if it does, it is true.
      if (outcome !== undefined) assert.ok(outcome.state === 'done' || outcome.state === 'gone', outcome.state)
    }
    assert.equal(await probe.stateOf('done'), 'done')
  })

  scene(kind, 'the end of a call that never ran is told, elsewhere, too', ['cancel', 'purge', 'turn'], async scene => {
    const { store, probe, bed } = scene
    const other = await bed.open()
    await probe.send([...named(['cancelled', 'purged']), ...named(['expired'], { expires: 1_000 })])
    const told = ['cancelled', 'purged', 'expired'].flatMap(id => [endOf(store, id), endOf(other, id)])
    await looked(store, other)
    await probe.inspector.cancel(['cancelled'], '1')
    await bed.turn(1_000)
    await probe.inspector.purge({ states: ['ready'] })
    await Promise.all(told)
  })

  scene(kind, 'what a call leaves behind is told, elsewhere, too', [], async ({ store, probe, bed }) => {
    const other = await bed.open()
    await probe.send(named(['a']))
    const { id, token } = await probe.oneClaim()
    const told = [newsOf(store, 'a'), newsOf(other, 'a')]
    await looked(store, other)
    await store.results.report([{ id, token, kind: 'progress', value: '1' }])
    await Promise.all(told)
    assert.equal((await other.results.reports('a', 0)).length, 1)
  })

  scene(kind, 'that a call has begun is told, elsewhere, too', [], async ({ store, probe, bed }) => {
    const other = await bed.open()
    await probe.send(named(['a']))
    const told = [newsOf(store, 'a'), newsOf(other, 'a')]
    await looked(store, other)
    await probe.oneClaim()
    await Promise.all(told)
    const outcome = await other.results.outcome('a')
    assert.equal(outcome.state, 'running')
    assert.equal(outcome.worker, 'w')
  })

  scene(kind, 'nothing is told of other calls, nor to one who has stopped listening', [], async scene => {
    const { store, probe, bed } = scene
    await probe.send(named(['a', 'b']))
    let told = 0
    store.results.watch('b', { ended: () => told++, reported: () => told++ }, false)
    const stop = store.results.watch('a', { ended: () => told++ })
    stop()
    stop()
    const [a] = await probe.claimed(1)
    assert.ok(a)
    const heard = endOf(store, 'a')
    await probe.settled(a)
    await heard
    await bed.quiet()
    assert.equal(told, 0)
  })

  scene(kind, 'an outcome tells how a call is doing, and at last how it ended', [], async ({ store, probe }) => {
    await probe.send(named(['a']))
    assert.equal(await probe.stateOf('a'), 'pending')
    const claim = await probe.oneClaim()
    assert.equal(await probe.stateOf('a'), 'running')
    await probe.settled(claim, { kind: 'done', result: '[1]' })
    const { state, result, task, error } = await store.results.outcome('a')
    assert.deepEqual([state, result, task ?? 't', error], ['done', '[1]', 't', undefined])
    assert.equal(await new Probe(store, {} as never).stateOf('nobody'), 'gone')
  })
}
