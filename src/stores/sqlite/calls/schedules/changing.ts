import { crashPoint } from '../../../crash-point.ts'
import { endCounter } from '../../../end-counter.ts'
import type { SendOutcome } from '../../../roles/calls.ts'
import type { ScheduleChange, ScheduleOutcome, TermCall } from '../../../roles/schedules.ts'
import { countIn } from '../../file/columns.ts'
import { state } from '../../file/schema.ts'
import { enroll } from '../counters/counters.ts'
import { cancel, load } from '../ending.ts'
import { send } from '../sending.ts'
import { sentCall } from '../sent-call.ts'
import type { Turn } from '../turn.ts'

/** Makes, changes and removes schedules. */
export function changeSchedules(turn: Turn, changes: readonly ScheduleChange[]): ScheduleOutcome[] {
  turn.durable = true
  const outcomes = changes.map(each => change(turn, each))
  if (hasTerms(changes)) crashPoint('during-term')
  return outcomes
}

/** True where calls of terms are sent. */
export function hasTerms(changes: readonly ScheduleChange[]): boolean {
  return changes.some(({ terms }) => terms !== undefined && terms.length > 0)
}

function change(turn: Turn, { name, version, to, terms = [] }: ScheduleChange): ScheduleOutcome {
  const { database, keeper } = turn
  const known = countIn(database.get('SELECT version FROM skein_schedule WHERE name = ?', name)?.[0])
  if (known !== version) return { outcome: 'stale' }
  const limit = keeper.settings.maxBytes
  const bytes = to === undefined ? 0 : Buffer.byteLength(to.definition) + Buffer.byteLength(to.progress)
  if (bytes > limit) return { outcome: 'rejected', bytes, limit }
  const next = to === undefined ? 0 : turn.next()
  if (to === undefined) database.run('DELETE FROM skein_schedule WHERE name = ?', name)
  else {
    database.run(
      'INSERT OR REPLACE INTO skein_schedule VALUES (?, ?, ?, ?, ?)',
      name,
      next,
      to.dueAt === undefined ? null : Math.ceil(to.dueAt),
      to.definition,
      to.progress,
    )
  }
  turn.tell('scheduled')
  return { outcome: 'changed', version: next, sent: terms.map(term => sendTerm(turn, term)) }
}

function sendTerm(turn: Turn, { call, behind, cancel: reason }: TermCall): SendOutcome {
  if (behind !== undefined && reason !== undefined) cancel(turn, behind, reason)
  const before = behind === undefined ? undefined : load(turn, behind)
  if (before === undefined || before.state >= state.done) return send(turn, [sentCall(call)])[0] as SendOutcome
  const counter = endCounter(before.id)
  enroll(turn, [{ counter, member: 0 }], before.id, before.call)
  return send(turn, [sentCall({ ...call, after: { counter, members: 1, failure: 'release' } })])[0] as SendOutcome
}
