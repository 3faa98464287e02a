import assert from 'node:assert/strict'
import { named, outgoing, type Kind, scene } from '../scene.ts'

export function ordering(kind: Kind): void {
  scene(kind, 'among equals, first come is first served', [], async ({ probe }) => {
    await probe.send(named(['a', 'b']))
    await probe.send(named(['c']))
    assert.deepEqual(await probe.claimedIds(1), ['a'])
    assert.deepEqual(await probe.claimedIds(), ['b', 'c'])
  })

  scene(
    kind,
    'the higher priority comes first, also of tasks that are mixed',
    ['priority', 'tasks'],
    async ({ probe }) => {
      await probe.send([
        ...named(['low'], { priority: 0 }),
        ...named(['middle', 'other'], { priority: 4, task: 'u' }),
        ...named(['middle2'], { priority: 4 }),
        ...named(['high'], { priority: 9 }),
      ])
      const order = await probe.claimedIds(100, { tasks: ['t', 'u'] })
      assert.deepEqual(order, ['high', 'middle', 'other', 'middle2', 'low'])
    },
  )

  scene(
    kind,
    'the first queue is emptied before the second, whatever the priorities',
    ['priority'],
    async ({ probe }) => {
      await probe.send([
        ...named(['later'], { queue: 'second', priority: 9 }),
        ...named(['sooner'], { queue: 'first', priority: 0 }),
      ])
      assert.deepEqual(await probe.claimedIds(100, { queues: ['first', 'second'] }), ['sooner', 'later'])
    },
  )

  scene(
    kind,
    'a delayed call is not claimed before it is due, and then stands behind those before it',
    ['turn'],
    async ({ bed, probe }) => {
      await probe.send([...named(['late'], { delay: 5_000 }), ...named(['now'])])
      await bed.turn(4_999)
      assert.deepEqual(await probe.claimedIds(1), ['now'])
      assert.deepEqual(await probe.claimedIds(), [])
      await probe.send(named(['before']))
      await bed.turn(1)
      assert.deepEqual(await probe.claimedIds(), ['before', 'late'])
    },
  )

  scene(kind, 'delayed calls come in the order in which they are due', ['turn'], async ({ bed, probe }) => {
    await probe.send([3_000, 1_000, 2_000, 1_000].map((delay, index) => outgoing({ id: `${index}`, delay })))
    await bed.turn(10_000)
    assert.deepEqual(await probe.claimedIds(), ['1', '3', '2', '0'])
  })

  scene(
    kind,
    'a retry goes to the end of the line, a call that was handed back keeps its place',
    [],
    async ({ probe }) => {
      await probe.send(named(['a', 'b', 'c']))
      const [a, b] = await probe.claimed(2)
      assert.ok(a && b)
      await probe.settled(a, { kind: 'retry', error: '{}', delay: 0 })
      await probe.settled(b, { kind: 'release' })
      assert.deepEqual(await probe.claimedIds(), ['b', 'c', 'a'])
    },
  )

  scene(
    kind,
    'calls of tasks that the worker does not know stay where they are, however many',
    ['tasks'],
    async ({ probe }) => {
      await probe.send(
        named(
          Array.from({ length: 500 }, (_, index) => `unknown${index}`),
          { task: 'unknown' },
        ),
      )
      await probe.send(named(['known']))
      assert.deepEqual(await probe.claimedIds(1), ['known'])
      assert.deepEqual(await probe.claimedIds(), [])
      assert.equal((await probe.claimedIds(1_000, { tasks: ['unknown'] })).length, 500)
    },
  )

  scene(
    kind,
    'a paused queue gives nothing until it is resumed; running calls go on',
    ['pause', 'resume'],
    async ({ probe }) => {
      await probe.send(named(['a', 'b']))
      const running = await probe.oneClaim()
      await probe.inspector.pause('q')
      assert.deepEqual(await probe.claimedIds(), [])
      assert.equal(await probe.settled(running), 'ok')
      await probe.send(named(['c']))
      assert.deepEqual(await probe.claimedIds(), [])
      await probe.inspector.resume('q')
      assert.deepEqual(await probe.claimedIds(), ['b', 'c'])
    },
  )
}
