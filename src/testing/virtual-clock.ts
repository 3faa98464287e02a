import { nextTick, setImmediate } from '../core/time/platform.ts'
import { brandClass } from '../core/brand.ts'
import { checkKnown } from '../core/errors/checks.ts'
import { clockSlot } from '../core/time/clock.ts'
import type { Clock } from '../core/time/clock-type.ts'
import { boundedMilliseconds, type Duration, milliseconds } from '../core/time/duration.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import { placeOf } from '../core/report/place.ts'
import { type TimerNode, TimerWheel } from '../core/time/timer-wheel.ts'
import { quiet, settling } from './settled.ts'

/** Options of `virtualClock`. */
export interface VirtualClockOptions {
  /**
   * The time that the clock shows at first: milliseconds since the Unix epoch, or a Date. Default: the 1st of January 2000,
   * UTC.
   */
  readonly start?: number | Date
  /** Jump by itself to the next time at which something is due, whenever nothing else can go on. Default: false. */
  readonly autojump?: boolean
}

/**
 * A clock that a test turns.
 *
 * While it is in force, everything in skein that has to do with time goes by it: sleeps, deadlines, retries, schedules,
 * leases of the memory store. Timers that were started before go on by the machine's clock, and so do `setTimeout` and
 * `Date.now()` in your own code: use `sleep` and `s.sleep` there. A sleep of zero is a turn of the event loop as ever.
 */
export class VirtualClock {
  static {
    brandClass(this, 'VirtualClock')
  }

  readonly #time: VirtualTime
  readonly #before: Clock

  /** @internal Made by `virtualClock`. */
  constructor(start: number, autojump: boolean) {
    this.#time = new VirtualTime(start, autojump)
    this.#before = clockSlot.clock
    clockSlot.clock = this.#time
  }

  /** The time that the clock shows, in milliseconds since the Unix epoch. */
  now(): number {
    return this.#time.now()
  }

  /** The time that has passed by this clock, in milliseconds. */
  get elapsed(): number {
    return this.#time.monotonic()
  }

  /** The number of timers that wait for their time. */
  get waiting(): number {
    return this.#time.waiting
  }

  /** True if the clock jumps by itself. May be changed at any time. */
  get autojump(): boolean {
    return this.#time.autojump
  }

  set autojump(value: boolean) {
    this.#time.autojump = value
  }

  /**
   * Lets time pass. All that is due meanwhile happens at its very time and in order; after each step, the tasks go as far as
   * they can before the next. Resolves when the time has passed and everything is blocked again.
   *
   * **Cancellation**: none; it ends by itself.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT`; a clock cannot go back.
   */
  async advance(duration: Duration): Promise<void> {
    await this.#time.run(this.elapsed + boundedMilliseconds(duration, 'duration'))
  }

  /** `advance` to a point in time: milliseconds since the Unix epoch, or a Date. */
  async advanceTo(time: number | Date): Promise<void> {
    const to = epochOf(time, 'time')
    if (to < this.now()) {
      throw new InvalidArgumentError(
        `A clock cannot go back: it shows ${new Date(this.now()).toISOString()}, which is after ${new Date(to).toISOString()}`,
      )
    }
    await this.#time.run(this.elapsed + (to - this.now()))
  }

  /**
   * Lets time pass until no timer waits any more. Not for work that goes on for ever: what is left after `limit` stays.
   *
   * @param options `limit`: the longest time to let pass. Default: '3650d'
   */
  async runAll({ limit = '3650d' }: { readonly limit?: Duration } = {}): Promise<void> {
    await this.#time.runAll(this.elapsed + milliseconds(limit, 'limit'))
  }

  /** Puts the clock back in force that was before. Timers that still wait by this one never ring. */
  restore(): void {
    if (clockSlot.clock === this.#time) clockSlot.clock = this.#before
    this.#time.autojump = false
  }

  /** `restore`, for `using`. */
  [Symbol.dispose](): void {
    this.restore()
  }
}

/**
 * Puts a clock in force that does not move until the test turns it, or jumps to what is due next when nothing else can go
 * on. A day of retries takes a millisecond so, and comes out the same every time.
 *
 * One at a time in each thread; threads and processes of a pool have their own, real clock. With `autojump`, remember that
 * the clock cannot see what other threads, processes and peers are about to do: it jumps while they work.
 *
 * **Cancellation**: nothing waits here.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT`, also while another virtual clock is in force.
 *
 * @param options `start`: what it shows at first; `autojump`: jump by itself
 * @example
 * import { sleep } from 'skein'
 * import { virtualClock } from 'skein/testing'
 *
 * const clock = virtualClock({ autojump: true })
 * await sleep('7d')
 * console.log(clock.elapsed) // 604800000
 * clock.restore()
 */
export function virtualClock(options: VirtualClockOptions = {}): VirtualClock {
  checkKnown(options, known, 'virtualClock option')
  if (clockSlot.clock instanceof VirtualTime) {
    throw new InvalidArgumentError(
      `A virtual clock is in force already, made ${clockSlot.clock.place}. Call restore() on it first (in a finally, or in ` +
        'afterEach), or use that one.',
    )
  }
  const start = options.start === undefined ? Date.UTC(2000, 0, 1) : epochOf(options.start, 'start')
  return new VirtualClock(start, options.autojump ?? false)
}

const known: ReadonlySet<string> = new Set(['start', 'autojump'])

/** The range of a Date: 100 million days before and after 1970. */
const lastDate = 8.64e15

function epochOf(time: number | Date, option: string): number {
  const value = time instanceof Date ? time.getTime() : time
  if (typeof value === 'number' && Math.abs(value) <= lastDate) return value
  throw new InvalidArgumentError(
    `${option} must be a Date or milliseconds since the Unix epoch, got ${time instanceof Date ? 'an invalid Date' : String(time)}`,
  )
}

/** So many turns of the event loop must nothing happen before the clock jumps: more than `settled` waits for. */
const turnsBeforeJump = 3

class VirtualTime implements Clock {
  readonly #start: number
  readonly #wheel = new TimerWheel(0)
  readonly #made = new Error('the clock was made')
  #elapsed = 0
  #autojump: boolean
  #jumping = false
  /** The number of `advance` and `runAll` under way: no jumps of its own meanwhile. */
  #turned = 0
  #ringsSoon = false

  constructor(start: number, autojump: boolean) {
    this.#start = start
    this.#autojump = autojump
  }

  now(): number {
    return this.#start + this.#elapsed
  }

  wallTime(): number {
    return this.now()
  }

  monotonic(): number {
    return this.#elapsed
  }

  get waiting(): number {
    return this.#wheel.size
  }

  /** The place in the source where it was made, in words. */
  get place(): string {
    const place = placeOf(this.#made)
    return place === undefined ? 'elsewhere' : `at ${place}`
  }

  get standing(): string {
    return (
      `A virtual clock is in force, made ${this.place}: its time stands still until the test calls advance() or runAll(), ` +
      'or sets autojump; restore() puts the clock of the machine back.'
    )
  }

  get ringing(): boolean {
    return this.#wheel.ringing
  }

  get autojump(): boolean {
    return this.#autojump
  }

  set autojump(value: boolean) {
    this.#autojump = value
    this.#jumpLater()
  }

  start(timer: TimerNode, delay: number): void {
    timer.due = delay > 0 ? Math.ceil(this.#elapsed + delay) : -1
    this.#wheel.add(timer)
    if (!(delay > 0) && !this.#ringsSoon) {
      this.#ringsSoon = true
      setImmediate(() => {
        this.#ringsSoon = false
        this.#ring()
      })
    }
    this.#jumpLater()
  }

  async run(until: number): Promise<void> {
    await this.#turn(until)
    this.#moveTo(until)
    await quiet(turnsBeforeJump)
  }

  runAll(limit: number): Promise<void> {
    return this.#turn(limit)
  }

  async #turn(until: number): Promise<void> {
    this.#turned++
    try {
      for (;;) {
        await quiet(turnsBeforeJump)
        const next = this.#wheel.nextDue()
        if (next > until || next === Infinity) return
        this.#moveTo(next)
        this.#ring()
      }
    } finally {
      this.#turned--
      this.#jumpLater()
    }
  }

  #moveTo(time: number): void {
    if (time <= this.#elapsed) return
    this.#elapsed = time
    this.#wheel.advance(Math.floor(time))
  }

  #ring(): void {
    for (let timer = this.#wheel.takeDue(); timer !== undefined; timer = this.#wheel.takeDue()) {
      try {
        timer.ring()
      } catch (error) {
        // As with a timer of the platform: nobody is there to catch it.
        nextTick(() => {
          throw error
        })
      }
    }
  }

  /** Jumps only for what keeps a program running: where nothing does, a real program would have ended. */
  get #mayJump(): boolean {
    return this.#autojump && this.#turned === 0 && this.#wheel.keepingAlive > 0
  }

  #jumpLater(): void {
    if (this.#jumping || !this.#mayJump) return
    this.#jumping = true
    void this.#jump()
  }

  async #jump(): Promise<void> {
    while (this.#mayJump) {
      await quiet(turnsBeforeJump)
      if (!this.#mayJump || settling()) continue
      const next = this.#wheel.nextDue()
      if (next === Infinity) break
      this.#moveTo(next)
      this.#ring()
    }
    this.#jumping = false
  }
}
