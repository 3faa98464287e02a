import { dueChannel, resumed } from '../wire/channels.ts'
import { life } from './life.ts'
import { lines, prelude } from './prelude.ts'
import { type Script, script } from './script.ts'

/**
 * Ends calls that wait, and tells the holders of those that run. What a worker in Python has is marked: it is not stopped by that, but does
 * not run again either. Arguments: the reason, its story for one that has not begun, ids. Answers with the outcome for each.
 */
export const cancel: Script = script(
  'cancel',
  true,
  prelude,
  lines,
  life,
  `
if answered then return answered end
local reason, story = arg(), arg()

local function cancel(id)
  local key = callKey(id)
  local r = redis.call('HMGET', key, 'state', 'tag', 'score', 'handle', 'cancelling')
  local state = r[1]
  if not state then return endedElsewhere(id) and 'ended' or 'gone' end
  if isEnd[state] or state ~= 'running' and endedElsewhere(id) then return 'ended' end
  local isHeld = state == 'running' and isOurs(r[2], r[3])
  if isHeld or redis.call('HEXISTS', UNACKED, r[2]) == 1 then
    if r[5] then return 'cancelling' end
    redis.call('HSET', key, 'cancelling', reason)
    tellTurn(id, key, 'state', '{"state":"cancelling","reason":' .. reason .. '}')
    keepFor(id, key, PENDING)
    news(id, 'reported')
    if isHeld then tell(r[4], 'cancelling ' .. cjson.encode(id) .. '\\n' .. reason) end
    return 'cancelling'
  end
  discard(id, key, 1)
  finishCancelled(id, key, story, 'revoked')
  return 'cancelled'
end

local outcomes = {}
while cursor < #ARGV do outcomes[#outcomes + 1] = cancel(arg()) end
return remember(cjson.encode(outcomes))
`,
)

/** Pauses a queue, or lets it go on. Arguments: queue, `1` or `0`. */
export const pause: Script = script(
  'pause',
  false,
  prelude,
  `
local queue = arg()
if arg() == '1' then redis.call('SADD', PAUSED, queue)
else
  redis.call('SREM', PAUSED, queue)
  redis.call('PUBLISH', P .. '${dueChannel}', '${resumed}')
end
return 'ok'
`,
)

/** Says what a worker does, or that it is gone. Arguments: worker, its record as JSON; empty for one that is gone. */
export const announce: Script = script(
  'announce',
  false,
  prelude,
  `
local worker, record = arg(), arg()
local key = workerKey(worker)
if record == '' then
  redis.call('DEL', key)
  redis.call('ZREM', WORKERS, worker)
  return 'gone'
end
redis.call('HSETNX', key, 'started', now)
redis.call('HSET', key, 'record', record)
redis.call('PEXPIRE', key, 3600000)
redis.call('ZADD', WORKERS, now, worker)
redis.call('ZREMRANGEBYSCORE', WORKERS, '-inf', now - 3600000)
return 'ok'
`,
)
