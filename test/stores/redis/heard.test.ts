import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { call, task } from 'skein'
import { connect, type QueueWorker, work } from 'skein/queue'
import { Listening } from '#skein/stores/redis/connection/listening.js'
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

  test('costs its sender no word to the server once it has waited for one', async () => {
    const queue = await connect(server.url)
    // The first is waited for like any call, and the channel for the others is listened to with the second.
    for (let n = 0; n < 3; n++) assert.equal(await (await queue.submit(twice, n)).result(), 2 * n)
    const calls = async (): Promise<number> =>
      Number((await server.text('INFO', 'commandstats')).match(/cmdstat_subscribe:calls=(\d+)/)?.[1])
    while ((await server.text('PUBSUB', 'CHANNELS', 'skein:handle:*')).split('\n').length < 2)
      await new Promise(setImmediate)
    await (await queue.submit(twice, 1)).result()
    const before = await calls()
    // Slower than it may be waited for like that, where the machine is busy, one is subscribed to.
    for (let n = 0; n < 50; n++) assert.equal(await (await queue.submit(twice, n)).result(), 2 * n)
    assert.ok((await calls()) < before + 50)
    await queue.close()
  })

  test('is heard where a worker in Python has run it, which says so elsewhere, after others', async () => {
    const queue = await connect(server.url)
    for (let n = 0; n < 3; n++) assert.equal(await (await queue.submit(twice, n)).result(), 2 * n)
    const job = await queue.submit(call(twice, 4).with({ queue: 'python' }))
    const result = job.result()
    assert.match(await server.text('RPOP', 'python'), new RegExp(job.id))
    const document = `{"status": "SUCCESS", "result": 9, "traceback": null, "children": [], "task_id": "${job.id}"}`
    await server.text('SET', `celery-task-meta-${job.id}`, document)
    await server.text('PUBLISH', `celery-task-meta-${job.id}`, document)
    assert.equal(await result, 9)
    await queue.close()
  })
})

describeRedis('the channels that a store on Redis listens to', () => {
  test('are left, too, when nobody wants them any more at the moment at which all has been asked for', async () => {
    const server = await freshRedis()
    let stop = (): void => {}
    let stopped = (): void => {}
    const isStopped = new Promise<void>(resolve => (stopped = resolve))
    const listening = new Listening({ host: '127.0.0.1', port: server.port }, server.url, {
      message: () => {},
      gap: () =>
        queueMicrotask(() => {
          stop()
          stopped()
        }),
    })
    stop = listening.want(['a'])
    await listening.settled()
    await server.text('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await isStopped
    while ((await server.text('PUBSUB', 'CHANNELS')) !== '') await new Promise(setImmediate)
    listening.close()
    await server.stop()
  })
})
