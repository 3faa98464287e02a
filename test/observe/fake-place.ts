import type { SkeinEvent } from 'skein'

/** A place whose events the test makes. */
export interface FakePlace {
  readonly listeners: ReadonlySet<(event: SkeinEvent) => void>
  observe(listener: (event: SkeinEvent) => void): () => void
  tell(event: Partial<Record<string, unknown>>): void
}

/** @param more what it has beside its events */
export function fakePlace<T extends object>(more: T): FakePlace & T {
  const listeners = new Set<(event: SkeinEvent) => void>()
  return {
    ...more,
    listeners,
    observe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    tell(event) {
      for (const listener of listeners)
        listener({ id: '1', task: 'a', place: 'x', attempt: 1, time: 0, ...event } as never)
    },
  }
}
