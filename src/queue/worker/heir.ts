import type { Work } from '../../call/run/entry.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { monotonic } from '../../core/time/clock.ts'
import { copiedOptions } from '../../call/options.ts'
import { firstChild, jobCounter } from '../../stores/job-counter.ts'
import type { Claim } from '../../stores/roles/broker.ts'
import { needAbility, needCounters } from '../../stores/roles/need.ts'
import type { Store } from '../../stores/roles/store.ts'
import { inQueue } from '../graph/in-queue.ts'
import { outgoingGraph } from '../graph/outgoing-graph.ts'
import { type Memo, readMemo } from '../memo.ts'
import type { Attempt } from './attempt.ts'
import type { Decided } from './decided.ts'
import { endOfMember, membersOf } from './edges.ts'
import type { Rest } from './task/rest.ts'

/**
 * The job that runs in the place of another one, whose task has returned a call: its result is that of the other.
 *
 * It is a member of the counter of that one, like its arguments and the jobs that it has called, and belongs to it. The other one waits
 * for it without a worker, and when it is claimed again does not run: it ends as the heir has.
 */
const member = firstChild - 1

/** The memo of a job that waits for its heir. */
interface HeirMemo extends Memo {
  readonly heir: true
}

/** True for a job that has an heir, for which it has waited. */
export function hasHeir({ memo }: Claim): boolean {
  if (memo?.includes('"heir":true') !== true) return false
  try {
    return (JSON.parse(memo) as Partial<HeirMemo> | null)?.heir === true
  } catch {
    return false
  }
}

/**
 * Has a call sent in the commit in which an attempt gives its place back, to wait for that.
 *
 * **Errors**: as `submit`, and `SKEIN_INVALID_ARGUMENT` where the attempt has asked for effects, which are committed when it is done.
 */
export async function restForHeir(attempt: Attempt, call: Work, store: Store): Promise<Rest> {
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
  ;(attempt.next ??= []).push({ call: heir, at: monotonic() })
  const waits = [{ kind: 'call' as const, name: outgoing.task, id: outgoing.id }]
  const memo: HeirMemo = { waits, failures: {}, stale: [], heir: true }
  const members = await membersOf(counters, counter)
  // Of those that have not ended another one may end first; then it waits for one more.
  return {
    after: { counter, members: members.size + (members.has(member) ? 0 : 1), failure: 'release' },
    delay: 0,
    memo: JSON.stringify(memo),
    waits,
    sends: true,
  }
}

/** The end of a job that has waited for its heir, as that has ended; it waits on where that has not. */
export async function endOfHeir(attempt: Attempt, store: Store): Promise<Decided> {
  const { claim } = attempt
  const counter = jobCounter(claim.id)
  const members = await membersOf(needCounters(store), counter)
  const ended = members.get(member)
  if (ended === undefined) {
    const { memo = '' } = claim
    const after = { counter, members: members.size + 1, failure: 'release' } as const
    return { claim, ending: { kind: 'wait', rest: { after, delay: 0, memo, waits: readMemo(memo).waits } } }
  }
  if (ended.state === 'done') return { claim, ending: { kind: 'done', result: ended.result ?? 'null' }, attempt }
  return { claim, ending: { kind: 'failed', error: await endOfMember(store.results, ended) }, attempt }
}
