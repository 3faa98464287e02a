import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { Claim, ClaimRequest, OutgoingCall, Settlement, Store, StoredState, StoreOptions } from 'skein/stores'

/** A place for calls that one test has for itself, and its clock. */
export interface Bed {
  /** Opens it; a second time, it is the same calls through another store. */
  open(options?: StoreOptions): Promise<Store>
  /** Time passes for all stores of this bed, and what is due happens. */
  turn(milliseconds: number): Promise<void>
  /** Somebody sets the clock of the machine. No time passes. */
  jump(milliseconds: number): Promise<void>
  /** Closes what is still open and removes what is left. */
  tearDown(): Promise<void>
}

/** A kind of store that is held to the contract. */
export interface Subject {
  readonly name: string
  make(): Promise<Bed>
}

/** What a test works with: one store and its clock. */
export interface Scene {
  readonly store: Store
  readonly bed: Bed
}

/** One test on a fresh bed. */
export function scene(
  subject: Subject,
  title: string,
  body: (scene: Scene) => Promise<void>,
  options?: StoreOptions,
): void {
  test(title, async () => {
    const bed = await subject.make()
    try {
      const store = await bed.open(options)
      await body({ store, bed })
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
    priority: 4,
    delay: 0,
    ...changes,
  }
}

/** Calls with readable ids. */
export function named(ids: readonly string[], changes: Partial<OutgoingCall> = {}): OutgoingCall[] {
  return ids.map(id => outgoing({ ...changes, id }))
}

/** Claims by worker `w` from queue `q`, with a lease of ten seconds that nobody renews. */
export function claimed(store: Store, limit: number = 100, changes: Partial<ClaimRequest> = {}): Promise<Claim[]> {
  return store.claim({ worker: 'w', queues: ['q'], tasks: ['t'], lease: 10_000, keep: false, limit, ...changes })
}

export async function claimedIds(store: Store, limit?: number, changes?: Partial<ClaimRequest>): Promise<string[]> {
  return (await claimed(store, limit, changes)).map(claim => claim.id)
}

/** The one call that can be claimed. */
export async function oneClaim(store: Store, changes: Partial<ClaimRequest> = {}): Promise<Claim> {
  const [claim] = await claimed(store, 1, changes)
  if (claim === undefined) throw new Error('There was nothing to claim')
  return claim
}

/** What distributes over the kinds of settlements. */
type Ending = Settlement extends infer S ? (S extends Settlement ? Omit<S, 'id' | 'token'> : never) : never

export function settled(
  store: Store,
  claim: Claim,
  ending: Ending = { kind: 'done', result: 'null' },
): Promise<unknown> {
  return store.settle([{ id: claim.id, token: claim.token, ...ending } as Settlement]).then(([outcome]) => outcome)
}

export async function stateOf(store: Store, id: string): Promise<StoredState | undefined> {
  return (await store.job(id))?.state
}

/** What the store has written as the error of a call. */
export async function errorOf(store: Store, id: string): Promise<Record<string, unknown>> {
  return JSON.parse((await store.job(id))?.error ?? '{}') as Record<string, unknown>
}
