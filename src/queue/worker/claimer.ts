import { Timer } from '../../core/time/timer.ts'
import type { Claim, ClaimRequest, Store } from '../../stores/store.ts'

/** How often an idle worker asks although nothing was signalled, in milliseconds: what heals a signal that got lost. */
const probeEvery = 5_000
/** A claim that has not been answered for so long, in milliseconds, is stuck. */
const stuckAfter = 10_000
const longestPause = 5_000
/** A larger claim would keep other workers from the store for too long. */
const mostAtOnce = 2_000

/** What a claimer needs to know, and whom it tells. */
export interface ClaimerOptions {
  readonly store: Store
  readonly request: Omit<ClaimRequest, 'limit'>
  /** How many to claim now; 0 while nothing more can be held. */
  readonly room: () => number
  readonly onClaims: (claims: readonly Claim[], took: number) => void
  readonly onTrouble: (doing: string, error: unknown) => void
}

/**
 * Asks the store for work: at once when there is room and there may be something, never twice at the same time, and never
 * again and again while there is nothing.
 *
 * `#mayHave` is what the store has told: true from a signal until a claim that began after it came back with less than it
 * asked for. A signal during a claim counts for the next one, so none is missed.
 */
export class Claimer {
  readonly #options: ClaimerOptions
  readonly #unlisten: (() => void)[] = []
  #mayHave = true
  #claiming = false
  #claimingSince = 0
  #signals = 0
  #scheduled = false
  #stopped = false
  #pause = 0
  #pauseTimer: Timer | undefined
  #probe: Timer | undefined
  #onIdle: (() => void) | undefined
  /** When the store last answered, on the clock of `performance`; undefined before. */
  lastAnswer: number | undefined
  /** The last error, until the store answers again. */
  trouble: unknown

  constructor(options: ClaimerOptions) {
    this.#options = options
  }

  /** @param probe whether to ask now and then although nothing was signalled */
  start(probe: boolean): void {
    const { store } = this.#options
    this.#unlisten.push(store.on('claimable', () => this.#signal()))
    this.#unlisten.push(store.on('control', () => this.#signal()))
    if (probe) this.#armProbe()
    this.wake()
  }

  /** True while the store has not answered a claim. */
  get claiming(): boolean {
    return this.#claiming
  }

  /** True while it waits because what it had claimed could not be started. */
  get resting(): boolean {
    return this.#pauseTimer !== undefined && this.trouble === undefined
  }

  /** True while the store has not answered a claim for a long time. */
  get stuck(): boolean {
    return this.#claiming && performance.now() - this.#claimingSince > stuckAfter
  }

  /** There may be room again: claims, once this turn is over, if there may be something. */
  wake(): void {
    if (this.#scheduled || this.#stopped) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.#pump()
    })
  }

  /** Waits before it asks again: what was claimed could not be started. */
  rest(delay: number): void {
    this.#pauseTimer?.clear()
    this.#pauseTimer = new Timer(delay, () => this.#awake(), undefined)
  }

  /** Asks no more; resolves when a claim that is under way has come back and been handed over. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const each of this.#unlisten.splice(0)) each()
    this.#pauseTimer?.clear()
    this.#probe?.clear()
    if (this.#claiming) await new Promise<void>(resolve => (this.#onIdle = resolve))
  }

  #signal(): void {
    this.#signals++
    this.#mayHave = true
    this.wake()
  }

  #awake(): void {
    this.#pauseTimer = undefined
    this.wake()
  }

  #pump(): void {
    if (this.#claiming || this.#stopped || this.#pauseTimer || !this.#mayHave) return
    const limit = Math.min(mostAtOnce, this.#options.room())
    if (limit > 0) void this.#claim(limit)
  }

  async #claim(limit: number): Promise<void> {
    const { store, request, onClaims, onTrouble } = this.#options
    const signals = this.#signals
    const begun = performance.now()
    this.#claiming = true
    this.#claimingSince = begun
    try {
      const claims = await store.claim({ ...request, limit })
      this.lastAnswer = performance.now()
      this.trouble = undefined
      this.#pause = 0
      if (claims.length < limit && this.#signals === signals) this.#mayHave = false
      this.#claiming = false
      onClaims(claims, this.lastAnswer - begun)
    } catch (error) {
      this.#claiming = false
      this.trouble = error
      if (!this.#stopped) {
        onTrouble('claim', error)
        this.#pause = Math.min(longestPause, this.#pause === 0 ? 100 : this.#pause * 2)
        this.rest(this.#pause * (0.75 + Math.random() / 2))
      }
    }
    this.#onIdle?.()
    this.wake()
  }

  #armProbe(): void {
    this.#probe = new Timer(
      probeEvery * (0.8 + Math.random() * 0.4),
      () => {
        this.#armProbe()
        this.#mayHave = true
        this.wake()
      },
      undefined,
      false,
    )
  }
}
