import assert from 'node:assert/strict'
import { claimed, claimedIds, errorOf, named, oneClaim, scene, settled, stateOf, type Subject } from '../subject.ts'

export function cancelling(subject: Subject): void {
  scene(subject, 'a call that waits is cancelled for good and says why', async ({ store, bed }) => {
    await store.send([...named(['ready']), ...named(['delayed'], { delay: 1_000 })])
    assert.deepEqual(await store.cancel(['ready', 'delayed', 'nobody'], '{"why":"no"}'), [
      'cancelled',
      'cancelled',
      'gone',
    ])
    await bed.turn(2_000)
    assert.deepEqual(await claimedIds(store), [])
    assert.equal(await stateOf(store, 'ready'), 'cancelled')
    assert.deepEqual((await errorOf(store, 'ready'))['reason'], { why: 'no' })
    assert.deepEqual(await store.cancel(['ready'], '"again"'), ['ended'])
  })

  scene(
    subject,
    'a running call is asked to stop, and its holder is told, also from another store',
    async ({ store, bed }) => {
      const other = await bed.open()
      const heard = new Promise<[string, string]>(resolve =>
        store.on('cancelling', (id, reason) => resolve([id, reason])),
      )
      await store.send(named(['a']))
      const claim = await oneClaim(store)
      assert.deepEqual(await other.cancel(['a'], '"enough"'), ['cancelling'])
      assert.deepEqual(await heard, ['a', '"enough"'])
      assert.equal((await store.job('a'))?.cancelling, '"enough"')
      assert.equal(await stateOf(store, 'a'), 'running')
      assert.equal(await settled(store, claim, { kind: 'cancelled', error: '{"m":"stopped"}' }), 'ok')
      assert.equal(await stateOf(store, 'a'), 'cancelled')
    },
  )

  scene(subject, 'a call that is claimed and cancelled in the same moment is asked to stop', async ({ store }) => {
    // Asked for in one turn, both are one transaction of a store that bundles.
    const heard = new Promise<[string, string]>(resolve =>
      store.on('cancelling', (id, reason) => resolve([id, reason])),
    )
    await store.send(named(['a']))
    const [[claim], became] = await Promise.all([claimed(store), store.cancel(['a'], '"enough"')])
    assert.ok(claim)
    assert.deepEqual(became, ['cancelling'])
    assert.deepEqual(await heard, ['a', '"enough"'])
    assert.equal(await settled(store, claim, { kind: 'cancelled', error: '{"m":"stopped"}' }), 'ok')
    assert.equal(await stateOf(store, 'a'), 'cancelled')
  })

  scene(subject, 'a call that is cancelled and claimed in the same moment is not claimed', async ({ store }) => {
    await store.send(named(['a', 'b']))
    const [became, claims] = await Promise.all([store.cancel(['a'], '"enough"'), claimed(store)])
    assert.deepEqual(became, ['cancelled'])
    assert.deepEqual(
      claims.map(claim => claim.id),
      ['b'],
    )
  })

  scene(subject, 'the first reason stays', async ({ store }) => {
    await store.send(named(['a']))
    await oneClaim(store)
    await store.cancel(['a'], '"first"')
    assert.deepEqual(await store.cancel(['a'], '"second"'), ['cancelling'])
    assert.equal((await store.job('a'))?.cancelling, '"first"')
  })

  scene(subject, 'a call that was asked to stop may still succeed, but is not tried again', async ({ store }) => {
    await store.send(named(['done', 'retried', 'released']))
    const [done, retried, released] = await claimed(store)
    assert.ok(done && retried && released)
    await store.cancel(['done', 'retried', 'released'], '"stop"')
    await settled(store, done)
    await settled(store, retried, { kind: 'retry', error: '{}', delay: 0 })
    await settled(store, released, { kind: 'release' })
    assert.equal(await stateOf(store, 'done'), 'done')
    assert.equal(await stateOf(store, 'retried'), 'cancelled')
    assert.equal(await stateOf(store, 'released'), 'cancelled')
    assert.equal((await errorOf(store, 'released'))['reason'], 'stop')
    assert.deepEqual(await claimedIds(store), [])
  })

  scene(
    subject,
    'a call that was asked to stop and lost its worker is cancelled, not run again',
    async ({ store, bed }) => {
      await store.send(named(['a']))
      await oneClaim(store)
      await store.cancel(['a'], '"stop"')
      await bed.turn(10_000)
      await store.sweep()
      assert.equal(await stateOf(store, 'a'), 'cancelled')
    },
  )
}
