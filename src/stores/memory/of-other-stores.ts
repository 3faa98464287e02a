import type { Claim, Settlement, WriteOutcome } from '../roles/broker.ts'
import { ownCall } from '../roles/need.ts'
import type { Begun } from '../roles/results.ts'
import { hasEnded } from './entry.ts'
import type { Ledger } from './ledger.ts'

/** A worker was handed a call by the broker of another store. */
export function begin(ledger: Ledger, claim: Claim, worker: string): Begun {
  const { id, queue, task, attempt, deaths, ignoreResult = false, sentAt = ledger.now, maxDeaths = 3 } = claim
  const known = ledger.entries.get(id)
  if (known?.foreign === false) throw ownCall(id)
  if (known !== undefined && hasEnded(known)) return { state: 'ended' }
  // Its message is not kept.
  const call = { id, queue, task, headers: '{}', body: '[[],{},{}]', priority: 0, delay: 0, ignoreResult, maxDeaths }
  const entry = known ?? ledger.enter(call, sentAt)
  Object.assign(entry, { state: 'running', attempt, deaths, worker, startedAt: ledger.now, cancelling: undefined })
  entry.token++
  ledger.tell({ signal: 'reported', id })
  return { state: 'running', token: entry.token, steps: Object.fromEntries(entry.steps) }
}

/** Keeps how its attempt ended. */
export function end(ledger: Ledger, settlement: Settlement): WriteOutcome {
  const entry = ledger.entries.get(settlement.id)
  return entry?.foreign ? ledger.settle(settlement) : 'lost'
}
