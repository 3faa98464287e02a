import assert from 'node:assert/strict'
import { Probe, type Taking } from '../probe.ts'
import { type Kind, named, outgoing, scene } from '../scene.ts'

/** Resolves once so many claims have come. */
function came(taking: Taking, count: number): Promise<void> {
  return taking.until(({ claims }) => claims.length >= count)
}

export function intaking(kind: Kind): void {
  scene(kind, 'no more calls are handed over than are wanted', [], async ({ probe, bed }) => {
    await probe.send(named(['a', 'b', 'c', 'd']))
    const taking = probe.intake()
    await bed.quiet()
    assert.equal(taking.claims.length, 0)
    taking.want(1)
    await came(taking, 1)
    await bed.quiet()
    assert.equal(taking.claims.length, 1)
    taking.want(2)
    await came(taking, 3)
    await bed.quiet()
    assert.equal(taking.claims.length, 3)
    taking.close()
  })

  scene(kind, 'a demand stands until it is met, and can be withdrawn', [], async ({ probe, bed }) => {
    const taking = probe.intake()
    taking.want(2)
    await bed.quiet()
    await probe.send(named(['a']))
    await came(taking, 1)
    await probe.send(named(['b']))
    await came(taking, 2)
    taking.want(1)
    taking.want(0)
    await bed.quiet()
    await probe.send(named(['c']))
    await bed.quiet()
    assert.equal(taking.claims.length, 2)
    taking.close()
  })

  scene(kind, 'a call is handed over when it is sent, here and elsewhere', [], async ({ probe, bed }) => {
    const there = new Probe(await bed.open(), bed)
    const [taking, other] = [probe.intake(), there.intake({ worker: 'v' })]
    taking.want(1)
    other.want(1)
    await bed.quiet()
    await probe.send(named(['a', 'b']))
    await Promise.all([came(taking, 1), came(other, 1)])
    taking.close()
    other.close()
  })

  scene(kind, 'a delayed call is handed over when it comes to be due', ['turn'], async ({ probe, bed }) => {
    const taking = probe.intake()
    taking.want(1)
    await probe.send(named(['a'], { delay: 5_000 }))
    await bed.quiet()
    await bed.turn(4_999)
    await bed.quiet()
    assert.equal(taking.claims.length, 0)
    await bed.turn(1)
    await came(taking, 1)
    taking.close()
  })

  scene(kind, 'a call is handed over again after a retry and a release', [], async ({ probe }) => {
    await probe.send(named(['a']))
    const first = await probe.oneClaim()
    const taking = probe.intake()
    taking.want(2)
    await probe.settled(first, { kind: 'retry', error: '{}', delay: 0 })
    await came(taking, 1)
    await probe.settled(taking.claims[0] ?? first, { kind: 'release' })
    await came(taking, 2)
    taking.close()
  })

  scene(kind, 'a call whose worker has died is handed over', ['turn', 'leases'], async ({ probe, bed }) => {
    await probe.send(named(['a']))
    await probe.oneClaim()
    const taking = probe.intake({ worker: 'v' })
    taking.want(1)
    await bed.quiet()
    await bed.turn(10_000)
    await came(taking, 1)
    taking.close()
  })

  scene(kind, 'a call is handed over when its limit lets it', ['limit'], async ({ probe, bed }) => {
    const limit = { key: 'k', concurrency: 1, strategy: 'wait' } as const
    await probe.send(named(['a', 'b'], { limit }))
    const a = await probe.oneClaim()
    const taking = probe.intake()
    taking.want(1)
    await bed.quiet()
    assert.equal(taking.claims.length, 0)
    await probe.settled(a)
    await came(taking, 1)
    taking.close()
  })

  scene(kind, 'a call is handed over when the window of its key opens', ['limit', 'turn'], async ({ probe, bed }) => {
    await probe.send(named(['a', 'b'], { limit: { key: 'k', rate: { count: 1, per: 500 }, strategy: 'wait' } }))
    const taking = probe.intake()
    taking.want(2)
    await came(taking, 1)
    await bed.quiet()
    assert.equal(taking.claims.length, 1)
    await bed.turn(500)
    await came(taking, 2)
    taking.close()
  })

  scene(kind, 'a call is handed over when the window of its task opens', ['rates', 'turn'], async ({ probe, bed }) => {
    const taking = probe.intake({ rates: { t: { count: 1, per: 2_000 } } })
    taking.want(2)
    await probe.send(named(['a', 'b']))
    await came(taking, 1)
    await bed.quiet()
    assert.equal(taking.claims.length, 1)
    await bed.turn(2_000)
    await came(taking, 2)
    taking.close()
  })

  scene(kind, 'a paused queue hands over nothing until it is resumed', ['pause', 'resume'], async ({ probe, bed }) => {
    const there = new Probe(await bed.open(), bed)
    await there.inspector.pause('q')
    const taking = probe.intake()
    taking.want(1)
    await probe.send(named(['a']))
    await bed.quiet()
    assert.equal(taking.claims.length, 0)
    await there.inspector.resume('q')
    await came(taking, 1)
    taking.close()
  })

  scene(kind, 'a call that is made to run again is handed over', ['retry'], async ({ probe, bed }) => {
    await probe.send(named(['a']))
    await probe.settled(await probe.oneClaim())
    const taking = probe.intake()
    taking.want(1)
    await bed.quiet()
    await probe.inspector.retry(['a'])
    await came(taking, 1)
    taking.close()
  })

  scene(kind, 'who holds a claim hears that its lease is gone', ['turn', 'leases'], async ({ probe, bed }) => {
    await probe.send(named(['a']))
    const taking = probe.intake()
    taking.want(1)
    await came(taking, 1)
    await taking.stop()
    await bed.turn(10_000)
    await taking.until(({ lost }) => lost.length > 0)
    assert.deepEqual(taking.lost[0], ['a', taking.claims[0]?.token])
    taking.close()
  })

  scene(kind, 'an intake that has stopped hands over no more, and what it held stays held', [], async scene => {
    const { probe, bed } = scene
    await probe.send(named(['a', 'b']))
    const taking = probe.intake()
    taking.want(1)
    await came(taking, 1)
    taking.want(1)
    await taking.stop()
    const count = taking.claims.length
    await probe.send(named(['c']))
    await bed.quiet()
    assert.equal(taking.claims.length, count)
    taking.close()
    for (const claim of taking.claims) assert.equal(await probe.settled(claim), 'ok')
  })

  scene(kind, 'no call is missed by one who takes while others send', [], async ({ probe, bed }) => {
    const there = new Probe(await bed.open(), bed)
    const taking = there.intake()
    const ended = new Set<string>()
    taking.want(7)
    const all = taking.until(({ claims }) => {
      for (const claim of claims.splice(0)) {
        ended.add(claim.id)
        void there.settled(claim).then(() => taking.want(7))
      }
      return ended.size === 200
    })
    for (let n = 0; n < 100; n++) await probe.send([outgoing(), outgoing()])
    await all
    await bed.quiet()
    taking.close()
  })
}
