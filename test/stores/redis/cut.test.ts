import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { openStore } from 'skein/queue'
import type { Claim, Intake, OutgoingCall, Store } from 'skein/stores'
import { claim } from '#skein/stores/redis/scripts/claim.js'
import { report, renew } from '#skein/stores/redis/scripts/hold.js'
import type { Script } from '#skein/stores/redis/scripts/script.js'
import { send } from '#skein/stores/redis/scripts/send.js'
import { settle } from '#skein/stores/redis/scripts/settle.js'
import { describeRedis, freshRedis, type RedisServer } from '../../support/redis-server.ts'
import { type CuttingProxy, cuttingProxy } from './cutting-proxy.ts'

function call(id: string): OutgoingCall {
  return { id, queue: 'q', task: 't', headers: '{}', body: '[[],{},{}]', priority: 0, delay: 0 }
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

  /** The claims that come within one intake, until there are so many. */
  async function taken(from: Store, count: number): Promise<Claim[]> {
    const claims: Claim[] = []
    let intake: Intake | undefined
    await new Promise<void>(resolve => {
      intake = from.broker.intake(
        { worker: 'w', queues: ['q'], tasks: [], lease: 60_000 },
        {
          claims: each => {
            claims.push(...each)
            if (claims.length >= count) resolve()
          },
          cancelling: () => {},
          lost: () => {},
          trouble: () => {},
        },
      )
      intake.want(count)
    })
    await intake?.stop()
    intake?.close()
    return claims
  }

  const moments = ['before its work', 'between its work and its answer'] as const

  /** Cuts the connection at one command, once; it must have been cut when all is over. */
  async function cutting<T>(script: Script, moment: (typeof moments)[number], action: () => Promise<T>): Promise<T> {
    const cut = proxy.cutAt(script.sha, moment === 'before its work' ? 'request' : 'answer')
    const done = await action()
    await cut
    return done
  }

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
    proxy.refuses = true
    proxy.cutAll()
    await using other = await openStore(server.url)
    const [a] = await taken(other, 1)
    await other.broker.settle([{ id: 'a', token: a?.token as number, kind: 'done', result: '1' }])
    proxy.refuses = false
    await ended
    assert.equal((await store.results.outcome('a')).state, 'done')
  })

  test('says so where nothing can be reached, and does not wait for ever', async () => {
    proxy.refuses = true
    await assert.rejects(openStore(`redis://user:secret@127.0.0.1:${proxy.port}/0`), (error: unknown) => {
      const { code, message } = error as { code: string; message: string }
      assert.equal(code, 'SKEIN_STORE_UNAVAILABLE')
      assert.doesNotMatch(message, /secret/)
      return true
    })
    proxy.refuses = false
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
