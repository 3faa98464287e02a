import { prelude } from './prelude.ts'
import { type Script, script } from './script.ts'

/**
 * Puts the answer to a command into the list of the one who waits for it, which is bound to the exchange of answers under its address.
 * Arguments: exchange, routing key, message.
 */
export const answer: Script = script(
  'answer',
  true,
  prelude,
  `
if answered then return answered end
local exchange, key, message = arg(), arg(), arg()
for _, binding in ipairs(redis.call('SMEMBERS', BINDINGS .. exchange)) do
  local bound, queue = string.match(binding, '^(.-)\\6\\22.-\\6\\22(.*)$')
  if bound == key then redis.call('LPUSH', P .. queue, message) end
end
return remember('')
`,
)

/** Says something on channels, which changes nothing. Arguments: channel and message of each. */
export const tell: Script = script(
  'tell',
  false,
  prelude,
  `
while cursor < #ARGV do
  local channel = arg()
  redis.call('PUBLISH', P .. channel, arg())
end
return ''
`,
)
