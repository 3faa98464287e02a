import { follow } from './follow.ts'
import { life } from './life.ts'
import { lines, prelude } from './prelude.ts'
import { listIn, type Script, script } from './script.ts'
import { keep } from './send.ts'

/**
 * Ends attempts: acknowledgement, result and the calls that follow are one step, and only if the claim still holds. Arguments of each:
 * id, token, kind, text, delay, mark (of a retry and an end: how a death counts; of a release: `1` for one that had begun), the
 * two parts of the document for Celery, the calls that follow, and what Celery's message asks for beside. Answers with `ok` or `lost` for
 * each, and with the chords that are complete.
 */
export const settle: Script = script(
  'settle',
  true,
  prelude,
  lines,
  life,
  keep,
  follow,
  `
if answered then return answered end

-- The header and the property that tell Python of an earlier attempt are changed in the text, since what is read here and written
-- again is not what it was. Where that would be another change than meant, nothing is changed.
local function counted(tag, queue, retries)
  local text = redis.call('HGET', UNACKED, tag)
  local changed, n = string.gsub(text, '("retries":%s*)%d+', '%1' .. retries, 1)
  if n == 0 then return end
  local fine, m = pcall(cjson.decode, changed)
  if fine and type(m[1].headers) == 'table' and m[1].headers.retries == retries then redis.call('HSET', UNACKED, tag, changed) end
end

local function settle()
  local id, token, kind, text = arg(), arg(), arg(), arg()
  local wait, mark, before, after = num(), maybe(), arg(), arg()
  local key, tag = held(id, token)
  local goesOn = key ~= nil
  if key and kind == 'retry' then
    local r = redis.call('HMGET', key, 'attempt', 'started', 'queue')
    redis.call('HDEL', key, 'expires')
    if not overdue(key) then
      tellTurn(id, key, 'state', '{"state":"retry","attempt":' .. r[1] .. ',"delay":' .. wait .. ',"error":' .. text .. '}')
      redis.call('HSET', key, 'error', text)
      if mark then redis.call('HINCRBY', key, 'deaths', 1) end
      if mark == 'alone' then redis.call('HSET', key, 'alone', math.max(0, now - r[2])) else redis.call('HDEL', key, 'alone') end
      counted(tag, r[3], tonumber(r[1]))
      news(id, 'reported')
    else goesOn = false end
    goBack(id, key, tag, wait, false)
  elseif key and kind == 'release' then
    if mark then redis.call('HDEL', key, 'expires') end
    if not overdue(key) then
      tellTurn(id, key, 'state', '{"state":"released","attempt":' .. redis.call('HGET', key, 'attempt') .. '}')
      redis.call('HINCRBY', key, 'attempt', -1)
      redis.call('HDEL', key, 'started')
      news(id, 'reported')
    else goesOn = false end
    goBack(id, key, tag, wait, true)
  elseif key then
    if mark then redis.call('HINCRBY', key, 'deaths', 1) end
    unack(tag)
    finish(id, key, kind, before, after, text)
  end
  -- After the end of this one, whose places they may take.
  for n = 1, num() do
    keep(not goesOn)
  end
  follow(not goesOn)
  return key and 'ok' or 'lost'
end

promote()
local outcomes = {}
for n = 1, num() do outcomes[n] = settle() end
return remember(cjson.encode({ outcomes, complete }))
`,
)

/** The answer of the script: `ok` or `lost` for each, and the chords that are complete. */
export function settled(answer: unknown): readonly [outcomes: readonly ('ok' | 'lost')[], complete: readonly string[]] {
  const [outcomes, complete] = JSON.parse(answer as string) as readonly [unknown, unknown]
  return [listIn(outcomes), listIn(complete)]
}
