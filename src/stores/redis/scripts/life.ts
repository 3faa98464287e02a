import { deadlineStory, expiredStory, stoppedStory } from '../../story.ts'
import { filing } from './filing.ts'
import { luaString } from './prelude.ts'

const reason = 'REASON'
const [beforeReason = '', afterReason = ''] = stoppedStory(reason).split(reason)

/**
 * Functions for scripts that hold a call, put it back, or end it.
 *
 * It is held under kombu's delivery tag, in \`unacked\` and \`unacked_index\`, where Python sees it and leaves it alone as long as its
 * score is young. What makes the claim ours is the token, and that the score is still the one that we have written: a worker there that has
 * restored the message after the visibility timeout, and has it now under the same tag, has written another.
 */
export const life: string = `${filing}
local function suffix(queue) return ',"",' .. cjson.encode(queue) .. ']' end

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
  local score = string.format('%.3f', now / 1000)
  redis.call('ZADD', INDEX, score, tag)
  redis.call('HSET', key, 'score', score)
end

local function isOurs(tag, score)
  local found = tag and score and redis.call('ZSCORE', INDEX, tag)
  return found and tonumber(found) == tonumber(score) and redis.call('HEXISTS', UNACKED, tag) == 1
end

-- The key of a call and its delivery tag, for one who holds it under this token.
local function held(id, token)
  local key = callKey(id)
  local r = redis.call('HMGET', key, 'state', 'token', 'tag', 'score')
  if r[1] ~= 'running' or r[2] ~= token or not isOurs(r[3], r[4]) then return nil end
  return key, r[3]
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

local function iso(at)
  local seconds = math.floor(at / 1000)
  local days, rest = math.floor(seconds / 86400) + 719468, seconds % 86400
  local era = math.floor(days / 146097)
  local inEra = days - era * 146097
  local year = math.floor((inEra - math.floor(inEra / 1460) + math.floor(inEra / 36524) - math.floor(inEra / 146096)) / 365)
  local inYear = inEra - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local part = math.floor((5 * inYear + 2) / 153)
  local day = inYear - math.floor((153 * part + 2) / 5) + 1
  local month = part < 10 and part + 3 or part - 9
  if month <= 2 then year = year + 1 end
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03d000+00:00', year + era * 400, month, day,
    math.floor(rest / 3600), math.floor(rest % 3600 / 60), rest % 60, at % 1000)
end

-- Writes the document that Celery reads, and tells those who wait for it.
local function record(id, key, before, after)
  local also = ''
  local r = redis.call('HMGET', key, 'group', 'parent')
  if r[1] then also = also .. ',"group_id":' .. cjson.encode(r[1]) end
  if r[2] then also = also .. ',"parent_id":' .. cjson.encode(r[2]) end
  local document = before .. '"date_done":"' .. iso(now) .. '"' .. also .. after
  redis.call('SET', RESULT .. id, document, 'PX', KEEP)
  redis.call('PUBLISH', RESULT .. id, document)
end

local function forget(id, key)
  redis.call('ZREM', CALLS, id)
  if redis.call('HEXISTS', key, 'told') == 1 then
    redis.call('UNLINK', stepsKey(id))
    for _, kind in ipairs(kinds) do redis.call('UNLINK', toldKey(id, kind)) end
  end
  redis.call('UNLINK', key, textKey(id))
end

-- It is over.
local function finish(id, key, state, before, after, error)
  local ignored = redis.call('HGET', key, 'ignore')
  redis.call('ZREM', LEASES, id)
  redis.call('ZREM', ENDING, id)
  if ignored and state == 'done' then
    forget(id, key)
    news(id, 'ended')
    return
  end
  if state == 'done' then redis.call('HDEL', key, 'error', 'cancelling')
  else
    redis.call('HDEL', key, 'cancelling')
    redis.call('HSET', key, 'error', error)
  end
  file(id, key, state, state == 'done' and (ignored and 0 or #before) or #error)
  if ignored then news(id, 'ended') else record(id, key, before, after) end
end

local EXPIRED, DEADLINE = ${luaString(expiredStory)}, ${luaString(deadlineStory)}

-- The story of a call that is not to run any more: somebody has asked it to stop, or its time is over.
local function overdue(key)
  local r = redis.call('HMGET', key, 'deadline', 'expires', 'cancelling')
  if r[3] then return ${luaString(beforeReason)} .. r[3] .. ${luaString(afterReason)}, 'revoked' end
  if r[1] and tonumber(r[1]) <= now then return DEADLINE, 'deadline' end
  if r[2] and tonumber(r[2]) <= now then return EXPIRED, 'expired' end
  return nil
end

local function finishCancelled(id, key, error, why)
  local before = '{"status":"REVOKED","result":{"exc_type":"TaskRevokedError","exc_message":["' .. why ..
    '"],"exc_module":"celery.exceptions"},"traceback":null,"children":[],'
  finish(id, key, 'cancelled', before, ',"task_id":' .. cjson.encode(id) .. '}', error)
end

local function watchTime(id, key)
  local r = redis.call('HMGET', key, 'deadline', 'expires')
  local at = math.min(r[1] and tonumber(r[1]) or math.huge, r[2] and tonumber(r[2]) or math.huge)
  if at ~= math.huge then redis.call('ZADD', ENDING, at, id) end
end

-- Ends what waits and whose time is over.
local function endOverdue()
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', ENDING, '-inf', now, 'LIMIT', 0, 500)) do
    redis.call('ZREM', ENDING, id)
    local key = callKey(id)
    local state = redis.call('HGET', key, 'state')
    local error, why = overdue(key)
    if error and (state == 'ready' or state == 'delayed') then
      discard(id, key, -1)
      finishCancelled(id, key, error, why)
    end
  end
end

-- It goes back, unless it is to stop or its time is over: into line at the end or, \`first\`, where it came from, or later.
local function goBack(id, key, tag, wait, first)
  local r = redis.call('HMGET', key, 'queue', 'list')
  local message = takeBack(tag, r[1])
  redis.call('ZREM', LEASES, id)
  redis.call('HDEL', key, 'score', 'lease', 'blamed')
  local error, why = overdue(key)
  if error then return finishCancelled(id, key, error, why) end
  watchTime(id, key)
  keepFor(id, key, PENDING + wait)
  if wait > 0 then return delay(id, r[2], message, now + wait) end
  redis.call('HSET', key, 'state', 'ready', 'due', now)
  push(r[2], message, first)
end
`
