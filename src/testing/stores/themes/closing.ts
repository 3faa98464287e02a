import assert from 'node:assert/strict'
import { Probe } from '../probe.ts'
import { type Kind, named, scene } from '../scene.ts'

export function closing(kind: Kind): void {
  scene(kind, 'closing hands back what is still claimed; the attempt does not count', [], async ({ probe, bed }) => {
    const other = await bed.open()
    const there = new Probe(other, bed)
    await probe.send(named(['a', 'b']))
    await there.claimed(1, { keep: true })
    await there.claimed(1)
    await other.close()
    const claims = await probe.claimed()
    assert.deepEqual(
      claims.map(({ id, attempt, deaths }) => ({ id, attempt, deaths })),
      [
        { id: 'a', attempt: 1, deaths: 0 },
        { id: 'b', attempt: 1, deaths: 0 },
      ],
    )
  })

  scene(kind, 'what was given before closing is still written', [], async ({ probe, bed }) => {
    const other = await bed.open()
    const there = new Probe(other, bed)
    await probe.send(named(['a']))
    const claim = await there.oneClaim()
    const sent = there.send(named(['b']))
    const done = there.settled(claim)
    await other.close()
    assert.equal(await done, 'ok')
    assert.equal((await sent)[0]?.outcome, 'accepted')
    assert.equal(await probe.stateOf('a'), 'done')
    assert.equal(await probe.stateOf('b'), 'pending')
  })

  scene(kind, 'a closed store refuses everything, and closing again does nothing', [], async ({ store, probe }) => {
    await store.close()
    await store.close()
    await store[Symbol.asyncDispose]()
    const closed = { code: 'SKEIN_CLOSED' }
    await assert.rejects(probe.send(named(['a'])), closed)
    assert.throws(() => probe.intake(), closed)
    await assert.rejects(store.broker.settle([{ id: 'a', token: 1, kind: 'release' }]), closed)
    await assert.rejects(store.results.outcome('a'), closed)
    assert.throws(() => store.results.watch('a', {}), closed)
  })
}
