/**
 * A set of roles in which durable calls and their results live: those of the SQLite file, of the in-memory store of the
 * tests, and of any other that keeps the contract. Everything that `skein/queue` promises is promised here, and the
 * suite of `skein/testing/stores` holds a store to it.
 *
 * A **broker** takes calls in and hands them over; **results** keep how they ended. Every store has these two. The other roles
 * are there or not: an **inspector** looks into the store, a **registry** knows the workers, **transactions** commit rows of the
 * user's own together with calls, **counters** let calls go when others have ended, **schedules** are kept with what they have to send
 * and when, **transfer** moves what has not ended to another store, and **remote** is
 * the remote control of a fleet of Celery. What is asked of a role that is not there is refused, with `SKEIN_STORE_UNSUPPORTED`.
 *
 * The rules that all stores keep:
 *
 * - **Accepted means kept.** Once `send` has resolved, the call ends in a final state or is still there, whatever is killed.
 * - **A claim is a lease.** It lasts for as long as the claim is held, renewed by the store itself, off the caller's event
 *   loop; a holder that dies loses it, and the store hands the call to somebody else.
 * - **Fencing.** Each claim of a call has a higher `token` than the one before. A write with an old token changes nothing and
 *   is answered with `lost`.
 * - **One bad entry fails alone.** Methods that take many answer for each. They reject only when nothing was written at all:
 *   the store is closed, its disk is full, an argument is invalid (`SKEIN_INVALID_ARGUMENT`).
 * - **In line.** A call is in line from the moment it is due: the higher priority first, among equals in the order in
 *   which they came to be due. A retry goes to the end, a call that was handed back or lost its worker keeps its place.
 * - **The store's clock.** Due times, expiry and leases use the store's clock; a caller says `delay`, not a time, wherever it
 *   can.
 *
 * @module
 */
import type { Duration } from '../../core/time/duration.ts'
import type { Broker } from './broker.ts'
import type { Counters } from './counters.ts'
import type { Inspector, InspectorStats } from './inspector.ts'
import type { Registry, WorkerRecord } from './registry.ts'
import type { Remote } from './remote.ts'
import type { Results } from './results.ts'
import type { Schedules } from './schedules.ts'
import type { Transactions } from './transactions.ts'
import type { Transfer } from './transfer.ts'

/** A place where durable calls and results live. */
export interface Store extends AsyncDisposable {
  /** The URL as it was passed to `connect`, without secrets. */
  readonly url: string
  /**
   * Tells stores apart: two that keep their calls in the same location are one and the same, however their URLs are spelled.
   * Absent where a store cannot tell.
   */
  readonly location?: string
  readonly broker: Broker
  readonly results: Results
  readonly inspector?: Inspector
  readonly registry?: Registry
  readonly transactions?: Transactions
  readonly counters?: Counters
  readonly schedules?: Schedules
  readonly transfer?: Transfer
  readonly remote?: Remote
  /** Writes what is under way, lets go of leases that are still held, and frees everything. */
  close(options?: CloseStoreOptions): Promise<void>
}

/** Options of a store's `close`. */
export interface CloseStoreOptions {
  /**
   * The longest that it may take: a store that is kept from writing (its file is locked) gives up then what is not written, as if
   * its program had died. A store that never waits need not heed it. Default: as long as it takes.
   */
  readonly timeout?: Duration
}

/** A store that can be looked into, whatever is asked. */
export interface InspectableStore extends Store {
  readonly inspector: Required<Inspector>
  readonly registry: Registry
  readonly counters: Counters
  readonly schedules: Schedules
  readonly transfer: Transfer
}

/** The numbers of a store as a whole. */
export interface StoreStats extends InspectorStats {
  readonly workers: readonly WorkerRecord[]
}
