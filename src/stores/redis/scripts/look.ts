import { prelude } from './prelude.ts'
import { type Script, script } from './script.ts'

/**
 * The time for which a worker that is not heard of counts as alive, in milliseconds: it is seen with each sweep of its store, at least
 * every fifteen seconds.
 */
const aliveFor = 45_000

/** The claims that are looked at in one script. */
export const claimsAtOnce = 2_000

/** All that is known of how a call is doing: the fields of its hash, and the record of its result. Argument: id. */
export const look: Script = script(
  'look',
  false,
  prelude,
  `
local id = arg()
local r = redis.call('HMGET', callKey(id), 'state', 'task', 'attempt', 'sent', 'worker', 'started', 'ended', 'deadline', 'error',
  'ignore', 'elsewhere')
local answer = {}
for n = 1, 11 do answer[n] = r[n] or '' end
answer[12] = redis.call('GET', RESULT .. id) or ''
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

/** The workers that have been seen lately. Answers with the name of each, when it began and was seen, and its record. */
export const workers: Script = script(
  'workers',
  false,
  prelude,
  `
local answer = {}
local seen = redis.call('ZRANGEBYSCORE', WORKERS, now - ${aliveFor}, '+inf', 'WITHSCORES')
for n = 1, #seen, 2 do
  local r = redis.call('HMGET', workerKey(seen[n]), 'started', 'record')
  if r[2] then
    for _, value in ipairs({ seen[n], r[1], seen[n + 1], r[2] }) do answer[#answer + 1] = value end
  end
end
return answer
`,
)

/** The claims of all workers, a page at a time. Argument: the number of those before. Answers with id, worker and queue of each. */
export const claims: Script = script(
  'claims',
  false,
  prelude,
  `
local answer, before = {}, num()
for _, id in ipairs(redis.call('ZRANGE', LEASES, before, before + ${claimsAtOnce - 1})) do
  local r = redis.call('HMGET', callKey(id), 'worker', 'queue')
  for _, value in ipairs({ id, r[1] or '', r[2] or '' }) do answer[#answer + 1] = value end
end
return answer
`,
)
