import type { Work } from '../../call/run/entry.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { monotonic } from '../../core/time/clock.ts'
import { copiedOptions } from '../../call/options.ts'
import { firstChild, jobCounter } from '../../stores/job-counter.ts'
import type { Claim } from '../../stores/roles/broker.ts'
import { needAbility, needCounters } from '../../stores/roles/need.ts'
import type { Store } from '../../stores/roles/store.ts'
import { memberStory } from '../../stores/story.ts'
import { inQueue } from '../graph/in-queue.ts'
import { outgoingGraph } from '../graph/outgoing-graph.ts'
import { type Memo, readMemo, returnedRecordName, type WaitRecord } from '../memo.ts'
import type { Attempt } from './attempt.ts'
import type { Decided } from './decided.ts'
import type { Delivery } from './delivery.ts'
import { endOfMember, membersOf } from './edges.ts'
import { nextOf } from './settlement.ts'
import type { Rest } from './task/rest.ts'
import { written } from './task/written.ts'

/**
 * The job that runs in the place of another one, whose task has returned a call: its result is that of the other.
 *
 * It is a member of the counter of that one, like its arguments and the jobs that it has called, and belongs to it. The other one waits
 * for it without a worker, and when it is claimed again does not run: it ends as the heir has. That it has one is kept with its steps,
 * so that it is so, too, when it is made to run again by hand: what is done of the graph that it has returned is not done again.
 */
const member = firstChild - 1

/** True for a job whose task has returned a call. */
export function hasHeir({ steps }: Claim): boolean {
  return Object.hasOwn(steps, returnedRecordName)
}

/**
 * Has a call sent in the commit that notes it as that of the job; then the attempt gives its place back, to wait for it.
 *
 * **Errors**: as `submit`, and `SKEIN_INVALID_ARGUMENT` where the attempt has asked for effects, which are committed when it is done.
 */
export async function restForHeir(attempt: Attempt, call: Work, delivery: Delivery): Promise<Rest> {
  const { store } = delivery
  const counters = needCounters(store)
  needAbility(store, 'next')
  const { id, queue, task } = attempt.claim
  if (attempt.effects !== undefined) {
    throw new InvalidArgumentError(
      `Task ${task} has asked for an effect and returned a call. The effect would be committed with its own result, and it has none: ask ` +
        'for it in a step, or in the task of the call.',
    )
  }
  const options = call.options.id === undefined ? copiedOptions(call.options, { id: `${id}/heir` }) : call.options
  const { fn, args } = call
  const outgoing = inQueue(
    await outgoingGraph({ task: call.task, fn, args, options }, 'run', '', () => undefined),
    queue,
  )
  const counter = jobCounter(id)
  const heir = { ...outgoing, ignoreResult: true, counts: [{ counter, member, owned: true as const }] }
  const members = await membersOf(counters, counter)
  // It is there already where the steps of the job have been undone and it has been made to run again, and it with that.
  const next = members.has(member) ? (attempt.next ?? []) : [...(attempt.next ?? []), { call: heir, at: monotonic() }]
  const record: WaitRecord = { kind: 'call', id: outgoing.id, member }
  const step = { kind: 'step', name: returnedRecordName, value: JSON.stringify(record), next: nextOf(next) } as const
  // When its steps are undone it is forgotten with them: what they have done comes before what it does.
  const undo = (attempt.undo?.steps.size ?? 0) > 0 ? { undo: true } : {}
  const noting = { report: delivery.note.bind(delivery) }
  await written(noting, attempt, { ...step, ...undo }, 'the call that the task has returned')
  attempt.next = undefined
  const waits = [{ kind: 'call' as const, name: outgoing.task, id: outgoing.id }]
  const memo: Memo = { waits, failures: {}, stale: [] }
  // Of those that have not ended another one may end first; then it waits for one more.
  return {
    after: { counter, members: members.size + (members.has(member) ? 0 : 1), failure: 'release' },
    delay: 0,
    memo: JSON.stringify(memo),
    waits,
  }
}

/** Forgets the heir of a job that is there to be undone. */
export function forgetHeir(attempt: Attempt, delivery: Delivery): void {
  const { undo } = attempt
  if (undo?.ends === undefined || !undo.steps.delete(returnedRecordName)) return
  undo.missing.delete(returnedRecordName)
  delivery.note(attempt, { kind: 'undone', name: returnedRecordName, value: 'null' })
}

/** The end of a job that has waited for its heir, as that has ended; it waits on where that has not. */
export async function endOfHeir(attempt: Attempt, store: Store): Promise<Decided> {
  const { claim } = attempt
  const counter = jobCounter(claim.id)
  const members = await membersOf(needCounters(store), counter)
  const ended = members.get(member)
  if (ended === undefined) {
    const memo = claim.memo ?? JSON.stringify({ waits: [], failures: {}, stale: [] } satisfies Memo)
    const after = { counter, members: members.size + 1, failure: 'release' } as const
    return { claim, ending: { kind: 'wait', rest: { after, delay: 0, memo, waits: readMemo(memo).waits } } }
  }
  if (ended.state === 'done') return { claim, ending: { kind: 'done', result: ended.result ?? 'null' }, attempt }
  // As one that a counter has dropped, so that it runs again with the one that has failed, if that is made to.
  const text = memberStory(ended.id, member, ended.state, ended.error)
  return { claim, ending: { kind: 'failed', error: await endOfMember(store.results, ended), text }, attempt }
}
