import { dueChannel } from '../../wire/channels.ts'

/**
 * Limits, for scripts. Of a limit L, the key of calls that share it or the task of a rate, are, under `limit:`, `waiting:L`, `running:L` and `stopping:L` (those that
 * were asked to), sorted sets of ids in the order in which they were sent; `starts:L`, when the latest started; `lists:L`, the lists in
 * which calls have come up whose limit was used up. Those are taken out of their list and stand, in order, in `parked` of
 * both; those that were put back and not taken yet are in `freed`. `openings` says when a window opens.
 */
export const limiting: string = `
local function limitPart(name, limit) return OWN .. 'limit:' .. name .. ':' .. limit end
local function inList(name, limit, list) return OWN .. 'limit:' .. name .. ':' .. #limit .. ':' .. limit .. list end

local function startsWithin(limit, per) return redis.call('ZCOUNT', limitPart('starts', limit), '(' .. (now - per), '+inf') end

-- The number of calls that may start now; bounds are the most that run at once, and that start within so many milliseconds.
local function placesIn(limit, bounds)
  local places = math.huge
  if bounds.running then
    places = bounds.running - redis.call('ZCARD', limitPart('running', limit)) - redis.call('ZCARD', limitPart('stopping', limit))
  end
  if bounds.starts then places = math.min(places, bounds.starts - startsWithin(limit, bounds.per)) end
  return places
end

local function boundsIn(running, starts, per)
  return { running = running and tonumber(running), starts = starts and tonumber(starts), per = per and tonumber(per) }
end

-- When the window lets another one start, those that wait for it go back into their lists.
local function noteOpening(limit, bounds)
  if not bounds.starts then return end
  local last = redis.call('ZREVRANGE', limitPart('starts', limit), bounds.starts - 1, bounds.starts - 1, 'WITHSCORES')[2]
  local opens = last and last + bounds.per
  if not opens or opens <= now then return end
  redis.call('ZADD', OPENINGS, 'LT', opens, limit)
  redis.call('PUBLISH', P .. '${dueChannel}', opens)
end

local function noteStart(id, token, limit, bounds)
  if not bounds.starts then return end
  local starts = limitPart('starts', limit)
  redis.call('ZREMRANGEBYSCORE', starts, '-inf', now - bounds.per)
  redis.call('ZADD', starts, now, token .. ' ' .. id)
  redis.call('PEXPIRE', starts, math.ceil(bounds.per) + 60000)
  -- Those that were taken out of their lists before wait for the next window.
  if redis.call('EXISTS', limitPart('lists', limit)) == 1 then noteOpening(limit, bounds) end
end

-- A call has come up, and its limit is used up: it is taken out of its list, so that no later claim has to step over it.
local function park(id, key, limit, bounds, queue, list, message)
  redis.call('HSETNX', key, 'place', order())
  redis.call('HSET', key, 'state', 'ready', 'queue', queue, 'list', list, 'parked', limit, 'stays', 1,
    'park_running', bounds.running or '', 'park_starts', bounds.starts or '', 'park_per', bounds.per or '')
  redis.call('PERSIST', key)
  redis.call('ZADD', inList('parked', limit, list), redis.call('HGET', key, 'place'), id)
  redis.call('SADD', limitPart('lists', limit), list)
  tally('parked', list, 1)
  noteOpening(limit, bounds)
end

-- A place is free, perhaps: as many go back to the front of each list as could take it.
local function refill(limit)
  local lists = limitPart('lists', limit)
  for _, list in ipairs(redis.call('SMEMBERS', lists)) do
    local parked, freed = inList('parked', limit, list), inList('freed', limit, list)
    local first = redis.call('ZRANGE', parked, 0, 0)[1]
    if not first then redis.call('SREM', lists, list)
    else
      local r = redis.call('HMGET', callKey(first), 'park_running', 'park_starts', 'park_per')
      local bounds = boundsIn(r[1], r[2], r[3])
      local room = placesIn(limit, bounds)
      if room <= 0 then noteOpening(limit, bounds) end
      -- A worker in Python may have taken one, and knows nothing of limits.
      for _, id in ipairs(room > 0 and redis.call('SRANDMEMBER', freed, 10) or {}) do
        if redis.call('HGET', callKey(id), 'state') ~= 'ready' or redis.call('EXISTS', RESULT .. id) == 1 then
          redis.call('SREM', freed, id)
        end
      end
      room = math.min(room - redis.call('SCARD', freed), 1000)
      local some = room > 0 and redis.call('ZRANGE', parked, 0, room - 1) or {}
      -- The first of them comes last to the front.
      for n = #some, 1, -1 do
        local id = some[n]
        local key = callKey(id)
        local message = redis.call('GET', textKey(id))
        redis.call('ZREM', parked, id)
        redis.call('HDEL', key, 'parked')
        tally('parked', list, -1)
        if message then
          redis.call('SADD', freed, id)
          push(list, message, true)
        end
      end
    end
  end
end

-- Puts calls back into their lists whose windows have opened.
local function openWindows()
  for _, limit in ipairs(redis.call('ZRANGEBYSCORE', OPENINGS, '-inf', now, 'LIMIT', 0, 100)) do
    redis.call('ZREM', OPENINGS, limit)
    refill(limit)
  end
end

-- A call does not stand in its list any more, or was taken out of it: true.
local function unpark(id, key)
  local r = redis.call('HMGET', key, 'parked', 'list', 'limit')
  if r[3] and r[2] then redis.call('SREM', inList('freed', r[3], r[2]), id) end
  if not r[1] then return false end
  redis.call('ZREM', inList('parked', r[1], r[2]), id)
  redis.call('HDEL', key, 'parked')
  tally('parked', r[2], -1)
  return true
end

-- Where a call stands among those that share its limit: \`waiting\`, \`running\`, \`stopping\`, or nowhere.
local function standIn(id, key, limit, where)
  local gone = 0
  for _, name in ipairs({ 'waiting', 'running', 'stopping' }) do
    if name ~= where then gone = gone + redis.call('ZREM', limitPart(name, limit), id) end
  end
  if where then redis.call('ZADD', limitPart(where, limit), redis.call('HGET', key, 'rank'), id) end
  if gone > 0 and where ~= 'running' and where ~= 'stopping' then later('refill', limit) end
end
`
