import { dueChannel } from '../../wire/channels.ts'

/**
 * Does what follows from what a script has been asked for, for scripts: members are counted, those who waited for them go on or are
 * dropped, what nobody needs any more stops. One after the other, not one inside the other: a chain of ten thousand calls that wait for each
 * other may come down at once. What is too much for one script is left in the list `work`; the one who asked goes on with it, or
 * the one that comes next.
 */
export const waking: string = `
local budget = 250
-- Each returns true when there is more of the same to do, with its item changed so that it goes on from there.
local does = {}

function does.count(item)
  local id, from, mark, text = item[2], item[3], item[4], item[5]
  local key = callKey(id)
  local count = tonumber(redis.call('HGET', key, 'counts') or 0)
  local to = math.min(count, from + 200)
  budget = budget - (to - from)
  for n = from, to - 1 do
    local member, counter = string.match(redis.call('HGET', key, 'm' .. n), '^(%d+) (.*)$')
    countMember(counter, member, id, mark, text)
  end
  item[3] = to
  return to < count
end

function does.refill(item) refill(item[2]) end

function does.forget(item) forget(item[2], callKey(item[2])) end

-- Those who wait for no more members than have ended, who came first first.
function does.free(item)
  local counter, seats = item[2], {}
  local ended = redis.call('ZCARD', part('ended', counter))
  local sets = { 'held', 'strict' }
  -- Who is to be dropped is not let go.
  if redis.call('HEXISTS', part('members', counter), 'dropping') == 1 then sets[2] = nil end
  for _, set in ipairs(sets) do
    for _, seat in ipairs(redis.call('ZRANGEBYSCORE', part(set, counter), '-inf', ended, 'LIMIT', 0, 100)) do seats[#seats + 1] = seat end
  end
  table.sort(seats)
  budget = budget - #seats
  for _, seat in ipairs(seats) do
    local id = string.sub(seat, 17)
    letGo(id, callKey(id))
  end
  return #seats >= 100
end

function does.drop(item)
  local counter, member = item[2], item[3]
  local seats = redis.call('ZRANGE', part('strict', counter), 0, 99)
  local story = #seats > 0 and storyOf(counter, member)
  budget = budget - #seats
  for _, seat in ipairs(seats) do
    local id = string.sub(seat, 17)
    unseat(id, callKey(id), counter, seat, redis.call('HGET', callKey(id), 'list'))
    fail(id, callKey(id), story)
  end
  if #seats == 100 then return true end
  redis.call('HDEL', part('members', counter), 'dropping')
  return false
end

-- Stops members of a counter that have not ended and are there for those who wait for one of theirs, unless somebody does.
local function stopSome(counter, from, reason)
  local some = redis.call('ZRANGEBYSCORE', part('open', counter), from, '+inf', 'LIMIT', 0, 100)
  budget = budget - #some
  for _, member in ipairs(some) do
    local id = string.sub(redis.call('HGET', part('members', counter), member), 3)
    local key = callKey(id)
    local r = redis.call('HMGET', key, 'state', 'cancelling', 'owned')
    if r[1] and not isEnd[r[1]] and not r[2] and r[3] and not isNeeded(id, key) then withdraw(id, key, reason) end
  end
  return #some == 100 and '(' .. some[100]
end

-- One that has waited for a counter has ended.
function does.over(item)
  local counter, from, state, id = item[2], item[3], item[4], item[5]
  if redis.call('EXISTS', part('awaiting', counter)) == 1 then return false end
  if from == '-inf' and state == 'done' then later('consume', counter, '-inf') end
  local next = stopSome(counter, from, ownerReason(inString(id), state))
  if not next then restCounter(counter) end
  item[3] = next
  return next
end

-- The last one that has waited for a counter is forgotten, or waits for another one.
function does.abandon(item)
  local counter, from = item[2], item[3]
  if redis.call('EXISTS', part('awaiting', counter), part('waited', counter)) > 0 then return false end
  item[3] = stopSome(counter, from, ownerGone)
  if not item[3] then dropCounter(counter) end
  return item[3]
end

-- Drops what a counter keeps of the results of members that are there for those who wait for it.
function does.consume(item)
  local counter, members = item[2], part('members', item[2])
  if redis.call('EXISTS', part('awaiting', counter)) == 1 then return false end
  local some = redis.call('ZRANGEBYSCORE', part('ended', counter), item[3], '+inf', 'LIMIT', 0, 200)
  budget = budget - math.ceil(#some / 4)
  for _, member in ipairs(some) do
    local r = redis.call('HMGET', members, member, 'e' .. member)
    if string.sub(r[1], 1, 1) == 'o' and #r[2] > 1 then
      redis.call('HSET', members, 'e' .. member, string.sub(r[2], 1, 1))
      redis.call('HINCRBY', members, 'bytes', 1 - #r[2])
    end
  end
  item[3] = #some == 200 and '(' .. some[200]
  return item[3]
end

-- Calls that lay aside, as they were given. Those for whom they are may have ended meanwhile.
function does.page(item)
  local given, at = GIVEN, cursor
  GIVEN, cursor = redis.call('LRANGE', item[2], 0, -1), 0
  redis.call('DEL', item[2])
  if #GIVEN > 0 then
    local count = num()
    budget = budget - count
    for n = 1, count do
      local id = GIVEN[cursor + 1]
      keep()
      later('check', id)
    end
  end
  GIVEN, cursor = given, at
  return false
end

-- One that was kept late is stopped where it is there for others, who have all ended.
function does.check(item)
  local id, key = item[2], callKey(item[2])
  local r = redis.call('HMGET', key, 'state', 'cancelling', 'owned')
  if not r[1] or isEnd[r[1]] or r[2] or not r[3] or isNeeded(id, key) then return false end
  local place = redis.call('HGET', key, 'm0')
  local counter = string.match(place, '^%d+ (.*)$')
  if redis.call('EXISTS', part('waited', counter)) == 1 then withdraw(id, key, ownerGone) end
  return false
end

-- Goes on until all is done, or it is enough for one script, in the order in which it came. True where there is more: of this, or of calls
-- that are to be sent.
local function wake()
  if #todo == 0 and redis.call('EXISTS', WORK, FAILED) == 0 then return false end
  local before = redis.call('LRANGE', WORK, 0, 99)
  local first, isAll = {}, true
  if #before > 0 then
    redis.call('LTRIM', WORK, #before, -1)
    isAll = redis.call('EXISTS', WORK) == 0
    for n, item in ipairs(before) do first[n] = cjson.decode(item) end
    if isAll then
      for _, item in ipairs(todo) do first[#first + 1] = item end
      todo = first
    end
  end
  -- Where there is more than this in the list, what is new comes after that.
  local due = isAll and todo or first
  local at = 1
  while due[at] and budget > 0 do
    budget = budget - 1
    if not does[due[at][1]](due[at]) then at = at + 1 end
  end
  for n = #due, at, -1 do redis.call('LPUSH', WORK, cjson.encode(due[n])) end
  if not isAll then for _, item in ipairs(todo) do redis.call('RPUSH', WORK, cjson.encode(item)) end end
  todo = {}
  if redis.call('EXISTS', WORK, FAILED) == 0 then return false end
  redis.call('PUBLISH', P .. '${dueChannel}', now)
  return true
end

-- The answer of a script for each that was asked, once what follows is done; with the chords that are complete, and whether there is more.
local function finished(outcomes)
  local more = wake()
  return remember(cjson.encode({ outcomes, complete, more }))
end
`
