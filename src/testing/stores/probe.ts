import assert from 'node:assert/strict'
import type { Claim, Intake, IntakeRequest, Settlement, WriteOutcome } from '../../stores/roles/broker.ts'
import type { OutgoingCall, SendOutcome } from '../../stores/roles/calls.ts'
import type { Counters, EndedMember } from '../../stores/roles/counters.ts'
import type { Inspector, JobFilter, StoredJob } from '../../stores/roles/inspector.ts'
import type { Registry } from '../../stores/roles/registry.ts'
import type { CallOutcome } from '../../stores/roles/results.ts'
import type { Schedules } from '../../stores/roles/schedules.ts'
import type { Store } from '../../stores/roles/store.ts'
import type { StoreBed } from './bed.ts'

/** The settlements, one kind at a time: a type that distributes over them. */
export type Ending = Settlement extends infer S ? (S extends Settlement ? Omit<S, 'id' | 'token'> : never) : never

/** One store as a test uses it: what most tests do with it, in few words. */
export class Probe {
  readonly store: Store
  readonly #bed: StoreBed

  constructor(store: Store, bed: StoreBed) {
    this.store = store
    this.#bed = bed
  }

  /** The inspector; tests that need one run only where there is one. */
  get inspector(): Required<Inspector> {
    return this.store.inspector as Required<Inspector>
  }

  /** As `inspector`. */
  get registry(): Registry {
    return this.store.registry as Registry
  }

  /** As `inspector`. */
  get counters(): Counters {
    return this.store.counters as Counters
  }

  /** As `inspector`. */
  get schedules(): Schedules {
    return this.store.schedules as Schedules
  }

  send(calls: readonly OutgoingCall[]): Promise<SendOutcome[]> {
    return this.store.broker.send(calls)
  }

  /** Takes calls for a while: an intake that is open until the test closes it. */
  intake(changes: Partial<IntakeRequest> = {}): Taking {
    return new Taking(this.store, changes)
  }

  /**
   * All that can be claimed now, up to a number: by worker `w`, tasks `t` of queue `q`, with a lease of ten seconds that nobody
   * renews.
   *
   * @param ahead how many of them would have to wait for a place
   */
  async claimed(limit: number = 100, changes: Partial<IntakeRequest> = {}, ahead: number = 0): Promise<Claim[]> {
    const { claims } = await this.#taken(this.intake(changes), limit, ahead)
    return claims
  }

  async #taken(taking: Taking, limit: number, ahead: number): Promise<Taking> {
    taking.want(limit, ahead)
    for (let before = -1; taking.claims.length < limit && taking.claims.length > before;) {
      before = taking.claims.length
      await this.#bed.quiet()
      if (taking.trouble !== undefined) throw taking.trouble
    }
    await taking.stop()
    taking.close()
    return taking
  }

  async claimedIds(limit?: number, changes?: Partial<IntakeRequest>): Promise<string[]> {
    return (await this.claimed(limit, changes)).map(claim => claim.id)
  }

  /** The one call that can be claimed. */
  async oneClaim(changes: Partial<IntakeRequest> = {}): Promise<Claim> {
    const [claim] = await this.claimed(1, changes)
    if (claim === undefined) throw new Error('There was nothing to claim')
    return claim
  }

  /** Ends an attempt. Default: it is done. */
  async settled(claim: Claim, ending: Ending = { kind: 'done', result: 'null' }): Promise<WriteOutcome | undefined> {
    const [outcome] = await this.store.broker.settle([{ id: claim.id, token: claim.token, ...ending } as Settlement])
    return outcome
  }

  async stateOf(id: string): Promise<CallOutcome['state']> {
    return (await this.store.results.outcome(id)).state
  }

  /** The error of a call, as the store has written it. */
  async errorOf(id: string): Promise<Record<string, unknown>> {
    return JSON.parse((await this.store.results.outcome(id)).error ?? '{}') as Record<string, unknown>
  }

  /** The members of a counter that have ended. */
  members(counter: string): Promise<EndedMember[]> {
    return this.counters.members(counter, -1)
  }

  /** All that is known of a call that must be there. */
  async job(id: string): Promise<StoredJob> {
    const job = await this.inspector.find(id)
    assert.ok(job, `there is no call ${id}`)
    return job
  }

  /** The ids of the calls that a filter finds. */
  async listed(filter: JobFilter = {}): Promise<string[]> {
    return (await this.inspector.list(filter)).map(job => job.id)
  }
}

/** An open intake, and what has come through it. */
export class Taking {
  readonly claims: Claim[] = []
  readonly cancelling: [id: string, reason: string][] = []
  readonly lost: [id: string, token: number][] = []
  trouble: unknown
  readonly #intake: Intake
  #onChange: () => void = () => {}

  constructor(store: Store, changes: Partial<IntakeRequest>) {
    const request = { worker: 'w', queues: ['q'], tasks: ['t'], lease: 10_000, keep: false, pulse: false, ...changes }
    this.#intake = store.broker.intake(request, {
      claims: claims => {
        this.claims.push(...claims)
        this.#onChange()
      },
      cancelling: (id, reason) => {
        this.cancelling.push([id, reason])
        this.#onChange()
      },
      lost: (id, token) => {
        this.lost.push([id, token])
        this.#onChange()
      },
      trouble: error => {
        this.trouble = error
        this.#onChange()
      },
    })
  }

  want(count: number, ahead?: number): void {
    this.#intake.want(count, ahead)
  }

  stop(): Promise<void> {
    return this.#intake.stop()
  }

  close(): void {
    this.#intake.close()
  }

  /** Resolves once something holds of what has come. */
  async until(holds: (taking: this) => boolean): Promise<void> {
    while (!holds(this)) await new Promise<void>(resolve => (this.#onChange = resolve))
  }
}
