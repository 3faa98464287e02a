import assert from 'node:assert/strict'
import { claimed, claimedIds, errorOf, named, oneClaim, scene, settled, stateOf, type Subject } from '../subject.ts'

export function clocks(subject: Subject): void {
  scene(subject, 'a call that expires before it starts ends as cancelled and says so', async ({ store, bed }) => {
    await store.send([...named(['ready'], { expires: 1_000 }), ...named(['delayed'], { expires: 1_000, delay: 2_000 })])
    await bed.turn(1_000)
    assert.deepEqual(await claimedIds(store), [])
    assert.equal(await stateOf(store, 'ready'), 'cancelled')
    assert.equal(await stateOf(store, 'delayed'), 'cancelled')
    assert.equal((await errorOf(store, 'ready'))['source'], 'expired')
  })

  scene(subject, 'an expiry does not touch a call that has started', async ({ store, bed }) => {
    await store.send(named(['a'], { expires: 1_000 }))
    const claim = await oneClaim(store)
    await bed.turn(2_000)
    assert.equal(await stateOf(store, 'a'), 'running')
    assert.equal(await settled(store, claim), 'ok')
  })

  scene(subject, 'no attempt starts after the deadline of the whole job', async ({ store, bed }) => {
    await store.send(named(['a'], { deadline: 5_000 }))
    await bed.turn(1_000)
    const claim = await oneClaim(store)
    assert.equal(claim.deadline, 4_000)
    await settled(store, claim, { kind: 'retry', error: '{"e":1}', delay: 3_999 })
    await bed.turn(3_999)
    const again = await oneClaim(store)
    assert.equal(again.deadline, 1)
    await settled(store, again, { kind: 'retry', error: '{"e":2}', delay: 10 })
    await bed.turn(10)
    assert.deepEqual(await claimedIds(store), [])
    assert.equal(await stateOf(store, 'a'), 'cancelled')
    assert.equal((await errorOf(store, 'a'))['source'], 'deadline')
  })

  scene(
    subject,
    'a clock that is set back by an hour takes no lease away and gives none twice',
    async ({ store, bed }) => {
      await store.send(named(['a']))
      const claim = await oneClaim(store)
      await bed.jump(-3_600_000)
      await store.sweep()
      assert.deepEqual(await claimedIds(store), [])
      await bed.turn(9_000)
      assert.equal(await settled(store, claim), 'ok')
    },
  )

  scene(subject, 'a clock that is set ahead by an hour ends no lease', async ({ store, bed }) => {
    await store.send(named(['a']))
    const claim = await oneClaim(store)
    await bed.jump(3_600_000)
    await store.sweep()
    assert.equal(await stateOf(store, 'a'), 'running')
    assert.equal(await settled(store, claim), 'ok')
  })

  scene(
    subject,
    'a clock that is set back does not stop what is in line, and a lease still ends',
    async ({ store, bed }) => {
      await store.send(named(['a', 'b']))
      await claimed(store, 1)
      await bed.jump(-3_600_000)
      assert.deepEqual(await claimedIds(store), ['b'])
      await bed.turn(10_000)
      await store.sweep()
      assert.deepEqual(await claimedIds(store), ['a', 'b'])
    },
  )

  scene(subject, 'what is due at a time of day follows a clock that is set', async ({ store, bed }) => {
    const hour = 3_600_000
    await store.send([...named(['early'], { delay: hour }), ...named(['late'], { delay: 3 * hour })])
    await bed.jump(hour)
    assert.deepEqual(await claimedIds(store), ['early'])
    await bed.jump(-2 * hour)
    await bed.turn(2 * hour)
    assert.deepEqual(await claimedIds(store, 1, { tasks: ['t'] }), ['early'], 'its lease has run out meanwhile')
    await bed.turn(2 * hour - 1)
    assert.equal(await stateOf(store, 'late'), 'delayed')
    await bed.turn(1)
    assert.equal(await stateOf(store, 'late'), 'ready')
  })

  scene(subject, 'a clock that is set neither expires what has started nor makes a worker vanish', async scene => {
    const { store, bed } = scene
    const record = { queues: ['q'], tasks: ['t'], concurrency: 1, place: 'loop' }
    await store.announce('w', record)
    await store.send(named(['a'], { expires: 60_000 }))
    const claim = await oneClaim(store)
    for (const hours of [5, -10, 5]) {
      await bed.jump(hours * 3_600_000)
      await store.sweep()
      assert.deepEqual(
        (await store.stats()).workers.map(each => each.worker),
        ['w'],
      )
    }
    assert.equal(await settled(store, claim), 'ok')
  })

  scene(subject, 'a clock that is set ahead does not open the window of a rate', async ({ store, bed }) => {
    const rates = { t: { count: 1, per: 60_000 } }
    await store.send(named(['a', 'b']))
    await settled(store, await oneClaim(store, { rates }))
    await bed.jump(3_600_000)
    assert.deepEqual(await claimedIds(store, 9, { rates }), [])
    await bed.jump(-7_200_000)
    await bed.turn(60_000)
    assert.deepEqual(await claimedIds(store, 9, { rates }), ['b'])
  })
}
