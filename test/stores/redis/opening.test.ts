import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { inspect } from 'node:util'
import { openStore } from 'skein/queue'
import { newConnection, opened } from '#skein/stores/redis/connection/client.js'
import { redisPlace } from '#skein/stores/redis/url.js'
import { describeRedis, freshRedis, type RedisServer } from '../../support/redis-server.ts'

/** The error with which a store cannot be opened. */
async function refusal(url: string): Promise<Error & { code?: string }> {
  const outcome = await openStore(url).then(
    store => store,
    (error: unknown) => error as Error,
  )
  if (outcome instanceof Error) return outcome
  await outcome.close()
  return assert.fail(`${url} was opened`)
}

test('no URL of a Redis store that is refused shows its password, whatever is in it', async () => {
  for (const url of [
    'redis://user:sec%zzret@127.0.0.1/0',
    'redis://user:sec/ret@127.0.0.1/0',
    'redis://user:sec@ret@127.0.0.1/none',
    'redis://user:sec?ret@127.0.0.1/0',
    'redis://user:sec#ret@127.0.0.1/0',
    'redys://user:sec/ret@127.0.0.1/0',
  ]) {
    const { code, message } = await refusal(url)
    assert.equal(code, 'SKEIN_INVALID_ARGUMENT', url)
    assert.doesNotMatch(message, /sec|ret/, url)
  }
})

test('the URL of a Redis store is shown without its user and password, and with all that is not secret', () => {
  const { url, connection, prefix } = redisPlace('redis://user:s@e%25cret@127.0.0.1:6380/2?prefix=a@b')
  assert.equal(url, 'redis://…@127.0.0.1:6380/2?prefix=a@b')
  assert.equal(connection.password, 's@e%cret')
  assert.equal(prefix, 'a@b')
})

for (const url of ['redis://127.0.0.1:0', 'redis://127.0.0.1:65536', 'redis://127.0.0.1/-1', 'redis://127.0.0.1/NaN']) {
  test(`${url} is no place of a Redis store`, () => {
    assert.throws(() => redisPlace(url), { code: 'SKEIN_INVALID_ARGUMENT' })
  })
}

describeRedis('opening a store on Redis', () => {
  let server: RedisServer
  let guarded: RedisServer

  before(async () => {
    server = await freshRedis()
    guarded = await freshRedis('--requirepass', 'right')
  })
  after(async () => {
    await server.stop()
    await guarded.stop()
  })

  const host = (port: number, user = ''): string => `redis://${user}127.0.0.1:${port}`
  const refusals: readonly (readonly [what: string, url: () => string, why: RegExp])[] = [
    ['does not listen', () => host(1), /ECONNREFUSED/],
    ['wants a password', () => host(guarded.port), /NOAUTH/],
    ['wants another password', () => host(guarded.port, ':wrong@'), /WRONGPASS/],
    ['has no database of that number', () => `${host(server.port)}/16`, /DB index is out of range/],
  ]
  for (const [what, url, why] of refusals) {
    test(`says why, where the server ${what}`, async () => {
      const error = await refusal(url())
      assert.equal(error.code, 'SKEIN_STORE_UNAVAILABLE')
      assert.match(error.message, why)
      assert.doesNotMatch(inspect(error, { depth: 9 }), /wrong/)
    })
  }

  test('ends although the server takes the connection and never says anything', async () => {
    const silent = createServer(socket => socket.resume()).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    await assert.rejects(opened(newConnection({ host: '127.0.0.1', port }, host(port)), 50), /not ready within 0.05 s/)
    silent.close()
    await once(silent, 'close')
  })

  test('says so where the server is full, and goes on when it has room', async () => {
    await using store = await openStore(server.url)
    const call = { queue: 'q', task: 't', headers: '{}', body: '[[],{},{}]', priority: 0, delay: 0 }
    await store.broker.send([{ ...call, id: 'before' }])
    await server.text('CONFIG', 'SET', 'maxmemory', '1')
    await assert.rejects(store.broker.send([{ ...call, id: 'full' }]), { code: 'SKEIN_STORE_FULL' })
    await server.text('CONFIG', 'SET', 'maxmemory', '0')
    assert.equal((await store.broker.send([{ ...call, id: 'full' }]))[0]?.outcome, 'accepted')
  })

  test('says so where another program keeps something else under the name of a queue', async () => {
    await server.text('SET', 'taken', '1')
    await using store = await openStore(server.url)
    const call = { id: 'a', queue: 'taken', task: 't', headers: '{}', body: '[[],{},{}]', priority: 0, delay: 0 }
    await assert.rejects(store.broker.send([call]), { code: 'SKEIN_STORE_UNAVAILABLE', message: /WRONGTYPE/ })
  })
})
