import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { openStore } from 'skein/queue'
import type { Claim, InspectableStore, Intake, OutgoingCall, Store } from 'skein/stores'
import { aftermathOf } from '#skein/celery/canvas/aftermath.js'
import { retry } from '#skein/stores/redis/scripts/again.js'
import { endChord, lookAtChord } from '#skein/stores/redis/scripts/chord.js'
import { claim } from '#skein/stores/redis/scripts/claim.js'
import { announce, cancel, pause } from '#skein/stores/redis/scripts/control.js'
import { retain } from '#skein/stores/redis/scripts/history.js'
import { report, renew } from '#skein/stores/redis/scripts/hold.js'
import { find, list, purge, stats } from '#skein/stores/redis/scripts/inspect.js'
import { claims, look, reports, workers } from '#skein/stores/redis/scripts/look.js'
import { answer } from '#skein/stores/redis/scripts/remote.js'
import type { Script } from '#skein/stores/redis/scripts/script.js'
import { send } from '#skein/stores/redis/scripts/send.js'
import { settle } from '#skein/stores/redis/scripts/settle.js'
import { moving, take } from '#skein/stores/redis/scripts/transfer.js'
import { describeRedis, freshRedis, type RedisServer } from '../../support/redis-server.ts'
import { call, cutting as cutAt, moments, taken } from './cut-scene.ts'
import { type CuttingProxy, cuttingProxy } from './cutting-proxy.ts'

/** The only member of a chord, as Celery has it. */
const member: OutgoingCall = {
  ...call('member'),
  headers: '{"lang":"py","task":"t","id":"member","group":"g","group_index":0}',
  body: '[[],{},{"callbacks":null,"errbacks":null,"chain":null,"chord":{"task":"body","args":[],"kwargs":{},"options":{"task_id":"body"},"subtask_type":null,"immutable":false}}]',
}

describeRedis('a store on Redis whose connection is cut', () => {
  let server: RedisServer
  let proxy: CuttingProxy
  let store: Store

  before(async () => {
    server = await freshRedis()
    // The server knows the scripts from then on, so that each is one command.
    await using first = await openStore(server.url)
    await first.broker.send([call('first')])
    const [claimed] = await taken(first, 1)
    assert.ok(claimed)
    await first.broker.renew([claimed], 60_000)
    await first.results.report([{ ...claimed, kind: 'progress', value: '1' }])
    await first.broker.settle([{ id: 'first', token: claimed.token, kind: 'done', result: '1' }])
    await first.broker.send([member])
    await endMember(first)
    const { inspector, registry, transfer } = first as InspectableStore
    await inspector.cancel(['first'], '1')
    await inspector.retry(['first'])
    await inspector.find('first')
    await inspector.list({})
    await inspector.stats()
    await inspector.pause('first')
    await transfer.take({ calls: await transfer.calls(0), members: [] })
    await inspector.purge({})
    await registry.announce('first', undefined)
    await registry.workers()
    await first.results.reports('first', 0)
    await first.remote?.answer({ exchange: 'reply.celery.pidbox', routingKey: 'r' }, { headers: '{}', body: '{}' })
  })
  after(() => server.stop())

  beforeEach(async () => {
    await server.text('FLUSHDB')
    proxy = await cuttingProxy(server.port)
    store = await openStore(`redis://127.0.0.1:${proxy.port}/0`)
  })
  afterEach(async () => {
    await store.close()
    await proxy.close()
  })

  /** Ends the only member of a chord. */
  async function endMember(of: Store): Promise<void> {
    await server.text('SET', 'celery-taskset-meta-g.s', '1')
    const [claimed] = await taken(of, 1)
    assert.ok(claimed)
    const canvas = aftermathOf(claimed, { state: 'done', result: '1' }, { newId: () => 'new', knows: () => true })
    const end = { id: 'member', token: claimed.token, kind: 'done', result: '1', canvas } as const
    assert.deepEqual(await of.broker.settle([end]), ['ok'])
  }

  const cutting = <T>(script: Script, moment: (typeof moments)[number], action: () => Promise<T>): Promise<T> =>
    cutAt(proxy, script, moment, action)

  for (const moment of moments) {
    test(`sends a call once that is cut ${moment}`, async () => {
      const outcomes = await cutting(send, moment, () => store.broker.send([call('a'), call('b')]))
      assert.deepEqual(
        outcomes.map(each => each.outcome),
        ['accepted', 'accepted'],
      )
      assert.equal(await server.text('LLEN', 'q'), '2')
    })

    test(`hands over what was taken, once and under one token, where that is cut ${moment}`, async () => {
      await store.broker.send([call('a'), call('b')])
      const claims = await cutting(claim, moment, () => taken(store, 2))
      assert.deepEqual(
        claims.map(({ id, token, attempt, deaths }) => [id, token, attempt, deaths]),
        [
          ['a', 1, 1, 0],
          ['b', 1, 1, 0],
        ],
      )
      assert.equal(await server.text('HLEN', 'unacked'), '2')
      for (const { id, token } of claims)
        assert.deepEqual(await store.broker.settle([{ id, token, kind: 'done', result: '1' }]), ['ok'])
      assert.equal(await server.text('HLEN', 'unacked'), '0')
    })

    test(`ends a call and sends what follows once, where that is cut ${moment}`, async () => {
      await store.broker.send([call('a')])
      const [a] = await taken(store, 1)
      assert.ok(a)
      const settling = { id: 'a', token: a.token, kind: 'done', result: '1', next: [call('b')] } as const
      assert.deepEqual(await cutting(settle, moment, () => store.broker.settle([settling])), ['ok'])
      assert.equal((await store.results.outcome('a')).state, 'done')
      assert.equal(await server.text('LLEN', 'q'), '1')
      assert.deepEqual(await store.broker.settle([settling]), ['lost'])
    })

    for (const script of [settle, lookAtChord, endChord]) {
      test(`counts the end of a member of a chord once, and sends the body once, where ${script.name} is cut ${moment}`, async () => {
        await store.broker.send([member])
        await cutting(script, moment, () => endMember(store))
        assert.equal(await server.text('LLEN', 'q'), '1')
        assert.equal(await server.text('KEYS', 'celery-taskset-meta-*'), 'celery-taskset-meta-g.c')
        assert.equal(await server.text('KEYS', 'skein:chord*'), '')
        assert.match((await taken(store, 1))[0]?.body ?? '', /^\[\[\[1\]\],/)
      })
    }

    test(`answers a command once that is cut ${moment}`, async () => {
      await server.text('SADD', '_kombu.binding.reply.celery.pidbox', 'r\u0006\u0016\u0006\u0016r.reply.celery.pidbox')
      const to = { exchange: 'reply.celery.pidbox', routingKey: 'r' }
      await cutting(answer, moment, async () => store.remote?.answer(to, { headers: '{}', body: '{}' }))
      assert.equal(await server.text('LLEN', 'r.reply.celery.pidbox'), '1')
    })

    test(`puts a call back once for another attempt, where that is cut ${moment}`, async () => {
      await store.broker.send([call('a')])
      const [a] = await taken(store, 1)
      assert.ok(a)
      const retry = { id: 'a', token: a.token, kind: 'retry', error: '{}', delay: 0 } as const
      assert.deepEqual(await cutting(settle, moment, () => store.broker.settle([retry])), ['ok'])
      assert.equal(await server.text('LLEN', 'q'), '1')
      const [again] = await taken(store, 1)
      assert.equal(again?.attempt, 2)
    })

    test(`keeps a report once that is cut ${moment}`, async () => {
      await store.broker.send([call('a')])
      const [a] = await taken(store, 1)
      assert.ok(a)
      const item = { id: 'a', token: a.token, kind: 'item', value: '1' } as const
      assert.deepEqual(await cutting(report, moment, () => store.results.report([item])), ['ok'])
      assert.equal((await store.results.reports('a', 0)).length, 1)
    })

    test(`cancels a call that waits, and asks one that runs to stop, once, where that is cut ${moment}`, async () => {
      await store.broker.send([call('a'), call('b')])
      await taken(store, 1)
      const cancelled = await cutting(cancel, moment, async () => store.inspector?.cancel?.(['a', 'b', 'c'], '"no"'))
      assert.deepEqual(cancelled, ['cancelling', 'cancelled', 'gone'])
      assert.deepEqual(
        (await store.results.reports('a', 0)).map(each => each.value),
        ['{"state":"cancelling","reason":"no"}'],
      )
      assert.equal((await store.results.outcome('b')).state, 'cancelled')
    })

    test(`pauses a queue, and lets it go on, where that is cut ${moment}`, async () => {
      await cutting(pause, moment, async () => store.inspector?.pause?.('q'))
      assert.equal(await server.text('SISMEMBER', 'skein:paused', 'q'), '1')
      await cutting(pause, moment, async () => store.inspector?.resume?.('q'))
      assert.equal(await server.text('EXISTS', 'skein:paused'), '0')
    })

    test(`knows a worker that has announced itself once, where that is cut ${moment}`, async () => {
      const record = { queues: ['q'], tasks: ['t'], concurrency: 2, place: 'threads' }
      await cutting(announce, moment, async () => store.registry?.announce('w', record))
      const [worker, ...more] = (await store.registry?.workers()) ?? []
      assert.deepEqual([worker?.worker, worker?.concurrency, worker?.running, more.length], ['w', 2, 0, 0])
    })

    test(`makes a call run again once, where that is cut ${moment}`, async () => {
      await store.broker.send([call('a')])
      const [a] = await taken(store, 1)
      await store.broker.settle([{ id: 'a', token: a?.token as number, kind: 'failed', error: '{}' }])
      const { inspector } = store as InspectableStore
      assert.deepEqual(await cutting(retry, moment, () => inspector.retry(['a'])), ['ready'])
      assert.equal(await server.text('LLEN', 'q'), '1')
      assert.deepEqual((await inspector.stats()).queues[0]?.counts.failed, 0)
    })

    test(`forgets calls once, and says how many, where that is cut ${moment}`, async () => {
      await store.broker.send([call('a'), call('b')])
      const { inspector } = store as InspectableStore
      assert.equal(await cutting(purge, moment, () => inspector.purge({ queue: 'q' })), 2)
      assert.equal(await server.text('LLEN', 'q'), '0')
    })

    test(`takes in what was in another store once, where that is cut ${moment}`, async () => {
      await store.broker.send([call('a')])
      const { transfer } = store as InspectableStore
      const calls = (await transfer.calls(0)).map(each => ({ ...each, id: 'b' }))
      assert.deepEqual(await cutting(take, moment, () => transfer.take({ calls, members: [] })), ['taken'])
      assert.equal(await server.text('LLEN', 'q'), '2')
    })

    test(`changes what is kept of the past, where that is cut ${moment}`, async () => {
      const { inspector } = store as InspectableStore
      const changed = await cutting(retain, moment, () => inspector.retain({ done: { count: 5 } }))
      assert.deepEqual([changed.done.count, changed.failed.count], [5, 10_000])
    })

    test(`answers whoever looks, where that is cut ${moment}`, async () => {
      const { inspector, registry, results, transfer } = store as InspectableStore
      await store.broker.send([call('a')])
      const looks: readonly (readonly [Script, () => Promise<unknown>])[] = [
        [find, () => inspector.find('a')],
        [list, () => inspector.list({})],
        [stats, async () => (await inspector.stats()).queues.map(each => each.counts)],
        [moving, () => transfer.calls(0)],
        [workers, () => registry.workers()],
        [claims, () => registry.workers()],
        [look, () => results.outcome('a')],
        [reports, () => results.reports('a', 0)],
      ]
      for (const [script, ask] of looks) {
        const before = await ask()
        assert.deepEqual(await cutting(script, moment, ask), before, script.name)
      }
    })

    test(`renews a lease that is cut ${moment}`, async () => {
      await store.broker.send([call('a')])
      const claims = await taken(store, 1)
      assert.deepEqual(await cutting(renew, moment, () => store.broker.renew(claims, 60_000)), ['ok'])
    })
  }

  test('keeps no answer that has arrived', async () => {
    for (let n = 0; n < 10; n++) await store.broker.send([call(`${n}`)])
    const [key] = (await server.text('KEYS', 'skein:replies:*')).split('\n')
    assert.equal(await server.text('HLEN', key as string), '1')
  })

  test('takes what comes after all its connections were cut while it waited', async () => {
    const waits = taken(store, 1)
    while (!(await server.text('CLIENT', 'LIST')).includes('cmd=blmove')) await new Promise(setImmediate)
    proxy.cutAll()
    await server.text(
      'LPUSH',
      'q',
      JSON.stringify({
        body: '',
        headers: { task: 't', id: 'x' },
        'content-type': 'application/json',
        properties: { body_encoding: 'base64', delivery_tag: 'x' },
      }),
    )
    assert.equal((await waits)[0]?.id, 'x')
  })

  test('tells those who wait for a call of its end, although it was not heard while it was cut', async () => {
    await store.broker.send([call('a')])
    const ended = new Promise<void>(resolve => void store.results.watch('a', { ended: () => resolve() }))
    await store.results.outcome('a')
    proxy.fault = 'refuses'
    proxy.cutAll()
    await using other = await openStore(server.url)
    const [a] = await taken(other, 1)
    await other.broker.settle([{ id: 'a', token: a?.token as number, kind: 'done', result: '1' }])
    proxy.fault = 'none'
    await ended
    assert.equal((await store.results.outcome('a')).state, 'done')
  })

  for (const fault of ['deaf', 'mute'] as const) {
    test(`goes another way where this one is ${fault}, also to hear of the end of a call`, async () => {
      await store.broker.send([call('a')])
      const ended = new Promise<void>(resolve => void store.results.watch('a', { ended: () => resolve() }))
      await store.results.outcome('a')
      const [a] = await taken(store, 1)
      proxy.fault = fault
      const sent = store.broker.send([call('b')])
      await using other = await openStore(server.url)
      if (fault === 'mute') while ((await server.text('LLEN', 'q')) === '0') await new Promise(setImmediate)
      await other.broker.settle([{ id: 'a', token: a?.token as number, kind: 'done', result: '1' }])
      // It is bad for as long as that is so, and no connection is cut when it is over.
      proxy.fault = 'none'
      assert.deepEqual(
        (await sent).map(each => each.outcome),
        ['accepted'],
      )
      await ended
      assert.equal(await server.text('LLEN', 'q'), '1')
    })
  }

  test('asks a call to stop, although nothing was heard of that while it was cut', async () => {
    await store.broker.send([call('a')])
    const asked: [id: string, reason: string][] = []
    let told = (): void => {}
    const heard = new Promise<void>(resolve => (told = resolve))
    await taken(store, 1, (id, reason) => {
      asked.push([id, reason])
      told()
    })
    proxy.fault = 'refuses'
    proxy.cutAll()
    await using other = await openStore(server.url)
    assert.deepEqual(await other.inspector?.cancel?.(['a'], '"enough"'), ['cancelling'])
    proxy.fault = 'none'
    await heard
    assert.deepEqual(asked[0], ['a', '"enough"'])
  })

  test('goes on with a queue that was resumed while nothing was heard', async () => {
    await store.inspector?.pause?.('q')
    await store.broker.send([call('a')])
    const waits = taken(store, 1)
    while ((await server.text('PUBSUB', 'CHANNELS', 'skein:due')) === '') await new Promise(setImmediate)
    proxy.fault = 'refuses'
    proxy.cutAll()
    await using other = await openStore(server.url)
    await other.inspector?.resume?.('q')
    proxy.fault = 'none'
    assert.equal((await waits)[0]?.id, 'a')
  })

  test('waits for a queue that is paused, and asks nothing meanwhile', async () => {
    await store.inspector?.pause?.('q')
    await store.broker.send([call('a')])
    const waits = taken(store, 1)
    // It has asked, has heard that the queue is paused, and waits.
    while ((await server.text('PUBSUB', 'CHANNELS', 'skein:due')) === '') await new Promise(setImmediate)
    await store.results.outcome('nobody')
    assert.ok(!(await server.text('CLIENT', 'LIST')).includes('cmd=blmove'))
    await store.inspector?.resume?.('q')
    assert.equal((await waits)[0]?.id, 'a')
  })

  test('says so where nothing can be reached, and does not wait for ever', async () => {
    proxy.fault = 'refuses'
    await assert.rejects(openStore(`redis://user:secret@127.0.0.1:${proxy.port}/0`), (error: unknown) => {
      const { code, message } = error as { code: string; message: string }
      assert.equal(code, 'SKEIN_STORE_UNAVAILABLE')
      assert.doesNotMatch(message, /secret/)
      return true
    })
    proxy.fault = 'none'
  })

  test('forgets no script that the server has forgotten', async () => {
    await store.broker.send([call('a')])
    await server.text('SCRIPT', 'FLUSH')
    const [a] = await taken(store, 1)
    assert.equal(a?.id, 'a')
  })
})

describeRedis('a store on Redis whose server dies', () => {
  test('goes on when it is back: nothing that was accepted is lost, and nobody who waits is left', async () => {
    const server = await freshRedis('--appendonly', 'yes', '--appendfsync', 'always')
    const store = await openStore(server.url)
    try {
      const ended = new Set<string>()
      const accepted = new Set<string>()
      let all = (): void => {}
      const end = async (claims: readonly Claim[]): Promise<void> => {
        intake.want(5)
        const settled = await store.broker.settle(
          claims.map(({ id, token }) => ({ id, token, kind: 'done', result: '1' })),
        )
        for (const [at, outcome] of settled.entries()) if (outcome === 'ok') ended.add(claims[at]?.id as string)
        all()
      }
      const intake: Intake = store.broker.intake(
        { worker: 'w', queues: ['q'], tasks: [], lease: 60_000 },
        {
          claims: claims => void end(claims),
          cancelling: () => {},
          lost: () => {},
          trouble: () => {},
        },
      )
      intake.want(5)
      for (let round = 0; round < 3; round++) {
        const sent = Promise.all(
          Array.from({ length: 40 }, async (_, n) => {
            const id = `${round} ${n}`
            await store.broker.send([call(id)])
            accepted.add(id)
          }),
        )
        await server.restart()
        await sent
      }
      await new Promise<void>(resolve => {
        all = () => ended.size === 120 && resolve()
        all()
      })
      assert.deepEqual(ended, accepted)
      await intake.stop()
      intake.close()
      assert.equal(await server.text('HLEN', 'unacked'), '0')
      assert.equal(await server.text('ZCARD', 'unacked_index'), '0')
      assert.equal(await server.text('LLEN', 'q'), '0')
    } finally {
      await store.close()
      await server.stop()
    }
  })
})
