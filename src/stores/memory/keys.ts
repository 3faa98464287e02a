import { type Entry, hasEnded, keepsKey } from './entry.ts'

/** The calls that have to do with a unique key. */
interface Holders {
  /** Has the key: it has not ended, or keeps its key for a time. */
  readonly holder?: Entry | undefined
  /** Was asked to stop and has given the key up, though it still runs. */
  readonly leaving?: Entry | undefined
}

/** The unique keys of a memory store, and who has them. */
export class Keys {
  readonly #holders = new Map<string, Entry>()
  /** Those whose key somebody else has by now. */
  readonly #leaving = new Map<string, Entry>()

  of(key: string, now: number): Holders {
    const holder = this.#holders.get(key)
    const leaving = this.#leaving.get(key)
    if (holder === undefined || keepsKey(holder, now)) return { holder, leaving }
    if (hasEnded(holder)) return { leaving }
    return holder.cancelling === undefined ? { holder, leaving } : { leaving: holder }
  }

  /** True when another call has the key of this one, which has ended. */
  isTaken(entry: Entry, now: number): boolean {
    const { unique } = entry.call
    if (unique === undefined) return false
    const { holder = entry, leaving } = this.of(unique.key, now)
    return holder !== entry || leaving !== undefined
  }

  /** It has its key from now on. One that leaves is remembered until it has ended. */
  take(entry: Entry, leaving?: Entry): void {
    const { unique } = entry.call
    if (unique === undefined) return
    this.#holders.set(unique.key, entry)
    if (leaving !== undefined) this.#leaving.set(unique.key, leaving)
  }

  /** It has ended, and does not keep its key, or is forgotten. */
  free(entry: Entry): void {
    const key = entry.call.unique?.key
    if (key === undefined) return
    for (const each of [this.#holders, this.#leaving]) if (each.get(key) === entry) each.delete(key)
  }
}
