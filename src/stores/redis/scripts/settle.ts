import { engineScript } from './engine/engine.ts'
import type { Script } from './script.ts'

/**
 * Ends attempts: acknowledgement, result and the calls that follow are one step, and only if the claim still holds. Arguments: the number
 * of those that are done and lead to nothing, each with id, token and the two parts of the document for Celery; the number of the others, each with
 * id, token, kind, text, delay, mark (of a retry and an end: how a death counts; of a release: `1` for one that had begun), the
 * two parts of the document for Celery, `a` for a release that is to wait for a counter, with that and the memo, or `u` for
 * one that is to be undone, with its end; the calls that follow, and what Celery's message asks for beside. Answers with `ok` or `lost` for each.
 */
export const settle: Script = engineScript(
  'settle',
  `
if answered then return answered end

-- Those that are done and lead to nothing.
local outcomes, given = {}, num()
local function settleDone()
  local plain, others, tags, known = {}, {}, {}, {}
  for n = 1, given do
    local each = { n = n, id = arg(), token = arg(), before = arg(), after = arg() }
    local f = not known[each.id] and plainIn(callKey(each.id))
    known[each.id] = true
    if f and f.state == 'running' and f.token == each.token and f.tag and f.score and not f.ignore then
      each.f = f
      plain[#plain + 1], tags[#tags + 1] = each, f.tag
    else others[#others + 1] = each end
  end
  local scores = #plain > 0 and redis.call('ZMSCORE', INDEX, unpack(tags))
  local held, seen, ids, ended, counts, total, most = {}, {}, {}, {}, {}, 0, string.format('%.17g', KEEP)
  for n, each in ipairs(plain) do
    local isHeld = scores[n] and tonumber(scores[n]) == tonumber(each.f.score) and redis.call('HDEL', UNACKED, each.f.tag) == 1
    outcomes[each.n] = isHeld and 'ok' or 'lost'
    if isHeld then held[#held + 1], seen[#seen + 1], ids[#ids + 1] = each, each.f.tag, each.id end
  end
  local heard = heardOf(ids)
  for n, each in ipairs(held) do
    local id, f = each.id, each.f
    local key, kept, queue = callKey(id), (tonumber(f.bytes) or 0) + #each.before, f.queue or ''
    local document = documentOf(each.before, '', each.after)
    redis.call('HSET', key, 'state', 'done', 'ended', NOW, 'kept', kept)
    redis.call('PERSIST', key)
    redis.call('SET', RESULT .. id, document, 'PX', most)
    -- Who hears that first need not ask.
    if heard[id] or f.by then
      local outcome = { 'done', f.task or '', f.attempt or '', f.sent or '', f.worker or '', f.started or '', NOW, '', '', '', '', document }
      if heard[id] then redis.call('PUBLISH', heard[id], 'ended ' .. cjson.encode(outcome)) end
      if f.by then tellSender(f.by, id, outcome) end
    end
    redis.call('PUBLISH', RESULT .. id, document)
    ended[2 * n - 1], ended[2 * n] = NOW, id
    counts[queue], total = (counts[queue] or 0) + 1, total + kept
  end
  tellSenders()
  if #ids > 0 then
    bulk('ZREM', INDEX, seen, 1)
    bulk('ZREM', LEASES, ids, 1)
    bulk('ZADD', endedKey('done'), ended, 2)
    for queue, count in pairs(counts) do tally('done', queue, count) end
    tally('bytes', 'done', total)
  end
  return others
end

promote()
local others = settleDone()
local count = num()
if #others == 0 and count == 0 and not isMore() then return remember(cjson.encode({ outcomes, {}, false })) end
`,
  `
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
  local awaited, memo, ends
  local also = arg()
  if also == 'a' then awaited, memo = waitGiven(), maybe() end
  if also == 'u' then ends = { state = arg(), error = arg() } end
  local isEnding = not ends and kind ~= 'retry' and kind ~= 'release'
  local key, tag
  if isEnding then key = handedIn(id, token) else key, tag = held(id, token) end
  local goesOn = key ~= nil
  if key and kind == 'retry' then
    local r = redis.call('HMGET', key, 'attempt', 'started', 'queue')
    redis.call('HDEL', key, 'expires', 'memo')
    if not overdue(key) then
      tellTurn(id, key, 'state', '{"state":"retry","attempt":' .. r[1] .. ',"delay":' .. wait .. ',"error":' .. text .. '}')
      redis.call('HSET', key, 'error', text)
      if mark then redis.call('HINCRBY', key, 'deaths', 1) end
      if mark == 'alone' then redis.call('HSET', key, 'alone', math.max(0, now - r[2])) else redis.call('HDEL', key, 'alone') end
      counted(tag, r[3], tonumber(r[1]))
      news(id, 'reported')
    else goesOn = false end
    goBack(id, key, tag, wait, false)
  elseif key and ends then
    local message = takeBack(tag, redis.call('HGET', key, 'queue'))
    redis.call('ZREM', LEASES, id)
    redis.call('HDEL', key, 'score', 'lease', 'blamed', 'place')
    toUndo(id, key, ends, wait, true, message)
  elseif key and kind == 'release' then
    if mark then redis.call('HDEL', key, 'expires') end
    if not overdue(key) then
      tellTurn(id, key, 'state', '{"state":"released","attempt":' .. redis.call('HGET', key, 'attempt') ..
        (awaited and ',"after":' .. cjson.encode(awaited.counter) or '') .. '}')
      redis.call('HINCRBY', key, 'attempt', -1)
      redis.call('HDEL', key, 'started')
      news(id, 'reported')
    else goesOn = false end
    if awaited and goesOn then
      if memo then redis.call('HSET', key, 'memo', memo) else redis.call('HDEL', key, 'memo') end
      goWait(id, key, tag, awaited, wait)
    else goBack(id, key, tag, wait, true) end
  elseif key then
    if mark then redis.call('HINCRBY', key, 'deaths', 1) end
    finish(id, key, kind, before, after, text)
  end
  -- After the end of this one, whose places they may take.
  keepAll(not goesOn)
  follow(not goesOn)
  return key and 'ok' or 'lost'
end

for _, each in ipairs(others) do
  local key = handedIn(each.id, each.token)
  if key then finish(each.id, key, 'done', each.before, each.after, '') end
  outcomes[each.n] = key and 'ok' or 'lost'
end
for n = given + 1, given + count do outcomes[n] = settle() end
return finished(outcomes)
`,
)
