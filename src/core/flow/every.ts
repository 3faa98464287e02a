import { checkCount, checkKnown, checkRange, describe } from '../errors/checks.ts'
import { monotonic } from '../time/clock.ts'
import { type Duration, positiveMilliseconds } from '../time/duration.ts'
import { CancelledError, InvalidArgumentError } from '../errors/errors.ts'
import { tellUser } from '../report/user-code.ts'
import type { Scope } from '../scope/scope.ts'
import { checkBody } from '../scope/options.ts'
import { sleep } from '../scope/sleep.ts'
import { type Owner, ownerOf } from '../scope/owner.ts'
import { attemptIn, startChecked } from './attempt-in.ts'

/** The argument of each run of `every`. */
export interface Tick {
  /** The number of this run, from 1. */
  readonly run: number
  /** The number of runs that were left out since the last one, because it took longer than the period. */
  readonly skipped: number
}

/** The summary of `every` when it ends. */
export interface EveryResult {
  readonly runs: number
  /** The number of runs that were left out in all. */
  readonly skipped: number
  readonly failed: number
}

/** Options of `every`. */
export interface EveryOptions {
  /** Begin with a run at once instead of after the first period. Default: false. */
  readonly immediately?: boolean
  /** Ends after so many runs. From 0 up; Infinity goes on until it is cancelled. Default: Infinity. */
  readonly times?: number
  /**
   * The part of the period by which a run may be late, at random, from 0 (none) to 1, so that many programs do not all act
   * at the same moment. The periods themselves do not move. Default: 0.
   */
  readonly jitter?: number
  /** The reaction to a run that fails: `every` ends with the error (`stop`), or calls the function and goes on, also if that throws. Default: 'stop'. */
  readonly onError?: 'stop' | ((error: unknown, tick: Tick) => void)
}

const known: ReadonlySet<string> = new Set(['immediately', 'times', 'jitter', 'onError'])

/**
 * Runs a function again and again, at a steady pace: a heartbeat, a poll, a clean-up.
 *
 * Runs never overlap. One that takes longer than the period makes the next ones fall out, not come late: the pace stays
 * that of the clock, and the next run gets the number of runs left out. It goes on until its owner is cancelled, so it
 * usually is a task that serves others: `s.spawn(s => every('10s', beat, {}, s), { service: true })`. For times of the day,
 * or for what must happen also when this program is not running, use a schedule of a queue.
 *
 * **Cancellation**: ends the run or the wait that is under way; `every` throws `SKEIN_CANCELLED` then.
 *
 * **Errors**: what a run throws, unless `onError` takes it; `SKEIN_CANCELLED`, `SKEIN_INVALID_ARGUMENT`.
 *
 * @param period from the planned start of one run to that of the next
 * @param fn the work; gets a scope of its own for each run
 * @param owner the scope or AbortSignal that ends it
 * @example
 * import { every } from 'skein'
 *
 * const result = await every('2ms', (s, { run }) => console.log('beat', run), { times: 3 })
 * console.log(result.runs) // 3
 */
export function every(
  period: Duration,
  fn: (s: Scope, tick: Tick) => unknown,
  options: EveryOptions = {},
  owner?: Owner,
): Promise<EveryResult> {
  return startChecked(() => {
    checkBody(fn, 'every')
    checkOptions(options)
    return runs(positiveMilliseconds(period, 'period'), fn, options, ownerOf(owner))
  })
}

async function runs(
  period: number,
  fn: (s: Scope, tick: Tick) => unknown,
  options: EveryOptions,
  owner: Owner | undefined,
): Promise<EveryResult> {
  const { immediately = false, times = Infinity, jitter = 0, onError = 'stop' } = options
  const result = { runs: 0, skipped: 0, failed: 0 }
  const began = monotonic() - (immediately ? period : 0)
  // Counted in periods since the beginning, so that no error adds up.
  for (let at = 1, skipped = 0; result.runs < times;) {
    const late = jitter === 0 ? 0 : Math.random() * jitter * period
    await sleep(Math.max(0, began + at * period + late - monotonic()), owner)
    const tick: Tick = { run: ++result.runs, skipped }
    try {
      await attemptIn(owner, s => fn(s, tick), { name: fn.name || 'every' })
    } catch (error) {
      if (error instanceof CancelledError || onError === 'stop') throw error
      result.failed++
      tellUser('onError', () => onError(error, tick))
    }
    // A run that ends at the very moment of the next one leaves nothing out.
    const next = Math.max(at + 1, Math.ceil((monotonic() - began) / period))
    skipped = next - at - 1
    result.skipped += skipped
    at = next
  }
  return result
}

function checkOptions(options: EveryOptions): void {
  checkKnown(options, known, 'option of every')
  if (options.times !== undefined) checkCount(options.times, 'times', 0)
  if (options.jitter !== undefined) checkRange(options.jitter, 'jitter', 0, 1)
  const { immediately, onError } = options
  if (immediately !== undefined && typeof immediately !== 'boolean') {
    throw new InvalidArgumentError(`immediately must be true or false, got ${describe(immediately)}`)
  }
  if (onError !== undefined && onError !== 'stop' && typeof onError !== 'function') {
    throw new InvalidArgumentError(`onError must be 'stop' or a function, got ${describe(onError)}`)
  }
}
