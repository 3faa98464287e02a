import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { openStore } from 'skein/queue'
import type { InspectableStore, OutgoingCall } from 'skein/stores'
import type { RedisStore } from '#skein/stores/redis/redis-store.js'
import { describeRedis, freshRedis, type RedisServer } from '../../support/redis-server.ts'
import { call } from './cut-scene.ts'

/** A member of a counter as a graph has it: nobody asks for its result but those who wait for it. */
const member: OutgoingCall = call('member', {
  headers: '{"lang":"js","task":"t","id":"member","ignore_result":true}',
  ignoreResult: true,
  counts: [{ counter: 'c', member: 0, owned: true }],
})

describeRedis('a member of a counter that a worker in Python has run', () => {
  let server: RedisServer
  let store: InspectableStore & RedisStore

  before(async () => {
    server = await freshRedis()
  })
  after(() => server.stop())

  beforeEach(async () => {
    await server.text('FLUSHDB')
    store = (await openStore(server.url)) as InspectableStore & RedisStore
  })
  afterEach(() => store.close())

  /** Takes the message as kombu does, and writes the result as Celery does. */
  async function runInPython(status: 'SUCCESS' | 'FAILURE', result: string): Promise<void> {
    const after = { counter: 'c', members: 1, failure: 'drop' } as const
    await store.broker.send([call('root', { queue: 'other', after, inner: [member] })])
    const message = JSON.parse(await server.text('RPOP', 'q')) as { readonly headers: Record<string, unknown> }
    // It would write no result otherwise.
    assert.equal(message.headers['ignore_result'], false)
    const document = `{"status": "${status}", "result": ${result}, "traceback": null, "children": [], "task_id": "member"}`
    await server.text('SET', 'celery-task-meta-member', document)
  }

  test('is counted when a sweep finds its result', async () => {
    await runInPython('SUCCESS', '[1, 2.0]')
    await store.sweep()
    assert.deepEqual(await store.counters.members('c', -1), [
      { member: 0, id: 'member', state: 'done', result: '[1, 2.0]' },
    ])
    assert.equal(await server.text('LLEN', 'other'), '1')
  })

  test('drops those who wait for it where it has failed', async () => {
    await runInPython('FAILURE', '{"exc_type": "ValueError", "exc_message": ["no"], "exc_module": "builtins"}')
    await store.sweep()
    assert.equal((await store.results.outcome('root')).state, 'failed')
    assert.match((await store.results.outcome('root')).error ?? '', /"origin":"member"/)
  })
})
