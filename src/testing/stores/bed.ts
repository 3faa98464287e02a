import type { StoreOptions } from '../../stores/options.ts'
import type { Store } from '../../stores/roles/store.ts'

/** A kind of store that is held to the contract. */
export interface StoreSubject {
  /** As the tests name it: `the Postgres store`. */
  readonly name: string
  /** The options of stores that `open` heeds; tests of the others are left out. Default: none. */
  readonly heeds?: readonly (keyof StoreOptions)[]
  /** Makes a place for calls that one test has for itself. */
  make(): Promise<StoreBed>
}

/**
 * A place for calls that one test has for itself, and its clock.
 *
 * The clock does not move until a test turns it: without that a test of a lease would take as long as the lease. A store
 * whose clock cannot be turned leaves `turn` out, and with it all tests of time; one that has no time of day of its own
 * leaves out `jump`.
 */
export interface StoreBed {
  /** Opens the place; a second time, it is the same calls through another store. */
  open(options?: StoreOptions): Promise<Store>
  /**
   * Resolves when nothing is under way any more: what can be handed over has been, and so has every notice. In a store that
   * is asked over a connection, a question and its answer will do.
   */
  quiet(): Promise<void>
  /** Time passes for all stores of this bed; resolves when what is due has happened. */
  turn?(milliseconds: number): Promise<void>
  /** Somebody sets the clock of the machine. No time passes. */
  jump?(milliseconds: number): Promise<void>
  /** Closes what is still open and removes what is left. */
  tearDown(): Promise<void>
}
