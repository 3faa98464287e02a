import type { InspectableStore } from '#skein/stores/roles/store.js'
import { redisStore } from '#skein/stores/redis/by-url.js'
import { freshRedis, type RedisServer } from '../../support/redis-server.ts'
import { type Ground, keepingAll } from './ground.ts'
import { relayStoreOptions } from './programs/relay-calls.ts'

/** How often a server flushes what it appends to its file: before each answer, or once in a second. */
export type Persistence = 'always' | 'everysec'

/** A server of one's own: jobs in its first database, relays in its second. */
export async function redisGround(persistence: Persistence): Promise<Ground> {
  const server = await freshRedis('--appendonly', 'yes', '--appendfsync', persistence)
  const relayUrl = server.url.replace(/0$/, '1')
  return {
    url: server.url,
    relayUrl,
    hasThread: false,
    open: async () => (await redisStore(server.url, { retention: keepingAll, maxDeaths: 1_000 })) as InspectableStore,
    openRelays: async () => (await redisStore(relayUrl, relayStoreOptions)) as InspectableStore,
    spare: async jobs => {
      const ids = jobs.filter(({ id }) => (id.codePointAt(0) ?? 0) % 4 > 0).map(({ id }) => id)
      // Not while the server is being started again: it is asked soon again.
      if (ids.length > 0) await server.text('EVAL', sparing, '0', ...ids).catch(() => {})
    },
    // It knows no effects.
    rows: async () => [],
    left: async () => (await leftIn(server)).split('\n').filter(each => each !== ''),
    restart: () => server.restart(),
    close: () => server.stop(),
  }
}

const sparing = `
for _, id in ipairs(ARGV) do
  local key = 'skein:call:' .. id
  if redis.call('EXISTS', key) == 1 then redis.call('HSET', key, 'most', 1000) end
end`

/** Everything that belongs to jobs that have not ended. Those that nobody looks at any more are counted as well as those that are lost. */
function leftIn(server: RedisServer): Promise<string> {
  return server.text('EVAL', finding, '0')
}

const finding = `
local left = {}
local function found(what) left[#left + 1] = what end
for _, key in ipairs({ 'unacked', 'unacked_index', 'skein:leases', 'skein:delayed', 'skein:waiting', 'skein:work', 'skein:failures',
  'skein:chords', 'skein:chording', 'skein:husks' }) do
  if redis.call('EXISTS', key) == 1 then found(key) end
end
local patterns = { 'staged:*', 'limit:running:*', 'limit:stopping:*', 'limit:waiting:*', 'limit:parked:*', 'limit:freed:*',
  'counter:open:*', 'counter:held:*', 'counter:strict:*' }
for _, pattern in ipairs(patterns) do
  for _, key in ipairs(redis.call('KEYS', 'skein:' .. pattern)) do found(key) end
end
for _, key in ipairs(redis.call('KEYS', 'skein:counter:*')) do
  local owner = string.match(key, '^skein:counter:%a+:job:(.*)$')
  if owner and redis.call('EXISTS', 'skein:call:' .. owner) == 0 then found(key) end
end
for _, key in ipairs(redis.call('KEYS', 'skein:call:*')) do
  local r = redis.call('HMGET', key, 'state', 'memo', 'tag')
  if not r[1] then found('of ' .. key .. ' only a part')
  elseif r[2] then found('the memo of ' .. key) end
end
return left`
