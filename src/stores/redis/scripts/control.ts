import { dueChannel, resumed } from '../wire/channels.ts'
import { engine } from './engine/engine.ts'
import { prelude } from './prelude.ts'
import { type Script, script } from './script.ts'

/**
 * Ends calls that wait, and tells the holders of those that run. What a worker in Python has is marked: it is not stopped by that, but does
 * not run again either. Arguments: the reason, ids. Answers with the outcome for each.
 */
export const cancel: Script = script(
  'cancel',
  true,
  ...engine,
  `
if answered then return answered end
local reason = arg()
local outcomes = {}
while cursor < #ARGV do outcomes[#outcomes + 1] = cancel(arg(), reason) end
return finished(outcomes)
`,
)

/** Pauses a queue, or lets it go on. Arguments: queue, `1` or `0`. */
export const pause: Script = script(
  'pause',
  false,
  prelude,
  `
local queue = arg()
if arg() == '1' then redis.call('SADD', PAUSED, queue)
else
  redis.call('SREM', PAUSED, queue)
  redis.call('PUBLISH', P .. '${dueChannel}', '${resumed}')
end
return 'ok'
`,
)

/** Says what a worker does, or that it is gone. Arguments: worker, its record as JSON; empty for one that is gone. */
export const announce: Script = script(
  'announce',
  false,
  prelude,
  `
local worker, record = arg(), arg()
local key = workerKey(worker)
if record == '' then
  redis.call('DEL', key)
  redis.call('ZREM', WORKERS, worker)
  return 'gone'
end
redis.call('HSETNX', key, 'started', now)
redis.call('HSET', key, 'record', record)
redis.call('PEXPIRE', key, 3600000)
redis.call('ZADD', WORKERS, now, worker)
redis.call('ZREMRANGEBYSCORE', WORKERS, '-inf', now - 3600000)
return 'ok'
`,
)
