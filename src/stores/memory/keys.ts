import type { Entry } from './entry.ts'

/** The calls of a unique key that have not ended. */
export interface Holders {
  /** Has the key. */
  readonly holder?: Entry | undefined
  /** Was asked to stop and has given the key up, though it still runs. */
  readonly leaving?: Entry | undefined
}

const nobody: Holders = {}

/** The unique keys of a memory store, and who has them. */
export class Keys {
  readonly #holders = new Map<string, Entry>()
  /** Those whose key somebody else has by now. */
  readonly #leaving = new Map<string, Entry>()

  of(key: string): Holders {
    const holder = this.#holders.get(key)
    if (holder?.cancelling !== undefined) return { leaving: holder }
    const leaving = this.#leaving.get(key)
    return holder === undefined && leaving === undefined ? nobody : { holder, leaving }
  }

  /** True when a call of it has not ended. */
  isTaken(key: string): boolean {
    return this.#holders.has(key) || this.#leaving.has(key)
  }

  /** It has its key from now on. One that leaves is remembered until it has ended. */
  take(entry: Entry, leaving?: Entry): void {
    const { unique } = entry.call
    if (unique === undefined) return
    this.#holders.set(unique.key, entry)
    if (leaving !== undefined) this.#leaving.set(unique.key, leaving)
  }

  /** It has ended or is forgotten. */
  free(entry: Entry): void {
    const key = entry.call.unique?.key
    if (key === undefined) return
    for (const each of [this.#holders, this.#leaving]) if (each.get(key) === entry) each.delete(key)
  }
}
