import { damagedStory } from '../../story.ts'
import { engineScript } from './engine/engine.ts'
import { luaString } from './prelude.ts'
import type { Script } from './script.ts'

/**
 * Takes up to so many calls out of the lists of queues, in one step with their entry in kombu's \`unacked\` and \`unacked_index\`: there
 * is no moment at which a message is in neither. Arguments: worker, number wanted, number that begins at once, lease, rates of
 * tasks, each as task, name, the most that start, and milliseconds; queues. Answers
 * with the server's time, those of the queues that are paused, and of each call either a line and its message, if it is a plain one, or an
 * empty line and all values; sent again, with those that it has taken and still holds.
 */
export const claim: Script = engineScript(
  'claim',
  `
local shared
do
local worker, wanted, places, lease = arg(), num(), num(), num()
local rates = {}
for n = 1, num() do
  local task = arg()
  rates[task] = { name = arg(), starts = num(), per = num() }
end
local taken, answer, paused, queues = {}, { tostring(now), '{}' }, {}, cursor

-- The id and the delivery tag of a message, if it was written by skein. What they are taken for is proved by the hash of the call.
local function namesIn(message)
  local tag = string.match(message, ',"delivery_tag":"([%x-]+)"}}$', -60)
  local _, at = string.find(message, '"properties":{"correlation_id":"', 1, true)
  local id = tag and at and string.match(message, '^([%w_.-]+)"', at + 1)
  return id, tag
end

-- Those that are next in a list, as long as they are plain and were sent through a store. They stay in it until they are written down
-- elsewhere. Answers with how many that were, and whether none that is not plain stands behind them.
local function takePlain(queue, list, index, most)
  local messages, some, known = redis.call('LRANGE', P .. list, -most, -1), {}, {}
  for n = #messages, 1, -1 do
    local id, tag = namesIn(messages[n])
    local fields = id and not known[id] and plainIn(callKey(id))
    if not fields or fields.state ~= 'ready' or fields.tag ~= tag or rates[fields.task] or now - tonumber(fields.sent or 0) > 86400000 then
      break
    end
    known[id] = true
    some[#some + 1] = { id, tag, fields, messages[n] }
  end
  local isLast = #some == #messages
  if #some == 0 then return 0, isLast end
  local unacked, seen, leases, ids, tail = {}, {}, {}, {}, suffix(queue)
  local score, ends = scoreNow(), string.format('%.17g', now + lease)
  for n, each in ipairs(some) do
    local at, id, tag = 2 * n, each[1], each[2]
    ids[n], unacked[at - 1], unacked[at] = id, tag, '[' .. each[4] .. tail
    seen[at - 1], seen[at], leases[at - 1], leases[at] = score, tag, ends, id
  end
  bulk('HSET', UNACKED, unacked, 2)
  bulk('ZADD', INDEX, seen, 2)
  for _, each in ipairs(some) do
    local id, f = each[1], each[3]
    local token, attempt = tostring((f.token or 0) + 1), tostring((f.attempt or 0) + 1)
    local begins = #taken < places
    local key = callKey(id)
    if f.blamed and not begins then redis.call('HDEL', key, 'blamed') end
    redis.call('HSET', key, 'state', 'running', 'token', token, 'worker', worker, 'started', NOW, 'attempt', attempt,
      'handle', HANDLE, 'order', order(#some), 'lease', lease, 'score', score, unpack(begins and { 'blamed', 1 } or {}))
    taken[#taken + 1] = { id, token }
    answer[#answer + 1] = table.concat({ id, token, index, attempt, f.deaths or 0, f.most or '', f.sent or '', begins and 1 or '',
      f.ignore or '' }, ' ')
    answer[#answer + 1] = each[4]
  end
  bulk('ZADD', LEASES, leases, 2)
  redis.call('LTRIM', P .. list, 0, -1 - #some)
  for _, channel in pairs(heardOf(ids)) do redis.call('PUBLISH', channel, 'reported') end
  return #some, isLast
end

-- The ends of the names of the lists of a queue from which anything may be taken.
local function stepsOf(queue)
  if redis.call('SISMEMBER', PAUSED, queue) == 0 then return STEPS end
  paused[#paused + 1] = queue
  return {}
end

-- As long as those that are next are plain; true where that was all that is wanted, or that there is.
local function takeAllPlain()
  local index = 0
  while cursor < #ARGV do
    local queue = arg()
    index = index + 1
    for _, step in ipairs(stepsOf(queue)) do
      while #taken < wanted do
        local asked = wanted - #taken
        local some, isLast = takePlain(queue, queue .. step, index, asked)
        if not isLast then return false end
        if some < asked then break end
      end
    end
  end
  return true
end

local function isDue(set) return #redis.call('ZRANGEBYSCORE', set, '-inf', now, 'LIMIT', 0, 1) > 0 end

if not answered then
  promote()
  if not isDue(OPENINGS) and not isDue(ENDING) and takeAllPlain() and not isMore() then
    answer[2] = cjson.encode(paused)
    remember(cjson.encode(taken))
    return answer
  end
  cursor, paused = queues, {}
end
-- Of names outside of it a function can have sixty.
shared = { worker, wanted, places, lease, rates, taken, answer, paused, takePlain, stepsOf }
end
`,
  `
local worker, wanted, places, lease, rates, taken, answer, paused, takePlain, stepsOf = unpack(shared)

-- \`rest\` are the fields after the number of deaths, as its hash has them.
local function add(id, token, queue, task, attempt, deaths, rest, message)
  local most, sent, alone, blamed, ignore, deadline, told, foreign, after, memo, undo = unpack(rest, 1, 11)
  deadline = deadline and tostring(math.max(0, tonumber(deadline) - now)) or ''
  local steps = told and cjson.encode(redis.call('HGETALL', stepsKey(id))) or ''
  answer[#answer + 1] = ''
  for _, value in ipairs({ id, tostring(token), queue, task, tostring(attempt), tostring(deaths), most or '', sent or '', alone or '',
    blamed or '', ignore or '', deadline, steps, foreign or '', after or '', memo or '', undo or '', message }) do
    answer[#answer + 1] = value
  end
end

local function show(id, message)
  local r = redis.call('HMGET', callKey(id), 'token', 'queue', 'task', 'attempt', 'deaths', 'most', 'sent', 'alone', 'blamed', 'ignore',
    'deadline', 'told', 'foreign', 'after', 'memo', 'undo', 'tag')
  add(id, r[1], r[2], r[3], r[4] or 0, r[5] or 0, { unpack(r, 6, 16) }, message or messageOf(r[17], r[2]))
end

if answered then
  for _, held in ipairs(cjson.decode(answered)) do
    local r = redis.call('HMGET', callKey(held[1]), 'state', 'token', 'tag', 'score')
    if r[1] == 'running' and r[2] == held[2] and isOurs(r[3], r[4]) then show(held[1]) end
  end
  return answer
end

-- No worker of either language can read it. It must not get into \`unacked\`, from where it would come back again and again.
local function bury(message, queue, list)
  local id = 'unreadable-' .. redis.sha1hex(message)
  local key = callKey(id)
  redis.call('ZADD', QUEUES, now, queue)
  redis.call('ZADD', CALLS, 'NX', order(), id)
  redis.call('HSET', key, 'queue', queue, 'list', list, 'task', '', 'sent', now, 'bytes', #message, 'error',
    ${luaString(damagedStory('it is not a message of Celery: an object with a body, and properties with a delivery tag'))})
  redis.call('SET', textKey(id), message)
  file(id, key, 'dead', 0)
  news(id, 'ended')
end

local function text(value) return type(value) == 'string' and value ~= '' and value or nil end
-- The server counts on in whole numbers alone, and a script that it stops has done half of its work.
local function whole(value) return type(value) == 'number' and value >= 0 and value < 1e9 and math.floor(value) or 0 end

local function take(message, queue, list)
  local fine, m = pcall(cjson.decode, message)
  local p = fine and type(m) == 'table' and type(m.properties) == 'table' and m.properties
  local tag = p and text(p.delivery_tag)
  if not tag or type(m.body) ~= 'string' then return bury(message, queue, list) end
  local h = type(m.headers) == 'table' and m.headers or {}
  local id = text(h.id) or text(p.correlation_id) or tag
  local key = callKey(id)
  local r = redis.call('HMGET', key, 'state', 'tag', 'alone', 'attempt', 'deaths', 'limit', 'limit_running', 'limit_starts',
    'limit_per', 'task', 'token', 'foreign', 'deadline', 'expires', 'cancelling', 'blamed', 'stays', 'told', 'most', 'sent', 'ignore', 'after',
    'memo', 'undo')
  local state, known, deaths = r[1], r[2] == tag, tonumber(r[5] or 0)
  -- It was ended or forgotten while it waited.
  if isEnd[state] or not known then
    local isHusk = redis.call('ZREM', HUSKS, tag) == 1
    if isHusk then tally('husk', list, -1) end
    if isHusk or known then return end
  end
  if state == 'running' and not known and r[2] then unack(r[2]) end
  if not known then
    -- Somebody else has sent it, or has sent it again.
    if isEnd[state] then
      unfile(id, key, state)
      redis.call('HDEL', key, 'error', 'ended', 'alone', 'elsewhere')
    end
    redis.call('ZADD', QUEUES, now, queue)
    redis.call('ZADD', CALLS, 'NX', order(), id)
    redis.call('HSET', key, 'foreign', 1, 'tag', tag, 'task', text(h.task) or '', 'bytes', #message)
    redis.call('SET', textKey(id), message)
    if h.ignore_result == true then redis.call('HSET', key, 'ignore', 1) end
    if text(h.group) then redis.call('HSET', key, 'group', h.group) end
    if text(h.parent_id) then redis.call('HSET', key, 'parent', h.parent_id) end
  else
    if r[12] then redis.call('HDEL', key, 'foreign') end
    local error, why = overdueBy(r[13], r[14], r[15])
    if error then return endOrUndo(id, key, error, why, message) end
    -- Python has put it back, since nobody had renewed its lease for as long as its visibility timeout.
    if state == 'running' then deaths = deaths + 1 end
  end
  local limit, bounds = known and r[6], boundsIn(r[7], r[8], r[9])
  local rate = rates[known and r[10] or text(h.task) or '']
  for _, each in ipairs({ { rate and rate.name, rate }, { limit, bounds } }) do
    if each[1] then
      redis.call('SREM', inList('freed', each[1], list), id)
      if placesIn(each[1], each[2]) <= 0 then return park(id, key, each[1], each[2], queue, list, message) end
    end
  end
  local alone = tonumber(r[3] or '')
  local blamed = (alone == nil and #taken < places) or (alone ~= nil and alone < 0)
  local before = math.max(tonumber(r[4] or 0), whole(h.retries))
  local token, attempt = tonumber(r[11] or 0) + 1, before + 1
  if rate then noteStart(id, token, rate.name, rate) end
  if limit then
    standIn(id, key, limit, 'running')
    noteStart(id, token, limit, bounds)
  end
  -- First of all that could fail: a message that was taken out of its list must be where it comes back from.
  redis.call('HSET', UNACKED, tag, '[' .. message .. suffix(queue))
  redis.call('ZADD', INDEX, scoreNow(), tag)
  redis.call('HSET', key, 'state', 'running', 'token', token, 'queue', queue, 'list', list, 'worker', worker, 'started', now, 'attempt', attempt,
    'deaths', deaths, 'handle', HANDLE, 'order', order(), 'lease', lease, 'score', scoreNow(), unpack(blamed and { 'blamed', 1 } or {}))
  if not blamed and r[16] then redis.call('HDEL', key, 'blamed') end
  redis.call('ZADD', LEASES, now + lease, id)
  if not known or r[13] or r[14] or r[22] then redis.call('ZREM', ENDING, id) end
  -- One that was sent lately is kept for long enough.
  if not known or r[17] or r[18] or now - tonumber(r[20] or 0) > 86400000 then stay(id, key, PENDING) end
  news(id, 'reported')
  taken[#taken + 1] = { id, tostring(token) }
  if not known then return show(id, message) end
  add(id, token, queue, r[10], attempt, deaths, { r[19], r[20], r[3], blamed and '1', r[21], r[13], r[18], false, r[22], r[23], r[24] }, message)
end

openWindows()
endOverdue()
-- What is not handed over must not keep others from the server for long, however much of it there is. Who waits asks again.
local most = wanted + 1000
local index = 0
while cursor < #ARGV do
  local queue = arg()
  index = index + 1
  for _, step in ipairs(stepsOf(queue)) do
    local ahead = wanted
    while #taken < wanted and most > 0 do
      local asked = math.min(wanted - #taken, ahead)
      local isAll = takePlain(queue, queue .. step, index, asked) == asked
      -- Where one was not plain the next ones may not be, either.
      ahead = isAll and ahead * 2 or 1
      local message = not isAll and redis.call('RPOP', P .. queue .. step)
      if message then
        most = most - 1
        take(message, queue, queue .. step)
      elseif not isAll then break end
    end
  end
end
answer[2] = cjson.encode(paused)
wake()
remember(cjson.encode(taken))
return answer
`,
)

/** The number of values that a claim is answered with. */
export const claimValues = 18
