import { engine } from './engine/engine.ts'
import { prelude } from './prelude.ts'
import { type Script, script } from './script.ts'

/** The calls that are looked at in one script. */
const atOnce = 500
/** An answer with more bytes than this ends with the call that made it so. */
const mostBytes = 4 * 1024 * 1024

/** Functions that show calls. */
const shows = `
-- The state of a call as it is seen: what has come to be due is ready, and what Python has ended has ended.
local function stateOf(id, key, fields)
  local r = fields or redis.call('HMGET', key, 'state', 'due')
  if r[1] == 'delayed' and tonumber(r[2] or now) <= now then return 'ready' end
  if r[1] == 'ready' then return endedElsewhere(id) or 'ready' end
  return r[1]
end

-- Its id, its state, the record of its result, its message, and the fields of its hash.
local function shown(id, key, state)
  local fields = redis.call('HGETALL', key)
  local record = isEnd[state] and redis.call('GET', RESULT .. id) or ''
  local text = redis.call('GET', textKey(id)) or ''
  return { id, state, record, text, fields }, #record + #text
end
`

/** All that is known of a call, as the fields of its hash. Argument: id. */
export const find: Script = script(
  'find',
  false,
  ...engine,
  shows,
  `
local id = arg()
local key = callKey(id)
local state = stateOf(id, key)
if not state then return {} end
local answer = shown(id, key, state)
return answer
`,
)

/**
 * Functions that choose calls: the newest first, so many at once that it is soon done. Arguments: the id after which to go on, or the
 * number below which; the most to find, queue, task and tag, each empty for any, the number of the states, and those; the number of the
 * only ids that may be chosen, and those.
 */
const chooses = `
local after, below, limit = maybe(), maybe(), num()
local queue, task, tag = maybe(), maybe(), maybe()
local wanted, few = nil, { failed = stateKey('failed'), cancelled = stateKey('cancelled'), dead = stateKey('dead'), running = LEASES }
local sources = {}
for n = 1, num() do
  local state = arg()
  wanted = wanted or {}
  wanted[state] = true
  if sources and few[state] then sources[#sources + 1] = few[state] else sources = nil end
end
if not wanted then sources = nil end
local chosen = {}
for n = 1, num() do chosen[n] = arg() end

-- Of some states there are few. To look for those from the newest call on would take the longer the more others wait.
local function candidates()
  if not sources and #chosen == 0 then return redis.call('ZREVRANGEBYSCORE', CALLS, below, '-inf', 'WITHSCORES', 'LIMIT', 0, ${atOnce}) end
  local all = {}
  local function among(ids)
    for _, id in ipairs(ids) do
      local place = tonumber(redis.call('ZSCORE', CALLS, id) or 0)
      if below == '+inf' or place < tonumber(string.sub(below, 2)) then all[#all + 1] = { place, id } end
    end
  end
  if #chosen > 0 then among(chosen) end
  for _, source in ipairs(#chosen > 0 and {} or sources) do
    if source == LEASES then among(redis.call('ZRANGE', LEASES, 0, -1))
    else
      local found = redis.call('ZREVRANGEBYSCORE', source, below, '-inf', 'WITHSCORES', 'LIMIT', 0, ${atOnce})
      for n = 1, #found, 2 do all[#all + 1] = { tonumber(found[n + 1]), found[n] } end
    end
  end
  table.sort(all, function(a, b) return a[1] > b[1] end)
  local page = {}
  for n = 1, math.min(#all, ${atOnce}) do
    page[2 * n - 1] = all[n][2]
    page[2 * n] = string.format('%.0f', all[n][1])
  end
  return page
end

local function hasTag(text)
  for _, each in ipairs(text and cjson.decode(text) or {}) do
    if each == tag then return true end
  end
  return false
end

-- Calls \`found\` with each that matches, until that says that it is enough. Returns the number below which there may be more.
local function choose(found)
  if after then
    local place = redis.call('ZSCORE', CALLS, after)
    if not place then return nil end
    below = place
  end
  below = below and '(' .. below or '+inf'
  local page = candidates()
  local last
  for n = 1, #page, 2 do
    local id = page[n]
    local key = callKey(id)
    last = page[n + 1]
    local r = redis.call('HMGET', key, 'state', 'due', 'queue', 'task', 'tags')
    local fits = r[1] and (not queue or r[3] == queue) and (not task or r[4] == task) and (not tag or hasTag(r[5]))
    local state = fits and stateOf(id, key, r)
    if fits and (not wanted or wanted[state]) and found(id, key, state) then return last end
  end
  return #page == ${2 * atOnce} and last or nil
end
`

/** Calls that a filter finds, newest first. Answers with the number below which there may be more, empty for none, and the calls. */
export const list: Script = script(
  'list',
  false,
  ...engine,
  shows,
  chooses,
  `
local answer, bytes = { '' }, 0
answer[1] = choose(function(id, key, state)
  local each, more = shown(id, key, state)
  answer[#answer + 1] = each
  bytes = bytes + more
  return #answer > limit or bytes > ${mostBytes}
end) or ''
return answer
`,
)

/** Forgets calls that a filter finds and that do not run. Answers with how many, and the number below which there may be more. */
export const purge: Script = script(
  'purge',
  true,
  ...engine,
  shows,
  chooses,
  `
if answered then return answered end
local count_of = 0
local next = choose(function(id, key, state)
  if state == 'running' then return false end
  remove(id, key, redis.call('HGET', key, 'state'))
  redis.call('UNLINK', RESULT .. id)
  count_of = count_of + 1
  return count_of >= limit
end)
return finished({ count_of, next or '' })
`,
)

/** The numbers of all queues. Answers with the bytes of the server's memory, and the values of each queue (see \`StatsOfQueue\`). */
export const stats: Script = script(
  'stats',
  false,
  prelude,
  `
local ends = { 'done', 'failed', 'cancelled', 'dead' }

local function statsOf(queue)
  local ready, delayed, held, oldest = 0, 0, 0, 0
  for _, step in ipairs(STEPS) do
    local list = queue .. step
    local length = redis.call('LLEN', P .. list)
    local r = redis.call('HMGET', COUNTS, 'husk ' .. list, 'delayed ' .. list, 'parked ' .. list, 'held ' .. list)
    if length == 0 and r[1] then redis.call('HDEL', COUNTS, 'husk ' .. list) end
    ready = ready + math.max(0, length - (tonumber(r[1]) or 0)) + (tonumber(r[3]) or 0)
    held = held + (tonumber(r[4]) or 0)
    delayed = delayed + (tonumber(r[2]) or 0)
    local next = length > 0 and redis.call('LINDEX', P .. list, -1)
    local fine, m = pcall(cjson.decode, next or '')
    if fine and type(m) == 'table' and type(m.headers) == 'table' and type(m.headers.id) == 'string' then
      local known = redis.call('HMGET', callKey(m.headers.id), 'due', 'sent')
      local since = tonumber(known[1] or known[2] or now)
      oldest = math.max(oldest, now - since)
    end
  end
  local values = { queue, redis.call('SISMEMBER', PAUSED, queue), ready, delayed }
  for n, state in ipairs(ends) do values[n + 4] = tonumber(redis.call('HGET', COUNTS, state .. ' ' .. queue) or 0) end
  values[9], values[10] = oldest, held
  return values
end

-- What came to be due and was not put in line yet is ready.
local due = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', DELAYED, '-inf', now, 'LIMIT', 0, 500)) do
  local queue = redis.call('HGET', callKey(string.sub(member, 17)), 'queue')
  if queue then due[queue] = (due[queue] or 0) + 1 end
end

local fine, memory = pcall(redis.call, 'INFO', 'memory')
local answer = { fine and type(memory) == 'string' and string.match(memory, 'used_memory:(%d+)') or '0' }
for _, queue in ipairs(redis.call('SMEMBERS', PAUSED)) do redis.call('ZADD', QUEUES, now, queue) end
for _, queue in ipairs(redis.call('ZRANGE', QUEUES, 0, -1)) do
  local values = statsOf(queue)
  values[3], values[4] = values[3] + (due[queue] or 0), math.max(0, values[4] - (due[queue] or 0))
  answer[#answer + 1] = values
end
return answer
`,
)
