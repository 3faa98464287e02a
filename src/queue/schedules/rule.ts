import { checkKnown, describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError, ScheduleError } from '../../core/errors/errors.ts'
import { type Duration, positiveMilliseconds } from '../../core/time/duration.ts'
import { cronMoments, type Moments } from './cron.ts'
import { timeZoneOf } from './time-zone.ts'

/** The rule by which a schedule comes due: a cron line, a length of time, or one moment. */
export type ScheduleRule =
  | {
      /**
       * A cron line: minute, hour, day of the month, month, day of the week, or six fields with seconds first. Names (`mon`, `jan`),
       * `L` (the last), `W` (the nearest weekday), `#` (`fri#2`: the second Friday) and `@daily` are understood; where both
       * days are given, either will do.
       */
      readonly cron: string
      /** The time zone in which it is read, as `Europe/Berlin`. Default: 'UTC', so that it is the same on every machine. */
      readonly timeZone?: string
    }
  /** The length of time from one term to the next, from a second up: counted from when the schedule is made, or from `from`. */
  | { readonly every: Duration }
  /** One moment: a Date, or milliseconds since the Unix epoch. */
  | { readonly at: Date | number }

/** A rule as it is kept. */
export type StoredRule =
  | { readonly cron: string; readonly timeZone: string }
  | { readonly every: number }
  | { readonly at: number }

/** The shortest time between two terms, in milliseconds: what is needed more often is a loop, not a schedule. */
const shortest = 1_000

const known: ReadonlySet<string> = new Set(['cron', 'timeZone', 'every', 'at'])

/**
 * A rule, checked.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for what is not a rule; `SKEIN_SCHEDULE_RULE` for a cron line or a time zone that cannot be used.
 */
export function ruleOf(rule: ScheduleRule): StoredRule {
  checkKnown(rule, known, 'part of the rule of a schedule')
  const { cron, timeZone, every, at } = rule as Partial<Record<'cron' | 'timeZone' | 'every' | 'at', unknown>>
  if ([cron, every, at].filter(each => each !== undefined).length !== 1) {
    throw new InvalidArgumentError(
      `The rule of a schedule must have one of cron, every and at, as in { cron: '0 8 * * 1-5', timeZone: 'Europe/Berlin' } or ` +
        `{ every: '5m' }; got ${describe(rule)}`,
    )
  }
  if (timeZone !== undefined && cron === undefined) {
    throw new InvalidArgumentError(
      'timeZone belongs to a cron line: a length of time and a moment are the same everywhere',
    )
  }
  if (cron !== undefined) {
    if (typeof cron !== 'string') throw new InvalidArgumentError(`cron must be a string, got ${describe(cron)}`)
    const { name } = timeZoneOf(timeZone ?? 'UTC')
    cronMoments(cron, name)
    return { cron, timeZone: name }
  }
  if (every !== undefined) {
    const span = Math.ceil(positiveMilliseconds(every as Duration, 'every'))
    if (span >= shortest) return { every: span }
    throw new InvalidArgumentError(`every must be a second or more, got ${describe(every)}`)
  }
  return { at: momentOf(at, 'at') }
}

/** A moment in milliseconds since the Unix epoch. **Errors**: `SKEIN_INVALID_ARGUMENT`. */
export function momentOf(value: unknown, option: string): number {
  const time = value instanceof Date ? value.getTime() : value
  if (typeof time === 'number' && time >= 0 && time <= lastTime) return Math.ceil(time)
  throw new InvalidArgumentError(
    `${option} must be a Date or milliseconds since the Unix epoch, no later than the year 9999; got ` +
      (value instanceof Date ? (Number.isNaN(time) ? 'an invalid Date' : value.toISOString()) : describe(value)),
  )
}

/** The last moment of the year 9999: what comes after it no date in a message can say. */
const lastTime = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** The moments of a rule. @param from the moment from which lengths of time are counted */
export function momentsOf(rule: StoredRule, from: number): Moments {
  if ('cron' in rule) return cronMoments(rule.cron, rule.timeZone)
  if ('at' in rule) {
    const { at } = rule
    return { next: after => (at > after ? at : undefined), last: upTo => (at <= upTo ? [at] : []) }
  }
  const { every } = rule
  return {
    next: after => {
      const next = after < from ? from : from + (Math.floor((after - from) / every) + 1) * every
      return next <= lastTime ? next : undefined
    },
    last: (upTo, most) => {
      const count = Math.min(most, Math.max(0, Math.floor((upTo - from) / every) + 1))
      const first = Math.floor((upTo - from) / every) - count + 1
      return Array.from({ length: count }, (_, index) => from + (first + index) * every)
    },
  }
}

/** The error of a rule that never comes due. */
export function neverComes(rule: StoredRule, name: string): ScheduleError {
  const text =
    'cron' in rule
      ? `its cron line '${rule.cron}'`
      : 'at' in rule
        ? `its moment ${new Date(rule.at).toISOString()}`
        : 'its rule'
  return new ScheduleError(
    'SKEIN_SCHEDULE_RULE',
    `Schedule ${name} would never come due: ${text} has no term from now on${'at' in rule ? '' : ' (within from and until)'}. Look for a day ` +
      `that no month has, and for a time that has passed; what is to run now is submitted, not scheduled.`,
  )
}
