import { deadlineStory, expiredStory, purgedStory, stoppedStory } from '../../../story.ts'
import { dueChannel } from '../../wire/channels.ts'
import { luaString } from '../prelude.ts'

const reason = 'REASON'
const [beforeReason = '', afterReason = ''] = stoppedStory(reason).split(reason)

/**
 * Functions for scripts that hold a call, put it back, or end it.
 *
 * It is held under kombu's delivery tag, in \`unacked\` and \`unacked_index\`, where Python sees it and leaves it alone as long as its
 * score is young. What makes the claim ours is the token, and that the score is still the one that we have written: a worker there that has
 * restored the message after the visibility timeout, and has it now under the same tag, has written another.
 */
export const life: string = `
local function unack(tag)
  redis.call('HDEL', UNACKED, tag)
  redis.call('ZREM', INDEX, tag)
end

local function messageOf(tag, queue)
  local text = redis.call('HGET', UNACKED, tag)
  return text and string.sub(text, 2, #text - #suffix(queue))
end

local function takeBack(tag, queue)
  local message = messageOf(tag, queue)
  unack(tag)
  return message
end

local function touch(key, tag)
  redis.call('ZADD', INDEX, scoreNow(), tag)
  redis.call('HSET', key, 'score', scoreNow())
end

local function isSeen(tag, score)
  local found = tag and score and redis.call('ZSCORE', INDEX, tag)
  return found and tonumber(found) == tonumber(score)
end

local function isOurs(tag, score) return isSeen(tag, score) and redis.call('HEXISTS', UNACKED, tag) == 1 end

-- The key of a call and its delivery tag, for one who holds it under this token.
local function held(id, token)
  local key = callKey(id)
  local r = redis.call('HMGET', key, 'state', 'token', 'tag', 'score')
  if r[1] ~= 'running' or r[2] ~= token or not isOurs(r[3], r[4]) then return nil end
  return key, r[3]
end

-- The same for one who is done with it: it is not held any more.
local function handedIn(id, token)
  local key = callKey(id)
  local r = redis.call('HMGET', key, 'state', 'token', 'tag', 'score')
  if r[1] ~= 'running' or r[2] ~= token or not isSeen(r[3], r[4]) or redis.call('HDEL', UNACKED, r[3]) == 0 then return nil end
  redis.call('ZREM', INDEX, r[3])
  return key
end

local function tellTurn(id, key, kind, value)
  local sequence = redis.call('HINCRBY', key, 'told', 1)
  redis.call('HINCRBY', key, 'bytes', #value)
  redis.call('ZADD', toldKey(id, kind), sequence, sequence .. ' ' .. now .. ' ' .. value)
  if sequence % 64 == 0 then
    for _, passing in ipairs({ 'progress', 'log', 'state' }) do redis.call('ZREMRANGEBYRANK', toldKey(id, passing), 0, -1001) end
  end
end

-- All that belongs to a call goes together.
local function keepFor(id, key, span)
  redis.call('PEXPIRE', key, span)
  if redis.call('HEXISTS', key, 'told') == 1 then
    for _, kind in ipairs(kinds) do redis.call('PEXPIRE', toldKey(id, kind), span) end
    redis.call('PEXPIRE', stepsKey(id), span)
  end
end

-- One that has not ended. Where others count on it, it stays until it has.
local function stay(id, key, span)
  if redis.call('HEXISTS', key, 'stays') == 1 then keepOn(id, key) else keepFor(id, key, span) end
end

-- Writes the document that Celery reads, and tells those who wait for it.
local function record(id, group, parent, before, after, span)
  local also = ''
  if group then also = also .. ',"group_id":' .. cjson.encode(group) end
  if parent then also = also .. ',"parent_id":' .. cjson.encode(parent) end
  local document = documentOf(before, also, after)
  redis.call('SET', RESULT .. id, document, 'PX', span)
  redis.call('PUBLISH', RESULT .. id, document)
end

local function forget(id, key)
  local r = redis.call('HMGET', key, 'unique', 'after')
  if r[1] then freeKey(id, r[1]) end
  if r[2] then
    leave(r[2], id)
    leave(JOB .. id, id)
  end
  redis.call('ZREM', CALLS, id)
  if redis.call('HEXISTS', key, 'told') == 1 then
    redis.call('UNLINK', stepsKey(id))
    for _, kind in ipairs(kinds) do redis.call('UNLINK', toldKey(id, kind)) end
  end
  redis.call('UNLINK', key, textKey(id))
end

-- A call has ended, and is in nobody's way any more. Answers with whether its result is ignored, until when it has its unique key, the bytes
-- that are kept by the counter that it has waited for, whether it is to be counted, and fields of its hash: group, parent, error, cancelling.
local function depart(id, key, state, mark, text)
  local r = redis.call('HMGET', key, 'ignore', 'unique', 'key_until', 'counts', 'after', 'limit', 'deadline', 'expires', 'group', 'parent',
    'error', 'cancelling')
  local keyUntil, bytes = r[2] and tonumber(r[3] or 0) > now and tonumber(r[3]), 0
  redis.call('ZREM', LEASES, id)
  if r[5] or r[7] or r[8] then redis.call('ZREM', ENDING, id) end
  if r[2] and not keyUntil then freeKey(id, r[2]) end
  if r[6] then standIn(id, key, r[6]) end
  if r[4] then later('count', id, 0, mark, text) end
  if r[5] then
    redis.call('SREM', part('awaiting', r[5]), id)
    redis.call('SADD', part('waited', r[5]), id)
    redis.call('HDEL', key, 'memo')
    later('over', r[5], '-inf', state, id)
    bytes = tonumber(redis.call('HGET', part('members', r[5]), 'bytes') or 0)
  end
  return r[1], keyUntil, bytes, r[4], { group = r[9], parent = r[10], error = r[11], cancelling = r[12] }
end

-- It is over.
local function finish(id, key, state, before, after, error)
  -- A document without its date, as long as it is nobody's but theirs who wait for it.
  local text = state == 'done' and before .. '"date_done":null' .. after or error
  local ignored, keyUntil, bytes, isMember, fields = depart(id, key, state, isEnd[state], text)
  if ignored and state == 'done' and not keyUntil then
    -- As a member it is needed until it has been counted.
    if isMember then
      redis.call('HSET', key, 'state', state)
      later('forget', id)
    else forget(id, key) end
    news(id, 'ended')
    return
  end
  if fields.cancelling then redis.call('HDEL', key, 'cancelling') end
  if state ~= 'done' then redis.call('HSET', key, 'error', error)
  elseif fields.error then redis.call('HDEL', key, 'error') end
  file(id, key, state, bytes + (state == 'done' and (ignored and 0 or #before) or #error), keyUntil)
  if ignored then news(id, 'ended') else record(id, fields.group, fields.parent, before, after, math.max(KEEP, keyUntil and keyUntil - now or 0)) end
end

-- A worker in Python has ended a call, which writes nothing of that but the result.
local function endElsewhere(id, key, state)
  redis.call('HSET', key, 'elsewhere', 1, 'state', state)
  unpark(id, key)
  local mark, text = endOf(id, key)
  local _, keyUntil, bytes = depart(id, key, state, mark or 'f', text or '{}')
  file(id, key, state, bytes, keyUntil)
  news(id, 'ended')
end

local EXPIRED, DEADLINE = ${luaString(expiredStory)}, ${luaString(deadlineStory)}

-- The story of a call that is not to run any more: somebody has asked it to stop, or its time is over.
local function overdueBy(deadline, expires, cancelling)
  if cancelling then return ${luaString(beforeReason)} .. cancelling .. ${luaString(afterReason)}, 'revoked' end
  if deadline and tonumber(deadline) <= now then return DEADLINE, 'deadline' end
  if expires and tonumber(expires) <= now then return EXPIRED, 'expired' end
  return nil
end

local function overdue(key) return overdueBy(unpack(redis.call('HMGET', key, 'deadline', 'expires', 'cancelling'))) end

local function finishCancelled(id, key, error, why)
  local before = '{"status":"REVOKED","result":{"exc_type":"TaskRevokedError","exc_message":["' .. why ..
    '"],"exc_module":"celery.exceptions"},"traceback":null,"children":[],'
  countNoted(key)
  finish(id, key, 'cancelled', before, ',"task_id":' .. cjson.encode(id) .. '}', error)
end

local function watchTime(id, key)
  local r = redis.call('HMGET', key, 'deadline', 'expires', 'let_go')
  local at = math.huge
  for n = 1, 3 do at = math.min(at, r[n] and tonumber(r[n]) or math.huge) end
  if at == math.huge then return end
  redis.call('ZADD', ENDING, at, id)
  if r[3] and redis.call('ZRANGE', ENDING, 0, 0)[1] == id then redis.call('PUBLISH', P .. '${dueChannel}', at) end
end

-- A call stands in line, or is delayed.
local function stand(id, key, list, message, wait, first)
  local limit = redis.call('HGET', key, 'limit')
  if limit then standIn(id, key, limit, 'waiting') end
  if wait > 0 or not first then redis.call('HDEL', key, 'place') end
  if wait > 0 then return delay(id, list, message, now + wait) end
  redis.call('HSET', key, 'state', 'ready', 'due', now)
  push(list, message, first)
end

-- Puts a call in line to be undone. Nothing ends it any more but its worker, so its time has no limit. Without a message it is in line.
local function toUndo(id, key, ends, wait, hasRun, message)
  local undo = undoOf(key) or { steps = {}, undone = {}, failures = {}, rounds = 0 }
  local r = redis.call('HMGET', key, 'attempt', 'list')
  tellTurn(id, key, 'state', '{"state":"undoing"' .. (hasRun and ',"attempt":' .. r[1] or '') .. ',"into":"' .. ends.state ..
    '","error":' .. ends.error .. '}')
  undo.ends, undo.rounds = ends, undo.rounds + 1
  redis.call('HSET', key, 'undo', cjson.encode(undo), 'error', ends.error)
  redis.call('HDEL', key, 'memo', 'expires', 'deadline', 'cancelling', 'let_go')
  redis.call('ZREM', ENDING, id)
  news(id, 'reported')
  stay(id, key, PENDING + wait)
  if message then stand(id, key, r[2], message, wait) end
end

-- Ends a call that stands nowhere and of which no worker says how it ended; but first what it has done is undone, where that can be.
local function endOrUndo(id, key, error, why, message)
  local undo = undoOf(key)
  if not isToUndo(undo) then return finishCancelled(id, key, error, why) end
  toUndo(id, key, undo.ends or { state = 'cancelled', error = error }, 0, false, message)
end

-- The same of one that waits, wherever it stands. True if it has ended.
local function endWaiting(id, key, error, why, rank)
  if not isToUndo(undoOf(key)) then
    unstand(id, key, rank)
    finishCancelled(id, key, error, why)
    return true
  end
  local r = redis.call('HMGET', key, 'member', 'seat', 'parked')
  local isInLine = not r[1] and not r[2] and not r[3]
  if not isInLine then unstand(id, key, rank) end
  endOrUndo(id, key, error, why, not isInLine and redis.call('GET', textKey(id)))
  return false
end

-- Ends a call of which no worker says that it has failed.
local function fail(id, key, error)
  local before = '{"status":"FAILURE","result":{"exc_type":"SkeinError","exc_message":[' ..
    cjson.encode(cjson.decode(error).message) .. '],"exc_module":"skein"},"traceback":null,"children":[],'
  finish(id, key, 'failed', before, ',"task_id":' .. cjson.encode(id) .. '}', error)
  if redis.call('HGET', key, 'errbacks') then redis.call('RPUSH', FAILED, id) end
end

-- A call that waits for a counter stands nowhere but there.
local function hold(id, key, list, wait, delay)
  local seat = string.format('%016d', order()) .. id
  redis.call('ZADD', part(wait.strict and 'strict' or 'held', wait.counter), wait.members, seat)
  redis.call('HSET', key, 'state', 'held', 'seat', seat, 'list', list, 'pause', delay)
  redis.call('HDEL', key, 'place')
  tally('held', list, 1)
  if wait.limit then
    local at = math.ceil(now + wait.limit)
    redis.call('HSET', key, 'let_go', at, 'due', at)
  end
  local limit = redis.call('HGET', key, 'limit')
  if limit then standIn(id, key, limit, 'waiting') end
  watchTime(id, key)
  keepOn(id, key)
end

-- It need not wait for its counter any more: it comes to be due.
local function letGo(id, key)
  local r = redis.call('HMGET', key, 'list', 'pause', 'after', 'due', 'seat')
  if not r[5] then return end
  local message = redis.call('GET', textKey(id))
  unseat(id, key, r[3], r[5], r[1])
  redis.call('ZREM', ENDING, id)
  local error, why = overdue(key)
  if error then return endOrUndo(id, key, error, why, message) end
  watchTime(id, key)
  local wait = tonumber(r[2])
  if isEndCounter(r[3]) then wait = math.max(0, r[4] - now) end
  stand(id, key, r[1], message, wait)
end

-- Ends what waits and whose time is over, and lets go what has waited for others for as long as it was to.
local function endOverdue()
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', ENDING, '-inf', now, 'LIMIT', 0, 500)) do
    redis.call('ZREM', ENDING, id)
    local key = callKey(id)
    local state = redis.call('HGET', key, 'state')
    local error, why = overdue(key)
    if error and (state == 'ready' or state == 'delayed' or state == 'held') then endWaiting(id, key, error, why, -1)
    elseif state == 'held' then
      redis.call('HSET', key, 'needs', 0)
      letGo(id, key)
    end
  end
end

-- It is not held by a worker any more. Its message.
local function letLoose(id, key, tag, queue)
  redis.call('ZREM', LEASES, id)
  redis.call('HDEL', key, 'score', 'lease', 'blamed')
  return takeBack(tag, queue)
end

-- It goes back, unless it is to stop or its time is over: into line at the end or, \`first\`, where it came from, or later.
local function goBack(id, key, tag, wait, first)
  local r = redis.call('HMGET', key, 'queue', 'list')
  local message = letLoose(id, key, tag, r[1])
  local error, why = overdue(key)
  if error then return endOrUndo(id, key, error, why, message) end
  watchTime(id, key)
  stay(id, key, PENDING + wait)
  stand(id, key, r[2], message, wait, first)
end

-- It goes back to wait for a counter.
local function goWait(id, key, tag, wait, delay)
  local r = redis.call('HMGET', key, 'queue', 'list', 'after')
  redis.call('HSET', key, 'after', wait.counter, 'needs', wait.members, 'strict', wait.strict and 1 or 0, 'stays', 1)
  join(wait.counter, wait.joins)
  local verdict, member = verdictOf(id, wait)
  if r[3] and r[3] ~= wait.counter and r[3] ~= JOB .. id then leave(r[3], id) end
  if verdict == 'go' then return goBack(id, key, tag, delay, true) end
  redis.call('SET', textKey(id), letLoose(id, key, tag, r[1]))
  if verdict == 'held' then return hold(id, key, r[2], wait, delay) end
  -- Whether others are to be sent then, its message says.
  redis.call('HSET', key, 'errbacks', 1)
  fail(id, key, storyOf(wait.counter, member))
end

-- Somebody asks a call to stop that has not ended: at once where it waits, its holder where it runs. The reason is JSON.
local function withdraw(id, key, reason)
  local r = redis.call('HMGET', key, 'state', 'tag', 'score', 'handle', 'cancelling', 'limit', 'undo')
  -- What is being undone is so for the same reason, and cannot be broken off.
  if r[7] and cjson.decode(r[7]).ends then return 'cancelling' end
  local isHeld = r[1] == 'running' and isOurs(r[2], r[3])
  -- What a worker in Python has is marked: it is not stopped by that, but does not run again either.
  if isHeld or redis.call('HEXISTS', UNACKED, r[2]) == 1 then
    if r[5] then return 'cancelling' end
    redis.call('HSET', key, 'cancelling', reason)
    if r[6] then standIn(id, key, r[6], 'stopping') end
    tellTurn(id, key, 'state', '{"state":"cancelling","reason":' .. reason .. '}')
    stay(id, key, PENDING)
    news(id, 'reported')
    if isHeld then tell(r[4], 'cancelling ' .. cjson.encode(id) .. '\\n' .. reason) end
    return 'cancelling'
  end
  return endWaiting(id, key, cancelledStory(reason), 'revoked', 1) and 'cancelled' or 'cancelling'
end

-- The same of whatever has that id.
local function cancel(id, reason)
  local key = callKey(id)
  local state = redis.call('HGET', key, 'state')
  if not state then return endedElsewhere(id) and 'ended' or 'gone' end
  if isEnd[state] or state ~= 'running' and endedElsewhere(id) then return 'ended' end
  return withdraw(id, key, reason)
end

-- Forgets a call that does not run. One that has not ended counts as cancelled.
local function remove(id, key, state)
  if isEnd[state] then
    unfile(id, key, state)
    return forget(id, key)
  end
  local r = redis.call('HMGET', key, 'limit', 'counts')
  unstand(id, key, 1)
  redis.call('ZREM', ENDING, id)
  redis.call('ZREM', LEASES, id)
  if r[1] then standIn(id, key, r[1]) end
  if r[2] then
    redis.call('HSET', key, 'state', 'cancelled')
    later('count', id, 0, 'c', ${luaString(purgedStory)})
    later('forget', id)
  else forget(id, key) end
  news(id, 'ended')
end
`
