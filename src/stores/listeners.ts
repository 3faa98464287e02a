import { nextTick, queueMicrotask } from '../core/time/platform.ts'
import type { CallOutcome, ResultListener } from './roles/results.ts'

/**
 * Signals of a store to those who take calls out of it by asking. May come too often, never too seldom: `claimable` (in
 * a queue, or somewhere: undefined), `cancelling` with the id of a claim that this store holds and the reason as JSON,
 * `lost` with the id and the token of a claim whose lease is gone (the same call may be claimed again by then). And to those who drive
 * schedules: `scheduled` when one of them was changed.
 */
export interface PullSignals {
  claimable: (queue?: string) => void
  cancelling: (id: string, reason: string) => void
  lost: (id: string, token: number) => void
  scheduled: () => void
}

/** The names of all signals: about claims and schedules, and about calls that are watched. */
export type SignalName = keyof PullSignals | 'ended' | 'reported'

type Heard = (...given: (string | number | undefined)[]) => void

/**
 * The listeners of a store. A signal that came many times in one go is passed on once.
 *
 * It is told when all promises of this go have been seen to: a worker that hears that its settlement was written has counted it
 * before somebody in the same program hears that the job is done.
 *
 * @example
 * import { Listeners } from 'skein/stores'
 *
 * const listeners = new Listeners(() => {})
 * const stop = listeners.watch('a', { ended: () => console.log('it has ended') }, false)
 * listeners.tell('ended', 'a')
 * listeners.tell('ended', 'a') // it has ended
 * await new Promise(resolve => setImmediate(resolve))
 * stop()
 */
export class Listeners {
  readonly #listeners = new Map<keyof PullSignals, Set<Heard>>()
  readonly #watchers = new Map<string, Set<ResultListener>>()
  /** The numbers of those who watch and want to hear of ends, and of reports. */
  readonly #watching = { ended: 0, reported: 0 }
  readonly #onChange: () => void
  readonly #all = new Set<() => void>()
  /** The signals to pass on, by name and subject. */
  #pending = new Map<
    string,
    {
      readonly signal: SignalName
      readonly given: readonly (string | number | undefined)[]
      readonly outcome?: CallOutcome | undefined
    }
  >()
  #waiting = 0
  /** The signals that are listened to, as bits, as of the last change. */
  #heard = 0

  /** @param onChange called when somebody listens to something that nobody did, or nobody any more, or the program need not go on */
  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  /** The number of those who wait for something that keeps the program running. */
  get waiting(): number {
    return this.#waiting
  }

  /** True when somebody wants to hear this. */
  has(signal: SignalName): boolean {
    if (signal === 'ended' || signal === 'reported') return this.#watching[signal] > 0
    return (this.#listeners.get(signal)?.size ?? 0) > 0
  }

  /** Listens to a signal; who listens to `claimable` waits. Returns the function that stops that. */
  on<K extends keyof PullSignals>(signal: K, listener: PullSignals[K]): () => void {
    let set = this.#listeners.get(signal)
    if (set === undefined) this.#listeners.set(signal, (set = new Set()))
    // Each listening is its own, also of a function that listens twice.
    const own: Heard = (...given) => (listener as Heard)(...given)
    set.add(own)
    const weight = signal === 'claimable' ? 1 : 0
    this.#count(weight)
    return () => {
      if (set.delete(own)) this.#count(-weight)
    }
  }

  /** Listens to one call, as `watch` of results. */
  watch(id: string, listener: ResultListener, hold: boolean = true): () => void {
    let set = this.#watchers.get(id)
    if (set === undefined) this.#watchers.set(id, (set = new Set()))
    const own = { ...listener }
    set.add(own)
    const weight = hold ? 1 : 0
    this.#watches(own, 1)
    this.#count(weight)
    return () => {
      if (!set.delete(own)) return
      if (set.size === 0 && this.#watchers.get(id) === set) this.#watchers.delete(id)
      this.#watches(own, -1)
      this.#count(-weight)
    }
  }

  /** @internal For tests: called for every signal, whichever it is. Does not count as waiting. */
  onAny(listener: () => void): () => void {
    this.#all.add(listener)
    return () => void this.#all.delete(listener)
  }

  tell(signal: SignalName, ...given: (string | number | undefined)[]): void {
    this.#add(signal, given)
  }

  /** Tells that a call has ended, and how, where that is known. */
  tellEnded(id: string, outcome?: CallOutcome): void {
    this.#add('ended', [id], outcome)
  }

  #add(signal: SignalName, given: readonly (string | number | undefined)[], outcome?: CallOutcome): void {
    const watched = signal === 'ended' || signal === 'reported'
    const heard = watched ? this.#watchers.has(String(given[0])) : this.has(signal)
    if (!heard && this.#all.size === 0) return
    const first = this.#pending.size === 0
    const name = `${signal} ${given.join(' ')}`
    // How it has ended is not forgotten because somebody says once more that it has.
    this.#pending.set(name, { signal, given, outcome: outcome ?? this.#pending.get(name)?.outcome })
    if (first) queueMicrotask(this.#soon)
  }

  clear(): void {
    this.#listeners.clear()
    this.#watchers.clear()
    this.#all.clear()
    this.#pending.clear()
    this.#watching.ended = this.#watching.reported = 0
    this.#count(-this.#waiting)
  }

  /** The next thing that Node does once no promise has anything more to do. */
  readonly #soon = (): void => nextTick(this.#flush)

  readonly #flush = (): void => {
    const pending = this.#pending
    this.#pending = new Map()
    for (const { signal, given, outcome } of pending.values()) {
      if (signal === 'ended') this.#tellWatchers(given[0], each => each.ended?.(outcome))
      else if (signal === 'reported') this.#tellWatchers(given[0], each => each.reported?.())
      else for (const listener of this.#listeners.get(signal) ?? []) guarded(() => listener(...given))
    }
    for (const listener of this.#all) guarded(listener)
  }

  #tellWatchers(id: string | number | undefined, tell: (each: ResultListener) => void): void {
    for (const each of this.#watchers.get(String(id)) ?? []) guarded(() => tell(each))
  }

  #watches({ ended, reported }: ResultListener, by: number): void {
    if (ended) this.#watching.ended += by
    if (reported) this.#watching.reported += by
  }

  #count(by: number): void {
    this.#waiting += by
    let heard = this.#waiting > 0 ? 1 : 0
    if (this.has('claimable')) heard |= 2
    if (this.has('ended')) heard |= 4
    if (this.has('reported')) heard |= 8
    if (this.has('scheduled')) heard |= 16
    if (heard === this.#heard) return
    this.#heard = heard
    this.#onChange()
  }
}

/** A listener that throws is a fault of the program's own; the others hear all the same. */
function guarded(tell: () => void): void {
  try {
    tell()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
