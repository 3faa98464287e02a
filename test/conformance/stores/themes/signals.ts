import assert from 'node:assert/strict'
import type { Store, StoreSignals } from 'skein/stores'
import { claimed, named, oneClaim, outgoing, scene, settled, type Subject } from '../subject.ts'

/** Resolves when a signal is given that `wanted` accepts. */
function signal<K extends keyof StoreSignals>(
  store: Store,
  name: K,
  wanted: (...given: Parameters<StoreSignals[K]>) => boolean = () => true,
): Promise<void> {
  return new Promise(resolve => {
    const stop = store.on(name, ((...given: Parameters<StoreSignals[K]>) => {
      if (!wanted(...given)) return
      stop()
      resolve()
    }) as StoreSignals[K])
  })
}

/** Looks once, as who listens does: what comes from then on is told. */
async function looked(...stores: readonly Store[]): Promise<void> {
  for (const store of stores) await store.job('nobody')
}

export function signals(subject: Subject): void {
  scene(subject, 'claimable is told when a call is sent, here and elsewhere', async ({ store, bed }) => {
    const other = await bed.open()
    const here = signal(store, 'claimable')
    const there = signal(other, 'claimable')
    await looked(other)
    await store.send(named(['a']))
    await Promise.all([here, there])
  })

  scene(subject, 'claimable is told when a delayed call comes to be due', async ({ store, bed }) => {
    await store.send(named(['a'], { delay: 5_000 }))
    const told = signal(store, 'claimable')
    await bed.turn(5_000)
    await told
  })

  scene(
    subject,
    'claimable is told when a retry, a release, a sweep, a resume or a limit makes it so',
    async ({ store, bed }) => {
      const limit = { key: 'k', concurrency: 1, strategy: 'wait' } as const
      await store.send([...named(['a']), ...named(['b', 'c'], { limit })])
      const [a, b] = await claimed(store)
      assert.ok(a && b)
      let told = signal(store, 'claimable')
      await settled(store, a, { kind: 'release' })
      await told
      told = signal(store, 'claimable')
      await settled(store, b)
      await told
      const claims = await claimed(store)
      assert.equal(claims.length, 2)
      told = signal(store, 'claimable')
      await bed.turn(10_000)
      await store.sweep()
      await told
      await store.pause('q')
      told = signal(store, 'claimable')
      await store.resume('q')
      await told
      told = signal(store, 'claimable')
      await store.retry(['b'])
      await told
    },
  )

  scene(subject, 'claimable is told when the window of a key opens', async ({ store, bed }) => {
    await store.send(named(['a', 'b'], { limit: { key: 'k', rate: { count: 1, per: 500 }, strategy: 'wait' } }))
    assert.equal((await claimed(store)).length, 1)
    const told = signal(store, 'claimable')
    await bed.turn(500)
    await told
    assert.equal((await claimed(store)).length, 1)
  })

  scene(subject, 'claimable is told when the window of a task opens', async ({ store, bed }) => {
    const rates = { t: { count: 1, per: 2_000 } }
    await store.send(named(['a', 'b']))
    assert.equal((await claimed(store, 9, { rates })).length, 1)
    const told = signal(store, 'claimable')
    await bed.turn(2_000)
    await told
    assert.equal((await claimed(store, 9, { rates })).length, 1)
  })

  scene(subject, 'ended is told of every ending, elsewhere, too', async ({ store, bed }) => {
    const other = await bed.open()
    await store.send([...named(['done', 'cancelled', 'purged']), ...named(['expired'], { expires: 1_000 })])
    await store.send([outgoing({ id: 'silent', ignoreResult: true, priority: 9 })])
    const told = ['done', 'cancelled', 'purged', 'expired', 'silent'].flatMap(id => [
      signal(store, 'ended', each => each === id),
      signal(other, 'ended', each => each === id),
    ])
    await looked(other)
    for (const claim of await claimed(store, 2)) await settled(store, claim)
    await store.cancel(['cancelled'], '1')
    await bed.turn(1_000)
    await store.sweep()
    await store.purge({ states: ['ready'] })
    await Promise.all(told)
  })

  scene(subject, 'reported is told when there is something to read, elsewhere, too', async ({ store, bed }) => {
    const other = await bed.open()
    await store.send(named(['a']))
    const { id, token } = await oneClaim(store)
    const told = Promise.all([
      signal(store, 'reported', each => each === 'a'),
      signal(other, 'reported', each => each === 'a'),
    ])
    await looked(other)
    await store.report([{ id, token, kind: 'progress', value: '1' }])
    await told
    assert.equal((await other.reports('a', 0)).length, 1)
  })

  scene(subject, 'reported is told when a call is claimed, elsewhere, too', async ({ store, bed }) => {
    const other = await bed.open()
    await store.send(named(['a']))
    const told = Promise.all([
      signal(store, 'reported', each => each === 'a'),
      signal(other, 'reported', each => each === 'a'),
    ])
    await looked(other)
    await oneClaim(store)
    await told
    assert.equal((await other.job('a'))?.state, 'running')
  })

  scene(subject, 'lost is told to who held a lease that is gone', async ({ store, bed }) => {
    await store.send(named(['a']))
    const told = signal(store, 'lost', id => id === 'a')
    await oneClaim(store)
    await bed.turn(10_000)
    await store.sweep()
    await told
  })

  scene(subject, 'control is told when a queue is paused or resumed', async ({ store, bed }) => {
    const other = await bed.open()
    let told = signal(other, 'control')
    await looked(other)
    await store.pause('q')
    await told
    told = signal(other, 'control')
    await looked(other)
    await store.resume('q')
    await told
  })

  scene(subject, 'no signal is missed by one who listens and then looks', async ({ store, bed }) => {
    const other = await bed.open()
    let seen = 0
    const all = new Promise<void>(resolve => {
      let looking = false
      let again = false
      const look = async () => {
        again = true
        if (looking) return
        looking = true
        while (again) {
          again = false
          for (const claim of await claimed(other, 7)) {
            again = true
            seen++
            await settled(other, claim)
          }
        }
        looking = false
        if (seen === 200) resolve()
      }
      other.on('claimable', () => void look())
    })
    for (let n = 0; n < 100; n++) await store.send([outgoing(), outgoing()])
    await all
  })

  scene(subject, 'who has stopped listening is told nothing more', async ({ store }) => {
    let told = 0
    const stop = store.on('claimable', () => told++)
    stop()
    stop()
    const heard = signal(store, 'claimable')
    await store.send(named(['a']))
    await heard
    assert.equal(told, 0)
  })
}
