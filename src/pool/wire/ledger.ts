import type { CancelSource } from '../../core/errors/errors.ts'

/**
 * The record of who has started what: one line for each slot of a worker, read and written by the pool and the worker
 * without waiting for each other. The README beside this file says why it must be exact.
 */
export interface PoolLedger {
  /** The number of slots. */
  readonly size: number
  /** A call is about to be sent in this slot. */
  sent(slot: number): void
  /** It was not sent after all: the worker never hears of it. */
  unsent(slot: number): void
  /** Takes the call back. True: it never starts. False: it has started. */
  withdraw(slot: number): boolean
  /** Tells a started call to stop, in a way that it sees even inside a synchronous loop. */
  cancel(slot: number, source: CancelSource): void
  /**
   * The moment at which the call started, in milliseconds of the worker's ledger clock; undefined when it has not, what
   * `loadingSince` makes while its module is being imported.
   */
  startedAt(slot: number): number | undefined
  close(): void
}

/**
 * Stands for a start time while the task's module is being imported, since that moment. The call counts as started, since a module can
 * end its worker too, but its time limit has not begun. The same function makes the moment of it again.
 */
export function loadingSince(at: number): number {
  return -1 - at
}

/** True for the start time of a call whose module is still being imported. */
export function isLoading(at: number): boolean {
  return at < 0
}

/** The worker's side of the ledger. */
export interface WorkerLedger {
  /** A call has arrived in this slot. */
  arrived(slot: number): void
  /** Claims the call. False: the pool has taken it back. */
  start(slot: number, at: number): boolean
  /**
   * Claims several calls that will be started one after the other at once, where claiming each by itself is dear; `start`
   * then says of each whether that succeeded. Undefined where claiming is cheap.
   */
  readonly startGroup?: (slots: readonly number[], at: number) => void
  /** The module of a call that was claimed while it was to be imported is there: its task begins now. */
  begin(slot: number, at: number): void
  /** The source of the cancellation once the started call is to stop. Cheap enough for the innermost loop. */
  cancelledBy(slot: number): CancelSource | undefined
}

/** The numbers of the sources of a cancellation in a ledger, from 1 up; less than 16. */
export const sourceNumbers: Readonly<Record<CancelSource, number>> = {
  explicit: 1,
  signal: 2,
  deadline: 3,
  timeout: 4,
  failure: 5,
  scope: 6,
  consumer: 7,
  close: 8,
  shutdown: 9,
  suspended: 10,
}

/** The sources by their numbers. */
export const sourceOfNumber: readonly (CancelSource | undefined)[] = [
  undefined,
  ...(Object.keys(sourceNumbers) as CancelSource[]),
]
