import type { Broker, Results, Store } from 'skein/stores'
import type { MemoryStore } from '#skein/stores/memory/memory-store.js'
import { PullingIntake, type PullSource } from '#skein/stores/pulling/pulling-intake.js'
import { claimNow } from '../../support/claim-now.ts'

/** A store that passes everything on, except what a test wants to be different. */
export function altered(
  store: Store,
  changes: {
    readonly broker?: Partial<Broker>
    readonly results?: Partial<Results>
    readonly source?: Partial<PullSource>
  },
): Store {
  const { source } = changes
  const intake: Broker['intake'] | undefined =
    source && ((request, receiver) => new PullingIntake({ ...sourceOf(store), ...source }, request, receiver))
  return passing(store, {
    broker: passing(store.broker, { ...changes.broker, ...(intake ? { intake } : {}) }),
    results: passing(store.results, changes.results ?? {}),
  })
}

/** What the store in memory is asked for calls by. */
export function sourceOf(store: Store): PullSource {
  return {
    claim: request => claimNow(store, request),
    on: (signal, listener) => (store as MemoryStore).listeners.on(signal, listener),
  }
}

function passing<T extends object>(whole: T, changes: Partial<T>): T {
  return new Proxy(whole, {
    get(target, key) {
      const changed = (changes as Record<PropertyKey, unknown>)[key]
      const value = changed ?? Reflect.get(target, key)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
