import type { Claim, Settlement, WriteOutcome } from '../../roles/broker.ts'
import { ownCall } from '../../roles/need.ts'
import type { Begun } from '../../roles/results.ts'
import { state } from '../file/schema.ts'
import { load } from './ending.ts'
import { stepsOf } from './reports/steps.ts'
import { settle } from './settling.ts'
import type { Turn } from './turn.ts'

/**
 * Workers were handed calls by the broker of another store. They have place 0, so that they never stand in line here: as long as
 * they do not run they are held, and their message is not kept.
 */
export function begin(turn: Turn, claims: readonly Claim[], worker: string): Begun[] {
  return claims.map(each => beginOne(turn, each, worker))
}

function beginOne(
  turn: Turn,
  { id, queue, task, attempt, deaths, ignoreResult, sentAt, maxDeaths }: Claim,
  worker: string,
): Begun {
  const { database, keeper, now } = turn
  const known = load(turn, id)
  if (known?.foreign === false) throw ownCall(id)
  if (known !== undefined && known.state >= state.done) return { state: 'ended' }
  const call = known?.call ?? turn.next()
  if (known === undefined) {
    database.run(
      `INSERT INTO skein_call (call, id, line, state, priority, place, headers, body, bytes, sent_at, due_at, ignore_result, max_deaths)
       VALUES (?, ?, ?, ${state.held}, 0, 0, '{}', '[[],{},{}]', 0, ?, ?, ?, ?)`,
      call,
      id,
      keeper.lines.of(queue, task),
      sentAt ?? now,
      now,
      ignoreResult ? 1 : 0,
      maxDeaths ?? null,
    )
  }
  const token = turn.next()
  database.run(
    `UPDATE skein_call SET state = ${state.running}, token = ?, attempt = ?, deaths = ?, worker = ?, started_at = ?,
       cancelling = NULL WHERE call = ?`,
    token,
    attempt,
    deaths,
    worker,
    now,
    call,
  )
  turn.tell('reported', id)
  return { state: 'running', token, steps: stepsOf(turn, call).steps }
}

/** Keeps how their attempts ended. */
export function conclude(turn: Turn, settlements: readonly Settlement[]): WriteOutcome[] {
  turn.durable = true
  return settlements.map(each => {
    const known = load(turn, each.id)
    return known?.foreign ? (settle(turn, [each])[0] as WriteOutcome) : 'lost'
  })
}
