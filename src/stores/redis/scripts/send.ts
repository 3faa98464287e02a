import { engine, engineScript } from './engine/engine.ts'
import { type Script, script } from './script.ts'

/**
 * Keeps calls. Answers as JSON with `accepted`, `joined` or `limit` for each, or with `joined`, `replaced` or `unique` and the id of
 * another one; and with `more` at the end where it is not over yet (`wake`).
 */
export const send: Script = engineScript(
  'send',
  `
if answered then return answered end
promote()
local outcomes, count = {}, num()
gather()
keepPlain(outcomes, count)
if #outcomes == count then
  keepGathered()
  if not isMore() then return remember(cjson.encode({ outcomes, {}, false })) end
end
`,
  `
for n = #outcomes + 1, count do outcomes[n] = keep() end
keepGathered()
gathered = nil
return finished(outcomes)
`,
)

/**
 * Keeps the arguments of calls aside that are too many for one script, until the one that sends them takes them over. Arguments: a
 * name, the number of the page, and what is kept.
 */
export const stage: Script = script(
  'stage',
  false,
  ...engine,
  `
local key = stagedKey(arg(), arg())
redis.call('DEL', key)
for from = cursor + 1, #ARGV, 1000 do redis.call('RPUSH', key, unpack(ARGV, from, math.min(#ARGV, from + 999))) end
redis.call('PEXPIRE', key, 3600000)
return 'ok'
`,
)
