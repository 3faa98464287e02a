import type { MessageEdge } from '../../celery/marks.ts'
import { decodeValue } from '../../celery/result.ts'
import { JobGoneError, MalformedMessageError } from '../../core/errors/errors.ts'
import type { Claim } from '../../stores/roles/broker.ts'
import type { Counters, EndedMember } from '../../stores/roles/counters.ts'
import type { Store } from '../../stores/roles/store.ts'
import { errorOf, withOriginOf } from '../outcome.ts'
import { type Decided, isDead } from './decided.ts'

/** The part of a store that knows how the calls have ended that another one needs. */
export type MembersStore = Pick<Store, 'counters' | 'results'>

/** The number of members that a store returns at once. */
const page = 1_000

/**
 * Fills the results of other calls into the arguments of one that was held until they were there. Returns why that cannot be done;
 * undefined where it is.
 */
export async function fillEdges(
  { counters, results }: MembersStore,
  claim: Claim,
  edges: readonly MessageEdge[],
): Promise<Decided | undefined> {
  if (claim.after === undefined || counters === undefined) {
    const story =
      'The message is malformed: its arguments are to be results of other calls, and it has waited for none.'
    return isDead(claim, new MalformedMessageError(story))
  }
  const last = edges.reduce((most, { member }) => Math.max(most, member), 0)
  const members = await membersOf(counters, claim.after, last)
  // It has been let go by the count of something else, as by a signal that it was sent.
  if (edges.some(({ member }) => !members.has(member))) return waitOn(counters, claim.after, claim, edges)
  const values = new Map<number, unknown>()
  for (const { member, isOutcome, put } of edges) {
    const ended = members.get(member)
    if (ended === undefined || (ended.result ?? ended.error) === undefined) return isDead(claim, gone(claim, ended))
    if (!values.has(member)) {
      const failed = ended.state !== 'done'
      const value = failed ? await endOfMember(results, ended) : decodeValue(ended.result as string)
      if (failed && !isOutcome) return { claim, ending: { kind: 'failed', error: value } }
      values.set(
        member,
        !isOutcome ? value : failed ? { status: 'rejected', reason: value } : { status: 'fulfilled', value },
      )
    }
    put(values.get(member))
  }
  return undefined
}

/** It waits until those have ended that have not. */
async function waitOn(
  counters: Counters,
  counter: string,
  claim: Claim,
  edges: readonly MessageEdge[],
): Promise<Decided> {
  const members = await membersOf(counters, counter)
  const missing = new Set(edges.map(({ member }) => member).filter(member => !members.has(member)))
  const after = { counter, members: members.size + missing.size, failure: 'drop' } as const
  return { claim, ending: { kind: 'wait', rest: { after, delay: 0, memo: JSON.stringify({ waits: [] }), waits: [] } } }
}

/** The members of a counter that have ended, up to a number. */
export async function membersOf(
  counters: Counters,
  counter: string,
  last: number = Infinity,
): Promise<Map<number, EndedMember>> {
  const members = new Map<number, EndedMember>()
  for (let after = -1; after < last;) {
    const found = await counters.members(counter, after)
    for (const each of found) members.set(each.member, each)
    if (found.length < page) break
    after = (found.at(-1) as EndedMember).member
  }
  return members
}

/** The error of a member, or of the call because of which that has failed. */
export async function endOfMember(
  results: MembersStore['results'],
  { id, state, error }: EndedMember,
): Promise<unknown> {
  const ended = await withOriginOf(results, { state, ...(error === undefined ? {} : { error }) })
  const { task = '' } = await results.outcome(id)
  return errorOf({ id, task }, ended)
}

/** It was made to run again by hand, long after. */
function gone(claim: Claim, ended: EndedMember | undefined): JobGoneError {
  return new JobGoneError(
    `Job ${claim.id}, task ${claim.task}, needs the result of job ${ended?.id ?? '?'}, which is not kept any more: it was used when this one ` +
      'was done. Submit the graph again.',
  )
}
