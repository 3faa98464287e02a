import { checkMembers, checkSignal } from '../../check.ts'
import { tooLarge } from '../../refusals.ts'
import type { Counters, EndedMember, Signalled } from '../../roles/counters.ts'
import type { Handle } from '../handle.ts'
import { members, signal } from '../scripts/wake.ts'
import { outcomeOfDocument } from '../wire/document.ts'

/** The counters of a store on Redis, in keys of its own. */
export function redisCounters(store: Handle): Counters {
  return {
    members: async (counter, after) => {
      store.mustBeOpen()
      checkMembers(counter, after)
      return (await membersOf(store, counter, after)).map(({ member, id, end }) => ({ member, id, ...endOf(end) }))
    },
    signal: async (id, name, value) => {
      store.mustBeOpen()
      checkSignal(id, name, value)
      const refused = tooLarge(value, store.settings.maxBytes)
      if (refused) return refused
      const [outcome] = await store.change<'kept' | 'ended' | 'gone'>(signal, [id, name, value])
      if (outcome === 'kept') store.listeners.tell('reported', id)
      return outcome as Signalled
    },
  }
}

/** A member that has ended, as the scripts keep it. */
interface KeptMember {
  readonly member: number
  /** `o` for one that is there for those who wait, then `t` for one that is tolerated; or `-`. */
  readonly flags: string
  readonly id: string
  readonly end: string
}

/** The members of a counter that have ended, in order, after a member, at most 1,000 at once. */
export async function membersOf({ link }: Pick<Handle, 'link'>, counter: string, after: number): Promise<KeptMember[]> {
  const answer = (await link.run(members, [counter, after])) as string[]
  const found: KeptMember[] = []
  for (let at = 0; at + 2 < answer.length; at += 3) {
    const [member, who, end] = answer.slice(at, at + 3) as [string, string, string]
    found.push({ member: Number(member), flags: who.slice(0, 2), id: who.slice(2), end })
  }
  return found
}

const failures: Readonly<Record<string, 'failed' | 'cancelled' | 'dead'>> = { f: 'failed', c: 'cancelled', x: 'dead' }

/** The end of a member, as the scripts keep it: a letter, and a document, a value or an error, unless that was dropped. */
export function endOf(text: string): Pick<EndedMember, 'state' | 'result' | 'error'> {
  const [mark, rest] = [text.slice(0, 1), text.slice(1)]
  if (mark === 'v') return { state: 'done', ...(rest === '' ? {} : { result: rest }) }
  const state = failures[mark]
  if (state !== undefined) return { state, ...(rest === '' ? {} : { error: rest }) }
  const { result, error = '{}', state: found } = outcomeOfDocument(rest) ?? {}
  if (mark === 'p') return { state: found === 'cancelled' ? 'cancelled' : 'failed', error }
  return { state: 'done', ...(result === undefined ? {} : { result }) }
}
