/**
 * Functions for scripts that do for many calls at once what is the same for all of them. A command costs the server more than what it does,
 * and most calls are plain: they have nothing beside them, no unique key, limit, counter, deadline or report, on which more than their own
 * keys would depend.
 */
export const plainly: string = `
-- One command with many values, in place of one for each.
local function bulk(command, key, values, each)
  local most = each * 300
  for from = 1, #values, most do redis.call(command, key, unpack(values, from, math.min(#values, from + most - 1))) end
end

-- The fields that the hash of a plain call has until it ends.
local plainFields = { state = 1, queue = 1, list = 1, task = 1, tag = 1, sent = 1, bytes = 1, tags = 1, most = 1, ignore = 1, due = 1, attempt = 1,
  deaths = 1, token = 1, by = 1, worker = 1, started = 1, handle = 1, order = 1, lease = 1, score = 1, blamed = 1 }

-- The fields of a call, if it is a plain one: else nil.
local function plainIn(key)
  local flat, fields = redis.call('HGETALL', key), {}
  for n = 1, #flat, 2 do
    local name = flat[n]
    if not plainFields[name] then return nil end
    fields[name] = flat[n + 1]
  end
  return fields
end

local ends, isHeard = {}, {}
-- An end that its sender is told of with others.
local function tellSender(by, id, outcome)
  if isHeard[by] == nil then isHeard[by] = redis.call('PUBSUB', 'NUMSUB', P .. HANDLES .. by)[2] > 0 end
  if not isHeard[by] then return end
  local own = ends[by] or {}
  own[#own + 1], ends[by] = { id, outcome }, own
end
local function tellSenders()
  for by, own in pairs(ends) do tell(by, 'ended ' .. cjson.encode(own)) end
end

-- The channels of those of many calls of which somebody wants to hear news, by their ids.
local function heardOf(ids)
  local channels, heard, most = {}, {}, 500
  for n, id in ipairs(ids) do channels[n] = P .. NEWS .. id end
  for from = 1, #channels, most do
    local counts = redis.call('PUBSUB', 'NUMSUB', unpack(channels, from, math.min(#channels, from + most - 1)))
    for n = 1, #counts, 2 do if counts[n + 1] > 0 then heard[ids[from + (n - 1) / 2]] = counts[n] end end
  end
  return heard
end

local function suffix(queue) return ',"",' .. cjson.encode(queue) .. ']' end

-- The score of what is seen now.
local scored = string.format('%.3f', now / 1000)
local function scoreNow() return scored end

local function iso(at)
  local seconds = math.floor(at / 1000)
  local days, rest = math.floor(seconds / 86400) + 719468, seconds % 86400
  local era = math.floor(days / 146097)
  local inEra = days - era * 146097
  local year = math.floor((inEra - math.floor(inEra / 1460) + math.floor(inEra / 36524) - math.floor(inEra / 146096)) / 365)
  local inYear = inEra - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local part = math.floor((5 * inYear + 2) / 153)
  local day = inYear - math.floor((153 * part + 2) / 5) + 1
  local month = part < 10 and part + 3 or part - 9
  if month <= 2 then year = year + 1 end
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03d000+00:00', year + era * 400, month, day,
    math.floor(rest / 3600), math.floor(rest % 3600 / 60), rest % 60, at % 1000)
end

-- The document that Celery reads of a call that ends now.
local dateDone
local function documentOf(before, also, after)
  dateDone = dateDone or '"date_done":"' .. iso(now) .. '"'
  return before .. dateDone .. also .. after
end

local bound = {}
-- Python's own senders look here for the lists that an exchange leads to.
local function bind(queue)
  if bound[queue] then return end
  bound[queue] = true
  redis.call('SADD', BINDINGS .. queue, queue .. BOUND .. queue)
  redis.call('ZADD', QUEUES, now, queue)
end

-- The writes of plain calls that go into one key, where many are kept one after the other.
local gathered
local function gather()
  gathered = { texts = {}, calls = {}, lists = {} }
end
local function keepGathered()
  local texts, calls, lists = gathered.texts, gathered.calls, gathered.lists
  gather()
  for from = 1, #texts, 600 do redis.call('MSET', unpack(texts, from, math.min(#texts, from + 599))) end
  bulk('ZADD', CALLS, calls, 2)
  for list, messages in pairs(lists) do bulk('LPUSH', P .. list, messages, 1) end
end

-- Writes down a call that is kept. Who sends plain ones hears of their ends, if it wants to.
local function write(id, key, queue, list, task, tag, message, bytes, tags, expires, deadline, deaths, ignore, errbacks, isGathered)
  bind(queue)
  local beside = {}
  if tags or expires or deadline or deaths or ignore or errbacks then
    for name, value in pairs({ tags = tags, expires = expires and now + expires, deadline = deadline and now + deadline, most = deaths,
      ignore = ignore, errbacks = errbacks and 1 }) do
      beside[#beside + 1] = name
      beside[#beside + 1] = value
    end
  end
  if isGathered then
    beside[#beside + 1] = 'by'
    beside[#beside + 1] = HANDLE
  end
  redis.call('HSET', key, 'state', 'ready', 'queue', queue, 'list', list, 'task', task, 'tag', tag, 'sent', NOW, 'bytes', bytes,
    unpack(beside))
  if isGathered then
    local texts, calls = gathered.texts, gathered.calls
    texts[#texts + 1] = textKey(id)
    texts[#texts + 1] = message
    calls[#calls + 1] = order(250)
    calls[#calls + 1] = id
  else
    redis.call('SET', textKey(id), message)
    redis.call('ZADD', CALLS, order(), id)
  end
end
local function lineUp(list, message)
  local messages = gathered.lists[list] or {}
  messages[#messages + 1], gathered.lists[list] = message, messages
end

-- Keeps calls that are given one after the other, as long as they are plain and new. The rest is still given then. Arguments: see \`keep\`.
local function keepPlain(outcomes, count)
  local pending = string.format('%.17g', PENDING)
  for n = 1, count do
    local at = cursor
    local id, queue, task, tag, message, bytes, tags = arg(), arg(), arg(), arg(), arg(), arg(), maybe()
    local wait, expires, deadline, deaths, ignore, also, inner = arg(), arg(), arg(), maybe(), maybe(), arg(), arg()
    local key = callKey(id)
    if wait ~= '0' or expires ~= '' or deadline ~= '' or also ~= '' or inner ~= '0' or redis.call('EXISTS', key) == 1 then
      cursor = at
      return
    end
    write(id, key, queue, queue, task, tag, message, bytes, tags, nil, nil, deaths, ignore, nil, true)
    redis.call('PEXPIRE', key, pending)
    lineUp(queue, message)
    outcomes[n] = 'accepted'
  end
end

-- True where something follows that was not done yet, of this or of what was asked for before.
local function isMore() return redis.call('EXISTS', WORK, FAILED) > 0 end
`
