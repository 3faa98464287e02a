import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { call, scope, TimeoutError } from 'skein'
import { connect, type DurableQueue, type QueueWorker, work as startWorker } from 'skein/queue'
import { describeRedis, freshRedis, type RedisServer } from '../../../support/redis-server.ts'
import { type CuttingProxy, cuttingProxy } from '../cutting-proxy.ts'
import { runFaults } from './faults.ts'
import { follow, work } from './tasks.ts'

describeRedis('a broker that fails under load, and a way to it that does', () => {
  test(
    'lose no job that was accepted, acknowledge none twice, leave nothing behind, and let nobody wait for ever',
    { timeout: 240_000 },
    async () => {
      // A short run. The long one is npm run broker-faults.
      const plan = [
        ['restart', 2],
        ['reset', 2],
        ['refuses', 1],
        ['deaf', 1],
      ] as const
      const { violations, accepted, answered, harms } = await runFaults({ plan, seed: 7 })
      assert.deepEqual(violations, [])
      assert.equal(harms.length, plan.length)
      assert.ok(accepted > 0)
      assert.equal(answered, accepted)
    },
  )
})

describeRedis('a call that is submitted while the broker is lost', () => {
  let server: RedisServer
  let proxy: CuttingProxy
  let queue: DurableQueue
  let worker: QueueWorker

  before(async () => {
    server = await freshRedis('--appendonly', 'yes', '--appendfsync', 'always')
    proxy = await cuttingProxy(server.port)
    queue = await connect(`redis://127.0.0.1:${proxy.port}/0`)
    worker = await startWorker({ store: server.url, tasks: [work, follow], queues: 'q', on: 'loop' })
  })
  after(async () => {
    await worker.close()
    await queue.close()
    await proxy.close()
    await server.stop()
  })

  for (const fault of ['refuses', 'deaf', 'mute'] as const) {
    test(`ends with its scope where the way ${fault === 'refuses' ? 'is refused' : `is ${fault}`}`, async () => {
      proxy.fault = fault
      if (fault === 'refuses') proxy.cutAll()
      await assert.rejects(
        scope(s => s.wait(queue.submit(call(follow, fault).with({ queue: 'q' }))), { timeout: '300ms' }),
        TimeoutError,
      )
      proxy.fault = 'none'
      proxy.cutAll()
      assert.equal(await queue.run(call(follow, 'the next').with({ queue: 'q' })), 'the next')
    })
  }

  test('is there once, and answered, where the broker dies between its work and its answer', async () => {
    const waits = queue.run(call(follow, 'once').with({ queue: 'q' }))
    await server.restart()
    assert.equal(await waits, 'once')
    assert.equal(await server.text('HLEN', 'unacked'), '0')
  })
})
