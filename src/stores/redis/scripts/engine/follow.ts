import { groupKey } from '../../../../celery/redis-keys.ts'

/**
 * Does what Celery's message of a call asks for when that has ended, for scripts that end calls: calls that follow, the sizes of chords whose
 * headers are among them, the documents of calls that will never run, and the parts that are counted in chords. It goes by the keys of
 * Celery, so that the members of a chord may be run in both languages: \`.j\` has the parts, \`.s\` the size, \`.t\` what was added to that, and
 * as 5.7 has them, \`.d\` who was counted and \`.c\` who sends the body.
 *
 * A chord that is complete is noted in \`skein:chords\` with what its body needs, and in \`skein:chording\` by when somebody else is to see to
 * it: the one that has counted the last part sends the body at once, in a script of its own, and may die before that.
 */
export const chords: string = `
local CHORDS, CHORDING = OWN .. 'chords', OWN .. 'chording'
local GROUP = P .. '${groupKey('')}'
local complete = {}

local function countPart(group, score, id, entry, chord)
  local ended, added, size, counted, claimed =
    GROUP .. group .. '${ending('ended')}', GROUP .. group .. '${ending('added')}', GROUP .. group .. '${ending('size')}',
    GROUP .. group .. '.d', GROUP .. group .. '.c'
  if redis.call('GET', claimed) == 'done' then return end
  if redis.call('SADD', counted, id .. ':' .. score) == 1 then redis.call('ZADD', ended, score, entry) end
  for _, key in ipairs({ ended, added, size, counted, GROUP .. group }) do redis.call('PEXPIRE', key, KEEP) end
  local wanted = redis.call('GET', size)
  if not wanted or redis.call('ZCARD', ended) ~= tonumber(wanted) + tonumber(redis.call('GET', added) or 0) then return end
  if not redis.call('SET', claimed, 'skein', 'NX', 'PX', KEEP) then return end
  redis.call('HSET', CHORDS, group, chord)
  redis.call('ZADD', CHORDING, now + 10000, group)
  complete[#complete + 1] = group
end

-- A member that no worker ends is counted by what was noted of it when it was sent.
local function countNoted(key)
  local part = redis.call('HGET', key, 'part')
  if not part then return end
  redis.call('HDEL', key, 'part')
  countPart(unpack(cjson.decode(part)))
end
`

/** The rest of it, once calls can be kept. */
export const follow: string = `
local function follow(dropped)
  for n = 1, num() do
    local group, size, saved = arg(), arg(), maybe()
    if not dropped then
      redis.call('DEL', GROUP .. group .. '.c')
      redis.call('SET', GROUP .. group .. '${ending('size')}', size, 'PX', KEEP)
      if saved then redis.call('SET', GROUP .. group, saved, 'PX', KEEP) end
    end
  end
  for n = 1, num() do
    local step, group, parent, part = STEPS[num()], maybe(), maybe(), maybe()
    local id = GIVEN[cursor + 1]
    if keep(dropped, step) == 'accepted' then
      if group then redis.call('HSET', callKey(id), 'group', group) end
      if parent then redis.call('HSET', callKey(id), 'parent', parent) end
      if part then redis.call('HSET', callKey(id), 'part', part) end
    end
  end
  for n = 1, num() do
    local id, before, after, group = arg(), arg(), arg(), maybe()
    if not dropped and redis.call('EXISTS', RESULT .. id) == 0 then
      local also = group and ',"group_id":' .. cjson.encode(group) or ''
      local document = before .. '"date_done":"' .. iso(now) .. '"' .. also .. after
      redis.call('SET', RESULT .. id, document, 'PX', KEEP)
      redis.call('PUBLISH', RESULT .. id, document)
    end
  end
  for n = 1, num() do
    local group, score, id, entry, chord = arg(), arg(), arg(), arg(), arg()
    if not dropped then countPart(group, score, id, entry, chord) end
  end
end
`

function ending(part: 'ended' | 'added' | 'size'): string {
  return groupKey('', part).slice(groupKey('').length)
}
