/**
 * Unique keys, for scripts: `unique:KEY` is a hash with the call that has the key, and the one that has given it up since it was asked to
 * stop, though it still runs.
 */
export const uniqueness: string = `
local function uniqueKey(name) return OWN .. 'unique:' .. name end

-- A call has ended, or is forgotten, and leaves its key to others.
local function freeKey(id, name)
  local key = uniqueKey(name)
  local r = redis.call('HMGET', key, 'holder', 'leaving')
  if r[1] == id then redis.call('HDEL', key, 'holder') end
  if r[2] == id then redis.call('HDEL', key, 'leaving') end
end

-- The call that has a key; its state; and the one that has given it up and still runs. Each is false where there is none.
local function holdersOf(name)
  local r = redis.call('HMGET', uniqueKey(name), 'holder', 'leaving')
  local holder, leaving = r[1], r[2]
  if not holder then return false, false, leaving end
  local s = redis.call('HMGET', callKey(holder), 'state', 'unique', 'key_until', 'cancelling')
  local keeps = s[3] and tonumber(s[3]) > now
  local state = s[1] == 'ready' and endedElsewhere(holder) or s[1]
  if s[2] ~= name or (isEnd[state] and not keeps) then return false, false, leaving end
  if s[1] == 'running' and s[4] and not keeps then return false, false, holder end
  return holder, state, leaving
end

-- What is answered to one who sends a call whose key is taken; false where it is not, or is to be given away.
local function refusedFor(holder, state, leaving, conflict, awaits)
  if holder and conflict == 'join' then return { 'joined', holder } end
  if holder and (conflict == 'reject' or state == 'running') then return { 'unique', holder } end
  -- It cannot wait for its own counter and for the end of that one as well.
  if leaving and awaits then return { 'unique', leaving } end
  return false
end

-- A call has its key from now on.
local function takeKey(id, key, name, span, leaving)
  redis.call('HSET', uniqueKey(name), 'holder', id)
  if leaving then redis.call('HSET', uniqueKey(name), 'leaving', leaving) end
  redis.call('PERSIST', uniqueKey(name))
  redis.call('HSET', key, 'unique', name, 'stays', 1)
  if span then redis.call('HSET', key, 'key_until', now + span) end
end
`
