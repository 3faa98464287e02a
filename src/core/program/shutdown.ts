import type { CancelCause } from '../errors/cause.ts'
import { isA, messageOf } from '../errors/foreign.ts'
import { shared } from '../shared.ts'

/** @param within the time until the program ends regardless, in milliseconds */
type ShutdownListener = (cause: CancelCause, within: number) => void

const listeners: Set<ShutdownListener> = /* @__PURE__ */ shared('shutdown', () => new Set())

/**
 * Calls a function when the program is to stop: it was asked to (SIGINT or SIGTERM, in `main`), or `main` has failed. For code that runs
 * work which no scope owns, or keeps the program running. Returns the function that takes it away again; keep it only while there is such
 * work.
 *
 * @param listener gets the cause, and the time in milliseconds until the program ends regardless
 */
export function onShutdown(listener: (cause: CancelCause, within: number) => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

/** @internal Tells all of them. One that throws keeps it from nobody else. */
export function announceShutdown(cause: CancelCause, within: number): void {
  for (const listener of Array.from(listeners)) {
    try {
      listener(cause, within)
    } catch (error) {
      process.emitWarning(isA(error, Error) ? error : new Error(messageOf(error)))
    }
  }
}
