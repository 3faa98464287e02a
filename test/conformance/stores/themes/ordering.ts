import assert from 'node:assert/strict'
import { claimed, claimedIds, named, oneClaim, outgoing, scene, settled, type Subject } from '../subject.ts'

export function ordering(subject: Subject): void {
  scene(subject, 'among equals, first come is first served', async ({ store }) => {
    await store.send(named(['a', 'b']))
    await store.send(named(['c']))
    assert.deepEqual(await claimedIds(store, 1), ['a'])
    assert.deepEqual(await claimedIds(store), ['b', 'c'])
  })

  scene(subject, 'the higher priority comes first, also of tasks that are mixed', async ({ store }) => {
    assert.equal(store.features.priorities, true)
    await store.send([
      ...named(['low'], { priority: 0 }),
      ...named(['middle', 'other'], { priority: 4, task: 'u' }),
      ...named(['middle2'], { priority: 4 }),
      ...named(['high'], { priority: 9 }),
    ])
    const order = await claimedIds(store, 100, { tasks: ['t', 'u'] })
    assert.deepEqual(order, ['high', 'middle', 'other', 'middle2', 'low'])
  })

  scene(subject, 'the first queue is emptied before the second, whatever the priorities', async ({ store }) => {
    await store.send([
      ...named(['later'], { queue: 'second', priority: 9 }),
      ...named(['sooner'], { queue: 'first', priority: 0 }),
    ])
    assert.deepEqual(await claimedIds(store, 100, { queues: ['first', 'second'] }), ['sooner', 'later'])
  })

  scene(
    subject,
    'a delayed call is not claimed before it is due, and then stands behind those before it',
    async ({ store, bed }) => {
      await store.send([...named(['late'], { delay: 5_000 }), ...named(['now'])])
      assert.equal((await store.job('late'))?.state, 'delayed')
      await bed.turn(4_999)
      assert.deepEqual(await claimedIds(store, 1), ['now'])
      assert.deepEqual(await claimedIds(store), [])
      await store.send(named(['before']))
      await bed.turn(1)
      assert.equal((await store.job('late'))?.state, 'ready')
      assert.deepEqual(await claimedIds(store), ['before', 'late'])
    },
  )

  scene(subject, 'delayed calls come in the order in which they are due', async ({ store, bed }) => {
    await store.send([3_000, 1_000, 2_000, 1_000].map((delay, index) => outgoing({ id: `${index}`, delay })))
    await bed.turn(10_000)
    assert.deepEqual(await claimedIds(store), ['1', '3', '2', '0'])
  })

  scene(
    subject,
    'a retry goes to the end of the line, a call that was handed back keeps its place',
    async ({ store }) => {
      await store.send(named(['a', 'b', 'c']))
      const [a, b] = await claimed(store, 2)
      assert.ok(a && b)
      await settled(store, a, { kind: 'retry', error: '{}', delay: 0 })
      await settled(store, b, { kind: 'release' })
      assert.deepEqual(await claimedIds(store), ['b', 'c', 'a'])
    },
  )

  scene(
    subject,
    'calls of tasks that the worker does not know stay where they are, however many',
    async ({ store }) => {
      await store.send(
        named(
          Array.from({ length: 500 }, (_, index) => `unknown${index}`),
          { task: 'unknown' },
        ),
      )
      await store.send(named(['known']))
      assert.deepEqual(await claimedIds(store, 1), ['known'])
      assert.deepEqual(await claimedIds(store), [])
      assert.equal((await claimedIds(store, 1_000, { tasks: ['unknown'] })).length, 500)
    },
  )

  scene(subject, 'a paused queue gives nothing until it is resumed; running calls go on', async ({ store }) => {
    await store.send(named(['a', 'b']))
    const running = await oneClaim(store)
    await store.pause('q')
    assert.deepEqual(await claimedIds(store), [])
    assert.equal(await settled(store, running), 'ok')
    await store.send(named(['c']))
    assert.deepEqual(await claimedIds(store), [])
    await store.resume('q')
    assert.deepEqual(await claimedIds(store), ['b', 'c'])
  })
}
