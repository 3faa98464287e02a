import {
  cancelledStory,
  displacedStory,
  goneStory,
  memberStory,
  ownerGone,
  ownerReason,
  rejectedStory,
  replacedStory,
} from '../../../story.ts'
import { luaString } from '../prelude.ts'

const names = ['a', 'b', 'c', 'd']

/** No story has it, and JSON leaves it as it is. */
function mark(n: number): string {
  return `<<${n}>>`
}

/** A function of Lua that writes a story. Its arguments are strings as they stand inside a string of JSON. */
function luaStory(name: string, count: number, write: (...given: string[]) => string): string {
  const text = write(...Array.from({ length: count }, (_, n) => mark(n)))
  // Every other part is the number of an argument.
  const parts = text.split(/<<(\d)>>/).map((part, at) => (at % 2 === 0 ? luaString(part) : names[Number(part)]))
  return `local function ${name}(${names.slice(0, count).join(', ')}) return ${parts.join(' .. ')} end`
}

/** A number that stands for the number of a member. */
const someMember = 987_654_321

function withMember(story: string): string {
  return story.replaceAll(String(someMember), mark(1))
}

/** The stories that a script itself writes of calls, as functions of Lua. */
export const stories: string = `
${luaStory('cancelledStory', 1, reason => cancelledStory(reason as string))}
${luaStory('replacedStory', 1, by => replacedStory(by as string))}
${luaStory('displacedStory', 1, by => displacedStory(by as string))}
${luaStory('ownerReason', 2, (id, state) => ownerReason(id as string, state as string))}
${luaStory('goneStory', 1, id => goneStory(id as string))}
${luaStory('ofMember', 3, (id, _, state) => withMember(memberStory(id as string, someMember, state as string, undefined)))}
${luaStory('ofMemberOf', 4, (id, _, state, origin) =>
  withMember(memberStory(id as string, someMember, state as string, `{"source":"member","origin":"${origin}"}`)),
)}
local ownerGone = ${luaString(ownerGone)}
local rejections = { unique = ${luaString(rejectedStory('unique'))}, limit = ${luaString(rejectedStory('limit'))}, size = ${luaString(rejectedStory('size'))} }
local function inString(text) return string.sub(cjson.encode(text), 2, -2) end

-- A member of the counter that a call waited for has not ended as done.
local function memberStory(id, member, state, error)
  if string.sub(error, 1, 19) == '{"source":"member",' then
    local fine, told = pcall(cjson.decode, error)
    if fine and type(told.origin) == 'string' then return ofMemberOf(inString(id), member, state, inString(told.origin)) end
  end
  return ofMember(inString(id), member, state)
end
`
