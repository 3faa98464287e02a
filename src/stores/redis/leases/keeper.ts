import { clearTimeout, setTimeout } from '../../../core/time/platform.ts'
import type { Held } from './held.ts'

/** An idle worker looks so often whether others have died, in milliseconds. */
const looksEvery = 15_000
const shortest = 10
/** Leases are renewed at least so often, in milliseconds: a timer rings at once when it is given more than 2^31. */
const seldomest = 86_400_000

/** The things that are to be done from time to time. */
export interface Chores {
  readonly held: Held
  /** Renews leases. */
  renew(): Promise<void>
  /** Puts right what is due. Resolves to the milliseconds until something is due again; Infinity for never. */
  sweep(): Promise<number>
}

/** Does what is to be done from time to time, as long as the store is open: renews leases, and puts right what has come to be due. */
export class Keeper {
  readonly #chores: Chores
  readonly #runs: boolean
  #intakes = 0
  #sweeping = false
  #again = false
  #closed = false
  #next: NodeJS.Timeout | undefined
  #renewing: NodeJS.Timeout | undefined

  /** @param runs false where a test says when */
  constructor(chores: Chores, runs: boolean) {
    this.#chores = chores
    this.#runs = runs
  }

  /** Somebody takes calls from now on; returns the function that ends that. */
  takes(): () => void {
    this.#intakes++
    this.due()
    return () => void this.#intakes--
  }

  /** Something comes to be due, earlier perhaps than was known. */
  due(): void {
    if (!this.#runs || this.#closed) return
    if (this.#sweeping) this.#again = true
    else void this.#sweep()
  }

  /** Claims with a lease of so many milliseconds are to be renewed. */
  renews(lease: number): void {
    if (!this.#runs || this.#closed || this.#renewing !== undefined) return
    this.#renewing = setTimeout(() => void this.#renew(), Math.min(lease / 3, seldomest)).unref()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#next)
    clearTimeout(this.#renewing)
  }

  async #renew(): Promise<void> {
    // What cannot be renewed now is tried again, and lost by its lease alone.
    await this.#chores.renew().catch(() => {})
    this.#renewing = undefined
    const kept = this.#chores.held.kept()
    if (kept.length > 0) this.renews(Math.min(...kept.map(each => each.lease)))
  }

  async #sweep(): Promise<void> {
    this.#sweeping = true
    this.#again = false
    let next = looksEvery
    try {
      next = await this.#chores.sweep()
    } catch {
      // It is tried again, like everything here.
    }
    this.#sweeping = false
    if (this.#closed) return
    if (this.#again) return void this.#sweep()
    const most = this.#intakes > 0 ? looksEvery : 4 * looksEvery
    clearTimeout(this.#next)
    if (next === Infinity && this.#intakes === 0) return
    this.#next = setTimeout(() => this.due(), Math.min(most, Math.max(shortest, next + 1))).unref()
  }
}
