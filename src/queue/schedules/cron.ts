import { Cron } from 'croner'
import { ScheduleError } from '../../core/errors/errors.ts'
import { messageOf } from '../../core/errors/foreign.ts'
import { type TimeZone, timeZoneOf } from './time-zone.ts'

/** The moments at which a rule comes due, in milliseconds since the Unix epoch. */
export interface Moments {
  /** The first one after a moment; undefined where there is none. */
  next(after: number): number | undefined
  /** The last ones up to a moment, itself included, so many at most; the earliest first. */
  last(upTo: number, most: number): number[]
}

/** The names that stand for a line. */
const nicknames: ReadonlySet<string> = new Set([
  '@yearly',
  '@annually',
  '@monthly',
  '@weekly',
  '@daily',
  '@midnight',
  '@hourly',
])

/** The way in which lines are read. */
const reading = { paused: true, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard' } as const

/** The lines that have been read: a worker reads the same few again and again. */
const read = new Map<string, Moments>()
const mostRead = 1_000

/**
 * The moments of a cron line in a time zone, by the package `croner`: five fields, or six with seconds first; names of months and
 * days; `L`, `W`, `#`; day of the month *or* day of the week where both are given.
 *
 * Where the clocks go forward, a line without wildcards and steps in its times comes due at the first moment after the gap, any other
 * one leaves out what is not there. Where they go back, the first comes due once, at the first of the two times, the other one at both.
 * A day that a zone leaves out altogether is left out.
 *
 * **Errors**: `SKEIN_SCHEDULE_RULE` for a line that cannot be read.
 */
export function cronMoments(line: string, timeZone: string): Moments {
  const key = `${timeZone} ${line}`
  let known = read.get(key)
  if (known === undefined) {
    known = momentsOf(line, timeZone)
    if (read.size >= mostRead) read.clear()
    read.set(key, known)
  }
  return known
}

function momentsOf(line: string, timeZone: string): Moments {
  const fields = line.trim().split(/\s+/)
  // It would take a date for a line, too.
  if (!nicknames.has(line.trim().toLowerCase()) && fields.length !== 5 && fields.length !== 6) {
    throw wrongLine(line, `it has ${fields.length === 1 ? '1 field' : `${fields.length} fields`}`)
  }
  const trimmed = line.trim()
  let steady: Cron
  try {
    steady = new Cron(trimmed, { ...reading, utcOffset: 0 })
  } catch (error) {
    throw wrongLine(line, messageOf(error).replace(/^Cron\w*: /, ''))
  }
  const zone = timeZoneOf(timeZone)
  let zoned: Cron | undefined
  const inZone = (): Cron => (zoned ??= new Cron(trimmed, { ...reading, timezone: timeZone }))
  return {
    next: after => nextSteady(steady, zone, after) ?? inZone().nextRun(new Date(after))?.getTime(),
    last: (upTo, most) =>
      inZone()
        // A run at the very moment does not count as one before it.
        .previousRuns(most, new Date(Math.floor(upTo / 1_000) * 1_000 + 1_000))
        .map(each => each.getTime())
        .reverse(),
  }
}

/**
 * The next moment where the clocks of the zone are not changed up to then: there the line is read by a clock that is always so far ahead
 * of UTC, which takes a tenth of the time.
 */
function nextSteady(cron: Cron, zone: TimeZone, after: number): number | undefined {
  const offset = zone.steadyOffset(after, after)
  if (offset === undefined) return undefined
  const local = cron.nextRun(new Date(after + offset))
  if (local === null) return undefined
  const next = local.getTime() - offset
  return zone.steadyOffset(after, next) === undefined ? undefined : next
}

function wrongLine(line: string, why: string): ScheduleError {
  return new ScheduleError(
    'SKEIN_SCHEDULE_RULE',
    `The cron line '${line}' cannot be used: ${why}. A line has five fields (minute, hour, day of the month, month, day of the week), ` +
      `or six with seconds first, as in '0 8 * * 1-5' for 8 o'clock from Monday to Friday.`,
  )
}
