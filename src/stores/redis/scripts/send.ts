import { life } from './life.ts'
import { lines, prelude } from './prelude.ts'
import { type Script, script } from './script.ts'

/**
 * Keeps calls, for scripts: a call that is there already is not kept twice. Its message goes to kombu's list, where Python finds it
 * too, or waits among the delayed ones. Arguments of each: id, queue, task, tag, message, bytes of what was sent, tags as JSON, delay,
 * expires, deadline, deaths that it may have, `1` for one whose result nobody wants, the number of inner calls, and those: kept only with it.
 */
export const keep: string = `
local bound = {}
-- Python's own senders look here for the lists that an exchange leads to.
local function bind(queue)
  if bound[queue] then return end
  bound[queue] = true
  redis.call('SADD', BINDINGS .. queue, queue .. BOUND .. queue)
  redis.call('ZADD', QUEUES, now, queue)
end

local keep
function keep(dropped, step)
  local id, queue, task, tag, message = arg(), arg(), arg(), arg(), arg()
  local bytes, tags = arg(), maybe()
  local wait, expires, deadline, deaths, ignore, inner = num(), maybe(), maybe(), maybe(), maybe(), num()
  local key = callKey(id)
  if dropped or redis.call('EXISTS', key) == 1 then
    for n = 1, inner do keep(true) end
    return 'joined'
  end
  bind(queue)
  local list = queue .. (step or '')
  redis.call('HSET', key, 'state', 'ready', 'queue', queue, 'list', list, 'task', task, 'tag', tag, 'sent', now, 'attempt', 0,
    'deaths', 0, 'token', 0, 'bytes', bytes)
  redis.call('SET', textKey(id), message)
  redis.call('ZADD', CALLS, order(), id)
  if tags then redis.call('HSET', key, 'tags', tags) end
  if expires then redis.call('HSET', key, 'expires', now + expires) end
  if deadline then redis.call('HSET', key, 'deadline', now + deadline) end
  if deaths then redis.call('HSET', key, 'most', deaths) end
  if ignore then redis.call('HSET', key, 'ignore', 1) end
  redis.call('PEXPIRE', key, PENDING + wait)
  if expires or deadline then watchTime(id, key) end
  if wait > 0 then delay(id, list, message, now + wait) else push(list, message) end
  for n = 1, inner do keep() end
  return 'accepted'
end
`

/** Keeps calls. Answers with `accepted` or `joined` for each, as JSON. */
export const send: Script = script(
  'send',
  true,
  prelude,
  lines,
  life,
  keep,
  `
if answered then return answered end
promote()
local outcomes = {}
for n = 1, num() do outcomes[n] = keep() end
return remember(cjson.encode(outcomes))
`,
)
