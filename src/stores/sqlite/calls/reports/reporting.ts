import { jobCounter } from '../../../job-counter.ts'
import { tooLarge, tooLargeNext } from '../../../refusals.ts'
import type { WriteOutcome } from '../../../roles/broker.ts'
import type { Report } from '../../../roles/results.ts'
import { state } from '../../file/schema.ts'
import { fewestTogether } from '../chunks.ts'
import { attend, keepMemo } from '../counters/counters.ts'
import { runEffects } from '../effects.ts'
import { send } from '../sending.ts'
import { sentCall } from '../sent-call.ts'
import type { Turn } from '../turn.ts'
import { type PlainStep, writeTogether } from './plain-steps.ts'
import { reportKind, writeClaimed } from './writing.ts'

/** Writes what running attempts report. */
export function report(turn: Turn, given: readonly Report[]): WriteOutcome[] {
  const outcomes: WriteOutcome[] = []
  for (let at = 0; at < given.length;) {
    const some = plainSteps(turn, given, at)
    if (some.length < fewestTogether) outcomes.push(reportOne(turn, given[at] as Report))
    else outcomes.push(...writeTogether(turn, some))
    at = outcomes.length
  }
  return outcomes
}

/** The steps from a place on that can be written together: of claims that are held here, one of each, with nothing beside. */
function plainSteps({ keeper }: Turn, given: readonly Report[], from: number): PlainStep[] {
  const found: PlainStep[] = []
  const calls = new Set<number>()
  for (let at = from; at < given.length; at++) {
    const each = given[at] as Report
    if (each.kind !== 'step' || each.undo || each.effects?.length || each.next?.length) break
    const held = keeper.held.get(each.id)
    if (held === undefined || held.token !== each.token || calls.has(held.call)) break
    const bytes = Buffer.byteLength(each.value)
    if (bytes > keeper.settings.maxBytes) break
    calls.add(held.call)
    found.push({ id: each.id, call: held.call, token: each.token, name: each.name, value: each.value, bytes })
  }
  return found
}

function reportOne(turn: Turn, given: Report): WriteOutcome {
  const { id, token } = given
  const { keeper } = turn
  const value = given.kind === 'log' ? given.line : given.value
  const { maxBytes } = keeper.settings
  const next = given.kind === 'step' ? given.next : undefined
  const large = tooLarge(value, maxBytes) ?? tooLargeNext(next, maxBytes)
  if (large) return large
  if (given.kind === 'memo') {
    const call = claimed(turn, given)
    if (call === undefined) return 'lost'
    turn.durable = true
    attend(turn, { call, id })
    keepMemo(turn, call, value)
    return 'ok'
  }
  if (given.kind !== 'step' && given.kind !== 'undone') {
    return writeClaimed(turn, given, reportKind[given.kind], value) === undefined ? 'lost' : 'ok'
  }
  turn.durable = true
  const isUndone = given.kind === 'undone'
  if (given.effects?.length) {
    // They come first: with one that fails nothing is written, and without the claim none is run.
    if (claimed(turn, given) === undefined) return 'lost'
    const refused = runEffects(turn, `${id} ${token} ${isUndone ? 'undo ' : ''}${given.name}`, given.effects)
    if (refused) return refused
  }
  const kind = isUndone ? reportKind.undone : given.undo === true ? reportKind.undoable : reportKind.step
  const call = writeClaimed(turn, given, kind, value, given.name)
  if (call === undefined) return 'lost'
  if (next?.length) {
    if (next.some(({ counts }) => counts?.some(({ counter }) => counter === jobCounter(id)))) attend(turn, { call, id })
    send(turn, next.map(sentCall))
  }
  return 'ok'
}

/** The number of a call that is claimed under this token; undefined if it is not. */
function claimed({ database }: Turn, { id, token }: Report): number | undefined {
  const row = database.get(
    `SELECT call FROM skein_call WHERE id = ? AND token = ? AND state = ${state.running}`,
    id,
    token,
  )
  return row?.[0] as number | undefined
}
