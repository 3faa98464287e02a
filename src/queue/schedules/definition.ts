import type { Call } from '../../call/call.ts'
import { checkCount, checkKnown, checkWhole, describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { boundedMilliseconds, type Duration } from '../../core/time/duration.ts'
import type { OutgoingCall } from '../../stores/roles/calls.ts'
import type { Moments } from './cron.ts'
import { momentOf, momentsOf, neverComes, ruleOf, type ScheduleRule, type StoredRule } from './rule.ts'

/** The limits of a schedule, and what it does about terms that were missed and calls that take long. */
export interface ScheduleOptions {
  /**
   * The terms that are made up for which passed while no worker ran: the latest one (`last`), `all` (the latest 1,000, see
   * `catchUpLimit`), or `none`: what is more than a minute late is left out. Default: 'last'.
   */
  readonly catchUp?: 'last' | 'all' | 'none'
  /** The most terms that `catchUp: 'all'` makes up for at once, the latest ones. From 1 to 1,000; default: 1,000. */
  readonly catchUpLimit?: number
  /**
   * The fate of a term that comes while the job of the one before has not ended: its job is submitted beside that one (`allow`), left out
   * (`skip`), held until that one has ended (`queue`), or takes the place of that one, which is cancelled first (`cancel`). With `skip`
   * and `cancel` no more than one term is made up for. Default: 'allow'.
   */
  readonly overlap?: 'allow' | 'skip' | 'queue' | 'cancel'
  /**
   * The most by which a term is late on purpose, so that many schedules of one hour do not all start in one second: another length for each
   * term, and the same on every machine. Not longer than the time between two terms. Default: 0.
   */
  readonly jitter?: Duration
  /** No term before this moment, and lengths of time (`every`) are counted from it. Default: when the schedule is made. */
  readonly from?: Date | number
  /** No term after this moment. Default: none. */
  readonly until?: Date | number
  /** The schedule is over after so many jobs. From 1 up; default: Infinity. */
  readonly times?: number
}

/** A schedule that a program declares when its worker starts. */
export interface ScheduleDeclaration extends ScheduleOptions {
  /** Unique in the store: a word of up to 150 characters. */
  readonly name: string
  readonly rule: ScheduleRule
  /** The call that each term submits. */
  readonly call: Call<unknown>
}

/** The call of a term, but for its id and its times. */
export interface StoredCall extends Omit<OutgoingCall, 'id' | 'delay' | 'once' | 'headers'> {
  readonly headers: Readonly<Record<string, unknown>>
}

/** All that a schedule was told to do, as it is kept. Times in milliseconds since the epoch, lengths in milliseconds. */
export interface Definition {
  /** The version of this form. */
  readonly format: 1
  readonly rule: StoredRule
  readonly catchUp: 'last' | 'all' | 'none'
  readonly catchUpLimit: number
  readonly overlap: 'allow' | 'skip' | 'queue' | 'cancel'
  readonly jitter: number
  readonly from?: number
  readonly until?: number
  readonly times?: number
  /** It is declared by programs that start. */
  readonly declared?: true
  readonly call: StoredCall
}

/** The names of the options, for who checks them. */
export const scheduleOptionNames: readonly (keyof ScheduleOptions)[] = [
  'catchUp',
  'catchUpLimit',
  'overlap',
  'jitter',
  'from',
  'until',
  'times',
]

const known: ReadonlySet<string> = new Set(scheduleOptionNames)
/** The most terms that are made up for at once. */
export const mostCatchUp = 1_000

/**
 * A definition, checked.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT`; `SKEIN_SCHEDULE_RULE` for a cron line or a time zone that cannot be used.
 */
export function definitionOf(rule: ScheduleRule, call: StoredCall, options: ScheduleOptions = {}): Definition {
  checkKnown(options, known, 'option of a schedule')
  const { catchUp = 'last', catchUpLimit = mostCatchUp, overlap = 'allow', jitter = 0, times = Infinity } = options
  checkWord(catchUp, ['last', 'all', 'none'], 'catchUp')
  checkWord(overlap, ['allow', 'skip', 'queue', 'cancel'], 'overlap')
  checkCount(times, 'times', 1)
  if (!Number.isInteger(catchUpLimit) || catchUpLimit < 1 || catchUpLimit > mostCatchUp) {
    throw new InvalidArgumentError(
      `catchUpLimit must be an integer from 1 to ${mostCatchUp}, got ${describe(catchUpLimit)}`,
    )
  }
  if (overlap !== 'allow' && call.unique !== undefined) {
    throw new InvalidArgumentError(
      `overlap: '${overlap}' and the option unique of the call both say what happens while the one before runs: give one of them`,
    )
  }
  const from = options.from === undefined ? undefined : momentOf(options.from, 'from')
  const until = options.until === undefined ? undefined : momentOf(options.until, 'until')
  if (from !== undefined && until !== undefined && until < from) {
    throw new InvalidArgumentError(
      `until (${new Date(until).toISOString()}) must not be before from (${new Date(from).toISOString()})`,
    )
  }
  return {
    format: 1,
    rule: ruleOf(rule),
    catchUp,
    catchUpLimit,
    overlap,
    jitter: Math.floor(boundedMilliseconds(jitter, 'jitter')),
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    ...(times === Infinity ? {} : { times }),
    call,
  }
}

/**
 * The moments of a schedule, between its `from` and its `until`.
 *
 * @param made when it was made
 */
export function termsOf({ rule, from, until = Infinity }: Definition, made: number): Moments {
  // The first of `every` is one length after the schedule was made, unless it is said when it begins.
  const inner = momentsOf(rule, from ?? ('every' in rule ? made + rule.every : made))
  return {
    next: after => {
      const next = inner.next(from === undefined ? after : Math.max(after, from - 1))
      return next === undefined || next > until ? undefined : next
    },
    last: (upTo, most) => inner.last(Math.min(upTo, until), most).filter(each => from === undefined || each >= from),
  }
}

/**
 * Refuses a schedule that never comes due, and one whose jitter would bring its terms out of order.
 *
 * **Errors**: `SKEIN_SCHEDULE_RULE`, `SKEIN_INVALID_ARGUMENT`.
 */
export function checkTerms(definition: Definition, name: string, now: number): void {
  const terms = termsOf(definition, now)
  const first = terms.next(now)
  if (first === undefined) throw neverComes(definition.rule, name)
  const second = definition.jitter === 0 ? undefined : terms.next(first)
  if (second === undefined || definition.jitter <= second - first) return
  throw new InvalidArgumentError(
    `jitter (${definition.jitter} ms) must not be longer than the time between two terms of schedule ${name}, which is ${second - first} ms`,
  )
}

/** Refuses anything but a name of a schedule. It is part of the ids of its jobs. **Errors**: `SKEIN_INVALID_ARGUMENT`. */
export function checkScheduleName(name: unknown): asserts name is string {
  if (typeof name === 'string' && name !== '' && name.length <= 150 && !/[\s\p{Cc}]/u.test(name)) {
    return checkWhole(name, 'The name of a schedule')
  }
  throw new InvalidArgumentError(
    `The name of a schedule must be a word of up to 150 characters without spaces, as in 'daily-report', got ${describe(name)}`,
  )
}

function checkWord(value: string, words: readonly string[], option: string): void {
  if (words.includes(value)) return
  throw new InvalidArgumentError(`${option} must be one of ${words.join(', ')}, got ${describe(value)}`)
}
