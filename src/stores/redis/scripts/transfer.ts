import { life } from './life.ts'
import { lines, prelude } from './prelude.ts'
import { type Script, script } from './script.ts'
import { keep } from './send.ts'

/** The calls that are looked at in one script. */
const atOnce = 500
/** An answer with more bytes than this ends with the call that made it so. */
const mostBytes = 4 * 1024 * 1024

/**
 * Calls that have not ended, in the order in which they came. Argument: the place after which to go on. Answers with the server's time, the
 * place after which there may be more, empty for none, and of each call its id, place, state and message, and the fields of its hash.
 */
export const moving: Script = script(
  'moving',
  false,
  prelude,
  life,
  `
local answer, bytes, last = { tostring(now), '' }, 0, nil
local page = redis.call('ZRANGEBYSCORE', CALLS, '(' .. arg(), '+inf', 'WITHSCORES', 'LIMIT', 0, ${atOnce})
for n = 1, #page, 2 do
  local id, place = page[n], page[n + 1]
  local key = callKey(id)
  local r = redis.call('HMGET', key, 'state', 'bytes')
  last = place
  if r[1] and not isEnd[r[1]] and not (r[1] == 'ready' and endedElsewhere(id)) then
    answer[#answer + 1] = { id, place, r[1], redis.call('GET', textKey(id)) or '', redis.call('HGETALL', key) }
    bytes = bytes + (tonumber(r[2]) or 0)
    if bytes > ${mostBytes} then break end
  end
end
answer[2] = #page > 0 and last or ''
return answer
`,
)

/**
 * Takes calls in that were in another store, each as \`keep\` does, and then as it was. Arguments of each beside those of \`keep\`: when it
 * was sent, is due, expires, has its deadline, attempts, deaths, error, and the number of reports, with kind, value, name of a step, and its
 * value. Answers with \`taken\` or \`known\` for each.
 */
export const take: Script = script(
  'take',
  true,
  prelude,
  lines,
  life,
  keep,
  `
if answered then return answered end

local function take()
  local id = ARGV[cursor + 1]
  local isNew = keep() == 'accepted'
  local key = callKey(id)
  local sent, due, expires, deadline = arg(), num(), maybe(), maybe()
  local attempt, deaths, error = arg(), arg(), maybe()
  if isNew then
    redis.call('HSET', key, 'sent', sent, 'due', due, 'attempt', attempt, 'deaths', deaths)
    if expires then redis.call('HSET', key, 'expires', expires) end
    if deadline then redis.call('HSET', key, 'deadline', deadline) end
    if error then redis.call('HSET', key, 'error', error) end
    if expires or deadline then watchTime(id, key) end
    local member = redis.call('HGET', key, 'member')
    if member then redis.call('ZADD', DELAYED, 'XX', due, member) end
  end
  local hasReports = false
  for n = 1, num() do
    local kind, value, name, made = arg(), arg(), arg(), arg()
    if isNew then
      tellTurn(id, key, kind, value)
      if kind == 'step' then redis.call('HSET', stepsKey(id), name, made) end
      hasReports = true
    end
  end
  if hasReports then keepFor(id, key, redis.call('PTTL', key)) end
  return isNew and 'taken' or 'known'
end

local outcomes = {}
for n = 1, num() do outcomes[n] = take() end
return remember(cjson.encode(outcomes))
`,
)
