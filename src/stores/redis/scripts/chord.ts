import { engine } from './engine/engine.ts'
import { prelude } from './prelude.ts'
import { type Script, script } from './script.ts'

/**
 * All that is known of a chord that is complete: what its body needs, the record of its group, and the parts in their order. Argument:
 * group. Answers with nothing where its body was sent already.
 */
export const lookAtChord: Script = script(
  'lookAtChord',
  false,
  ...engine,
  `
local group = arg()
local waiting = redis.call('HGET', CHORDS, group)
if not waiting then return {} end
local answer = { waiting, redis.call('GET', GROUP .. group) or '' }
for _, entry in ipairs(redis.call('ZRANGE', GROUP .. group .. '.j', 0, -1)) do answer[#answer + 1] = entry end
return answer
`,
)

/** The documents of calls. Arguments: ids. Answers with an empty string for one that is not there. */
export const documents: Script = script(
  'documents',
  false,
  prelude,
  `
local answer = {}
while cursor < #ARGV do answer[#answer + 1] = redis.call('GET', RESULT .. arg()) or '' end
return answer
`,
)

/**
 * Sends the body of a chord, or says that it does not run, and forgets the chord: by the first one that asks for it. Arguments: group,
 * \`1\` where the body does not run, and what follows. Answers with the chords that are complete by that.
 */
export const endChord: Script = script(
  'endChord',
  true,
  ...engine,
  `
if answered then return answered end
local group, failed = arg(), maybe()
local isOpen = redis.call('HDEL', CHORDS, group) == 1
redis.call('ZREM', CHORDING, group)
promote()
follow(not isOpen)
if isOpen and failed then
  -- What has come of its members stays until it expires, as in Celery; nobody counts on.
  redis.call('DEL', GROUP .. group .. '.s')
elseif isOpen then
  for _, ending in ipairs({ '.j', '.t', '.s', '.d' }) do redis.call('DEL', GROUP .. group .. ending) end
  -- For a worker that runs a member a second time.
  redis.call('SET', GROUP .. group .. '.c', 'done', 'PX', 300000)
end
return finished({})
`,
)
