import { brandClass } from '../brand.ts'
import { checkFunction, checkInteger, checkRange, describe } from '../errors/checks.ts'
import { monotonic, now } from '../time/clock.ts'
import { type Duration, milliseconds, positiveMilliseconds } from '../time/duration.ts'
import { CancelledError, CircuitOpenError, InvalidArgumentError } from '../errors/errors.ts'
import { askUser, tellUser } from '../report/user-code.ts'
import type { Scope } from '../scope/scope.ts'
import { checkBody } from '../scope/options.ts'
import { type NameOptions, titleOf } from '../sync/options.ts'
import { type Owner, ownerOf, refusalOf } from '../scope/owner.ts'
import { attemptIn, startChecked } from './attempt-in.ts'
import type { BackoffFunction } from '../time/again.ts'
import { backoffDelay, type BackoffSettings, waitsOf } from './backoff.ts'

/** `closed`: calls pass. `open`: they are refused. `half-open`: a few pass, to see whether it works again. */
export type CircuitState = 'closed' | 'open' | 'half-open'

/** Options of a `CircuitBreaker`. */
export interface CircuitBreakerOptions extends NameOptions {
  /** Opens when this share of the calls within `window` has failed. From above 0 to 1; default 0.5. */
  readonly ratio?: number
  /** Fewer calls within `window` than this say nothing. From 1 up; default 10. */
  readonly minimum?: number
  /** Opens, too, after so many failures in a row, however few calls there were. From 1 up; default: no such limit. */
  readonly consecutive?: number
  /** The span of the past that it looks at. Default: '10s'. */
  readonly window?: Duration
  /**
   * The time for which it stays open before it lets a call pass again. As a list, `['10s', '1m', '10m']`, it grows: the first when it
   * opens, the next when the call that tried has failed, the last again and again, and the first again once it was closed. Or a function
   * of how often it has opened since it was closed, from 1. Default: '30s'.
   */
  readonly coolDown?: Duration | readonly Duration[] | BackoffFunction
  /**
   * The number of calls that may try at a time while it is half open, and that must succeed in a row to close it. From 1
   * up; default 1.
   */
  readonly probes?: number
  /** Says whether an error means that the other side is in trouble. Default: each does. Cancellation never does. */
  readonly counts?: (error: unknown) => boolean
  /** Told of each change of state. */
  readonly onChange?: (state: CircuitState) => void
  /** The state in which another program, or an earlier run of this one, has left it: what its `snapshot()` returned. Default: closed. */
  readonly from?: CircuitSnapshot
}

/** The state of a circuit breaker as data, to be kept in a file or sent to others. */
export interface CircuitSnapshot {
  /** Only an open circuit has something to hand on: `half-open` is told as `open`, with nothing left to wait. */
  readonly state: 'closed' | 'open'
  /** True when it was opened by hand, and stays so until `reset`. */
  readonly isolated: boolean
  /** The moment until which it is open, in milliseconds since the Unix epoch; 0 when it is closed or isolated. */
  readonly until: number
  /** The number of times that it has opened since it was closed, which says how long it stays open the next time. */
  readonly openings: number
}

/** The state and the counts of a circuit breaker. */
export interface CircuitBreakerStats {
  readonly state: CircuitState
  /** Calls within the window that have ended, and how many of them failed. */
  readonly calls: number
  readonly failures: number
  /** The number of calls that have been refused in all. */
  readonly refused: number
  /** Milliseconds until it lets a call try again; 0 when it is not open, Infinity when it was isolated. */
  readonly opensIn: number
}

const known: ReadonlySet<string> = new Set([
  'name',
  'ratio',
  'minimum',
  'consecutive',
  'window',
  'coolDown',
  'probes',
  'counts',
  'onChange',
  'from',
])

/**
 * Stops calling what fails all the time, and tries again after a while.
 *
 * For a service that others depend on: while it is down, callers get an error at once instead of waiting for their
 * timeouts, and it is not kept down by their calls. One breaker for each service. It does not repeat a call; put `retry`
 * around it, or inside, as you mean it. The caller decides what to do instead while it is open: catch `CircuitOpenError`.
 *
 * **Cancellation**: `run` is a cancel point, and hands the cancellation to the call; a cancelled call counts neither as a
 * success nor as a failure.
 *
 * **Errors**: `SKEIN_CIRCUIT_OPEN` with the time until it is worth trying, as `retryAfter`; what the call throws.
 *
 * @example
 * import { CircuitBreaker, CircuitOpenError } from 'skein'
 *
 * const breaker = new CircuitBreaker({ name: 'prices', minimum: 2, coolDown: '1m' })
 * for (let call = 0; call < 3; call++) {
 *   await breaker.run(() => { throw new Error('down') }).catch(error => console.log(error.code ?? error.message))
 * }
 * console.log(breaker.state) // open
 *
 * const lastKnown = 5
 * const price = await breaker.run(() => 7).catch(error => {
 *   if (error instanceof CircuitOpenError) return lastKnown
 *   throw error
 * })
 * console.log(price) // 5
 */
export class CircuitBreaker {
  static {
    brandClass(this, 'CircuitBreaker')
  }

  readonly title: string
  readonly #ratio: number
  readonly #minimum: number
  readonly #consecutive: number
  readonly #window: number
  /** The cool-downs, as a rule for waits. */
  readonly #coolDown: BackoffSettings
  readonly #probes: number
  readonly #counts: ((error: unknown) => boolean) | undefined
  readonly #onChange: ((state: CircuitState) => void) | undefined
  #state: CircuitState = 'closed'
  /** Rises with each change of state: what began before says nothing about now. */
  #era = 0
  #openUntil = 0
  /** The number of times that it has opened since it was closed. */
  #openings = 0
  #probing = 0
  #proven = 0
  #refused = 0
  /** The calls that ended within the window, oldest first. */
  #ends: { readonly time: number; readonly failed: boolean }[] = []
  #failures = 0
  /** Failures since the last success. */
  #inARow = 0

  constructor(options: CircuitBreakerOptions = {}) {
    this.title = titleOf('circuit breaker', options, known)
    const { ratio = 0.5, minimum = 10, window = '10s', coolDown = '30s', probes = 1, counts, onChange } = options
    checkRange(ratio, 'ratio', Number.MIN_VALUE, 1)
    checkInteger(minimum, 'minimum', 1)
    if (options.consecutive !== undefined) checkInteger(options.consecutive, 'consecutive', 1)
    checkInteger(probes, 'probes', 1)
    for (const [name, value] of Object.entries({ counts, onChange })) {
      if (value !== undefined) checkFunction(value, name)
    }
    this.#ratio = ratio
    this.#minimum = minimum
    this.#consecutive = options.consecutive ?? Infinity
    this.#window = positiveMilliseconds(window, 'window')
    this.#coolDown = {
      backoff: coolDownsOf(coolDown),
      factor: 1,
      maxBackoff: Infinity,
      jitter: 0,
    }
    this.#probes = probes
    this.#counts = counts
    this.#onChange = onChange
    if (options.from !== undefined) this.#resume(options.from)
  }

  /** The state, which says whether calls pass. It stays `open` until a call is made after the cool-down, which then tries. */
  get state(): CircuitState {
    return this.#state
  }

  /**
   * Calls the function if the circuit lets it, in a scope of its own.
   *
   * @param fn the call
   * @param owner the scope or AbortSignal that ends it early
   */
  run<T>(fn: (s: Scope) => T | Promise<T>, owner?: Owner): Promise<T> {
    return startChecked(() => {
      checkBody(fn, 'run')
      const by = ownerOf(owner)
      const refusal = refusalOf(by, 'run')
      if (refusal !== undefined) return Promise.reject(refusal)
      this.#enter()
      return this.#call(fn, by)
    })
  }

  async #call<T>(fn: (s: Scope) => T | Promise<T>, owner: Owner | undefined): Promise<T> {
    const era = this.#era
    try {
      const value = await attemptIn(owner, fn, { name: fn.name || this.title })
      if (era === this.#era) this.#ended(false)
      return value
    } catch (error) {
      if (era === this.#era) {
        if (error instanceof CancelledError) this.#withdrawn()
        else this.#ended(this.#saysTrouble(error))
      }
      throw error
    }
  }

  /** A function that throws has not said that the error is harmless. */
  #saysTrouble(error: unknown): boolean {
    const counts = this.#counts
    return counts === undefined || askUser('counts', () => counts(error), true)
  }

  /**
   * Opens the circuit by hand, until `reset`: for maintenance, or because somebody knows better. Calls are refused with a `retryAfter` of
   * Infinity; those that are under way go on, and have no say.
   */
  isolate(): void {
    this.#openUntil = Infinity
    this.#become('open')
  }

  /** Closes the circuit by hand, whatever has opened it, and forgets what has failed so far. */
  reset(): void {
    this.#openings = 0
    this.#become('closed')
  }

  /**
   * Its state as data: for a breaker with the option `from`, in the next run of this program or in another one.
   *
   * @example
   * import { CircuitBreaker } from 'skein'
   *
   * const before = new CircuitBreaker({ consecutive: 1, coolDown: ['10s', '1m'] })
   * await before.run(() => { throw new Error('down') }).catch(() => {})
   * const kept = JSON.stringify(before.snapshot())
   *
   * const after = new CircuitBreaker({ consecutive: 1, coolDown: ['10s', '1m'], from: JSON.parse(kept) })
   * console.log(after.state) // open
   */
  snapshot(): CircuitSnapshot {
    const isOpen = this.#state !== 'closed'
    const isolated = this.#isIsolated
    const left = Math.max(0, this.#openUntil - monotonic())
    return Object.freeze({
      state: isOpen ? 'open' : 'closed',
      isolated,
      until: isOpen && !isolated ? now() + left : 0,
      openings: this.#openings,
    })
  }

  stats(): CircuitBreakerStats {
    this.#forget(monotonic())
    return Object.freeze({
      state: this.#state,
      calls: this.#ends.length,
      failures: this.#failures,
      refused: this.#refused,
      opensIn: this.#state === 'open' ? Math.max(0, Math.ceil(this.#openUntil - monotonic())) : 0,
    })
  }

  #enter(): void {
    if (this.#state === 'closed') return
    const left = this.#openUntil - monotonic()
    if (this.#state === 'open' && left <= 0) this.#become('half-open')
    if (this.#state === 'half-open' && this.#probing < this.#probes) {
      this.#probing++
      return
    }
    this.#refused++
    const retryAfter = this.#state === 'open' ? Math.ceil(left) : 0
    if (this.#isIsolated) {
      throw new CircuitOpenError(
        `${this.title} was isolated by hand, so the call was not made. None is, until reset() is called.`,
        { retryAfter },
      )
    }
    const when = this.#state === 'open' ? `in ${retryAfter} ms` : 'when the calls that try now have ended'
    throw new CircuitOpenError(
      `${this.title} is ${this.#state}: what it protects has failed too often, so the call was not made. It is tried ` +
        `again ${when}.`,
      { retryAfter },
    )
  }

  #ended(failed: boolean): void {
    if (this.#state === 'half-open') {
      this.#probing--
      if (failed) return this.#open()
      if (++this.#proven >= this.#probes) this.#become('closed')
      return
    }
    const time = monotonic()
    this.#forget(time)
    this.#ends.push({ time, failed })
    this.#inARow = failed ? this.#inARow + 1 : 0
    if (!failed) return
    this.#failures++
    if (this.#inARow >= this.#consecutive) this.#open()
    else if (this.#ends.length >= this.#minimum && this.#failures / this.#ends.length >= this.#ratio) this.#open()
  }

  /** A call that was cancelled says nothing; another one may try. */
  #withdrawn(): void {
    if (this.#state === 'half-open') this.#probing--
  }

  get #isIsolated(): boolean {
    return this.#state === 'open' && this.#openUntil === Infinity
  }

  #open(): void {
    this.#openings++
    this.#openUntil = monotonic() + this.#coolDownOf(this.#openings)
    this.#become('open')
  }

  /** Comes to an end: a circuit that is open for ever was isolated. */
  #coolDownOf(openings: number): number {
    return backoffDelay(this.#coolDown, Math.max(1, openings), undefined, 'coolDown')
  }

  /** Goes on where another has stopped. The clock of the machine may have been set meanwhile: never longer than its own cool-down. */
  #resume(from: CircuitSnapshot): void {
    checkSnapshot(from)
    this.#openings = from.openings
    if (from.state === 'closed') return
    const left = Math.max(0, Math.min(from.until - now(), this.#coolDownOf(from.openings)))
    this.#openUntil = from.isolated ? Infinity : monotonic() + left
    this.#state = 'open'
  }

  #become(state: CircuitState): void {
    const changes = state !== this.#state
    if (state === 'closed') this.#openings = 0
    this.#state = state
    this.#era++
    this.#probing = this.#proven = this.#failures = this.#inARow = 0
    this.#ends = []
    const onChange = this.#onChange
    if (onChange !== undefined && changes) tellUser('onChange', () => onChange(state))
  }

  #forget(now: number): void {
    let gone = 0
    for (; gone < this.#ends.length; gone++) {
      const end = this.#ends[gone] as { time: number; failed: boolean }
      if (end.time > now - this.#window) break
      if (end.failed) this.#failures--
    }
    if (gone > 0) this.#ends.splice(0, gone)
  }
}

function coolDownsOf(
  coolDown: Duration | readonly Duration[] | BackoffFunction,
): NonNullable<BackoffSettings['backoff']> {
  if (typeof coolDown === 'function' || Array.isArray(coolDown)) return waitsOf(coolDown, 'coolDown')
  return milliseconds(coolDown as Duration, 'coolDown')
}

function checkSnapshot(from: CircuitSnapshot): void {
  const { state, isolated, until, openings } = (from ?? {}) as Partial<CircuitSnapshot>
  const fits = {
    state: state === 'closed' || state === 'open',
    isolated: typeof isolated === 'boolean',
    until: Number.isFinite(until),
    openings: Number.isSafeInteger(openings) && (openings as number) >= 0,
  }
  for (const name of Object.keys(fits) as (keyof CircuitSnapshot)[]) {
    if (fits[name]) continue
    throw new InvalidArgumentError(
      `from must be what snapshot() of a circuit breaker has returned, got ${describe(from)} with the ${name} ${describe(from?.[name])}`,
    )
  }
}
