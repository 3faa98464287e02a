import { milliseconds } from '../../core/time/duration.ts'
import { Refusal } from '../answers.ts'

/** A span of numbers, with both ends. */
export interface Span {
  readonly from: number
  readonly to: number
}

const everything: Span = { from: -Infinity, to: Infinity }

/**
 * The moments that a word means: `1h` is the last hour, `>1h` longer ago than that, `>2026-11-30` from then on, `<2026-11-30T10:00` before,
 * `2026-11-29..2026-11-30` both days.
 *
 * @param now in milliseconds since the epoch
 */
export function momentsOf(key: string, value: string, now: number): Span {
  const [first = '', second] = value.split('..')
  if (second !== undefined) {
    const from = first === '' ? everything.from : momentOf(key, first, now, 'from')
    return { from, to: second === '' ? everything.to : momentOf(key, second, now, 'to') }
  }
  const [, sign = '', rest = ''] = /^([<>]?)=?(.*)$/s.exec(value) ?? []
  const length = lengthIn(rest)
  if (length !== undefined) {
    const moment = now - length
    return sign === '>' ? { from: everything.from, to: moment } : { from: moment, to: everything.to }
  }
  const from = momentOf(key, rest, now, 'from')
  if (sign === '>') return { from, to: everything.to }
  if (sign === '<') return { from: everything.from, to: from - 1 }
  return { from, to: momentOf(key, rest, now, 'to') }
}

/** The numbers that a word means: `5`, `>5`, `<5`, `2..5`. */
export function numbersOf(key: string, value: string, numberOf: (text: string) => number | undefined): Span {
  const number = (text: string): number => {
    const found = numberOf(text)
    if (found !== undefined) return found
    throw new Refusal(400, 'wrong-search', `${key}: needs a number, as in ${key}:>5, got ${text.slice(0, 40)}`)
  }
  const [first = '', second] = value.split('..')
  if (second !== undefined)
    return { from: first === '' ? -Infinity : number(first), to: second === '' ? Infinity : number(second) }
  if (value.startsWith('>')) return { from: number(value.slice(1)), to: Infinity }
  if (value.startsWith('<')) return { from: -Infinity, to: number(value.slice(1)) }
  return { from: number(value), to: number(value) }
}

/** A length of time, as in `5s`; undefined for what is none. */
export function lengthIn(text: string): number | undefined {
  if (!/^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/.test(text)) return undefined
  try {
    return milliseconds(text as '1s', 'time')
  } catch {
    return undefined
  }
}

/** A day or a moment; without a zone it is UTC. A day begins with its first millisecond and ends with its last. */
function momentOf(key: string, text: string, now: number, end: 'from' | 'to'): number {
  const length = lengthIn(text)
  if (length !== undefined) return now - length
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text)
  const isMoment = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?$/.test(text)
  const moment = Date.parse(isMoment && !/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? `${text}Z` : text)
  if ((isDay || isMoment) && !Number.isNaN(moment)) return isDay && end === 'to' ? moment + 86_399_999 : moment
  throw new Refusal(
    400,
    'wrong-search',
    `${key}: needs a time: ${key}:1h (within the last hour), ${key}:>2026-11-30, ${key}:<2026-11-30T10:00Z; got ${text.slice(0, 40)}`,
  )
}
