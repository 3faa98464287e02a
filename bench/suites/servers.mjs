// Those that keep their jobs on a Redis server, as more than one suite measures them.
import { pythonVersion } from '../lib/python.mjs'
import { redisPresent } from '../lib/redis.mjs'

/** What is missing where a figure of one of them is not measured. */
export const needsRedis = 'needs redis-server'
export const needsPython = 'needs redis-server and Python'

/**
 * A contestant on a server.
 *
 * @param setting how the server writes to disk: `always`, or `everysec`
 */
function onServer(peer, setting, more) {
  return { key: peer, role: 'peer', versus: 'skein', spec: { peer, setting }, absent: !redisPresent, ...more }
}

export const bullmq = (setting, more) => onServer('bullmq', setting, { label: 'BullMQ', ...more })

export const celery = (setting, more) =>
  onServer('celery', setting, {
    label: 'Celery',
    role: 'python',
    needsVenv: true,
    absent: !redisPresent || pythonVersion === undefined,
    ...more,
  })

/** Skein's own queue on a server. */
export const skeinOnRedis = setting =>
  onServer('skein-redis', setting, { key: 'skein', label: 'skein, Redis', role: 'skein', versus: undefined })

/** The client library alone. */
export const clientAlone = setting => onServer('ioredis', setting, { label: 'ioredis alone: a list', role: 'limit' })
