/**
 * Keeps calls, for scripts: a call that is there already is not kept twice. Its message goes to kombu's list, where Python finds it
 * too, or waits among the delayed ones, or for a counter. Arguments of each: id, queue, task, tag, message, bytes of what was sent, tags as JSON,
 * delay, expires, deadline, deaths that it may have, `1` for one whose result nobody wants, and a word of letters for what it has beside: `s` for one that is too
 * large to be kept, `e` for one after whose failure others are sent, `u` for a unique key, `c` for the members that it is, `a` for the
 * counter that it waits for, `l` for a limit, each with arguments of its own; then its inner calls: kept only with it.
 */
export const keeping: string = `
local function membersGiven()
  local counts = {}
  for n = 1, num() do counts[n] = { counter = arg(), member = arg(), flags = arg() } end
  return counts
end

local function waitGiven()
  local wait = { counter = arg(), members = num(), strict = arg() == 'drop', limit = num(), joins = {} }
  for n = 1, num() do wait.joins[n] = { id = arg(), member = arg(), flags = arg() } end
  return wait
end

local function stagedKey(name, page) return OWN .. 'staged:' .. name .. ':' .. page end

-- Makes sure that a call that does not wait for its limit has a place, whatever is to give way. False when it has none.
local function makeRoom(id, limit, strategy, bounds, replaced)
  if strategy == 'wait' then return true end
  local waiting = limitPart('waiting', limit)
  while true do
    -- The one that is to be replaced frees its place.
    local spared = replaced and redis.call('ZSCORE', waiting, replaced) and replaced
    local count, staying = redis.call('ZCARD', waiting) - (spared and 1 or 0), redis.call('ZCARD', limitPart('running', limit))
    local crowded = bounds.running and count + staying >= bounds.running
    if not crowded and not (bounds.starts and count + startsWithin(limit, bounds.per) >= bounds.starts) then return true end
    local oldest, gone
    for _, each in ipairs(redis.call('ZRANGE', waiting, 0, 9)) do
      local state = redis.call('HGET', callKey(each), 'state')
      -- A worker in Python may have run one.
      if not state or isEnd[state] or redis.call('EXISTS', RESULT .. each) == 1 then gone = redis.call('ZREM', waiting, each)
      elseif each ~= spared and not oldest then oldest = each end
    end
    if not gone then
      if strategy == 'drop' then return false end
      if not oldest and bounds.running and staying >= bounds.running then
        oldest = redis.call('ZRANGE', limitPart('running', limit), 0, 0)[1]
      end
      if not oldest then return true end
      local key = callKey(oldest)
      if redis.call('HGET', key, 'state') == 'running' then withdraw(oldest, key, '"replaced by ' .. inString(id) .. '"')
      else
        unstand(oldest, key, -1)
        finishCancelled(oldest, key, displacedStory(inString(id)), 'revoked')
      end
    end
  end
end

local keep
-- Calls that are given one after the other, or lie aside in so many pages.
local function keepAll(dropped)
  local count = arg()
  local pages, name = string.match(count, '^(%d+) pages of (.+)$')
  if not pages then
    for n = 1, tonumber(count) do keep(dropped) end
    return
  end
  for page = 1, tonumber(pages) do
    local key = stagedKey(name, page)
    if dropped then redis.call('DEL', key)
    else
      redis.call('PERSIST', key)
      later('page', key)
    end
  end
end

-- Into the list of its queue with this ending, and held behind a call until that has ended, where that is said.
function keep(dropped, step, behind)
  local id, queue, task, tag, message = arg(), arg(), arg(), arg(), arg()
  local bytes, tags = arg(), maybe()
  local wait, expires, deadline, deaths, ignore, also = num(), maybe(), maybe(), maybe(), maybe(), arg()
  local function has(letter) return string.find(also, letter, 1, true) end
  local isGathered = gathered and also == ''
  if gathered and not isGathered then keepGathered() end
  local name, conflict, span, counts, awaited
  if has('u') then name, conflict, span = arg(), arg(), num() end
  if has('c') then counts = membersGiven() end
  if has('a') then awaited = waitGiven() end
  local limit, strategy, bounds
  if has('l') then limit, strategy, bounds = arg(), arg(), boundsIn(maybe(), maybe(), maybe()) end
  local key = callKey(id)
  local refused, holder, state, leaving = false, false, false, false
  if dropped or redis.call('EXISTS', key) == 1 then refused = 'joined'
  elseif has('s') then refused = 'size'
  elseif name then
    holder, state, leaving = holdersOf(name)
    refused = refusedFor(holder, state, leaving, conflict, awaited or behind)
  end
  if limit and not refused and not makeRoom(id, limit, strategy, bounds, not isEnd[state] and holder) then refused = 'limit' end
  if refused then
    keepAll(true)
    if dropped or not counts then return refused end
    local what, other = refused, id
    if type(refused) == 'table' then what, other = refused[1], refused[2] end
    if what == 'joined' then enrollAll(other, callKey(other), counts, false)
    else countMissing(id, counts, rejections[what]) end
    return refused
  end
  if holder then
    giveKey(holder, callKey(holder))
    if not isEnd[state] then
      unstand(holder, callKey(holder), 1)
      finishCancelled(holder, callKey(holder), replacedStory(inString(id)), 'revoked')
    end
  end
  local list = queue .. (step or '')
  write(id, key, queue, list, task, tag, message, bytes, tags, expires, deadline, deaths, ignore, has('e'), isGathered)
  if name then takeKey(id, key, name, span, leaving) end
  local first = leaving or behind
  if first then
    awaited = { counter = END_OF .. first, members = 1, strict = false, joins = {} }
    enroll(first, callKey(first), awaited.counter, 0, '--')
    redis.call('HSET', key, 'due', now + wait)
  end
  if limit then
    redis.call('HSET', key, 'limit', limit, 'limit_running', bounds.running or '', 'limit_starts', bounds.starts or '',
      'limit_per', bounds.per or '', 'rank', order(), 'stays', 1)
    standIn(id, key, limit, 'waiting')
  end
  if counts then enrollAll(id, key, counts, true) end
  local verdict, member = 'go', nil
  if awaited then
    redis.call('HSET', key, 'after', awaited.counter, 'needs', awaited.members, 'strict', awaited.strict and 1 or 0, 'stays', 1)
    join(awaited.counter, awaited.joins)
    verdict, member = verdictOf(id, awaited)
  end
  if verdict == 'drop' then fail(id, key, storyOf(awaited.counter, member))
  elseif verdict == 'held' then hold(id, key, list, awaited, wait)
  else
    if not (name or counts or awaited or limit) then redis.call('PEXPIRE', key, PENDING + wait) end
    if expires or deadline then watchTime(id, key) end
    if wait > 0 then delay(id, list, message, now + wait)
    elseif isGathered then lineUp(list, message)
    else push(list, message) end
  end
  keepAll(false)
  if holder and not isEnd[state] then return { 'replaced', holder } end
  return 'accepted'
end
`
