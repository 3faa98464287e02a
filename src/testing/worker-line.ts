import type {
  Broker,
  Claim,
  HeldClaim,
  Intake,
  IntakeRequest,
  IntakeReceiver,
  WriteOutcome,
} from '../stores/roles/broker.ts'
import type { Counters } from '../stores/roles/counters.ts'
import type { Inspector } from '../stores/roles/inspector.ts'
import type { Registry } from '../stores/roles/registry.ts'
import type { Results } from '../stores/roles/results.ts'
import type { Schedules } from '../stores/roles/schedules.ts'
import type { InspectableStore, Store } from '../stores/roles/store.ts'

/** A hundred years, in milliseconds. */
const practicallyForever = 36_525 * 86_400_000

/**
 * The line between a worker of a test and its store, which the test can close for a while, or cut for good.
 *
 * Closed: the worker gets nothing. Cut: it is as dead to the store as if its process had been killed. Nothing that it still
 * writes is written, its leases are renewed no more, and it learns that it has lost all it held, so that it breaks off what
 * runs.
 */
export class WorkerLine implements Store {
  readonly url: string
  readonly broker: Broker
  readonly results: Results
  readonly inspector: Inspector
  readonly registry: Registry
  readonly counters: Counters
  readonly schedules: Schedules
  readonly #store: InspectableStore
  readonly #onClaimed: () => void
  readonly #held = new Map<string, HeldClaim>()
  readonly #intakes = new Set<LinedIntake>()
  #lease = 0
  #open: boolean
  #cut = false

  /** @param onClaimed called after each claim that brought something */
  constructor(store: InspectableStore, open: boolean, onClaimed: () => void) {
    this.#store = store
    this.#open = open
    this.#onClaimed = onClaimed
    const { broker, results, registry, schedules } = store
    this.url = store.url
    this.inspector = store.inspector
    this.counters = store.counters
    this.schedules = {
      list: after => schedules.list(after),
      find: name => schedules.find(name),
      due: async most => (this.#cut ? { now: 0, due: [] } : schedules.due(most)),
      change: async changes => (this.#cut ? changes.map(() => ({ outcome: 'stale' })) : schedules.change(changes)),
      watch: listener => schedules.watch(listener),
    }
    this.broker = {
      can: broker.can,
      durability: broker.durability,
      send: calls => broker.send(calls),
      intake: (request, receiver) => this.#intake(request, receiver),
      settle: settlements => this.#settle(settlements, () => broker.settle(settlements)),
      blame: (claims, blamed) => this.#write(claims, () => broker.blame(claims, blamed)),
      renew: (claims, lease) => this.#write(claims, () => broker.renew(claims, lease)),
    }
    this.results = {
      outcome: id => results.outcome(id),
      watch: (id, listener, hold) => results.watch(id, listener, hold),
      report: reports => this.#write(reports, () => results.report(reports)),
      reports: (id, after) => results.reports(id, after),
    }
    this.registry = {
      // A dead one says nothing any more; the test itself says that it is gone, so that `status` tells the truth.
      announce: async (worker, record) => {
        if (!this.#cut || record === undefined) await registry.announce(worker, record)
      },
      workers: () => registry.workers(),
    }
  }

  set open(value: boolean) {
    this.#open = value
    for (const each of this.#intakes) each.open = value && !this.#cut
  }

  cut(): void {
    if (this.#cut) return
    this.#cut = true
    const held = [...this.#held.values()]
    this.#held.clear()
    // The store would take another moment to see that nobody renews them; the lease begins to run out right now.
    this.#store.broker.renew(held, this.#lease).catch(ignore)
    for (const each of this.#intakes) {
      each.open = false
      for (const { id, token } of held) each.receiver.lost(id, token)
    }
  }

  #intake(request: IntakeRequest, receiver: IntakeReceiver): Intake {
    this.#lease = request.lease
    // A store renews leases for as long as its own process lives, and this one outlives its workers here. So a claim lasts
    // practically for ever, and shrinks to its lease when the worker dies.
    const inner = this.#store.broker.intake(
      { ...request, keep: false, lease: practicallyForever },
      { ...receiver, claims: (claims, took) => this.#claimed(receiver, claims, took) },
    )
    const intake = new LinedIntake(inner, receiver, this.#open && !this.#cut)
    this.#intakes.add(intake)
    return intake
  }

  #claimed(receiver: IntakeReceiver, claims: readonly Claim[], took: number | undefined): void {
    if (this.#cut) {
      // It died while the store was answering: these leases run out like all that it held.
      this.#store.broker.renew(claims, this.#lease).catch(ignore)
      return
    }
    for (const { id, token } of claims) this.#held.set(id, { id, token })
    if (claims.length > 0) this.#onClaimed()
    receiver.claims(claims, took)
  }

  async #settle(settlements: readonly HeldClaim[], write: () => Promise<WriteOutcome[]>): Promise<WriteOutcome[]> {
    const outcomes = await this.#write(settlements, write)
    for (const [at, { id, token }] of settlements.entries()) {
      const isOver = outcomes[at] === 'ok' || outcomes[at] === 'lost'
      if (isOver && this.#held.get(id)?.token === token) this.#held.delete(id)
    }
    return outcomes
  }

  /** Nothing of a dead worker is written, and its own death while it writes looks to it like a lost lease. */
  async #write(entries: readonly unknown[], write: () => Promise<WriteOutcome[]>): Promise<WriteOutcome[]> {
    const lost = (): WriteOutcome[] => entries.map((): WriteOutcome => 'lost')
    if (this.#cut) return lost()
    try {
      return await write()
    } catch (error) {
      if (this.isCut) return lost()
      throw error
    }
  }

  get isCut(): boolean {
    return this.#cut
  }

  /** The store belongs to the test. */
  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** An intake through which nothing comes while it is closed, whatever is wanted. */
class LinedIntake implements Intake {
  readonly receiver: IntakeReceiver
  readonly #inner: Intake
  #open: boolean
  #wanted = 0
  #ahead = 0

  constructor(inner: Intake, receiver: IntakeReceiver, open: boolean) {
    this.#inner = inner
    this.receiver = receiver
    this.#open = open
  }

  set open(value: boolean) {
    this.#open = value
    this.want(this.#wanted, this.#ahead)
  }

  get health(): Intake['health'] {
    return this.#inner.health
  }

  want(count: number, ahead: number = 0): void {
    this.#wanted = count
    this.#ahead = ahead
    this.#inner.want(this.#open ? count : 0, ahead)
  }

  stop(): Promise<void> {
    return this.#inner.stop()
  }

  close(): void {
    this.#inner.close()
  }
}

function ignore(): void {}
