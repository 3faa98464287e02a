import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { StoreOptions } from '../../stores/options.ts'
import type { BrokerAbility } from '../../stores/roles/broker.ts'
import type { OutgoingCall } from '../../stores/roles/calls.ts'
import type { Inspector } from '../../stores/roles/inspector.ts'
import type { Store } from '../../stores/roles/store.ts'
import type { StoreBed, StoreSubject } from './bed.ts'
import { Probe } from './probe.ts'

/**
 * A need of a test, in a store or its bed, beside a broker and results: an ability of the broker, a method of the
 * inspector, a role, a clock to turn (`turn`) or to set (`jump`), an option that it heeds.
 */
export type Need =
  | BrokerAbility
  | keyof Inspector
  | 'registry'
  | 'transactions'
  | 'counters'
  | 'schedules'
  | 'transfer'
  | 'turn'
  | 'jump'
  | keyof StoreOptions

/** A kind of store, and what it has. */
export interface Kind {
  readonly subject: StoreSubject
  readonly has: ReadonlySet<Need>
}

/** The things that a test works with: one store, what uses it, and its bed. A test that turns the clock needs `turn`. */
export interface Scene {
  readonly store: Store
  readonly probe: Probe
  readonly bed: Required<StoreBed>
}

/** The abilities that a store and its bed have beside a broker and results. */
export function hasOf(store: Store, bed: StoreBed, subject: StoreSubject): ReadonlySet<Need> {
  const has = new Set<Need>([...store.broker.can, ...(subject.heeds ?? [])])
  const methods = ['find', 'list', 'cancel', 'retry', 'purge', 'pause', 'resume', 'retain', 'stats', 'ended'] as const
  for (const method of methods) if (store.inspector?.[method]) has.add(method)
  if (store.registry) has.add('registry')
  if (store.transactions) has.add('transactions')
  if (store.counters) has.add('counters')
  if (store.schedules) has.add('schedules')
  if (store.transfer) has.add('transfer')
  if (bed.turn) has.add('turn')
  if (bed.jump) has.add('jump')
  return has
}

/** One test on a fresh bed, where the store has all that it needs. */
export function scene(
  { subject, has }: Kind,
  title: string,
  needs: readonly Need[],
  body: (scene: Scene) => Promise<void>,
  options?: StoreOptions,
): void {
  if (!needs.every(need => has.has(need))) return
  test(title, async () => {
    const bed = await subject.make()
    try {
      const store = await bed.open(options)
      await body({ store, probe: new Probe(store, bed), bed: bed as Required<StoreBed> })
    } finally {
      await bed.tearDown()
    }
  })
}

/** A call of task `t` in queue `q`. */
export function outgoing(changes: Partial<OutgoingCall> = {}): OutgoingCall {
  return {
    id: randomUUID(),
    queue: 'q',
    task: 't',
    headers: '{}',
    body: '[[],{},{}]',
    priority: 0,
    delay: 0,
    ...changes,
  }
}

/** Calls with readable ids. */
export function named(ids: readonly string[], changes: Partial<OutgoingCall> = {}): OutgoingCall[] {
  return ids.map(id => outgoing({ ...changes, id }))
}
