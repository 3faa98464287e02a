import { engine } from './engine/engine.ts'
import { type Script, script } from './script.ts'

/** The calls that are looked at in one script. */
const atOnce = 500
/** An answer with more bytes than this ends with the call that made it so. */
const mostBytes = 4 * 1024 * 1024

/**
 * Calls that have not ended, in the order in which they came. Argument: the place after which to go on. Answers with the server's time, the
 * place after which there may be more, empty for none, and of each call its id, place, state and message, the fields of its hash, counter, number
 * and flags of each member that it is, and whether a member has failed of the counter that it waits for.
 */
export const moving: Script = script(
  'moving',
  false,
  ...engine,
  `
local function membershipsOf(key, id, count)
  local found = {}
  for n = 0, count - 1 do
    local member, counter = string.match(redis.call('HGET', key, 'm' .. n), '^(%d+) (.*)$')
    local known = redis.call('HGET', part('members', counter), member)
    if known and string.sub(known, 3) == id then
      for _, value in ipairs({ counter, member, string.sub(known, 1, 2) }) do found[#found + 1] = value end
    end
  end
  return found
end

local answer, bytes, last = { tostring(now), '' }, 0, nil
local page = redis.call('ZRANGEBYSCORE', CALLS, '(' .. arg(), '+inf', 'WITHSCORES', 'LIMIT', 0, ${atOnce})
for n = 1, #page, 2 do
  local id, place = page[n], page[n + 1]
  local key = callKey(id)
  local r = redis.call('HMGET', key, 'state', 'bytes', 'counts', 'after')
  last = place
  if r[1] and not isEnd[r[1]] and not (r[1] == 'ready' and endedElsewhere(id)) then
    local hasFailed = r[4] and redis.call('EXISTS', part('failed', r[4])) == 1
    answer[#answer + 1] = { id, place, r[1], redis.call('GET', textKey(id)) or '', redis.call('HGETALL', key),
      membershipsOf(key, id, tonumber(r[3] or 0)), hasFailed and 1 or 0 }
    bytes = bytes + (tonumber(r[2]) or 0)
    if bytes > ${mostBytes} then break end
  end
end
answer[2] = #page > 0 and last or ''
return answer
`,
)

/**
 * The counters that calls need which have not ended: those for which they wait, and those of which they are members. Argument: the place
 * after which to go on. Answers with the place after which there may be more, empty for none, and the counters, some more than once.
 */
export const neededCounters: Script = script(
  'needed counters',
  false,
  ...engine,
  `
local answer = { '' }
local page = redis.call('ZRANGEBYSCORE', CALLS, '(' .. arg(), '+inf', 'WITHSCORES', 'LIMIT', 0, ${atOnce})
for n = 1, #page, 2 do
  local id = page[n]
  local key = callKey(id)
  local r = redis.call('HMGET', key, 'state', 'after', 'counts')
  if r[1] and not isEnd[r[1]] then
    if r[2] then answer[#answer + 1] = r[2] end
    if redis.call('EXISTS', part('members', JOB .. id)) == 1 then answer[#answer + 1] = JOB .. id end
    for m = 0, tonumber(r[3] or 0) - 1 do answer[#answer + 1] = string.match(redis.call('HGET', key, 'm' .. m), '^%d+ (.*)$') end
  end
  answer[1] = page[n + 1]
end
return answer
`,
)

/**
 * Takes members and calls in that were in another store. Arguments of each member: counter, number, flags, id, mark and text of its end. Of
 * each call, which is kept as `keep` does, and then is as it was: what `keep` is given, then when it was sent, is due, expires, has its
 * deadline, how long it has its key, `drop` where a member that fails drops it, when it is let go, memo, attempts, deaths, error, and the
 * number of reports, with kind, value, name of a step, its value, and `1` for one that can be undone. Answers with the outcome for each call.
 */
export const take: Script = script(
  'take',
  true,
  ...engine,
  `
if answered then return answered end

local function noteReport(id, key, kind, value, name, made, canUndo)
  if kind == 'undoing' then
    local told = cjson.decode(value)
    local undo = undoOf(key) or { steps = {}, undone = {}, failures = {}, rounds = 0 }
    -- As it was written, number for number.
    undo.ends = { state = told.into, error = string.match(value, '"error":(.*)}$') or 'null' }
    undo.rounds = undo.rounds + 1
    redis.call('HSET', key, 'undo', cjson.encode(undo))
    return tellTurn(id, key, 'state', value)
  end
  tellTurn(id, key, kind, value)
  if kind == 'step' then
    redis.call('HSET', stepsKey(id), name, made)
    noteStep(key, name, canUndo)
  elseif kind == 'undone' then noteUndone(key, name, made) end
end

local function take()
  local id = GIVEN[cursor + 1]
  local outcome = keep()
  local isNew = outcome == 'accepted'
  local key = callKey(id)
  local sent, due, expires, deadline, keyUntil, failure, letGoAt, memo = arg(), num(), maybe(), maybe(), maybe(), maybe(), maybe(), maybe()
  local attempt, deaths, error = arg(), arg(), maybe()
  local r = redis.call('HMGET', key, 'state', 'member', 'seat', 'after', 'needs')
  isNew = isNew and not isEnd[r[1]]
  if isNew then
    redis.call('HSET', key, 'sent', sent, 'attempt', attempt, 'deaths', deaths)
    -- One that its counter has let go only here is due as of now.
    local isHeld = r[1] == 'held'
    if isHeld then due = letGoAt or due end
    if isHeld or not r[4] or tonumber(r[5]) == 0 then redis.call('HSET', key, 'due', due) end
    if expires then redis.call('HSET', key, 'expires', expires) end
    if deadline then redis.call('HSET', key, 'deadline', deadline) end
    if keyUntil then redis.call('HSET', key, 'key_until', keyUntil) end
    if failure then redis.call('HSET', key, 'strict', failure == 'drop' and 1 or 0) end
    if isHeld and failure == 'drop' and redis.call('ZREM', part('held', r[4]), r[3]) == 1 then
      redis.call('ZADD', part('strict', r[4]), r[5], r[3])
    end
    if isHeld and letGoAt then redis.call('HSET', key, 'let_go', letGoAt) end
    if memo then redis.call('HSET', key, 'memo', memo) end
    if error then redis.call('HSET', key, 'error', error) end
    watchTime(id, key)
    if r[2] and (not r[4] or tonumber(r[5]) == 0) then redis.call('ZADD', DELAYED, 'XX', due, r[2]) end
    -- Signals may have come before it.
    if redis.call('EXISTS', part('members', JOB .. id)) == 1 then attend(id, key) end
  end
  local hasReports = false
  for n = 1, num() do
    local kind, value, name, made, canUndo = arg(), arg(), arg(), arg(), maybe()
    if isNew then
      noteReport(id, key, kind, value, name, made, canUndo)
      hasReports = true
    end
  end
  if hasReports then stay(id, key, redis.call('PTTL', key)) end
  return outcome
end

for n = 1, num() do
  local counter, member, flags, id, mark, text = arg(), arg(), arg(), arg(), arg(), arg()
  if redis.call('HEXISTS', part('members', counter), member) == 0 then
    enroll(id, nil, counter, member, flags)
    countMember(counter, member, id, mark, text)
  end
end
local outcomes = {}
for n = 1, num() do outcomes[n] = take() end
return finished(outcomes)
`,
)
