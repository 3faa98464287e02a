import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { call, current, task } from 'skein'
import { effect } from 'skein/queue'
import { virtualClock } from 'skein/testing'
import { decodeFailure } from '#skein/celery/result.js'
import { work } from '#skein/queue/work.js'
import type { QueueWorker } from '#skein/queue/worker/queue-worker.js'
import { memoryStore } from '#skein/stores/memory/index.js'
import type { PullSignals } from '#skein/stores/listeners.js'
import type { ClaimRequest } from '#skein/stores/pulling/pulling-intake.js'
import type { Claim, Settlement, WriteOutcome } from '#skein/stores/roles/broker.js'
import type { InspectableStore, Store } from '#skein/stores/roles/store.js'
import { altered, sourceOf } from './altered.ts'
import { deferred, type Deferred, settled } from '../../core/deferred.ts'
import { ended, event, send } from './rig.ts'

let gate: Deferred<void>
let begun: string[]

const gated = task(import.meta, async function gated(name: string) {
  begun.push(name)
  await gate.promise
  return name
})
const heeds = task(import.meta, async function heeds() {
  const s = current()
  begun.push('heeds')
  await s.sleep('1h')
})
const quick = task(import.meta, (n: number) => n, { name: 'quick' })
const wantsEffect = task(import.meta, async function wantsEffect() {
  await effect(current(), 'INSERT INTO t VALUES (?)', [1])
})

let store: InspectableStore
const workers: QueueWorker[] = []

beforeEach(() => {
  gate = deferred()
  begun = []
  store = memoryStore()
})

afterEach(async () => {
  gate.resolve()
  await Promise.all(workers.splice(0).map(each => each.close({ timeout: 0 })))
  await store.close()
})

async function start(from: Store, concurrency = 1): Promise<QueueWorker> {
  const worker = await work({
    store: from,
    tasks: [gated, heeds, quick, wantsEffect],
    on: 'loop',
    concurrency,
    grace: 20,
  })
  workers.push(worker)
  return worker
}

describe('a worker that has lost a lease', () => {
  test('stops the job and writes nothing of it', async () => {
    const settlements: Settlement[] = []
    const claims: Claim[] = []
    let tellLost: PullSignals['lost'] = () => {}
    const worker = await start(
      altered(store, {
        broker: {
          settle: async (all: readonly Settlement[]): Promise<WriteOutcome[]> => {
            settlements.push(...all)
            return all.map(() => 'ok')
          },
        },
        source: {
          claim: async (request: ClaimRequest): Promise<Claim[]> => {
            const claimed = await sourceOf(store).claim(request)
            claims.push(...claimed)
            return claimed
          },
          on: (signal, listener) => {
            if (signal === 'lost') tellLost = listener as PullSignals['lost']
            return sourceOf(store).on(signal, listener)
          },
        },
      }),
    )
    const started = event(worker, 'started')
    const [id = ''] = await send(store, call(heeds))
    await started
    const lost = event(worker, 'lost')
    const token = claims[0]?.token as number
    // Of an earlier attempt: what runs now is not meant.
    tellLost(id, token - 1)
    await settled()
    assert.equal(worker.stats().running, 1)
    tellLost(id, token)
    assert.equal((await lost).id, id)
    await settled()
    assert.deepEqual(settlements, [])
    assert.equal(worker.stats().lost, 1)
  })

  test('hears it from the store when it settles too late', async () => {
    const worker = await start(altered(store, { broker: { settle: async all => all.map((): WriteOutcome => 'lost') } }))
    const lost = event(worker, 'lost')
    const [id] = await send(store, call(quick, 1))
    assert.equal((await lost).id, id)
    assert.equal(worker.stats().done, 0)
  })
})

describe('jobs that were claimed ahead', () => {
  test('go back when the one before them takes longer than expected, so another worker can have them', async () => {
    const worker = await start(store)
    // So that it expects jobs to be short, and claims ahead.
    for (const id of await send(store, ...Array.from({ length: 50 }, (_, n) => call(quick, n)))) await ended(store, id)
    const ids = await send(store, call(gated, 'slow'), ...Array.from({ length: 20 }, (_, n) => call(quick, n)))
    const handedBack = event(worker, 'released')
    const released = await handedBack
    assert.equal(released.interrupted, false)
    assert.deepEqual(begun, ['slow'])
    await start(store)
    for (const id of ids.slice(1)) assert.equal((await ended(store, id)).state, 'done')
    assert.equal((await store.inspector.find(ids[0] ?? ''))?.state, 'running')
    gate.resolve()
    assert.equal((await ended(store, ids[0] ?? '')).state, 'done')
  })

  test('go back at once when the worker stops', async () => {
    const worker = await start(store)
    for (const id of await send(store, ...Array.from({ length: 50 }, (_, n) => call(quick, n)))) await ended(store, id)
    const started = event(worker, 'started')
    const ids = await send(store, call(gated, 'slow'), call(quick, 1), call(quick, 2))
    await started
    const stopped = worker.close()
    while ((await store.inspector.find(ids[2] ?? ''))?.state !== 'ready') await settled()
    assert.equal((await store.inspector.find(ids[2] ?? ''))?.attempt, 0)
    gate.resolve()
    assert.equal((await stopped).finished, 1)
  })
})

describe('a store that fails for a while', () => {
  test('is asked again, and the worker says so meanwhile', async () => {
    let broken = true
    const worker = await start(
      altered(store, {
        source: {
          claim: request => {
            if (broken) return Promise.reject(new Error('no route to the store'))
            return sourceOf(store).claim(request)
          },
        },
      }),
    )
    const trouble = await event(worker, 'trouble')
    assert.match(String(trouble.error), /no route/)
    assert.deepEqual(
      [worker.health().consuming, worker.health().reason],
      [false, 'the last claim failed: no route to the store'],
    )
    const [id = ''] = await send(store, call(quick, 7))
    broken = false
    assert.equal((await ended(store, id)).state, 'done')
    assert.equal(worker.health().consuming, true)
  })

  test('is asked now and then although it signals nothing, so that a signal that got lost stops nobody', async () => {
    const clock = virtualClock()
    const quiet = memoryStore()
    try {
      const worker = await start(
        altered(quiet, {
          source: {
            ...sourceOf(quiet),
            on: (signal, listener) => (signal === 'claimable' ? () => {} : sourceOf(quiet).on(signal, listener)),
          },
        }),
      )
      await settled()
      const [id = ''] = await send(quiet, call(quick, 7))
      await settled()
      assert.equal((await quiet.inspector.find(id))?.state, 'ready')
      await clock.advance('10s')
      await settled()
      assert.equal((await quiet.inspector.find(id))?.state, 'done')
      await worker.close({ timeout: 0 })
    } finally {
      clock.restore()
      await quiet.close()
    }
  })

  test('that does not answer a claim is told as such, until it does', async () => {
    const clock = virtualClock()
    const answer = deferred<void>()
    const worker = await start(
      altered(store, {
        source: {
          claim: async request => {
            await answer.promise
            return sourceOf(store).claim(request)
          },
        },
      }),
    )
    await settled()
    await clock.advance('11s')
    assert.deepEqual(
      [worker.health().consuming, worker.health().reason],
      [false, 'the store has not answered a claim for a long time'],
    )
    clock.restore()
    const [id = ''] = await send(store, call(quick, 7))
    answer.resolve()
    assert.equal((await ended(store, id)).state, 'done')
    assert.equal(worker.health().consuming, true)
  })

  test('gets a result that it could not write the first time', async () => {
    let failures = 2
    const worker = await start(
      altered(store, {
        broker: {
          settle: all => {
            if (failures-- > 0) return Promise.reject(new Error('the disk is full'))
            return store.broker.settle(all)
          },
        },
      }),
    )
    const trouble = event(worker, 'trouble')
    const [id = ''] = await send(store, call(quick, 7))
    await trouble
    assert.deepEqual(
      [worker.health().consuming, worker.health().reason],
      [false, 'what it has done cannot be written: the disk is full'],
    )
    assert.equal((await ended(store, id)).result, '7')
    await settled()
    assert.equal(worker.stats().done, 1)
    assert.equal(worker.health().consuming, true)
  })

  test('that refuses a result makes the job fail, not its neighbours', async () => {
    await start(
      altered(store, {
        broker: {
          settle: async all => {
            const refused = (each: Settlement): boolean => each.kind === 'done' && each.result === '13'
            const written = await store.broker.settle(all.filter(each => !refused(each)))
            return all.map(each => (refused(each) ? { refused: 'it is unlucky' } : (written.shift() ?? 'ok')))
          },
        },
      }),
    )
    const ids = await send(store, call(quick, 12), call(quick, 13), call(quick, 14))
    const jobs = await Promise.all(ids.map(id => ended(store, id)))
    assert.deepEqual(
      jobs.map(job => job.state),
      ['done', 'failed', 'done'],
    )
    assert.match(String(decodeFailure(jobs[1]?.error ?? '')), /it is unlucky/)
  })
})

describe('an effect', () => {
  test('is refused where the store cannot commit it', async () => {
    await start(store)
    const [id = ''] = await send(store, call(wantsEffect))
    const job = await ended(store, id)
    assert.equal(job.state, 'failed')
    assert.match(String(decodeFailure(job.error ?? '')), /cannot commit effects/)
  })
})
