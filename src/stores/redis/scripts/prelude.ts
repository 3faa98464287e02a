import {
  bindingsKey,
  listsOf,
  unacknowledgedIndex,
  unacknowledgedKey,
  writeBinding,
} from '../../../celery/redis-keys.ts'
import { dueChannel, handleChannel, newsChannel, resultChannel } from '../wire/channels.ts'

/** The number of arguments that every script gets before its own. */
const commonArguments = 8

/**
 * The beginning of every script: the arguments that all of them get, the server's time, the names of keys, and `answered` for a
 * script that was sent before.
 *
 * Keys beside those of kombu and Celery begin with `skein:`. `call:ID` is a hash with all that is known of a call; `delayed`, `ending`
 * and `leases` are sorted sets of ids by the moment at which something happens to them, `workers` is one by when they were last seen.
 * `calls` has the ids of all calls by the order in which they came, `in:STATE` those that did not end well in the same order, and
 * `text:ID` is the message of a call as it was sent. `ended:PART` is the history, by when they ended; `counts` has the numbers of both, and of those that are delayed. `husks` are the
 * tags of messages that are in a list and not to be run. `work` is what still follows from what has been done, and `failures` the calls
 * after which others are to be sent; `keyed` are calls that have ended and have their unique key until a moment, `idle` counters that nobody
 * needs, by since when.
 */
export const prelude: string = `
local P, NONCE, KNOWN, HANDLE = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local KEEP, MOST_DEATHS, VISIBILITY = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local PENDING = 2592000000
-- The ends of the names of the lists of a queue, most urgent first.
local STEPS = { ${listsOf('').map(luaString).join(', ')} }
local time = redis.call('TIME')
local now = tonumber(ARGV[5]) or time[1] * 1000 + math.floor(time[2] / 1000)
-- Written once: each command would write the number anew.
local NOW = string.format('%.17g', now)
local GIVEN, cursor = ARGV, ${commonArguments}
local function arg() cursor = cursor + 1 return GIVEN[cursor] end
local function num() return tonumber(arg()) end
local function maybe() local value = arg() if value == '' then return nil end return value end

local OWN = P .. 'skein:'
local DELAYED, WAITING, ENDING, LEASES = OWN .. 'delayed', OWN .. 'waiting', OWN .. 'ending', OWN .. 'leases'
local WORK, FAILED, IDLE, KEYED, OPENINGS = OWN .. 'work', OWN .. 'failures', OWN .. 'idle', OWN .. 'keyed', OWN .. 'openings'
local PAUSED, WORKERS = OWN .. 'paused', OWN .. 'workers'
local CALLS, COUNTS, QUEUES, HUSKS, RETENTION = OWN .. 'calls', OWN .. 'counts', OWN .. 'queues', OWN .. 'husks', OWN .. 'retention'
local UNACKED, INDEX = P .. '${unacknowledgedKey}', P .. '${unacknowledgedIndex}'
local RESULT, BINDINGS = P .. '${resultChannel}', P .. '${bindingsKey('')}'
local BOUND = ${luaString(writeBinding({ routingKey: '', pattern: '', queue: '' }))}
local function callKey(id) return OWN .. 'call:' .. id end
local function workerKey(worker) return OWN .. 'worker:' .. worker end
-- Beside the hash of the call: with a value as long as that the hash would take twice the room.
local function textKey(id) return OWN .. 'text:' .. id end
local function stateKey(state) return OWN .. 'in:' .. state end
local function endedKey(part) return OWN .. 'ended:' .. part end
local function stepsKey(id) return OWN .. 'steps:' .. id end
-- How a call has ended, in a letter, and the other way round.
local isEnd = { done = 'd', failed = 'f', cancelled = 'c', dead = 'x' }
local STATES = { d = 'done', v = 'done', f = 'failed', c = 'cancelled', x = 'dead' }
local kinds = { 'progress', 'log', 'item', 'step', 'undone', 'state' }
local function toldKey(id, kind) return OWN .. 'told:' .. id .. ':' .. kind end
local NEWS = '${newsChannel}'
local function news(id, what) redis.call('PUBLISH', P .. NEWS .. id, what) end
local HANDLES = '${handleChannel}'
local function tell(handle, what) redis.call('PUBLISH', P .. HANDLES .. handle, what) end

-- What was answered before, to one who sends the same again. Answers that have arrived are forgotten, once the work is done: a script
-- that has taken something away is not refused any more where the server is full.
local REPLIES = OWN .. 'replies:' .. HANDLE
local answered = NONCE ~= '' and redis.call('HGET', REPLIES, NONCE)
local function remember(answer)
  for nonce in string.gmatch(KNOWN, '%S+') do redis.call('HDEL', REPLIES, nonce) end
  redis.call('HSET', REPLIES, NONCE, answer)
  redis.call('PEXPIRE', REPLIES, 3600000)
  return answer
end
`

/**
 * Lists and the calls in them: a call is put at the end or the front of its list, or among those that are due later, and whatever has
 * come to be due is put in line by the one that looks next.
 */
export const lines: string = `
-- Python pops from the right: who is there is next.
local function push(list, message, first)
  redis.call(first and 'RPUSH' or 'LPUSH', P .. list, message)
end

-- A number that is higher than all before it. A script takes some at once: what it does not need is left out.
local nextOrder, orders = 0, 0
local function order(count)
  if orders == 0 then
    orders = math.max(16, count or 0)
    nextOrder = redis.call('INCRBY', OWN .. 'order', orders) - orders
  end
  nextOrder, orders = nextOrder + 1, orders - 1
  return nextOrder
end

local function tally(what, of, by)
  local field = what .. ' ' .. of
  if redis.call('HINCRBY', COUNTS, field, by) == 0 then redis.call('HDEL', COUNTS, field) end
end

local function delay(id, list, message, due)
  local member = string.format('%016d', order()) .. id
  redis.call('HSET', WAITING, member, #list .. ':' .. list .. message)
  redis.call('ZADD', DELAYED, due, member)
  redis.call('HSET', callKey(id), 'state', 'delayed', 'member', member, 'due', due)
  tally('delayed', list, 1)
  local first = redis.call('ZRANGE', DELAYED, 0, 0)
  if first[1] == member then redis.call('PUBLISH', P .. '${dueChannel}', due) end
end

local function undelay(member)
  local text = redis.call('HGET', WAITING, member)
  redis.call('ZREM', DELAYED, member)
  redis.call('HDEL', WAITING, member)
  if not text then return nil end
  local length = string.match(text, '^%d+')
  local from = #length + 2
  local list = string.sub(text, from, from + length - 1)
  tally('delayed', list, -1)
  return list, string.sub(text, from + length)
end

local function promote()
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', DELAYED, '-inf', now, 'LIMIT', 0, 500)) do
    local list, message = undelay(member)
    local key = callKey(string.sub(member, 17))
    if redis.call('HGET', key, 'member') == member then
      redis.call('HDEL', key, 'member')
      redis.call('HSET', key, 'state', 'ready')
    end
    if list then push(list, message) end
  end
end

-- The state of a call that a worker in Python has ended, which writes nothing of that but the result.
local statesElsewhere = { SUCCESS = 'done', FAILURE = 'failed', REVOKED = 'cancelled' }
local function endedElsewhere(id)
  return statesElsewhere[string.match(redis.call('GETRANGE', RESULT .. id, 0, 99), '"status":%s*"(%u+)"') or '']
end
`

/** Text as a Lua string, byte for byte. */
export function luaString(text: string): string {
  return `'${[...Buffer.from(text)].map(byte => `\\${String(byte).padStart(3, '0')}`).join('')}'`
}
