import { Redis } from 'ioredis'
import { startRedis } from '../lib/redis.mjs'

// Of the size that a message of skein's or of Celery's has.
const message = 'x'.repeat(700)

/** No queue at all: messages pushed onto a list through the client library, and taken off again. What a queue on Redis cannot beat. */
export async function openQueue({ directory, setting }) {
  const redis = await startRedis(directory, setting)
  const client = new Redis(redis.port, '127.0.0.1')
  return {
    add: () => client.lpush('list', message),
    addMany: numbers => Promise.all(numbers.map(() => client.lpush('list', message))),
    async figure(what, { count, concurrency }, measured) {
      if (what !== 'done') return measured()
      for (let n = 0; n < count; n += 1_000) await this.addMany(new Array(1_000).fill())
      const from = performance.now()
      for (let taken = 0; taken < count;) {
        const [found, answers] = await Promise.all([
          client.rpop('list', concurrency),
          Promise.all(Array.from({ length: concurrency }, () => client.set('result', message))),
        ])
        taken += Math.max(found.length, answers.length)
      }
      return { rate: (count * 1000) / (performance.now() - from) }
    },
    async close() {
      client.disconnect()
      redis.stop()
    },
  }
}
