/**
 * Functions for scripts that file a call that has ended in the history, where it is counted, or take it out again; and that see to the
 * places where calls wait, which they leave.
 */
export const filing: string = `
-- As long as it takes, or the history has it.
local function keepOn(id, key)
  redis.call('PERSIST', key)
  if redis.call('HEXISTS', key, 'told') == 1 then
    for _, kind in ipairs(kinds) do redis.call('PERSIST', toldKey(id, kind)) end
    redis.call('PERSIST', stepsKey(id))
  end
end

local function partOf(state) return state == 'dead' and 'failed' or state end

-- It is in the history from now on, with so many bytes beside those of its message and its reports; once it does not have its unique key any
-- more.
local function file(id, key, state, bytes, keyUntil)
  local r = redis.call('HMGET', key, 'queue', 'bytes', 'ended')
  local queue, kept, part, at = r[1] or '', (tonumber(r[2]) or 0) + bytes, partOf(state), r[3] or now
  redis.call('HSET', key, 'state', state, 'ended', at, 'kept', kept)
  if keyUntil then redis.call('ZADD', KEYED, keyUntil, id)
  elseif redis.call('ZADD', endedKey(part), at, id) == 1 then
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
  redis.call('ZREM', KEYED, id)
  redis.call('ZREM', stateKey(state), id)
end

-- A call that has ended has kept its unique key for as long as it was to, or gives it away.
local function giveKey(id, key)
  local r = redis.call('HMGET', key, 'state', 'unique', 'kept', 'bytes')
  redis.call('HDEL', key, 'key_until')
  if r[2] then freeKey(id, r[2]) end
  if redis.call('ZREM', KEYED, id) == 1 and isEnd[r[1]] then file(id, key, r[1], r[3] - (r[4] or 0)) end
end

local function openKeys()
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYED, '-inf', now, 'LIMIT', 0, 100)) do giveKey(id, callKey(id)) end
end

-- One that waits leaves the place where it stands. Out of a list its message is taken where that costs little: \`rank\` says from which end
-- to look first. Else it is dropped by who comes upon it.
local function unstand(id, key, rank)
  local r = redis.call('HMGET', key, 'member', 'seat', 'list', 'tag', 'after')
  if r[1] then
    undelay(r[1])
    redis.call('HDEL', key, 'member')
    return
  end
  if r[2] then return unseat(id, key, r[5], r[2], r[3]) end
  if unpark(id, key) or not r[3] then return end
  local text = redis.call('GET', textKey(id))
  for _, each in ipairs({ rank, -rank }) do
    if text and redis.call('LPOS', P .. r[3], text, 'RANK', each, 'MAXLEN', 250) then
      redis.call('LREM', P .. r[3], each, text)
      return
    end
  end
  if r[4] and redis.call('ZADD', HUSKS, now, r[4]) == 1 then tally('husk', r[3], 1) end
end
`
