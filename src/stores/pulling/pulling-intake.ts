import { monotonic, since } from '../../core/time/clock.ts'
import { queueMicrotask, steady } from '../../core/time/platform.ts'
import { Timer } from '../../core/time/timer.ts'
import { ClosedError } from '../../core/errors/errors.ts'
import type { PullSignals } from '../listeners.ts'
import type { Claim, Intake, IntakeHealth, IntakeRequest, IntakeReceiver } from '../roles/broker.ts'

/**
 * The pause after which an idle intake asks although no signal came, in milliseconds: it heals a signal that got lost.
 */
const probeEvery = 5_000
/** A claim that has not been answered for so long, in milliseconds, is stuck. */
const stuckAfter = 10_000
const longestPause = 5_000
/** A larger claim would keep other workers from the store for too long. */
const mostAtOnce = 2_000

/** The calls to ask for at once. */
export interface ClaimRequest extends IntakeRequest {
  /** The most that are wanted, from 1 up. */
  readonly limit: number
  /** The number of those that begin at once; the others are claimed ahead. */
  readonly places: number
}

/** A store that has to be asked. */
export interface PullSource {
  /** The most calls that are asked for at once, from 1 up. Default: 2,000. */
  readonly most?: number
  /** Takes up to `limit` calls that are due, at once: an empty array when there is none. */
  claim(request: ClaimRequest): Promise<Claim[]>
  /**
   * Takes calls as `claim` does, and where there is none yet waits until there is. Left out by a store that cannot wait: it signals
   * that there may be something, and is asked then.
   */
  wait?(request: ClaimRequest): WaitingClaim
  /** Listens. Who listens to `claimable` waits for something: the program is kept running as long as it listens. */
  on<K extends keyof PullSignals>(signal: K, listener: PullSignals[K]): () => void
}

/** A claim that waits until there is something. */
export interface WaitingClaim {
  /** Resolves to no calls only once it was recalled. */
  readonly claims: Promise<Claim[]>
  /** Ends the waiting. What has been handed over by then still comes. */
  recall(): void
}

/** A claim that waits, as an intake knows of it. */
interface Waiting {
  readonly limit: number
  readonly places: number
  readonly recall: () => void
  recalled: boolean
}

/**
 * Fills an intake by asking the store: at once when something is wanted and there may be something, never twice at the same
 * time, and never again and again while there is nothing: then it waits for a signal, or leaves a claim with a store that can wait.
 *
 * `#mayHave` is what the store has signalled: true from a signal until a claim that began after it came back with less than it
 * asked for. A signal during a claim counts for the next one, so none is missed.
 *
 * @example
 * import { PullingIntake } from 'skein/stores'
 *
 * const source = { claim: async () => [], on: () => () => {} } // a database that has nothing to hand over, and never will
 * const intake = new PullingIntake(
 *   source,
 *   { worker: 'w', queues: ['q'], tasks: ['t'], lease: 10_000 },
 *   { claims: claims => console.log(claims.length), cancelling: () => {}, lost: () => {}, trouble: () => {} },
 * )
 * intake.want(5)
 * await intake.stop() // it had asked by then, or will not
 * intake.close()
 */
export class PullingIntake implements Intake {
  readonly #source: PullSource
  readonly #request: IntakeRequest
  readonly #receiver: IntakeReceiver
  readonly #unlisten: (() => void)[]
  /**
   * Signals that came while a claim was under way: they may be about what comes with it, so they are passed on after
   * that.
   */
  #early: (() => void)[] = []
  #wanted = 0
  #ahead = 0
  #mayHave = true
  #claiming = false
  #claimingSince = 0
  /** The claim under way, where that waits in the store until there is something. */
  #waiting: Waiting | undefined
  #signals = 0
  #scheduled = false
  #stopped = false
  #pause = 0
  #pauseTimer: Timer | undefined
  #probe: Timer | undefined
  #onIdle: (() => void) | undefined
  #answered: number | undefined
  #trouble: unknown

  constructor(source: PullSource, request: IntakeRequest, receiver: IntakeReceiver) {
    this.#source = source
    this.#request = request
    this.#receiver = receiver
    this.#unlisten = [
      source.on('claimable', () => this.#signal()),
      source.on('cancelling', (id, reason) => this.#tell(() => receiver.cancelling(id, reason))),
      source.on('lost', (id, token) => this.#tell(() => receiver.lost(id, token))),
    ]
    if (request.pulse !== false) this.#armProbe()
  }

  get health(): IntakeHealth {
    const waits = this.#waiting !== undefined && !this.#waiting.recalled
    const stuck = this.#claiming && !waits && since(this.#claimingSince) > stuckAfter
    return { answered: this.#answered, trouble: this.#trouble, stuck }
  }

  want(count: number, ahead: number = 0): void {
    this.#wanted = count
    this.#ahead = ahead
    const waiting = this.#waiting
    // It would hand over more than is wanted now.
    if (waiting && (waiting.limit > count || waiting.places > this.#places)) this.#recall()
    if (count > 0) this.#wake()
  }

  /** The number of calls that would begin at once. */
  get #places(): number {
    return Math.max(0, this.#wanted - this.#ahead)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    // Who listens to it would keep the program running.
    this.#unlisten.shift()?.()
    this.#pauseTimer?.clear()
    this.#probe?.clear()
    this.#recall()
    if (this.#claiming) await new Promise<void>(resolve => (this.#onIdle = resolve))
  }

  close(): void {
    if (!this.#stopped) void this.stop()
    for (const each of this.#unlisten.splice(0)) each()
  }

  /** Asks, once this turn is over, if there may be something. */
  #wake(): void {
    if (this.#scheduled || this.#stopped) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.#pump()
    })
  }

  #signal(): void {
    this.#signals++
    this.#mayHave = true
    this.#wake()
  }

  #tell(tell: () => void): void {
    tell()
    if (this.#claiming && !this.#waiting) this.#early.push(tell)
  }

  #pump(): void {
    if (this.#claiming || this.#stopped || this.#pauseTimer) return
    const limit = Math.min(this.#source.most ?? mostAtOnce, this.#wanted)
    if (limit > 0 && (this.#mayHave || this.#source.wait)) void this.#claim(limit)
  }

  async #claim(limit: number): Promise<void> {
    const signals = this.#signals
    const begun = steady()
    const request: ClaimRequest = { ...this.#request, limit, places: this.#places }
    this.#claiming = true
    this.#claimingSince = monotonic()
    try {
      const waiting = this.#mayHave ? undefined : this.#source.wait?.(request)
      if (waiting) this.#waiting = { limit, places: request.places, recall: () => waiting.recall(), recalled: false }
      const claims = await (waiting?.claims ?? this.#source.claim(request))
      this.#answered = monotonic()
      this.#trouble = undefined
      this.#pause = 0
      this.#mayHave = claims.length === limit || this.#signals !== signals
      this.#claiming = false
      this.#waiting = undefined
      this.#wanted = Math.max(0, this.#wanted - claims.length)
      this.#ahead = Math.min(this.#ahead, this.#wanted)
      // How long there was nothing says nothing of how long a claim takes.
      if (!waiting) this.#receiver.claims(claims, steady() - begun)
      else if (claims.length > 0) this.#receiver.claims(claims)
    } catch (error) {
      const waited = this.#waiting !== undefined
      this.#claiming = false
      this.#waiting = undefined
      // Who closes the store ends the waiting, too.
      if (waited && error instanceof ClosedError) this.#stopped = true
      else this.#failed(error)
    }
    for (const tell of this.#early.splice(0)) tell()
    this.#onIdle?.()
    this.#wake()
  }

  #recall(): void {
    if (this.#waiting === undefined || this.#waiting.recalled) return
    this.#waiting.recalled = true
    this.#claimingSince = monotonic()
    this.#waiting.recall()
  }

  #failed(error: unknown): void {
    this.#trouble = error
    if (this.#stopped) return
    this.#receiver.trouble(error)
    this.#pause = Math.min(longestPause, this.#pause === 0 ? 100 : this.#pause * 2)
    this.#pauseTimer = new Timer(
      this.#pause * (0.75 + Math.random() / 2),
      () => {
        this.#pauseTimer = undefined
        this.#wake()
      },
      undefined,
    )
  }

  #armProbe(): void {
    this.#probe = new Timer(
      probeEvery * (0.8 + Math.random() * 0.4),
      () => {
        this.#armProbe()
        this.#mayHave = true
        this.#recall()
        this.#wake()
      },
      undefined,
      false,
    )
  }
}
