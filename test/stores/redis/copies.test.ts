import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStore } from 'skein/queue'
import type { OutgoingCall } from 'skein/stores'
import { describeRedis, freshRedis, freshServer } from '../../support/redis-server.ts'
import { notTested, otherServer, otherServers } from '../../support/services.ts'

function call(id: string): OutgoingCall {
  return { id, queue: 'q', task: 't', headers: '{}', body: '[[],{},{}]', priority: 0, delay: 0 }
}

describeRedis('a store on Redis whose changes are to have copies', () => {
  test('takes a call in when a replica has it, and once however often it is asked for that', async () => {
    const server = await freshRedis()
    const store = await openStore(`${server.url}?wait_replicas=1`)
    try {
      assert.equal(store.broker.durability, 'relaxed')
      const sent = store.broker.send([call('a')])
      while ((await server.text('LLEN', 'q')) !== '1') await new Promise(setImmediate)
      // It is there, and there is nobody who could have a copy of it yet.
      const replica = await freshRedis('--replicaof', `127.0.0.1 ${server.port}`)
      try {
        assert.deepEqual(await sent, [{ outcome: 'accepted', id: 'a' }])
        assert.equal(await server.text('LLEN', 'q'), '1')
        await store.broker.send([call('b')])
        assert.equal(await replica.text('LLEN', 'q'), '2')
      } finally {
        await replica.stop()
      }
    } finally {
      await store.close({ timeout: 0 })
      await server.stop()
    }
  })

  test('says so at once where the server cannot wait for its disk', async () => {
    const server = await freshRedis()
    await assert.rejects(openStore(`${server.url}?wait_disk=yes`), { code: 'SKEIN_STORE_UNAVAILABLE' })
    await server.stop()
  })

  for (const name of otherServers) {
    test(`takes a call in when it is on the disk of ${name}`, async t => {
      const found = await otherServer(name)
      if (found.missing !== undefined) return notTested(t, found.missing)
      const server = await freshServer(found, '--appendonly', 'yes', '--appendfsync', 'everysec')
      const store = await openStore(`${server.url}?wait_disk=yes`)
      try {
        assert.equal(store.broker.durability, 'full')
        await store.broker.send([call('a')])
        // It dies as if the power had gone.
        await server.restart()
        assert.equal((await store.results.outcome('a')).state, 'pending')
      } finally {
        await store.close()
        await server.stop()
      }
    })
  }
})
