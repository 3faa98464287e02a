import { prelude } from './prelude.ts'
import { type Script, script } from './script.ts'

/**
 * Calls of one part of history that have ended since a moment, the last first. Arguments: part, moment, the moment up to which (empty for
 * now), how many to leave out, how many. Answers with the moment up to which, and the values of each call.
 */
export const ended: Script = script(
  'ended',
  false,
  prelude,
  `
local part, since, untilMoment, from, size = arg(), num(), maybe(), num(), num()
untilMoment = untilMoment or NOW
local answer = { untilMoment }
local found = redis.call('ZREVRANGEBYSCORE', endedKey(part), untilMoment, since, 'WITHSCORES', 'LIMIT', from, size)
for n = 1, #found, 2 do
  local r = redis.call('HMGET', callKey(found[n]), 'state', 'queue', 'task', 'sent', 'due', 'started')
  answer[#answer + 1] = { found[n], r[1] or part, found[n + 1], r[2] or '', r[3] or '', r[4] or '', r[5] or '', r[6] or '' }
end
return answer
`,
)
