import { whenAborted } from '../../core/events/when-aborted.ts'
import type { Entry } from './entry.ts'

/**
 * Listens to the signals of entries: one listener for each signal, however many calls share it.
 *
 * Ten thousand calls under one signal would otherwise be ten thousand listeners, each to be searched for when it is removed.
 */
export class SignalListeners<P> {
  readonly #onAbort: (entry: Entry<P>, signal: AbortSignal) => void
  readonly #bySignal = new Map<AbortSignal, { readonly entries: Set<Entry<P>>; readonly forget: () => void }>()

  constructor(onAbort: (entry: Entry<P>, signal: AbortSignal) => void) {
    this.#onAbort = onAbort
  }

  add(signal: AbortSignal, entry: Entry<P>): void {
    let listening = this.#bySignal.get(signal)
    if (!listening) {
      const entries = new Set<Entry<P>>()
      const tell = (): void => {
        for (const each of entries) this.#onAbort(each, signal)
      }
      listening = { entries, forget: whenAborted(signal, tell) }
      this.#bySignal.set(signal, listening)
    }
    listening.entries.add(entry)
  }

  delete(signal: AbortSignal, entry: Entry<P>): void {
    const listening = this.#bySignal.get(signal)
    if (!listening?.entries.delete(entry) || listening.entries.size > 0) return
    listening.forget()
    this.#bySignal.delete(signal)
  }
}
