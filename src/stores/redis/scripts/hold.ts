import { history } from './history.ts'
import { engine } from './engine/engine.ts'
import { type Script, script } from './script.ts'

/**
 * Prolongs leases: of ours, and with a younger score for those of Python, which look at nothing else. Arguments: id, token, lease; without
 * one it only looks. Answers with `ok`, `lost`, or `!` and the reason for one that somebody has asked to stop: who has not heard of
 * it, since a connection was cut, hears of it so.
 */
export const renew: Script = script(
  'renew',
  false,
  ...engine,
  `
local outcomes = {}
for n = 1, num() do
  local id, token, lease = arg(), arg(), maybe()
  local key, tag = held(id, token)
  if key and lease then
    touch(key, tag)
    redis.call('ZADD', LEASES, now + lease, id)
    stay(id, key, PENDING)
  end
  local reason = key and redis.call('HGET', key, 'cancelling')
  outcomes[n] = not key and 'lost' or reason and '!' .. reason or 'ok'
end
return cjson.encode(outcomes)
`,
)

/** Says of claims whether the death of their worker would be a death of theirs. Arguments: \`1\` or \`0\`, id, token. */
export const blame: Script = script(
  'blame',
  false,
  ...engine,
  `
local outcomes = {}
for n = 1, num() do
  local blamed, id, token = arg(), arg(), arg()
  local key = held(id, token)
  if key and blamed == '1' then redis.call('HSET', key, 'blamed', 1) elseif key then redis.call('HDEL', key, 'blamed') end
  outcomes[n] = key and 'ok' or 'lost'
end
return cjson.encode(outcomes)
`,
)

/**
 * Keeps what running attempts report. Arguments: id, token, kind, value; of a step also its name, its value alone, `1` where it can be
 * undone, `1` where the counter of the call is to count what it sends, and the calls that it sends; of one that was undone the first two.
 */
export const report: Script = script(
  'report',
  true,
  ...engine,
  `
if answered then return answered end
local outcomes, told = {}, {}
for n = 1, num() do
  local id, token, kind, value = arg(), arg(), arg(), arg()
  local key = held(id, token)
  if key and kind == 'memo' then
    attend(id, key)
    redis.call('HSET', key, 'memo', value)
  elseif key then
    tellTurn(id, key, kind, value)
    told[id] = key
  end
  if kind == 'step' then
    local name, alone, canUndo, attends = arg(), arg(), maybe(), maybe()
    if key then
      redis.call('HSET', stepsKey(id), name, alone)
      noteStep(key, name, canUndo)
      if attends then attend(id, key) end
    end
    keepAll(not key)
  elseif kind == 'undone' then
    local name, alone = arg(), arg()
    if key then noteUndone(key, name, alone) end
  end
  outcomes[n] = key and 'ok' or 'lost'
end
for id, key in pairs(told) do
  stay(id, key, PENDING)
  news(id, 'reported')
end
return finished(outcomes)
`,
)

/**
 * Puts right what has come to be due: what was delayed, what is overdue, and leases that have run out. A call whose worker has died
 * goes back to where it came from; one under which too many have died is held for a moment by the one who asks, who ends it. Then
 * what Python's workers have held for longer than the visibility timeout, as they would do it themselves, and the past. Arguments: the
 * number of lists at which the one who asks waits, and those; its workers, which are seen by that.
 *
 * Answers with the moments at which something is due next, with the calls to end: id, token, the deaths as JSON, queue and message; with
 * the chords to end, with whether there is more of what follows from all that, and with the lists in which there is something.
 */
export const sweep: Script = script(
  'sweep',
  false,
  ...engine,
  history,
  `
local function beganBy(worker)
  local count = 0
  for _, id in ipairs(redis.call('ZRANGE', LEASES, 0, -1)) do
    local r = redis.call('HMGET', callKey(id), 'worker', 'blamed', 'state')
    if r[1] == worker and r[2] and r[3] == 'running' then count = count + 1 end
  end
  return count
end

-- Before anything is put into them here.
local full = {}
for n = 1, num() do
  local list = arg()
  if redis.call('EXISTS', P .. list) == 1 then full[#full + 1] = list end
end
while cursor < #ARGV do
  local worker = arg()
  if redis.call('EXISTS', workerKey(worker)) == 1 then redis.call('ZADD', WORKERS, now, worker) end
end

local doomed, lost, began = {}, {}, {}
promote()
openWindows()
openKeys()
endOverdue()
for _, id in ipairs(redis.call('ZRANGEBYSCORE', LEASES, '-inf', now, 'LIMIT', 0, 200)) do
  local key = callKey(id)
  local r = redis.call('HMGET', key, 'state', 'tag', 'score', 'order', 'worker', 'blamed')
  if r[1] == 'running' and isOurs(r[2], r[3]) then
    lost[#lost + 1] = { id = id, key = key, tag = r[2], order = tonumber(r[4]), worker = r[5], blamed = r[6] }
    if not began[r[5]] then began[r[5]] = beganBy(r[5]) end
  else redis.call('ZREM', LEASES, id) end
end
-- The one that was taken last goes back first, so that the one before it is next.
table.sort(lost, function(a, b) return a.order > b.order end)
for _, each in ipairs(lost) do
  local id, key = each.id, each.key
  local r = redis.call('HMGET', key, 'token', 'attempt', 'deaths', 'most', 'started', 'alone', 'handle', 'died', 'queue',
    'cancelling')
  tell(r[7], 'lost ' .. r[1] .. ' ' .. id)
  redis.call('HINCRBY', key, 'token', 1)
  if not each.blamed and not r[10] then
    redis.call('HINCRBY', key, 'attempt', -1)
    redis.call('HDEL', key, 'started')
    if not r[6] then redis.call('HSET', key, 'alone', -1) end
    tellTurn(id, key, 'state', '{"state":"released","attempt":' .. r[2] .. '}')
    goBack(id, key, each.tag, 0, true)
  else
    local deaths = redis.call('HINCRBY', key, 'deaths', 1)
    local died = '{"worker":' .. cjson.encode(each.worker) .. ',"attempt":' .. r[2] .. ',"at":' .. now .. '}'
    died = r[8] and r[8] .. ',' .. died or died
    redis.call('HSET', key, 'died', died)
    tellTurn(id, key, 'state', '{"state":"died","worker":' .. cjson.encode(each.worker) .. ',"attempt":' .. r[2] .. '}')
    if not r[10] and began[each.worker] == 1 and deaths >= tonumber(r[4] or MOST_DEATHS) then
      redis.call('ZADD', LEASES, now + 10000, id)
      redis.call('HSET', key, 'handle', HANDLE)
      redis.call('HDEL', key, 'blamed')
      touch(key, each.tag)
      doomed[#doomed + 1] = { id, tostring(tonumber(r[1]) + 1), '[' .. died .. ']', r[9], messageOf(each.tag, r[9]) }
    else
      redis.call('HSET', key, 'alone', math.max(0, now - r[5]))
      redis.call('HDEL', key, 'expires')
      goBack(id, key, each.tag, 0, true)
    end
  end
  news(id, 'reported')
end

-- Only where the operator has said how long that is: who takes it for shorter than others do would take what they still have.
local old = VISIBILITY and string.format('%.3f', (now - VISIBILITY) / 1000)
for _, tag in ipairs(old and redis.call('ZRANGEBYSCORE', INDEX, '-inf', '(' .. old, 'LIMIT', 0, 20) or {}) do
  local text = redis.call('HGET', UNACKED, tag)
  local fine, m = pcall(cjson.decode, text or '')
  if not text then redis.call('ZREM', INDEX, tag)
  elseif fine and type(m) == 'table' and type(m[2]) == 'string' and type(m[3]) == 'string' then
    for _, gap in ipairs({ ' ', '' }) do
      local tail = ',' .. gap .. cjson.encode(m[2]) .. ',' .. gap .. cjson.encode(m[3]) .. ']'
      if m[2] == '' and string.sub(text, -#tail) == tail then
        local priority = type(m[1].properties) == 'table' and tonumber(m[1].properties.priority) or 0
        local step = STEPS[priority >= 9 and 4 or priority >= 6 and 3 or priority >= 3 and 2 or 1]
        local message = string.sub(text, 2, #text - #tail)
        local flagged, n = string.gsub(message, '("headers":%s*{)', '%1"redelivered": true, ', 1)
        local readable, again = pcall(cjson.decode, flagged)
        if n == 1 and readable and type(again.headers) == 'table' and again.headers.redelivered == true then message = flagged end
        unack(tag)
        push(m[3] .. step, message, true)
        break
      end
    end
  end
end

local function first(set)
  local found = redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')
  return found[2] and math.max(0, tonumber(found[2]) - now) or -1
end
local past = trim()
if tend() then past = 0 end
-- Chords whose last member was counted by one who has died before it sent the body.
local chords = redis.call('ZRANGEBYSCORE', CHORDING, '-inf', now, 'LIMIT', 0, 20)
for _, group in ipairs(chords) do redis.call('ZADD', CHORDING, now + 10000, group) end
local more = wake()
local times = { past }
for _, set in ipairs({ DELAYED, ENDING, LEASES, OPENINGS, KEYED, CHORDING }) do times[#times + 1] = first(set) end
return cjson.encode({ times, doomed, chords, more, full })
`,
)
