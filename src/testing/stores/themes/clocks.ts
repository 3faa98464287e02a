import assert from 'node:assert/strict'
import { type Kind, named, scene } from '../scene.ts'

export function clocks(kind: Kind): void {
  scene(
    kind,
    'a call that expires before it starts ends as cancelled and says so',
    ['turn'],
    async ({ bed, probe }) => {
      await probe.send([
        ...named(['ready'], { expires: 1_000 }),
        ...named(['delayed'], { expires: 1_000, delay: 2_000 }),
      ])
      await bed.turn(1_000)
      assert.deepEqual(await probe.claimedIds(), [])
      assert.equal(await probe.stateOf('ready'), 'cancelled')
      assert.equal(await probe.stateOf('delayed'), 'cancelled')
      assert.equal((await probe.errorOf('ready'))['source'], 'expired')
    },
  )

  scene(kind, 'an expiry does not touch a call that has started', ['turn'], async ({ bed, probe }) => {
    await probe.send(named(['a'], { expires: 1_000 }))
    const claim = await probe.oneClaim()
    await bed.turn(2_000)
    assert.equal(await probe.stateOf('a'), 'running')
    assert.equal(await probe.settled(claim), 'ok')
  })

  scene(kind, 'no attempt starts after the deadline of the whole job', ['turn'], async ({ bed, probe }) => {
    await probe.send(named(['a'], { deadline: 5_000 }))
    await bed.turn(1_000)
    const claim = await probe.oneClaim()
    assert.equal(claim.deadline, 4_000)
    await probe.settled(claim, { kind: 'retry', error: '{"e":1}', delay: 3_999 })
    await bed.turn(3_999)
    const again = await probe.oneClaim()
    assert.equal(again.deadline, 1)
    await probe.settled(again, { kind: 'retry', error: '{"e":2}', delay: 10 })
    await bed.turn(10)
    assert.deepEqual(await probe.claimedIds(), [])
    assert.equal(await probe.stateOf('a'), 'cancelled')
    assert.equal((await probe.errorOf('a'))['source'], 'deadline')
  })

  scene(
    kind,
    'a clock that is set back by an hour takes no lease away and gives none twice',
    ['turn', 'jump'],
    async ({ bed, probe }) => {
      await probe.send(named(['a']))
      const claim = await probe.oneClaim()
      await bed.jump(-3_600_000)
      assert.deepEqual(await probe.claimedIds(), [])
      await bed.turn(9_000)
      assert.equal(await probe.settled(claim), 'ok')
    },
  )

  scene(kind, 'a clock that is set ahead by an hour ends no lease', ['jump'], async ({ bed, probe }) => {
    await probe.send(named(['a']))
    const claim = await probe.oneClaim()
    await bed.jump(3_600_000)
    assert.equal(await probe.stateOf('a'), 'running')
    assert.equal(await probe.settled(claim), 'ok')
  })

  scene(
    kind,
    'a clock that is set back does not stop what is in line, and a lease still ends',
    ['turn', 'jump', 'leases'],
    async ({ bed, probe }) => {
      await probe.send(named(['a', 'b']))
      await probe.claimed(1)
      await bed.jump(-3_600_000)
      assert.deepEqual(await probe.claimedIds(), ['b'])
      await bed.turn(10_000)
      assert.deepEqual(await probe.claimedIds(), ['a', 'b'])
    },
  )

  scene(
    kind,
    'what is due at a time of day follows a clock that is set',
    ['turn', 'jump', 'leases'],
    async ({ bed, probe }) => {
      const hour = 3_600_000
      await probe.send([...named(['early'], { delay: hour }), ...named(['late'], { delay: 3 * hour })])
      await bed.jump(hour)
      assert.deepEqual(await probe.claimedIds(), ['early'])
      await bed.jump(-2 * hour)
      await bed.turn(2 * hour)
      assert.deepEqual(await probe.claimedIds(1, { tasks: ['t'] }), ['early'], 'its lease has run out meanwhile')
      await bed.turn(2 * hour - 1)
      assert.ok(!(await probe.claimedIds()).includes('late'))
      await bed.turn(1)
      assert.ok((await probe.claimedIds()).includes('late'))
    },
  )

  scene(
    kind,
    'a clock that is set neither expires what has started nor makes a worker vanish',
    ['jump', 'registry'],
    async ({ bed, probe }) => {
      const record = { queues: ['q'], tasks: ['t'], concurrency: 1, place: 'loop' }
      await probe.registry.announce('w', record)
      await probe.send(named(['a'], { expires: 60_000 }))
      const claim = await probe.oneClaim()
      for (const hours of [5, -10, 5]) {
        await bed.jump(hours * 3_600_000)
        assert.deepEqual(
          (await probe.registry.workers()).map(each => each.worker),
          ['w'],
        )
      }
      assert.equal(await probe.settled(claim), 'ok')
    },
  )

  scene(
    kind,
    'a clock that is set ahead does not open the window of a rate',
    ['turn', 'jump', 'rates'],
    async ({ bed, probe }) => {
      const rates = { t: { count: 1, per: 60_000 } }
      await probe.send(named(['a', 'b']))
      await probe.settled(await probe.oneClaim({ rates }))
      await bed.jump(3_600_000)
      assert.deepEqual(await probe.claimedIds(9, { rates }), [])
      await bed.jump(-7_200_000)
      await bed.turn(60_000)
      assert.deepEqual(await probe.claimedIds(9, { rates }), ['b'])
    },
  )
}
