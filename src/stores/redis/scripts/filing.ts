/**
 * Functions for scripts that file a call that has ended in the history, where it is counted, or take it out again; and that see to the
 * message of a call that does not wait any more, which is in its list still.
 */
export const filing: string = `
-- As long as the history has it.
local function keepOn(id, key)
  redis.call('PERSIST', key)
  if redis.call('HEXISTS', key, 'told') == 1 then
    for _, kind in ipairs(kinds) do redis.call('PERSIST', toldKey(id, kind)) end
    redis.call('PERSIST', stepsKey(id))
  end
end

local isEnd = { done = true, failed = true, cancelled = true, dead = true }
local function partOf(state) return state == 'dead' and 'failed' or state end

-- It is in the history from now on, with so many bytes beside those of its message and its reports.
local function file(id, key, state, bytes)
  local r = redis.call('HMGET', key, 'queue', 'bytes')
  local queue, kept, part = r[1] or '', (tonumber(r[2]) or 0) + bytes, partOf(state)
  redis.call('HSET', key, 'state', state, 'ended', now, 'kept', kept)
  if redis.call('ZADD', endedKey(part), now, id) == 1 then
    tally(state, queue, 1)
    tally('bytes', part, kept)
  end
  if state ~= 'done' then redis.call('ZADD', stateKey(state), redis.call('ZSCORE', CALLS, id) or 0, id) end
  keepOn(id, key)
end

-- It is not there any more.
local function unfile(id, key, state)
  local r = redis.call('HMGET', key, 'queue', 'kept')
  if redis.call('ZREM', endedKey(partOf(state)), id) == 1 then
    tally(state, r[1] or '', -1)
    tally('bytes', partOf(state), -(tonumber(r[2]) or 0))
  end
  redis.call('ZREM', stateKey(state), id)
end

-- The message of one that waits is taken out of its list where that costs little: \`rank\` says from which end to look first. Else it
-- is dropped by who comes upon it.
local function discard(id, key, rank)
  local r = redis.call('HMGET', key, 'member', 'list', 'tag')
  if r[1] then
    undelay(r[1])
    redis.call('HDEL', key, 'member')
    return
  end
  if not r[2] then return end
  local text = redis.call('GET', textKey(id))
  for _, each in ipairs({ rank, -rank }) do
    if text and redis.call('LPOS', P .. r[2], text, 'RANK', each, 'MAXLEN', 250) then
      redis.call('LREM', P .. r[2], each, text)
      return
    end
  end
  if r[3] and redis.call('ZADD', HUSKS, now, r[3]) == 1 then tally('husk', r[2], 1) end
end

-- The state of a call that a worker in Python has ended, which writes nothing of that but the result.
local statesElsewhere = { SUCCESS = 'done', FAILURE = 'failed', REVOKED = 'cancelled' }
local function endedElsewhere(id)
  return statesElsewhere[string.match(redis.call('GETRANGE', RESULT .. id, 0, 99), '"status":%s*"(%u+)"') or '']
end
`
