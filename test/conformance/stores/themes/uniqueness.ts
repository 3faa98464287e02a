import assert from 'node:assert/strict'
import type { KeyConflict, OutgoingCall } from 'skein/stores'
import { claimedIds, errorOf, named, oneClaim, outgoing, scene, settled, stateOf, type Subject } from '../subject.ts'

function unique(id: string, conflict: KeyConflict, changes: Partial<OutgoingCall> = {}): OutgoingCall {
  return outgoing({ id, unique: { key: 'k', conflict }, ...changes })
}

export function uniqueness(subject: Subject): void {
  scene(subject, 'reject: a second call of the key is not kept, and is told of the first', async ({ store }) => {
    assert.equal(store.features.unique, true)
    const outcomes = await store.send([unique('a', 'reject'), unique('b', 'reject')])
    assert.deepEqual(outcomes, [
      { outcome: 'accepted', id: 'a' },
      { outcome: 'rejected', reason: 'unique', existing: 'a' },
    ])
    assert.equal(await store.job('b'), undefined)
  })

  scene(subject, 'join: a second call of the key is the first one', async ({ store }) => {
    await store.send([unique('a', 'reject')])
    assert.deepEqual(await store.send([unique('b', 'join')]), [{ outcome: 'joined', id: 'a' }])
    assert.deepEqual(await claimedIds(store), ['a'])
  })

  scene(subject, 'replace: one that waits gives way and says by whom', async ({ store }) => {
    await store.send([unique('a', 'replace', { delay: 5_000 })])
    assert.deepEqual(await store.send([unique('b', 'replace')]), [{ outcome: 'replaced', id: 'b', replaced: 'a' }])
    assert.equal(await stateOf(store, 'a'), 'cancelled')
    const error = await errorOf(store, 'a')
    assert.equal(error['source'], 'replaced')
    assert.equal(error['by'], 'b')
    assert.deepEqual(await claimedIds(store), ['b'])
  })

  scene(subject, 'replace: a running call is not replaced', async ({ store }) => {
    await store.send([unique('a', 'reject')])
    const claim = await oneClaim(store)
    assert.deepEqual(await store.send([unique('b', 'replace')]), [
      { outcome: 'rejected', reason: 'unique', existing: 'a' },
    ])
    assert.equal(await settled(store, claim), 'ok')
  })

  scene(
    subject,
    'a key is taken while its call waits for a retry, and free as soon as it has ended',
    async ({ store, bed }) => {
      const endings: ((store: Parameters<typeof settled>[0]) => Promise<unknown>)[] = [
        async each => settled(each, await oneClaim(each)),
        async each => settled(each, await oneClaim(each), { kind: 'failed', error: '{}' }),
        async each => settled(each, await oneClaim(each), { kind: 'dead', error: '{}' }),
        async each => each.cancel(['2', '3'], '"x"'),
        async each => each.purge({ queue: 'q' }),
      ]
      for (const [index, end] of endings.entries()) {
        const [first] = await store.send([unique(`${index}`, 'reject')])
        assert.equal(first?.outcome, 'accepted', `after ending ${index - 1}`)
        await settled(store, await oneClaim(store), { kind: 'retry', error: '{}', delay: 1_000 })
        assert.equal((await store.send([unique('other', 'reject')]))[0]?.outcome, 'rejected')
        await bed.turn(1_000)
        await end(store)
      }
      assert.equal((await store.send([unique('last', 'reject')]))[0]?.outcome, 'accepted')
    },
  )

  scene(subject, 'keys are free when calls expire or are dead', async ({ store, bed }) => {
    await store.send([unique('a', 'reject', { expires: 1_000 })])
    await bed.turn(1_000)
    await store.sweep()
    assert.equal((await store.send([unique('b', 'reject', { maxDeaths: 1 })]))[0]?.outcome, 'accepted')
    await oneClaim(store)
    await bed.turn(10_000)
    await store.sweep()
    assert.equal((await store.send([unique('c', 'reject')]))[0]?.outcome, 'accepted')
  })

  scene(subject, 'an ended call is not made ready again while another one has its key', async ({ store }) => {
    await store.send([unique('a', 'reject')])
    await settled(store, await oneClaim(store), { kind: 'failed', error: '{}' })
    await store.send([unique('b', 'reject')])
    assert.deepEqual(await store.retry(['a']), ['taken'])
    await settled(store, await oneClaim(store))
    assert.deepEqual(await store.retry(['a']), ['ready'])
    assert.deepEqual(await store.send([unique('c', 'join')]), [{ outcome: 'joined', id: 'a' }])
  })

  scene(subject, 'keys are apart from each other and from calls without one', async ({ store }) => {
    const outcomes = await store.send([
      unique('a', 'reject'),
      outgoing({ id: 'b', unique: { key: 'K', conflict: 'reject' } }),
      ...named(['c']),
    ])
    assert.deepEqual(
      outcomes.map(each => each.outcome),
      ['accepted', 'accepted', 'accepted'],
    )
  })
}
