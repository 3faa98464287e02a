import { CheckedTransfer, moveOutcome, outgoingOf } from '../../moved.ts'
import type { MovedCall, MovedReport, MovedWait, MoveOutcome, Transfer } from '../../roles/transfer.ts'
import { type Entry, hasEnded } from '../entry.ts'
import type { Ledger } from '../ledger.ts'
import type { Handle } from '../memory.ts'
import { noteStep, noteUndoing, noteUndone } from '../undoing.ts'
import { append } from '../reports.ts'

/** So many are read at once. */
const page = 500

/** Takes calls out of a store in memory, and into one. */
export function memoryTransfer(store: Handle): Transfer {
  return new CheckedTransfer({
    calls: async after => store.read(ledger => movedCalls(ledger, after)),
    members: async after => store.read(ledger => ledger.counters.needed(after, page)),
    take: async (calls, members) =>
      store.write(ledger => {
        for (const each of members) ledger.counters.take(each, ledger.now)
        // So that the calls find them counted.
        ledger.finish()
        return calls.map(each => take(ledger, each))
      }),
  })
}

function movedCalls(ledger: Ledger, after: number): MovedCall[] {
  const found: MovedCall[] = []
  for (const entry of ledger.entries.values()) {
    if (entry.sequence <= after || hasEnded(entry) || entry.foreign) continue
    if (found.push(movedCall(ledger, entry)) === page) break
  }
  return found
}

function movedCall(ledger: Ledger, entry: Entry): MovedCall {
  const { call, attempt, deaths, expiresAt, deadlineAt, error, memo } = entry
  const { id, queue, task, headers, body, priority, maxDeaths, ignoreResult, tags, unique, limit } = call
  const running = entry.state === 'running'
  const counts = ledger.counters.membershipsOf(entry)
  const reports = entry.reported.flatMap(each => reportOf(entry, each))
  return {
    place: entry.sequence,
    ...(running ? { running } : {}),
    id,
    queue,
    task,
    headers,
    body,
    priority,
    sentAt: entry.sentAt,
    dueAt: entry.dueAt,
    ...(expiresAt === Infinity ? {} : { expiresAt }),
    ...(deadlineAt === Infinity ? {} : { deadlineAt }),
    attempt: attempt - (running ? 1 : 0),
    deaths,
    ...(maxDeaths === undefined ? {} : { maxDeaths }),
    ...(ignoreResult ? { ignoreResult } : {}),
    ...(tags === undefined ? {} : { tags }),
    // One that was asked to stop has given its key up.
    ...(unique === undefined || entry.cancelling !== undefined
      ? {}
      : { unique: { key: unique.key, ...(unique.for ? { until: entry.keyUntil } : {}) } }),
    ...(limit === undefined ? {} : { limit: limitOf(limit) }),
    ...(error === undefined ? {} : { error }),
    ...(counts.length === 0 ? {} : { counts }),
    ...(entry.after === undefined ? {} : { after: waitOf(ledger, entry) }),
    ...(memo === undefined ? {} : { memo }),
    ...(reports.length === 0 ? {} : { reports }),
  }
}

function limitOf({ key, concurrency, rate }: NonNullable<Entry['call']['limit']>): NonNullable<MovedCall['limit']> {
  return { key, ...(concurrency === undefined ? {} : { concurrency }), ...(rate === undefined ? {} : { rate }) }
}

function waitOf({ counters }: Ledger, { after, state, delay, letGoAt }: Entry): MovedWait {
  const { counter, members, failure } = after as NonNullable<Entry['after']>
  const isHeld = state === 'held'
  return {
    counter,
    members: isHeld ? members : 0,
    failure,
    ...(isHeld && failure === 'drop' && counters.hasFailed(counter) ? { byHand: true } : {}),
    delay: isHeld ? delay : 0,
    ...(isHeld && letGoAt !== Infinity ? { letGoAt } : {}),
  }
}

function reportOf({ undo }: Entry, { kind, value }: Entry['reported'][number]): MovedReport[] {
  if (kind === 'item') return [{ kind, value }]
  if (kind === 'state') return value.startsWith('{"state":"undoing"') ? [{ kind: 'undoing', value }] : []
  if (kind !== 'step' && kind !== 'undone') return []
  const { name } = JSON.parse(value) as { name: string }
  const text = value.slice(`{"name":${JSON.stringify(name)},"value":`.length, -1)
  if (kind === 'undone') return [{ kind, name, value: text }]
  const canUndo = undo?.steps.has(name) || undo?.undone.has(name) || undo?.failures.has(name)
  return [{ kind, name, value: text, ...(canUndo ? { undo: true } : {}) }]
}

function take(ledger: Ledger, moved: MovedCall): MoveOutcome {
  const [outcome] = ledger.send([outgoingOf(moved, ledger.now)])
  const entry = ledger.entries.get(moved.id)
  if (outcome?.outcome !== 'accepted' || entry === undefined)
    return outcome === undefined ? 'known' : moveOutcome(outcome)
  if (hasEnded(entry)) return 'taken'
  const { sentAt, attempt, deaths, error, memo, expiresAt = Infinity, deadlineAt = Infinity, unique, after } = moved
  Object.assign(entry, { sentAt, attempt, deaths, error, memo, expiresAt, deadlineAt })
  if (unique?.until !== undefined) entry.keyUntil = unique.until
  const isHeld = entry.state === 'held'
  if (isHeld) entry.letGoAt = after?.letGoAt ?? Infinity
  // One that its counter has let go only here is due as of now.
  if (isHeld || !after?.members) entry.dueAt = moved.dueAt
  if (after !== undefined) ledger.counters.heed(entry, after.failure)
  ledger.stand(entry)
  ledger.counters.attendMoved(entry, ledger.now, ledger.entries)
  for (const report of moved.reports ?? []) restore(entry, report, ledger.now)
  return 'taken'
}

function restore(entry: Entry, report: MovedReport, now: number): void {
  const { kind, value } = report
  if (kind === 'item') append(entry, 'item', value, now)
  else if (kind === 'undoing') {
    const { into, error } = JSON.parse(value) as { into: 'failed' | 'cancelled'; error: unknown }
    noteUndoing(entry, { state: into, error: JSON.stringify(error) })
    append(entry, 'state', value, now)
  } else {
    if (kind === 'step') {
      entry.steps.set(report.name, value)
      noteStep(entry, report.name, report.undo === true)
    } else noteUndone(entry, report.name, value)
    append(entry, kind, `{"name":${JSON.stringify(report.name)},"value":${value}}`, now)
  }
}
