import type { StoreSignals } from './store.ts'

/** Signals of which one that comes with the same subject twice needs to be told once. */
export type SignalName = keyof StoreSignals

const waiting: ReadonlySet<SignalName> = new Set<SignalName>(['claimable', 'ended', 'reported'])

/** Who listens to a store. Tells in a microtask, and what was told many times in one go only once. */
export class Listeners {
  readonly #listeners = new Map<SignalName, Set<(...given: (string | number)[]) => void>>()
  readonly #onChange: () => void
  /** Name and subject, to what is told. */
  #pending = new Map<
    string,
    { readonly signal: SignalName; readonly given: readonly (string | number | undefined)[] }
  >()
  #waiting = 0

  /** @param onChange called when somebody has begun to listen, or has stopped */
  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  /** How many wait for something that keeps the program running. */
  get waiting(): number {
    return this.#waiting
  }

  has(signal: SignalName): boolean {
    return (this.#listeners.get(signal)?.size ?? 0) > 0
  }

  /** @param hold false: it does not count as waiting */
  add<K extends SignalName>(signal: K, listener: StoreSignals[K], hold: boolean = true): () => void {
    let set = this.#listeners.get(signal)
    if (set === undefined) this.#listeners.set(signal, (set = new Set()))
    // Each listening is its own, also of a function that listens twice.
    const own = (...given: (string | number)[]): void => (listener as (...given: (string | number)[]) => void)(...given)
    set.add(own)
    const weight = hold && waiting.has(signal) ? 1 : 0
    this.#count(weight)
    return () => {
      if (set.delete(own)) this.#count(-weight)
    }
  }

  tell(signal: SignalName, ...given: (string | number | undefined)[]): void {
    if (!this.has(signal)) return
    const first = this.#pending.size === 0
    this.#pending.set(`${signal} ${given.join(' ')}`, { signal, given })
    if (first) queueMicrotask(this.#flush)
  }

  clear(): void {
    this.#listeners.clear()
    this.#pending.clear()
    this.#waiting = 0
    this.#onChange()
  }

  readonly #flush = (): void => {
    const pending = this.#pending
    this.#pending = new Map()
    for (const { signal, given } of pending.values()) {
      for (const listener of this.#listeners.get(signal) ?? []) {
        try {
          listener(...(given as (string | number)[]))
        } catch (error) {
          // A listener that throws is a fault of the program's own; the others hear all the same.
          queueMicrotask(() => {
            throw error
          })
        }
      }
    }
  }

  #count(by: number): void {
    this.#waiting += by
    this.#onChange()
  }
}
