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
local plainFields = {}
for name in string.gmatch('state queue list task tag sent bytes tags most attempt deaths token due ' ..
  'worker started handle order lease score blamed ignore', '%S+') do plainFields[name] = true end

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

-- News of many, to those who want to hear them.
local function newsOfAll(ids, what)
  local channels, most = {}, 500
  for n, id in ipairs(ids) do channels[n] = P .. NEWS .. id end
  for from = 1, #channels, most do
    local heard = redis.call('PUBSUB', 'NUMSUB', unpack(channels, from, math.min(#channels, from + most - 1)))
    for n = 1, #heard, 2 do if heard[n + 1] > 0 then redis.call('PUBLISH', heard[n], what) end end
  end
end
`
