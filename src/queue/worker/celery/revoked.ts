import { monotonic } from '../../../core/time/clock.ts'
import type { TaskMessage } from '../../../celery/message.ts'

/** As in Celery: so many are remembered, for three hours. */
const most = 50_000
const lifetime = 3 * 3_600_000

/** The calls that are not to run, by their ids and by their stamps, as far as a worker was told. */
export class Revoked {
  readonly #ids = new Map<string, number>()
  readonly #stamps = new Map<string, Set<unknown>>()

  add(ids: readonly string[]): void {
    for (const id of ids) {
      this.#ids.delete(id)
      this.#ids.set(id, monotonic())
    }
    this.#forget()
  }

  /** @param stamps the values of each name of a stamp */
  addStamps(stamps: Readonly<Record<string, unknown>>): void {
    for (const [name, values] of Object.entries(stamps)) {
      const known = this.#stamps.get(name) ?? new Set()
      for (const value of listOf(values)) if (known.size < most) known.add(value)
      if (this.#stamps.size < most) this.#stamps.set(name, known)
    }
  }

  /** The ids, from the oldest. */
  ids(): string[] {
    this.#forget()
    return [...this.#ids.keys()]
  }

  has({ id, stamps }: Pick<TaskMessage, 'id' | 'stamps'>): boolean {
    const since = this.#ids.get(id)
    if (since !== undefined && monotonic() - since < lifetime) return true
    return hasStamp(stamps, this.#stamps)
  }

  #forget(): void {
    const now = monotonic()
    for (const [id, since] of this.#ids) {
      if (this.#ids.size <= most && now - since < lifetime) return
      this.#ids.delete(id)
    }
  }
}

/** True where a call has one of these values under the name of a stamp. */
export function hasStamp(stamps: TaskMessage['stamps'], wanted: ReadonlyMap<string, ReadonlySet<unknown>>): boolean {
  if (stamps === undefined || wanted.size === 0) return false
  return Object.entries(stamps).some(([name, values]) => {
    const found = wanted.get(name)
    return found !== undefined && listOf(values).some(value => found.has(value))
  })
}

/** A list, or the only value of one. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : value === undefined || value === null ? [] : [value]
}
