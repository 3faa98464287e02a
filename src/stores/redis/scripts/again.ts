import { engine } from './engine/engine.ts'
import { type Script, script } from './script.ts'

/** Functions for the script that makes calls run again: they find those that run again with one, and take back that they have ended. */
const graphs = `
local function isTaken(id, name)
  local holder, _, leaving = holdersOf(name)
  return holder and holder ~= id or leaving
end

-- A call, the members for which it has waited and that have failed, the calls that have been dropped because of it, and so on.
local function together(first)
  local ids, seen, keys = { first }, { [first] = true }, {}
  keys[redis.call('HGET', callKey(first), 'unique') or ''] = true
  local function add(id, onlyDropped)
    if seen[id] then return end
    local r = redis.call('HMGET', callKey(id), 'state', 'unique', 'error')
    if not isEnd[r[1]] or redis.call('EXISTS', textKey(id)) == 0 then return end
    if onlyDropped and (r[1] ~= 'failed' or string.sub(r[3] or '', 1, 19) ~= '{"source":"member",') then return end
    -- Of two that have ended and had the same key only one can have it again.
    if r[2] and (keys[r[2]] or isTaken(id, r[2])) then return end
    if r[2] then keys[r[2]] = true end
    seen[id] = true
    ids[#ids + 1] = id
  end
  local at = 1
  while ids[at] do
    local id, key = ids[at], callKey(ids[at])
    local r = redis.call('HMGET', key, 'after', 'strict', 'counts')
    for _, member in ipairs(r[1] and redis.call('ZRANGE', part('failed', r[1]), 0, -1) or {}) do
      local known = redis.call('HGET', part('members', r[1]), member)
      if string.sub(known, 1, 1) == 'o' or r[2] == '1' then add(string.sub(known, 3)) end
    end
    for n = 0, tonumber(r[3] or 0) - 1 do
      local member, counter = string.match(redis.call('HGET', key, 'm' .. n), '^(%d+) (.*)$')
      local known = redis.call('HGET', part('members', counter), member)
      if known and string.sub(known, 2) == '-' .. id then
        local waiters = redis.call('SUNION', part('awaiting', counter), part('waited', counter))
        table.sort(waiters)
        for _, each in ipairs(waiters) do add(each, true) end
      end
    end
    at = at + 1
  end
  return ids
end

-- A member that has ended runs again: until it has ended once more it has not.
local function uncount(id, key)
  for n = 0, tonumber(redis.call('HGET', key, 'counts') or 0) - 1 do
    local member, counter = string.match(redis.call('HGET', key, 'm' .. n), '^(%d+) (.*)$')
    local r = redis.call('HMGET', part('members', counter), member, 'e' .. member)
    if r[1] and string.sub(r[1], 3) == id and r[2] then
      redis.call('HDEL', part('members', counter), 'e' .. member)
      redis.call('HINCRBY', part('members', counter), 'bytes', 1 - #r[2])
      redis.call('ZREM', part('ended', counter), member)
      redis.call('ZREM', part('failed', counter), member)
      redis.call('ZADD', part('open', counter), member, member)
      redis.call('ZREM', IDLE, counter)
    end
  end
end

local function nameIn(entry)
  local fine, step = pcall(cjson.decode, string.match(entry, '^%d+ %S+ (.*)$') or '')
  return fine and type(step) == 'table' and step.name
end

-- Forgets that a call was undone, and the steps that were: they are done again.
local function forgetUndoing(id, key)
  local undo = undoOf(key)
  if not undo or not undo.ends then return end
  local gone, can, steps = {}, {}, {}
  for _, name in ipairs(undo.undone) do gone[name] = true end
  for _, name in ipairs(undo.steps) do can[name] = true end
  for _, failure in ipairs(undo.failures) do can[failure[1]] = true end
  redis.call('UNLINK', toldKey(id, 'undone'))
  for _, entry in ipairs(redis.call('ZRANGE', toldKey(id, 'state'), 0, -1)) do
    if string.find(entry, ' {"state":"undoing"', 1, true) then redis.call('ZREM', toldKey(id, 'state'), entry) end
  end
  for _, entry in ipairs(redis.call('ZRANGE', toldKey(id, 'step'), 0, -1)) do
    local name = nameIn(entry)
    if name and gone[name] then
      redis.call('ZREM', toldKey(id, 'step'), entry)
      redis.call('HDEL', stepsKey(id), name)
    elseif name and can[name] then
      steps = without(steps, name)
      steps[#steps + 1] = name
    end
  end
  if #steps == 0 then redis.call('HDEL', key, 'undo')
  else redis.call('HSET', key, 'undo', cjson.encode({ steps = steps, undone = {}, failures = {}, rounds = 0 })) end
end
`

/**
 * Makes ended calls ready again, and with them what has to run for their sake, or can. Each gets a new delivery tag: the message that it had may
 * still be in its list, to be dropped. Arguments of each: id, and the tag. Answers with the outcome for each.
 */
export const retry: Script = script(
  'retry',
  true,
  ...engine,
  graphs,
  `
if answered then return answered end

local function tagged(message, old, tag)
  for _, gap in ipairs({ '', ' ' }) do
    local name = '"delivery_tag":' .. gap
    local from, to = string.find(message, name .. cjson.encode(old), 1, true)
    if from then
      local changed = string.sub(message, 1, from - 1) .. name .. cjson.encode(tag) .. string.sub(message, to + 1)
      local fine, m = pcall(cjson.decode, changed)
      if fine and type(m.properties) == 'table' and m.properties.delivery_tag == tag then return changed, tag end
    end
  end
  return message, old
end

-- It stands where it stood when it was sent.
local function restand(id, key, message)
  local r = redis.call('HMGET', key, 'list', 'after', 'needs', 'strict')
  redis.call('HDEL', key, 'place')
  if not r[2] then return stand(id, key, r[1], message, 0) end
  -- Whatever its members came to that cannot run again: who asks for it by hand has seen that. But they have to have ended.
  local wait = { counter = r[2], members = tonumber(r[3] or 0), strict = false }
  local verdict = verdictOf(id, wait)
  wait.strict = r[4] == '1'
  if verdict == 'held' then hold(id, key, r[1], wait, 0) else stand(id, key, r[1], message, 0) end
end

local function again(id, fresh)
  local key = callKey(id)
  local r = redis.call('HMGET', key, 'state', 'tag', 'expires', 'deadline', 'unique')
  if isEnd[r[1]] then unfile(id, key, r[1]) end
  local message, tag = redis.call('GET', textKey(id)), r[2]
  if tag then message, tag = tagged(message, tag, fresh) end
  for n, name in ipairs({ 'expires', 'deadline' }) do
    if r[n + 2] and tonumber(r[n + 2]) <= now then redis.call('HDEL', key, name) end
  end
  redis.call('HDEL', key, 'error', 'ended', 'kept', 'started', 'worker', 'alone', 'died', 'blamed', 'score', 'lease', 'cancelling', 'elsewhere',
    'foreign', 'memo')
  redis.call('HSET', key, 'state', 'ready', 'due', now, 'attempt', 0, 'deaths', 0)
  redis.call('SET', textKey(id), message)
  if tag then redis.call('HSET', key, 'tag', tag) end
  if r[5] then redis.call('HSET', uniqueKey(r[5]), 'holder', id) end
  redis.call('UNLINK', RESULT .. id)
  forgetUndoing(id, key)
  tellTurn(id, key, 'state', '{"state":"again"}')
  stay(id, key, PENDING)
  watchTime(id, key)
  restand(id, key, message)
  news(id, 'reported')
end

local function retry(id, fresh)
  local key = callKey(id)
  local r = redis.call('HMGET', key, 'state', 'unique')
  if not r[1] or redis.call('EXISTS', textKey(id)) == 0 then return 'gone' end
  if not isEnd[r[1]] and (r[1] ~= 'ready' or not endedElsewhere(id)) then return 'pending' end
  if r[2] and isTaken(id, r[2]) then return 'taken' end
  local ids = together(id)
  -- First all of them have not ended, so that each is held that waits for another.
  for _, each in ipairs(ids) do uncount(each, callKey(each)) end
  for n, each in ipairs(ids) do again(each, n == 1 and fresh or fresh .. '-' .. n) end
  return 'ready'
end

local outcomes = {}
while cursor < #ARGV do outcomes[#outcomes + 1] = retry(arg(), arg()) end
return finished(outcomes)
`,
)
