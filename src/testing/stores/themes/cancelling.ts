import assert from 'node:assert/strict'
import { Probe } from '../probe.ts'
import { type Kind, named, scene } from '../scene.ts'

export function cancelling(kind: Kind): void {
  scene(kind, 'a call that waits is cancelled for good and says why', ['turn', 'cancel'], async ({ bed, probe }) => {
    await probe.send([...named(['ready']), ...named(['delayed'], { delay: 1_000 })])
    assert.deepEqual(await probe.inspector.cancel(['ready', 'delayed', 'nobody'], '{"why":"no"}'), [
      'cancelled',
      'cancelled',
      'gone',
    ])
    await bed.turn(2_000)
    assert.deepEqual(await probe.claimedIds(), [])
    assert.equal(await probe.stateOf('ready'), 'cancelled')
    assert.deepEqual((await probe.errorOf('ready'))['reason'], { why: 'no' })
    assert.deepEqual(await probe.inspector.cancel(['ready'], '"again"'), ['ended'])
  })

  scene(
    kind,
    'a running call is asked to stop, and its holder is told, also from another store',
    ['cancel'],
    async ({ bed, probe }) => {
      const other = new Probe(await bed.open(), bed)
      const taking = probe.intake()
      await probe.send(named(['a']))
      taking.want(1)
      await taking.until(({ claims }) => claims.length > 0)
      const [claim] = taking.claims
      assert.ok(claim)
      assert.deepEqual(await other.inspector.cancel(['a'], '"enough"'), ['cancelling'])
      await taking.until(each => each.cancelling.length > 0)
      assert.deepEqual(taking.cancelling[0], ['a', '"enough"'])
      taking.close()
      assert.equal(await probe.stateOf('a'), 'running')
      assert.equal(await probe.settled(claim, { kind: 'cancelled', error: '{"m":"stopped"}' }), 'ok')
      assert.equal(await probe.stateOf('a'), 'cancelled')
    },
  )

  scene(
    kind,
    'a call that is claimed and cancelled in the same moment is asked to stop',
    ['cancel'],
    async ({ probe }) => {
      // Asked for in one turn, both are one transaction of a store that bundles.
      await probe.send(named(['a']))
      const taking = probe.intake()
      taking.want(1)
      // What the intake asks for, it asks for once this turn is over.
      await Promise.resolve()
      const [became] = await probe.inspector.cancel(['a'], '"enough"')
      if (became === 'cancelled') return assert.equal(await probe.stateOf('a'), 'cancelled')
      await taking.until(({ claims, cancelling }) => claims.length > 0 && cancelling.length > 0)
      const [claim] = taking.claims
      assert.ok(claim)
      assert.deepEqual(taking.cancelling[0], ['a', '"enough"'])
      assert.equal(await probe.settled(claim, { kind: 'cancelled', error: '{"m":"stopped"}' }), 'ok')
      assert.equal(await probe.stateOf('a'), 'cancelled')
      taking.close()
    },
  )

  scene(
    kind,
    'a call that is cancelled and claimed in the same moment is not claimed',
    ['cancel'],
    async ({ probe }) => {
      await probe.send(named(['a', 'b']))
      const [became, claims] = await Promise.all([probe.inspector.cancel(['a'], '"enough"'), probe.claimed()])
      assert.deepEqual(became, ['cancelled'])
      assert.deepEqual(
        claims.map(claim => claim.id),
        ['b'],
      )
    },
  )

  scene(kind, 'the first reason stays', ['find', 'cancel'], async ({ probe }) => {
    await probe.send(named(['a']))
    await probe.oneClaim()
    await probe.inspector.cancel(['a'], '"first"')
    assert.deepEqual(await probe.inspector.cancel(['a'], '"second"'), ['cancelling'])
    assert.equal((await probe.inspector.find('a'))?.cancelling, '"first"')
  })

  scene(
    kind,
    'a call that was asked to stop may still succeed, but is not tried again',
    ['cancel'],
    async ({ probe }) => {
      await probe.send(named(['done', 'retried', 'released']))
      const [done, retried, released] = await probe.claimed()
      assert.ok(done && retried && released)
      await probe.inspector.cancel(['done', 'retried', 'released'], '"stop"')
      await probe.settled(done)
      await probe.settled(retried, { kind: 'retry', error: '{}', delay: 0 })
      await probe.settled(released, { kind: 'release' })
      assert.equal(await probe.stateOf('done'), 'done')
      assert.equal(await probe.stateOf('retried'), 'cancelled')
      assert.equal(await probe.stateOf('released'), 'cancelled')
      assert.equal((await probe.errorOf('released'))['reason'], 'stop')
      assert.deepEqual(await probe.claimedIds(), [])
    },
  )

  scene(
    kind,
    'a call that was asked to stop and lost its worker is cancelled, not run again',
    ['turn', 'cancel', 'leases'],
    async ({ bed, probe }) => {
      await probe.send(named(['a']))
      await probe.oneClaim()
      await probe.inspector.cancel(['a'], '"stop"')
      await bed.turn(10_000)
      assert.equal(await probe.stateOf('a'), 'cancelled')
    },
  )
}
