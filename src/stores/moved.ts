import { checkCalls, checkCount, checkJson, checkList, checkSpan, checkString, checkText, refuse } from './check.ts'
import type { OutgoingCall, SendOutcome } from './roles/calls.ts'
import type { MovedCall, MovedMember, MovedReport, MoveOutcome, Transfer } from './roles/transfer.ts'

const ended: ReadonlySet<unknown> = new Set<MovedMember['state']>(['done', 'failed', 'cancelled', 'dead'])
const reportKinds: ReadonlySet<unknown> = new Set(['step', 'undone', 'item', 'undoing'])

/** The place of a member in the order in which they move. */
export type MemberPlace = Pick<MovedMember, 'counter' | 'member'>

/** The answers of a store to what makes sense. */
interface Answers {
  calls(after: number): Promise<MovedCall[]>
  members(after: MemberPlace): Promise<MovedMember[]>
  take(calls: readonly MovedCall[], members: readonly MovedMember[]): Promise<MoveOutcome[]>
}

/** Takes calls out of a store, and into one, where what is asked makes sense. */
export class CheckedTransfer implements Transfer {
  readonly #answers: Answers

  constructor(answers: Answers) {
    this.#answers = answers
  }

  async calls(after: number): Promise<MovedCall[]> {
    checkSpan(after, 'The place after which to go on')
    return this.#answers.calls(after)
  }

  async members(after: MemberPlace = { counter: '', member: -1 }): Promise<MovedMember[]> {
    checkString(after.counter, 'The counter after which to go on')
    checkCount(after.member, 'The member after which to go on', -1)
    return this.#answers.members(after)
  }

  async take({ calls, members }: Parameters<Transfer['take']>[0]): Promise<MoveOutcome[]> {
    checkMoved(calls, members)
    return this.#answers.take(calls, members)
  }
}

/** Refuses calls and members that no store could have given, as those of a file that somebody has changed. */
function checkMoved(calls: readonly MovedCall[], members: readonly MovedMember[]): void {
  checkList(members, 'members')
  for (const { counter, member, id, state, result, error } of members) {
    checkText(counter, 'The counter of a member')
    const of = `of member ${member} of counter ${counter}`
    checkCount(member, `The number ${of}`, 0)
    checkText(id, `The id ${of}`)
    if (!ended.has(state)) refuse(`The state ${of}`, [...ended].join(', '), state)
    if (result !== undefined) checkJson(result, `The result ${of}`)
    if (error !== undefined) checkJson(error, `The error ${of}`)
  }
  checkList(calls, 'calls')
  for (const call of calls) {
    const of = `of call ${String(call.id)}`
    for (const name of ['sentAt', 'dueAt', 'attempt', 'deaths'] as const) checkSpan(call[name], `${name} ${of}`)
    for (const name of ['expiresAt', 'deadlineAt'] as const)
      if (call[name] !== undefined) checkSpan(call[name], `${name} ${of}`)
    if (call.unique?.until !== undefined) checkSpan(call.unique.until, `unique.until ${of}`)
    if (call.error !== undefined) checkJson(call.error, `The error ${of}`)
    if (call.memo !== undefined) checkJson(call.memo, `The memo ${of}`)
    if (call.after !== undefined) {
      checkSpan(call.after.delay, `after.delay ${of}`)
      if (call.after.letGoAt !== undefined) checkSpan(call.after.letGoAt, `after.letGoAt ${of}`)
    }
    checkList(call.reports ?? [], `reports ${of}`)
    for (const report of call.reports ?? []) checkReport(report, of)
  }
  checkCalls(calls.map(call => outgoingOf(call, 0)))
}

function checkReport(report: MovedReport, of: string): void {
  const { kind, value } = report
  if (!reportKinds.has(kind)) refuse(`The kind of a report ${of}`, [...reportKinds].join(', '), kind)
  if (kind === 'step' || kind === 'undone') checkText(report.name, `The name of a step ${of}`)
  checkJson(value, `The value of a report ${of}`)
  if (kind !== 'undoing') return
  const into = (JSON.parse(value) as { readonly into?: unknown } | null)?.into
  if (into !== 'failed' && into !== 'cancelled')
    refuse(`into, in a report 'undoing' ${of},`, 'failed or cancelled', into)
}

/**
 * A call that was moved, as one that is sent. Who takes it in sets its times after that, which are moments and not spans, and which failure of
 * members drops it.
 */
export function outgoingOf(moved: MovedCall, now: number): OutgoingCall {
  const { id, queue, task, headers, body, priority, dueAt, expiresAt, deadlineAt, unique, limit, after, counts } = moved
  const { maxDeaths, ignoreResult, tags } = moved
  const left = (at: number): number => Math.max(0, at - now)
  return {
    id,
    queue,
    task,
    headers,
    body,
    priority,
    delay: after !== undefined && after.members > 0 ? after.delay : left(dueAt),
    ...(expiresAt === undefined ? {} : { expires: left(expiresAt) }),
    ...(deadlineAt === undefined ? {} : { deadline: left(deadlineAt) }),
    ...(maxDeaths === undefined ? {} : { maxDeaths }),
    ...(ignoreResult ? { ignoreResult } : {}),
    ...(tags === undefined ? {} : { tags }),
    ...(unique === undefined
      ? {}
      : {
          unique: {
            key: unique.key,
            conflict: 'reject',
            ...(unique.until === undefined ? {} : { for: Math.max(1, left(unique.until)) }),
          },
        }),
    ...(limit === undefined ? {} : { limit: { ...limit, strategy: 'wait' } }),
    ...(counts === undefined ? {} : { counts }),
    ...(after === undefined
      ? {}
      : {
          after: {
            counter: after.counter,
            members: after.members,
            // One that was let go, or waits although a member has failed, is not dropped by those that have failed before.
            failure: after.members === 0 || after.byHand ? 'release' : after.failure,
            ...(after.letGoAt === undefined ? {} : { limit: left(after.letGoAt) }),
          },
        }),
  }
}

/** The outcome for a call that was moved, by that of sending it. */
export function moveOutcome(outcome: SendOutcome): MoveOutcome {
  if (outcome.outcome !== 'rejected') return outcome.outcome === 'joined' ? 'known' : 'taken'
  if (outcome.reason === 'size') return { refused: 'size', bytes: outcome.bytes, limit: outcome.limit }
  if (outcome.reason === 'limit') return { refused: 'limit' }
  return { refused: 'unique', ...(outcome.existing === undefined ? {} : { existing: outcome.existing }) }
}
