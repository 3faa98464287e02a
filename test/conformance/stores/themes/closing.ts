import assert from 'node:assert/strict'
import { claimed, named, oneClaim, scene, settled, stateOf, type Subject } from '../subject.ts'

export function closing(subject: Subject): void {
  scene(subject, 'closing hands back what is still claimed; the attempt does not count', async ({ store, bed }) => {
    const other = await bed.open()
    await store.send(named(['a', 'b']))
    await claimed(other, 1, { keep: true })
    await claimed(other, 1)
    await other.close()
    const claims = await claimed(store)
    assert.deepEqual(
      claims.map(({ id, attempt, deaths }) => ({ id, attempt, deaths })),
      [
        { id: 'a', attempt: 1, deaths: 0 },
        { id: 'b', attempt: 1, deaths: 0 },
      ],
    )
  })

  scene(subject, 'what was given before closing is still written', async ({ store, bed }) => {
    const other = await bed.open()
    await store.send(named(['a']))
    const claim = await oneClaim(other)
    const sent = other.send(named(['b']))
    const done = settled(other, claim)
    await other.close()
    assert.equal(await done, 'ok')
    assert.equal((await sent)[0]?.outcome, 'accepted')
    assert.equal(await stateOf(store, 'a'), 'done')
    assert.equal(await stateOf(store, 'b'), 'ready')
  })

  scene(subject, 'a closed store refuses everything, and closing again does nothing', async ({ store }) => {
    await store.close()
    await store.close()
    await store[Symbol.asyncDispose]()
    const closed = { code: 'SKEIN_CLOSED' }
    await assert.rejects(store.send(named(['a'])), closed)
    await assert.rejects(claimed(store), closed)
    await assert.rejects(store.settle([{ id: 'a', token: 1, kind: 'release' }]), closed)
    await assert.rejects(store.job('a'), closed)
    await assert.rejects(store.stats(), closed)
    await assert.rejects(store.sweep(), closed)
    assert.throws(() => store.on('claimable', () => {}), closed)
  })
}
