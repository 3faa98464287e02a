import type { CancelCause } from '../errors/cause.ts'
import { isA, messageOf } from '../errors/foreign.ts'
import { shared } from '../shared.ts'

type ShutdownListener = (cause: CancelCause) => void

const listeners: Set<ShutdownListener> = /* @__PURE__ */ shared('shutdown', () => new Set())

/**
 * Calls a function when the program is asked to stop (SIGINT or SIGTERM, in `main`): for code that runs work which no scope
 * owns. Returns the function that takes it away again; keep it only while there is such work.
 */
export function onShutdown(listener: (cause: CancelCause) => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

/** @internal Tells all of them. One that throws keeps it from nobody else. */
export function announceShutdown(cause: CancelCause): void {
  for (const listener of Array.from(listeners)) {
    try {
      listener(cause)
    } catch (error) {
      process.emitWarning(isA(error, Error) ? error : new Error(messageOf(error)))
    }
  }
}
