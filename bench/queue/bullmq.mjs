import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Queue, QueueEvents } from 'bullmq'
import { startRedis } from '../lib/redis.mjs'

const workerFile = fileURLToPath(new URL('bullmq-worker.mjs', import.meta.url))

/** @param setting how Redis writes to disk: `always` or `everysec` */
export async function openQueue({ directory, setting }) {
  const redis = await startRedis(directory, setting)
  const connection = { host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null }
  const queue = new Queue('bench', { connection })
  const events = new QueueEvents('bench', { connection })
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()])
  const workers = []
  return {
    port: redis.port,
    add: n => queue.add('noop', { n }),
    addMany: numbers => queue.addBulk(numbers.map(n => ({ name: 'noop', data: { n } }))),
    result: job => job.waitUntilFinished(events),
    async startWorker(concurrency) {
      const worker = fork(workerFile, [String(redis.port), String(concurrency)])
      workers.push(worker)
      await once(worker, 'message')
    },
    async left() {
      const { wait, active } = await queue.getJobCounts('wait', 'active')
      return wait + active
    },
    async close() {
      for (const worker of workers) worker.kill('SIGKILL')
      await events.close()
      await queue.close()
      redis.stop()
    },
  }
}
