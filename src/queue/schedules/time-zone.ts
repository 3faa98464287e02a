import { describe } from '../../core/errors/checks.ts'
import { ScheduleError } from '../../core/errors/errors.ts'

const day = 86_400_000
/** So far from each other are the looks at a clock: no zone has ever set its clocks forth and back within three days. */
const stride = 2 * day
/** For longer stretches it would take as long to find out as to do without. */
const mostStrides = 5
/** The looks that are remembered for each zone, and the zones: schedules go forward, and what lies behind them is asked for no more. */
const mostKnown = 1_000

/** The time zones that have been used: to make one takes as long as a hundred questions to it. */
const zones = new Map<string, TimeZone>()

/**
 * A time zone by its name.
 *
 * **Errors**: `SKEIN_SCHEDULE_RULE` for one that is not there.
 */
export function timeZoneOf(name: unknown): TimeZone {
  let zone = zones.get(name as string)
  if (zone !== undefined) return zone
  try {
    if (typeof name === 'string') zone = new TimeZone(name)
  } catch {
    // Said below.
  }
  if (zone === undefined) {
    throw new ScheduleError(
      'SKEIN_SCHEDULE_RULE',
      `There is no time zone ${describe(name)}. Name it as in 'Europe/Berlin' or 'UTC'; ` +
        `Intl.supportedValuesOf('timeZone') lists them.`,
    )
  }
  if (zones.size >= mostKnown) zones.clear()
  zones.set(name as string, zone)
  return zone
}

/** A time zone: it says by how much its clocks are ahead of UTC, as the platform knows it. */
export class TimeZone {
  readonly name: string
  readonly #format: Intl.DateTimeFormat
  /** At each look, by its number since the epoch; undefined where it is not known. */
  readonly #offsets = new Map<number, number | undefined>()

  constructor(name: string) {
    this.name = name
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  }

  /**
   * The time by which the clocks are ahead of UTC, in milliseconds, where they are not changed from a day before one moment, so that none of its
   * times comes a second time, up to another; undefined where they are, and where it takes too long to tell.
   */
  steadyOffset(from: number, to: number): number | undefined {
    const first = Math.floor((from - day) / stride)
    const last = Math.ceil(to / stride)
    if (last - first > mostStrides) return undefined
    const offset = this.#offsetAt(first)
    for (let look = first + 1; look <= last; look++) if (this.#offsetAt(look) !== offset) return undefined
    return offset
  }

  #offsetAt(look: number): number | undefined {
    if (this.#offsets.has(look)) return this.#offsets.get(look)
    const offset = offsetIn(this.#format.format(look * stride))
    if (this.#offsets.size >= mostKnown) this.#offsets.clear()
    this.#offsets.set(look, offset)
    return offset
  }
}

/** The offset in a date as `1/31/2000, GMT-03:30`, in milliseconds. */
function offsetIn(date: string): number | undefined {
  const [, sign, hours = 0, minutes = 0, seconds = 0] = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(date) ?? []
  if (!date.includes('GMT') || (sign === undefined && !date.endsWith('GMT'))) return undefined
  const length = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000
  return sign === '-' ? -length : length
}
