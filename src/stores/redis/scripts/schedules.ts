import { scheduledChannel } from '../wire/channels.ts'
import { engine } from './engine/engine.ts'
import { prelude } from './prelude.ts'
import { type Script, script } from './script.ts'

/**
 * Schedules, for scripts: `schedule:NAME` is a hash, `schedules` a sorted set of all names in their order, and `scheduled` one of those that
 * are due some time, by when that is.
 */
const scheduling = `
local SCHEDULES, SCHEDULED = OWN .. 'schedules', OWN .. 'scheduled'
local function scheduleKey(name) return OWN .. 'schedule:' .. name end
local answer = {}
local function show(name)
  local r = redis.call('HMGET', scheduleKey(name), 'version', 'due', 'definition', 'progress')
  if not r[1] then return end
  answer[#answer + 1] = name
  for n = 1, 4 do answer[#answer + 1] = r[n] or '' end
end
`

/**
 * Changes schedules, and sends the calls of their terms. Arguments of each: name, the version that it has, \`set\`, \`remove\` or
 * \`large\`, when it is due, definition, progress; and its terms: the call that each is behind, the reason why that is cancelled first, and
 * the call. Answers as JSON with \`stale\`, \`large\`, or the new version and the outcome of each call.
 */
export const changeSchedules: Script = script(
  'change schedules',
  true,
  ...engine,
  scheduling,
  `
if answered then return answered end

local function term(dropped)
  local behind, reason = maybe(), maybe()
  local key = behind and callKey(behind)
  if key and reason and not dropped then cancel(behind, reason) end
  local state = key and redis.call('HGET', key, 'state')
  return keep(dropped, nil, state and not isEnd[state] and behind or nil)
end

local function change()
  local name, version, into, due, definition, progress = arg(), arg(), arg(), maybe(), arg(), arg()
  local key = scheduleKey(name)
  local present = redis.call('HGET', key, 'version') or '0'
  local refused = present ~= version and 'stale' or into == 'large' and into
  if refused then
    for n = 1, num() do term(true) end
    return refused
  end
  local next = 0
  redis.call('DEL', key)
  redis.call('ZREM', SCHEDULED, name)
  if into == 'remove' then redis.call('ZREM', SCHEDULES, name)
  else
    next = redis.call('INCR', OWN .. 'versions')
    redis.call('HSET', key, 'version', next, 'definition', definition, 'progress', progress)
    redis.call('ZADD', SCHEDULES, 0, name)
    if due then
      redis.call('HSET', key, 'due', due)
      redis.call('ZADD', SCHEDULED, due, name)
    end
  end
  redis.call('PUBLISH', P .. '${scheduledChannel}', name)
  local outcome = { next }
  for n = 1, num() do outcome[n + 1] = term() end
  return outcome
end

promote()
local outcomes = {}
for n = 1, num() do outcomes[n] = change() end
return finished(outcomes)
`,
)

/** The schedule of a name, or those after a name, in order. Arguments: \`find\` or \`list\`, name. Answers with five values of each. */
export const findSchedules: Script = script(
  'find schedules',
  false,
  prelude,
  scheduling,
  `
local how, name = arg(), arg()
if how == 'find' then show(name)
else
  local after = name == '' and '-' or '(' .. name
  for _, each in ipairs(redis.call('ZRANGEBYLEX', SCHEDULES, after, '+', 'LIMIT', 0, 1000)) do show(each) end
end
return answer
`,
)

/** The schedules that are due. Arguments: the most of them. Answers with the time, when the next is due, and five values of each. */
export const dueSchedules: Script = script(
  'due schedules',
  false,
  prelude,
  scheduling,
  `
local most = num()
answer[1] = string.format('%.0f', now)
answer[2] = redis.call('ZRANGEBYSCORE', SCHEDULED, '(' .. answer[1], '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2] or ''
for _, name in ipairs(redis.call('ZRANGEBYSCORE', SCHEDULED, '-inf', answer[1], 'LIMIT', 0, most)) do show(name) end
return answer
`,
)
