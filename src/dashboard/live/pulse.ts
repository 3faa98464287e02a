import { monotonic, now, since } from '../../core/time/clock.ts'
import { clearTimeout, setTimeout } from '../../core/time/platform.ts'
import { warningsOf } from '../../inspect/warnings.ts'
import type { EndedCall } from '../../stores/roles/inspector.ts'
import { statsOf } from '../../stores/roles/need.ts'
import type { Store } from '../../stores/roles/store.ts'
import { type Overview, shownRetention } from './overview.ts'
import { Throughput } from './throughput.ts'

/** The shortest time between two looks into the store, in milliseconds. */
const shortest = 1_000
/** A look may take this part of the time between two: a store that needs long for it is asked less often. */
const share = 20
/** So many of the jobs that have ended are looked at, at first and with each look. More are estimated from these. */
const firstLook = 5_000
const nextLook = 1_000
const hour = 3_600_000

/** Hears of a store. */
export interface PulseListener {
  seen(overview: Overview): void
  /** It could not be looked into; it is tried again. */
  failed(error: unknown): void
}

/**
 * Looks into a store again and again, as long as somebody wants to see it: one look for all who do.
 */
export class Pulse {
  readonly #store: Store
  readonly #throughput = new Throughput()
  readonly #listeners = new Set<PulseListener>()
  #timer: NodeJS.Timeout | undefined
  #look: Promise<Overview> | undefined
  #last: { readonly overview: Overview; readonly at: number } | undefined
  #pause = shortest
  /** The end of the last job that was counted, and the ids of those that have ended in that millisecond. */
  #counted = { at: 0, ids: new Set<string>() }
  #isClosed = false

  constructor(store: Store) {
    this.#store = store
  }

  /** The store as it is now, or was a moment ago. **Errors**: those of the store. */
  async overview(): Promise<Overview> {
    if (this.#last !== undefined && since(this.#last.at) < this.#pause / 2) return this.#last.overview
    return (this.#look ??= this.#begin(undefined))
  }

  /** Lets the next to ask see what was just changed. */
  changed(): void {
    this.#last = undefined
    // A look that has begun already may not see it.
    if (this.#look !== undefined) this.#look = this.#begin(this.#look)
    if (this.#listeners.size > 0) void this.#beat()
  }

  /** Tells a listener of each look, until the function that this returns is called. */
  listen(listener: PulseListener): () => void {
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) void this.#beat()
    else if (this.#last !== undefined) listener.seen(this.#last.overview)
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) clearTimeout(this.#timer)
    }
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#listeners.clear()
  }

  /** Begins a look, after another one perhaps: two at once would count what has ended twice. */
  #begin(after: Promise<unknown> | undefined): Promise<Overview> {
    const look = (async () => {
      await after?.catch(() => {})
      return this.#lookAgain()
    })()
    const ended = (overview?: Overview): void => {
      if (this.#look !== look) return
      this.#look = undefined
      if (overview !== undefined) this.#last = { overview, at: monotonic() }
    }
    look.then(ended, () => ended())
    return look
  }

  async #beat(): Promise<void> {
    clearTimeout(this.#timer)
    try {
      const overview = await this.overview()
      for (const each of this.#listeners) each.seen(overview)
    } catch (error) {
      for (const each of this.#listeners) each.failed(error)
    }
    if (this.#listeners.size === 0 || this.#isClosed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#beat(), this.#pause).unref()
  }

  async #lookAgain(): Promise<Overview> {
    const begun = monotonic()
    try {
      const [stats, hasHistory] = await Promise.all([statsOf(this.#store), this.#count()])
      const { queues, workers, bytes, retention } = stats
      const at = now()
      const overview: Overview = {
        at,
        queues,
        workers,
        warnings: warningsOf(stats),
        bytes,
        ...(retention === undefined ? {} : { retention: shownRetention(retention) }),
        ...(hasHistory ? { minutes: this.#throughput.minutes(at), tasks: this.#throughput.tasks() } : {}),
      }
      return overview
    } finally {
      this.#pause = Math.max(shortest, since(begun) * share)
    }
  }

  /** Counts what has ended since the last look. False where the store does not say. */
  async #count(): Promise<boolean> {
    const { inspector } = this.#store
    if (inspector?.ended === undefined) return false
    const isFirst = this.#counted.at === 0
    const limit = isFirst ? firstLook : nextLook
    const from = isFirst ? now() - hour : this.#counted.at
    const found = await inspector.ended({ since: from, limit })
    const fresh = found.filter(({ id, endedAt }) => endedAt > from || !this.#counted.ids.has(id))
    const [last] = fresh
    if (last !== undefined) {
      this.#throughput.add(fresh, weightOf(found, limit, isFirst ? undefined : from))
      const { endedAt } = last
      const before = endedAt === this.#counted.at ? this.#counted.ids : []
      const ids = fresh.filter(each => each.endedAt === endedAt).map(({ id }) => id)
      this.#counted = { at: endedAt, ids: new Set([...before, ...ids]) }
    } else if (isFirst) this.#counted = { at: from, ids: new Set() }
    this.#throughput.trim(now())
    return true
  }
}

/** The number of jobs for which each stands, where there were more than were looked at: as many more as the time is longer. */
function weightOf(found: readonly EndedCall[], limit: number, from: number | undefined): number {
  if (from === undefined || found.length < limit) return 1
  const newest = (found[0] as EndedCall).endedAt
  const oldest = (found.at(-1) as EndedCall).endedAt
  return Math.max(1, (newest - from) / Math.max(1, newest - oldest))
}
