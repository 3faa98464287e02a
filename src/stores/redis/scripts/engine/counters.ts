import { endCounter } from '../../../end-counter.ts'
import { jobCounter } from '../../../job-counter.ts'
import { luaString } from '../prelude.ts'

/**
 * Counters, for scripts. Of counter C are, under `counter:`, `members:C`, a hash with `ot` (owned, tolerated; or `-`) and the id for each number of a member,
 * and under `e` and the number how it has ended; `open:C`, `ended:C` and `failed:C`, sorted sets of numbers; `held:C`
 * and `strict:C`, sorted sets of those that wait by how many members that takes, of which the latter fail with a member; `awaiting:C`
 * and `waited:C`, the ids of all that have waited for it last, which have not ended, and which have.
 *
 * What follows from a change is done when the script is over with what it was asked for: `later`.
 */
export const counting: string = `
local todo = {}
local function later(...)
  local item, last = { ... }, todo[#todo]
  -- Many who share one thing may go one after the other.
  if last and item[1] == last[1] and item[2] == last[2] and not item[3] then return end
  todo[#todo + 1] = item
end

local END_OF, JOB = ${luaString(endCounter(''))}, ${luaString(jobCounter(''))}
local PARTS = { 'members', 'open', 'ended', 'failed', 'held', 'strict', 'awaiting', 'waited' }
local function part(name, counter) return OWN .. 'counter:' .. name .. ':' .. counter end
local function isEndCounter(counter) return string.sub(counter, 1, #END_OF) == END_OF end

-- A counter that nobody has waited for goes some time after its last member has ended; others with the last one who has.
local function restCounter(counter)
  local needed = redis.call('EXISTS', part('awaiting', counter), part('waited', counter), part('open', counter))
  if needed > 0 then redis.call('ZREM', IDLE, counter) else redis.call('ZADD', IDLE, now, counter) end
end

local function dropCounter(counter)
  redis.call('ZREM', IDLE, counter)
  for _, name in ipairs(PARTS) do redis.call('UNLINK', part(name, counter)) end
end

-- A call leaves its seat among those that a counter holds.
local function unseat(id, key, counter, seat, list)
  redis.call('ZREM', part('held', counter), seat)
  redis.call('ZREM', part('strict', counter), seat)
  redis.call('HDEL', key, 'seat', 'let_go')
  tally('held', list, -1)
end

-- It has waited for a counter, and does so no more, or is forgotten. With the last one who has waited the counter goes.
local function leave(counter, id)
  local was = redis.call('SREM', part('awaiting', counter), id) + redis.call('SREM', part('waited', counter), id)
  if was > 0 and redis.call('EXISTS', part('awaiting', counter), part('waited', counter)) == 0 then
    later('abandon', counter, '-inf')
  end
end

-- From now on the counter that belongs to a call is kept for as long as the call is.
local function attend(id, key)
  local counter = JOB .. id
  local r = redis.call('HMGET', key, 'after', 'state')
  -- One that has waited for the end of another, and runs, need not know of that any more.
  if not r[1] or (isEndCounter(r[1]) and r[2] == 'running') then
    redis.call('HSET', key, 'after', counter, 'needs', 0, 'stays', 1)
    if r[1] then leave(r[1], id) end
  end
  redis.call('SADD', part('awaiting', counter), id)
  redis.call('ZREM', IDLE, counter)
  return counter
end

-- How a call has ended: a mark and a string, a document for one that is done; nil for one that has not.
local function endOf(id, key)
  local r = redis.call('HMGET', key, 'state', 'error', 'elsewhere')
  local mark = isEnd[r[1]]
  if mark and mark ~= 'd' and not r[3] then return mark, r[2] or 'null' end
  local document = redis.call('GET', RESULT .. id)
  if mark == 'd' then return 'd', document or '' end
  if r[1] and r[1] ~= 'ready' and not r[3] or not document then return nil end
  -- Known only to those who have run it, in another language perhaps.
  local status = string.match(document, '"status":%s*"(%u+)"')
  if status == 'SUCCESS' then return 'd', document end
  if status == 'FAILURE' or status == 'REVOKED' then return 'p', document end
  return nil
end

-- A member has ended.
local function countMember(counter, member, id, mark, text)
  local members = part('members', counter)
  local known = redis.call('HGET', members, member)
  -- It may be another counter of that name, the first having been forgotten.
  if not known or string.sub(known, 3) ~= id then return end
  local before = redis.call('HGET', members, 'e' .. member)
  redis.call('HSET', members, 'e' .. member, mark .. text)
  redis.call('HINCRBY', members, 'bytes', #text + 1 - #(before or ' '))
  redis.call('ZREM', part('open', counter), member)
  redis.call('ZADD', part('ended', counter), member, member)
  if mark == 'd' or mark == 'v' or string.sub(known, 2, 2) == 't' then redis.call('ZREM', part('failed', counter), member)
  else
    redis.call('ZADD', part('failed', counter), member, member)
    redis.call('HSET', members, 'dropping', 1)
    later('drop', counter, member)
  end
  if redis.call('EXISTS', part('held', counter), part('strict', counter)) > 0 then later('free', counter) end
  restCounter(counter)
end

-- A call becomes a member, if the place is free. True if it was not, yet. Without a key there is only the id of one that was not kept.
local function enroll(id, key, counter, member, flags)
  local members = part('members', counter)
  local known = redis.call('HGET', members, member)
  if known and string.sub(known, 3) ~= id then return false end
  if not known then
    redis.call('HSET', members, member, flags .. id)
    redis.call('ZADD', part('open', counter), member, member)
    redis.call('ZREM', IDLE, counter)
  end
  if not key then return true end
  local place, count = member .. ' ' .. counter, tonumber(redis.call('HGET', key, 'counts') or 0)
  -- It may have been a member before it was forgotten.
  for n = 0, known and count - 1 or -1 do if redis.call('HGET', key, 'm' .. n) == place then return false end end
  redis.call('HSET', key, 'counts', count + 1, 'm' .. count, place, 'stays', 1)
  if string.sub(flags, 1, 1) == 'o' then redis.call('HSET', key, 'owned', 1) end
  return true
end

-- A call becomes the members that it was sent as. One that has ended counts at once.
local function enrollAll(id, key, counts, isNew)
  for _, each in ipairs(counts) do
    local flags = isNew and each.flags or '-' .. string.sub(each.flags, 2)
    if enroll(id, key, each.counter, each.member, flags) and not isNew then
      local mark, text = endOf(id, key)
      if mark then countMember(each.counter, each.member, id, mark, text) end
    end
  end
end

-- Calls that were not kept will never end, and those who wait for them must not wait for ever.
local function countMissing(id, counts, error)
  for _, each in ipairs(counts) do
    if enroll(id, nil, each.counter, each.member, each.flags) then countMember(each.counter, each.member, id, 'c', error) end
  end
end

-- Calls that may be there already become members.
local function join(counter, joins)
  for _, each in ipairs(joins) do
    local key = callKey(each.id)
    local isKnown = redis.call('EXISTS', key) == 1
    local isNew = enroll(each.id, isKnown and key, counter, each.member, each.flags)
    local mark, text = endOf(each.id, key)
    if not isKnown and not mark then mark, text = 'c', goneStory(inString(each.id)) end
    if isNew and mark then countMember(counter, each.member, each.id, mark, text) end
  end
end

-- A call begins to wait: it may \`go\` at once, is \`held\`, or is to be dropped because of a member, whose number is the second answer.
local function verdictOf(id, wait)
  redis.call('SREM', part('waited', wait.counter), id)
  redis.call('SADD', part('awaiting', wait.counter), id)
  redis.call('ZREM', IDLE, wait.counter)
  local failed = wait.strict and redis.call('ZRANGE', part('failed', wait.counter), 0, 0)[1]
  if failed then return 'drop', failed end
  if redis.call('ZCARD', part('ended', wait.counter)) >= wait.members then return 'go' end
  return 'held'
end

-- The story of one that is dropped because of a member.
local function storyOf(counter, member)
  local r = redis.call('HMGET', part('members', counter), member, 'e' .. member)
  local mark, error = string.sub(r[2], 1, 1), string.sub(r[2], 2)
  if mark == 'p' then return memberStory(string.sub(r[1], 3), member, 'failed', '') end
  return memberStory(string.sub(r[1], 3), member, STATES[mark], error)
end

-- True if a call that has not ended waits for this one. Of many that wait for one and end one after the other, all would be looked at
-- again each time: so the look begins where it has found one last.
local function isNeeded(id, key)
  local r = redis.call('HMGET', key, 'counts', 'needed_at')
  local count, from = tonumber(r[1] or 0), tonumber(r[2] or 0)
  for n = 0, count - 1 do
    local at = (from + n) % count
    local member, counter = string.match(redis.call('HGET', key, 'm' .. at), '^(%d+) (.*)$')
    if redis.call('EXISTS', part('awaiting', counter)) == 1 and redis.call('HGET', part('members', counter), member) then
      redis.call('HSET', key, 'needed_at', at)
      return true
    end
  end
  return false
end
`
