import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { openStore } from 'skein/queue'
import { type InspectableStore, jobCounter, type OutgoingCall } from 'skein/stores'
import { report } from '#skein/stores/redis/scripts/hold.js'
import { changeSchedules, dueSchedules, findSchedules } from '#skein/stores/redis/scripts/schedules.js'
import type { Script } from '#skein/stores/redis/scripts/script.js'
import { send, stage } from '#skein/stores/redis/scripts/send.js'
import { settle } from '#skein/stores/redis/scripts/settle.js'
import { neededCounters, take } from '#skein/stores/redis/scripts/transfer.js'
import { conclude, members, signal, wake } from '#skein/stores/redis/scripts/wake.js'
import { describeRedis, freshRedis, type RedisServer } from '../../support/redis-server.ts'
import { call, cutting as cutAt, moments, taken } from './cut-scene.ts'
import { type CuttingProxy, cuttingProxy } from './cutting-proxy.ts'

/** A graph: so many calls, and one that waits for them. */
function graph(size: number): OutgoingCall {
  return call('root', {
    after: { counter: 'c', members: size, failure: 'drop' },
    inner: Array.from({ length: size }, (_, member) =>
      call(`n${member}`, { counts: [{ counter: 'c', member, owned: true }] }),
    ),
  })
}

/** Its errback sends `tell` when it has failed. */
const tells = `[[],{},{"callbacks":null,"errbacks":[${JSON.stringify({
  task: 'tell',
  args: [],
  kwargs: {},
  options: { queue: 'errors' },
  subtask_type: null,
  immutable: false,
})}],"chain":null,"chord":null}]`

describeRedis('a store on Redis whose connection is cut while calls wait for each other', () => {
  let server: RedisServer
  let proxy: CuttingProxy
  let store: InspectableStore

  before(async () => {
    server = await freshRedis()
    // The server knows the scripts from then on, so that each is one command.
    proxy = await cuttingProxy(server.port)
    store = (await openStore(`redis://127.0.0.1:${proxy.port}/0`)) as InspectableStore
    for (const [, act] of Object.values(acts)) {
      await act()
      await server.text('FLUSHDB')
    }
    await store.close()
    await proxy.close()
  })
  after(() => server.stop())

  beforeEach(async () => {
    await server.text('FLUSHDB')
    proxy = await cuttingProxy(server.port)
    store = (await openStore(`redis://127.0.0.1:${proxy.port}/0`)) as InspectableStore
  })
  afterEach(async () => {
    await store.close()
    await proxy.close()
  })

  const fail = async (id: string): Promise<void> => {
    const [claim] = await taken(store, 1)
    assert.equal(claim?.id, id)
    await store.broker.settle([{ id, token: claim?.token as number, kind: 'failed', error: '{"m":1}' }])
  }

  /** What is done, by the script that is cut meanwhile, and what has come of it. */
  const acts: Readonly<Record<string, readonly [Script, () => Promise<unknown>]>> = {
    'keeps a graph once': [
      send,
      async () => {
        await store.broker.send([graph(3)])
        return [await server.text('LLEN', 'q'), (await store.inspector.list({ states: ['held'] })).length]
      },
    ],
    'keeps a large graph once': [
      stage,
      async () => {
        await store.broker.send([graph(600)])
        return [await server.text('LLEN', 'q'), await server.text('KEYS', 'skein:staged:*')]
      },
    ],
    'goes on with a large graph': [
      wake,
      async () => {
        await store.broker.send([graph(1_200)])
        return [await server.text('LLEN', 'q'), await server.text('EXISTS', 'skein:work')]
      },
    ],
    'counts members once, and lets go who waits for them': [
      settle,
      async () => {
        await store.broker.send([graph(2)])
        const claims = await taken(store, 2)
        await store.broker.settle(claims.map(({ id, token }) => ({ id, token, kind: 'done', result: '1' })))
        return [(await store.counters.members('c', -1)).length, await server.text('LLEN', 'q')]
      },
    ],
    'sends once what follows a call that was dropped': [
      conclude,
      async () => {
        const { inner = [], ...root } = graph(1)
        await store.broker.send([{ ...root, body: tells, inner }])
        await fail('n0')
        return [(await store.results.outcome('root')).state, await server.text('LLEN', 'errors')]
      },
    ],
    'keeps a signal once': [
      signal,
      async () => {
        await store.broker.send([call('a')])
        await store.counters.signal('a', 'go', '1')
        return store.counters.members(jobCounter('a'), -1)
      },
    ],
    'keeps a step and the calls that it sends once': [
      report,
      async () => {
        await store.broker.send([call('a')])
        const [a] = await taken(store, 1)
        const child = call('a/b', { counts: [{ counter: jobCounter('a'), member: 7, owned: true }] })
        const step = { id: 'a', token: a?.token as number, kind: 'step', name: 's', value: '1', next: [child] } as const
        return [await store.results.report([step]), await server.text('LLEN', 'q')]
      },
    ],
    'shows the members of a counter': [members, () => store.counters.members('c', -1)],
    'shows who needs a counter': [
      neededCounters,
      async () => {
        await store.broker.send([graph(2)])
        await fail('n0')
        return (await store.transfer.members()).map(({ id }) => id)
      },
    ],
    'takes members in once': [
      take,
      async () => {
        const member = { counter: 'c', member: 0, id: 'a', state: 'done', result: '1' } as const
        await store.transfer.take({ calls: [], members: [member] })
        return store.counters.members('c', -1)
      },
    ],
    'changes a schedule and sends its term once': [
      changeSchedules,
      async () => {
        const to = { definition: '1', progress: '2', dueAt: 0 }
        const [changed] = await store.schedules.change([{ name: 's', version: 0, to, terms: [{ call: call('s@1') }] }])
        return [changed?.outcome, await server.text('LLEN', 'q')]
      },
    ],
    'shows a schedule': [findSchedules, () => store.schedules.find('s')],
    'shows what is due': [dueSchedules, async () => (await store.schedules.due(5)).due],
  }

  for (const moment of moments) {
    for (const [title, [script, act]] of Object.entries(acts)) {
      test(`${title}, where that is cut ${moment}`, async () => {
        const once = await act()
        await server.text('FLUSHDB')
        assert.deepEqual(await cutAt(proxy, script, moment, act), once)
      })
    }
  }
})
