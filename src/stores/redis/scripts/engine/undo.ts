/**
 * Functions for scripts that note which steps of a call can be undone: the field `undo` of its hash is JSON with the steps that can be and have not been, those that have
 * been, the failures of those that could not be, the end that it comes to then, and how often it was put in line for that.
 */
export const undoable: string = `
local function undoOf(key)
  local text = redis.call('HGET', key, 'undo')
  return text and cjson.decode(text)
end

-- True for one that does not end before it was undone.
local function isToUndo(undo) return undo and (#undo.steps > 0 or undo.ends) end

local function without(names, name)
  local kept = {}
  for _, each in ipairs(names) do if each ~= name then kept[#kept + 1] = each end end
  return kept
end

-- A step is finished.
local function noteStep(key, name, canUndo)
  local undo = undoOf(key)
  if not undo and not canUndo then return end
  undo = undo or { steps = {}, undone = {}, failures = {}, rounds = 0 }
  undo.steps = without(undo.steps, name)
  if canUndo then undo.steps[#undo.steps + 1] = name end
  redis.call('HSET', key, 'undo', cjson.encode(undo))
end

-- A step was undone, or could not be.
local function noteUndone(key, name, value)
  local undo = undoOf(key) or { steps = {}, undone = {}, failures = {}, rounds = 0 }
  undo.steps = without(undo.steps, name)
  if value == 'null' then undo.undone[#undo.undone + 1] = name
  else undo.failures[#undo.failures + 1] = { name, value } end
  redis.call('HSET', key, 'undo', cjson.encode(undo))
end
`
