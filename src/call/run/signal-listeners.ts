import type { Entry } from './entry.ts'

/**
 * Listens to the signals of entries: one listener for each signal, however many calls share it.
 *
 * Ten thousand calls under one signal would otherwise be ten thousand listeners, each to be searched for when it is removed.
 */
export class SignalListeners<P> {
  readonly #onAbort: (entry: Entry<P>, signal: AbortSignal) => void
  readonly #bySignal = new Map<AbortSignal, { readonly entries: Set<Entry<P>>; readonly listener: () => void }>()

  constructor(onAbort: (entry: Entry<P>, signal: AbortSignal) => void) {
    this.#onAbort = onAbort
  }

  add(signal: AbortSignal, entry: Entry<P>): void {
    let listening = this.#bySignal.get(signal)
    if (!listening) {
      const entries = new Set<Entry<P>>()
      listening = {
        entries,
        listener: () => {
          for (const each of entries) this.#onAbort(each, signal)
        },
      }
      this.#bySignal.set(signal, listening)
      signal.addEventListener('abort', listening.listener)
    }
    listening.entries.add(entry)
  }

  delete(signal: AbortSignal, entry: Entry<P>): void {
    const listening = this.#bySignal.get(signal)
    if (!listening?.entries.delete(entry) || listening.entries.size > 0) return
    signal.removeEventListener('abort', listening.listener)
    this.#bySignal.delete(signal)
  }
}
