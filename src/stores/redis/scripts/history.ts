import { defaultRetention, retentionParts } from '../../options.ts'
import { keptAnyway } from '../../roles/retention.ts'
import { prelude } from './prelude.ts'
import { type Script, script } from './script.ts'

/** The names of the limits of a part of the past. */
export const limitNames = ['count', 'age', 'bytes'] as const

/** No limit, as it is kept. */
export const unlimited = -1

/** Calls that are looked at in one script. */
const atOnce = 100
/** The most that one forgets: a worker that ends thousands in a second must not end more than are forgotten. */
const mostForgotten = 300

const limits = retentionParts.map(part => {
  const { count, age, bytes } = defaultRetention[part]
  return `{ '${part}', ${count}, ${age}, ${bytes} }`
})

/**
 * Functions for the script that sweeps: `trim` forgets what is beyond the limits of the past, and `tend` hears of what workers in Python
 * have ended. Both do so much at once that it is soon done.
 */
export const history: string = `
local function limit(kept, default)
  local value = tonumber(kept or default)
  return value == ${unlimited} and math.huge or value
end

-- The time for which a part of the past is kept.
local function longest(name)
  return limit(redis.call('HGET', RETENTION, name .. '.age'), ${defaultRetention.done.age})
end

-- Forgets the oldest of each part, as long as there is more than is to be kept. The result of a call is kept for as long as results are.
-- Answers with the milliseconds until there is something to forget again, -1 for never.
local function trim()
  local budget, next = ${mostForgotten}, math.huge
  for _, part in ipairs({ ${limits.join(', ')} }) do
    local name = part[1]
    local r = redis.call('HMGET', RETENTION, name .. '.count', name .. '.age', name .. '.bytes')
    local most, age, most_bytes = limit(r[1], part[2]), limit(r[2], part[3]), limit(r[3], part[4])
    local size = redis.call('ZCARD', endedKey(name))
    local bytes = tonumber(redis.call('HGET', COUNTS, 'bytes ' .. name) or 0)
    local oldest = size > 0 and redis.call('ZRANGE', endedKey(name), 0, budget, 'WITHSCORES') or {}
    for n = 1, #oldest, 2 do
      local id, at = oldest[n], tonumber(oldest[n + 1])
      local isTooMany = size > most and (at < now - ${keptAnyway} or at > now)
      if not (isTooMany or at <= now - age or bytes > most_bytes) then
        next = math.min(next, at + age - now, size > most and at + ${keptAnyway} + 1 - now or math.huge)
        break
      end
      if budget == 0 then return 0 end
      budget = budget - 1
      local key = callKey(id)
      local known = redis.call('HMGET', key, 'state', 'kept')
      if isEnd[known[1]] then
        unfile(id, key, known[1])
        forget(id, key)
      else redis.call('ZREM', endedKey(name), id) end
      size, bytes = size - 1, bytes - (tonumber(known[2]) or 0)
    end
  end
  return next == math.huge and -1 or next
end

local function isInNoList(list)
  for _, step in ipairs(STEPS) do
    if redis.call('EXISTS', P .. list .. step) == 1 then return false end
  end
  return true
end

-- Looks at some of those that nobody of ours has, each time at the next ones. Of what Python has run only its result is known, and where
-- nobody wants that, nothing at all. True where there was much to put right.
local function tend()
  local from = redis.call('HGET', COUNTS, 'tended') or '-inf'
  local page = redis.call('ZRANGEBYSCORE', CALLS, from == '-inf' and from or '(' .. from, '+inf', 'WITHSCORES', 'LIMIT', 0, ${atOnce})
  local righted = 0
  for n = 1, #page, 2 do
    local id = page[n]
    local key = callKey(id)
    local r = redis.call('HMGET', key, 'state', 'tag', 'ignore', 'sent', 'queue', 'parked')
    local ended = r[1] == 'ready' and endedElsewhere(id)
    if not r[1] then
      redis.call('ZREM', CALLS, id)
      redis.call('UNLINK', textKey(id))
      righted = righted + 1
    elseif ended then
      endElsewhere(id, key, ended)
      righted = righted + 1
    elseif r[1] == 'ready' and r[3] and now - (tonumber(r[4]) or now) > 60000 and not r[6] and redis.call('HEXISTS', UNACKED, r[2]) == 0
      and isInNoList(r[5]) then
      remove(id, key, r[1])
      righted = righted + 1
    end
  end
  if #page < ${2 * atOnce} then redis.call('HDEL', COUNTS, 'tended')
  else redis.call('HSET', COUNTS, 'tended', page[#page]) end
  for _, counter in ipairs(redis.call('ZRANGEBYSCORE', IDLE, '-inf', now - longest('done'), 'LIMIT', 0, ${atOnce})) do dropCounter(counter) end
  redis.call('ZREMRANGEBYSCORE', HUSKS, '-inf', now - PENDING)
  redis.call('ZREMRANGEBYSCORE', QUEUES, '-inf', now - PENDING)
  return righted > ${atOnce / 2}
end
`

/** Changes the limits of the past. Arguments: part and limit, as in \`done.count\`, and number of each. Answers with all that were changed. */
export const retain: Script = script(
  'retain',
  false,
  prelude,
  `
while cursor < #ARGV do redis.call('HSET', RETENTION, arg(), arg()) end
return redis.call('HGETALL', RETENTION)
`,
)
