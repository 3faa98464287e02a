import type { Listeners } from '../listeners.ts'
import type { Unended } from './unended.ts'

/** The way of one store to its thread: a thread of its own, or a part in one that it shares. */
export interface ThreadAccess<A> {
  readonly listeners: Pick<Listeners, 'on' | 'watch'>
  /** The calls that were sent on this way, and are known not to have ended. */
  readonly unended: Pick<Unended, 'add' | 'delete' | 'has'>
  /** Asks something, and resolves to the answer. @param atOnce it does not wait for what else is asked in this turn */
  ask<T>(asked: A, atOnce?: boolean): Promise<T>
  /** **Errors**: `SKEIN_CLOSED`, or the error with which the thread has died. */
  mustBeOpen(): void
  /** For tests: the clocks were turned; resolves when what is due has been done. */
  turned(): Promise<void>
  /** @param timeout milliseconds; default: as long as it takes */
  close(timeout?: number): Promise<void>
}
