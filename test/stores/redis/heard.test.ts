import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { task } from 'skein'
import { connect, type QueueWorker, work } from 'skein/queue'
import { describeRedis, freshRedis, type RedisServer } from '../../support/redis-server.ts'

export const twice = task(import.meta, function twice(n: number) {
  return 2 * n
})

describeRedis('the end of a call on Redis', () => {
  let server: RedisServer
  let worker: QueueWorker

  before(async () => {
    server = await freshRedis()
    worker = await work({ store: server.url, tasks: [twice], on: 'loop' })
  })
  after(async () => {
    await worker.close()
    await server.stop()
  })

  test('is heard by the one who sends it, though it has ended before anything could be heard of it', async () => {
    for (let n = 0; n < 20; n++) {
      // Each has a connection to listen over still to be made.
      const queue = await connect(server.url)
      assert.equal(await queue.run(twice, n), 2 * n)
      await queue.close()
    }
  })
})
