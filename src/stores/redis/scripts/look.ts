import { prelude } from './prelude.ts'
import { type Script, script } from './script.ts'

/** All that is known of how a call is doing: the fields of its hash, and the record of its result. Argument: id. */
export const look: Script = script(
  'look',
  false,
  prelude,
  `
local id = arg()
local r = redis.call('HMGET', callKey(id), 'state', 'task', 'attempt', 'sent', 'worker', 'started', 'ended', 'deadline', 'error',
  'ignore')
local answer = {}
for n = 1, 10 do answer[n] = r[n] or '' end
answer[11] = redis.call('GET', RESULT .. id) or ''
return answer
`,
)

/** The reports that a call has left behind after a place. Arguments: id, place. Answers with the kind and the entry of each. */
export const reports: Script = script(
  'reports',
  false,
  prelude,
  `
local id, after = arg(), arg()
local answer = {}
for _, kind in ipairs(kinds) do
  for _, entry in ipairs(redis.call('ZRANGEBYSCORE', toldKey(id, kind), '(' .. after, '+inf', 'LIMIT', 0, 1000)) do
    answer[#answer + 1] = kind
    answer[#answer + 1] = entry
  end
end
return answer
`,
)
