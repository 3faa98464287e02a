import { InvalidArgumentError, StoreError } from '../../core/errors/errors.ts'
import type { BrokerAbility, Settlement } from './broker.ts'
import type { OutgoingCall } from './calls.ts'
import type { Counters } from './counters.ts'
import type { Inspector } from './inspector.ts'
import type { ForeignResults, Report } from './results.ts'
import type { Schedules } from './schedules.ts'
import type { Store, StoreStats } from './store.ts'
import type { Transfer } from './transfer.ts'

/** The methods of an inspector, in words. */
const inspections: Readonly<Record<keyof Inspector, string>> = {
  find: 'show what is known of a job',
  list: 'list jobs',
  cancel: 'cancel jobs',
  retry: 'make jobs run again',
  purge: 'forget jobs',
  pause: 'pause queues',
  resume: 'resume queues',
  retain: 'keep more or less of the past (option retention)',
  stats: 'say how its queues are doing',
  ended: 'say what has ended lately',
}

/** The abilities of a broker, in words. */
const abilities: Readonly<Record<BrokerAbility, string>> = {
  priority: 'hand over jobs by their priority (option priority)',
  unique: 'keep jobs unique by a key (option unique)',
  limit: 'limit jobs that share a key (options limit and key)',
  next: 'send jobs in the commit that ends another one',
  rates: 'count how often a task is started (option rates)',
  tasks: 'tell apart the jobs of different tasks',
  once: 'keep a job that is sent twice only once (option id)',
  undo: 'have the steps of a job undone (option undo of s.step)',
  canvas: 'do what a message of Celery asks for when its job has ended',
  leases: 'take a job away from a worker that is not heard of',
}

/** The transfer of a store. **Errors**: `SKEIN_STORE_UNSUPPORTED`. */
export function needTransfer({ url, transfer }: Pick<Store, 'url' | 'transfer'>): Transfer {
  if (transfer === undefined) throw unsupported(url, 'hand over its jobs to another store, or take in those of one')
  return transfer
}

/** A store, as far as it may lack something. */
export type Lacking = Pick<Store, 'url' | 'broker' | 'inspector' | 'transactions' | 'counters'>

/**
 * The inspector of a store that must be able to do something.
 *
 * **Errors**: `SKEIN_STORE_UNSUPPORTED` where it is not.
 */
export function inspecting<K extends keyof Inspector>(
  store: Pick<Store, 'url' | 'inspector'>,
  method: K,
): Inspector & Required<Pick<Inspector, K>> {
  const { inspector } = store
  if (inspector?.[method] !== undefined) return inspector as Inspector & Required<Pick<Inspector, K>>
  throw unsupported(store.url, inspections[method])
}

/** **Errors**: `SKEIN_STORE_UNSUPPORTED` where the broker of a store lacks an ability. */
export function needAbility({ url, broker }: Pick<Store, 'url' | 'broker'>, ability: BrokerAbility): void {
  if (!broker.can.has(ability)) throw unsupported(url, abilities[ability])
}

/**
 * Refuses a call that asks for something the store has no role for. A priority of 0 asks for nothing.
 *
 * **Errors**: `SKEIN_STORE_UNSUPPORTED`.
 */
export function checkAsked(store: Lacking, call: OutgoingCall): void {
  if (call.priority !== 0) needAbility(store, 'priority')
  if (call.unique !== undefined) needAbility(store, 'unique')
  if (call.once === true) needAbility(store, 'once')
  if (call.limit !== undefined) needAbility(store, 'limit')
  if (call.counts !== undefined || call.after !== undefined) needCounters(store)
  for (const each of call.inner ?? []) checkAsked(store, each)
  if (call.tags !== undefined && call.tags.length > 0 && store.inspector?.list === undefined) {
    throw unsupported(store.url, 'find jobs by their tags (option tags)')
  }
}

/** The same of a settlement. Its `next` are calls, and are checked as such. */
export function checkSettled(store: Lacking, settlement: Settlement): void {
  if (settlement.next !== undefined && settlement.next.length > 0) needAbility(store, 'next')
  if (settlement.canvas !== undefined) needAbility(store, 'canvas')
  if (settlement.kind === 'release' && settlement.after !== undefined) needCounters(store)
  if (settlement.kind === 'release' && settlement.undo !== undefined) needAbility(store, 'undo')
  if (settlement.kind === 'done') needEffects(store, settlement.effects)
}

/** The same of a report. */
export function checkReported(store: Lacking, report: Report): void {
  if (report.kind === 'memo') needCounters(store)
  if (report.kind !== 'step' && report.kind !== 'undone') return
  needEffects(store, report.effects)
  if (report.kind === 'undone' || report.undo === true) needAbility(store, 'undo')
  if (report.kind === 'step' && report.next !== undefined && report.next.length > 0) needAbility(store, 'next')
}

/** The results of a store that is to keep them of the calls of another one. **Errors**: `SKEIN_STORE_UNSUPPORTED`. */
export function foreignResults({ url, results }: Pick<Store, 'url' | 'results'>): ForeignResults {
  if (results.foreign === undefined) throw unsupported(url, 'keep the results of jobs that stand in another store')
  return results.foreign
}

/** The error where a store is asked to keep the result of another store's call, and has that call itself. */
export function ownCall(id: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `Call ${id} stands in the very store that is to keep its result for another one. Open that store by its URL alone.`,
  )
}

/** Refuses effects where there are no transactions to commit them in. */
export function needEffects(
  { url, transactions }: Pick<Store, 'url' | 'transactions'>,
  effects: readonly unknown[] = [],
): void {
  if (effects.length > 0 && transactions === undefined) throw unsupported(url, 'commit effects together with a job')
}

/** The schedules of a store that keeps some. **Errors**: `SKEIN_STORE_UNSUPPORTED`. */
export function needSchedules({ url, schedules }: Pick<Store, 'url' | 'schedules'>): Schedules {
  if (schedules === undefined) throw unsupported(url, 'keep schedules')
  return schedules
}

/** The counters of a store that must have them. **Errors**: `SKEIN_STORE_UNSUPPORTED`. */
export function needCounters({ url, counters }: Lacking): Counters {
  if (counters !== undefined) return counters
  throw unsupported(url, 'let jobs go when others have ended')
}

/**
 * The numbers of a store as a whole.
 *
 * **Errors**: `SKEIN_STORE_UNSUPPORTED` where it cannot say.
 */
export async function statsOf(store: Store): Promise<StoreStats> {
  const [stats, workers] = await Promise.all([inspecting(store, 'stats').stats(), store.registry?.workers() ?? []])
  return { ...stats, workers }
}

/** The error of what a store cannot do. @param what as in `list jobs` */
export function unsupported(url: string, what: string): StoreError {
  return new StoreError(
    'SKEIN_STORE_UNSUPPORTED',
    `The store ${url} cannot ${what}. A SQLite store can: connect('sqlite:jobs.db').`,
    { store: url },
  )
}
