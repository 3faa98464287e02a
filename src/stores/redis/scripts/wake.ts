import { firstSignal } from '../../job-counter.ts'
import { engine } from './engine/engine.ts'
import { prelude } from './prelude.ts'
import { type Script, script } from './script.ts'

/**
 * Goes on with what follows from what has been done. Answers as JSON: whether there is more, then id, queue, message and error of calls
 * that have failed without a worker, and what they ask for then is to be done.
 */
export const wake: Script = script(
  'wake',
  true,
  ...engine,
  `
if answered then return answered end
wake()
local answer = { redis.call('EXISTS', WORK) == 1 }
for _, id in ipairs(redis.call('LRANGE', FAILED, 0, 99)) do
  local r, text = redis.call('HMGET', callKey(id), 'queue', 'error'), redis.call('GET', textKey(id))
  if r[1] and text then answer[#answer + 1] = { id, r[1], text, r[2] or '{}' } else redis.call('LREM', FAILED, 1, id) end
end
return remember(cjson.encode(answer))
`,
)

/** Does what a call asks for that has failed without a worker, unless somebody has. Arguments: id, and what that is. */
export const conclude: Script = script(
  'conclude',
  true,
  ...engine,
  `
if answered then return answered end
local id = arg()
local isDue = redis.call('LREM', FAILED, 1, id) == 1
follow(not isDue)
return finished({})
`,
)

/** Keeps a signal for a call that has not ended. Arguments: id, name, value. Answers with \`kept\`, \`ended\` or \`gone\`. */
export const signal: Script = script(
  'signal',
  true,
  ...engine,
  `
if answered then return answered end
local id, name, value = arg(), arg(), arg()
local key = callKey(id)
local state = redis.call('HGET', key, 'state')
if not state or isEnd[state] then return finished({ state and 'ended' or 'gone' }) end
local counter = attend(id, key)
local last = redis.call('ZREVRANGEBYSCORE', part('ended', counter), '+inf', ${firstSignal}, 'LIMIT', 0, 1)[1]
local member = string.format('%.0f', last and last + 1 or ${firstSignal})
redis.call('HSET', part('members', counter), member, '--' .. name)
countMember(counter, member, name, 'v', value)
stay(id, key)
news(id, 'reported')
return finished({ 'kept' })
`,
)

/**
 * The members of a counter that have ended. Arguments: counter, the member after which to go on. Answers for each with its
 * number, two flags and its id, and how it has ended.
 */
export const members: Script = script(
  'members',
  false,
  prelude,
  `
local counter, after = arg(), arg()
local answer = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', OWN .. 'counter:ended:' .. counter, '(' .. after, '+inf', 'LIMIT', 0, 1000)) do
  local r = redis.call('HMGET', OWN .. 'counter:members:' .. counter, member, 'e' .. member)
  answer[#answer + 1] = member
  answer[#answer + 1] = r[1]
  answer[#answer + 1] = r[2]
end
return answer
`,
)
