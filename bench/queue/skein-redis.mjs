import { startRedis } from '../lib/redis.mjs'
import { openAt } from './skein.mjs'

/**
 * A queue on a Redis server of its own.
 *
 * @param setting how Redis writes to disk: `always` or `everysec`
 */
export async function openQueue({ directory, setting, on }) {
  const redis = await startRedis(directory, setting)
  const queue = await openAt(`redis://127.0.0.1:${redis.port}/0`, on)
  return {
    ...queue,
    port: redis.port,
    async close() {
      await queue.close()
      redis.stop()
    },
  }
}
