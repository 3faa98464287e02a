import type { CancelCause } from '../../core/errors/cause.ts'
import type { Entry, Work } from './entry.ts'

/** The property under which an executor of skein has its `Handover`. */
export const handoverKey: unique symbol = Symbol.for('skein.handover') as never

/** Says that work which was noted has ended; with an error, that its failure is one of the scope. */
export type Release = (failure?: { readonly error: unknown }) => void

/**
 * The side of an executor that takes entries: all that `run`, `map`, `stream` and graphs need to know of the place in which
 * their calls run.
 */
export interface Handover {
  /** The number of calls that it can run at the same time. */
  readonly capacity: number
  /** True where handing over a call costs something, so that short items are worth bundling. */
  readonly bundles: boolean
  /** True where somebody may hear of each of its calls. */
  readonly observed: boolean
  /** True once the scope that it was lent to is cancelled: nothing more starts, and the scope says why. */
  readonly isOver: boolean
  /** Refuses, by throwing, a call that asks for what this place cannot do. */
  check(work: Work): void
  /** True where a call is handed over with the calls and jobs that are nested in it. */
  readonly takesGraphs: boolean
  /**
   * Notes that a graph begins, for the scope that it was lent to. Returns the function to call at its end.
   *
   * @param stop stops the graph
   * @param promise the promise that `run` returns for it
   */
  holdGraph(work: Work, stop: (cause: CancelCause) => void, promise?: Promise<unknown>): Release
  /** Takes an entry; refuses it by ending it. */
  launch(entry: Entry): void
  /** Asks an entry to stop; it ends when the work really has. Does nothing the second time. */
  stop(entry: Entry, cause: CancelCause): void
  /** Allows a stream that many values more. */
  grant(entry: Entry, values: number): void
  /** True when the work of a sent entry has begun. */
  hasStarted(entry: Entry): boolean
}
