import type { Duration } from 'skein'

/** An option that is a number, and how it is used with one. */
export interface NumberRow {
  /** `ScopeOptions.timeout` for a field of an options object, `sleep(duration)` for an argument. */
  readonly name: string
  readonly takes: Kind
  /**
   * Does something with the value, and cleans up. Throws or rejects where it is refused; gives `cut` where a limit of this
   * length has ended something that takes a few milliseconds.
   */
  readonly use: (value: never) => unknown
}

/** What an option accepts. */
export interface Kind {
  accepts(value: unknown): boolean
  /** True for a length of time that must not act within a few milliseconds. */
  long(value: unknown): boolean
}

const year = 365.25 * 86_400_000
const days: Readonly<Record<string, number>> = {
  '0ms': 0,
  '1.5s': 1_500,
  '25d': 25 * 86_400_000,
  '999999999d': Infinity,
}

/** What a length of time comes to, told apart from the code under test; NaN for what is none. */
function lengthOf(value: unknown): number {
  const length = typeof value === 'number' ? value : typeof value === 'string' ? (days[value] ?? NaN) : NaN
  return length > 1_000 * year ? Infinity : length
}

const long = (value: unknown): boolean => lengthOf(value) > 86_400_000

/** A length of time; Infinity is no limit. */
export const span: Kind = { accepts: value => lengthOf(value) >= 0, long }
/** A length of time up to a longest one. */
export const spanUpTo = (most: number): Kind => ({
  accepts: value => lengthOf(value) >= 0 && lengthOf(value) <= most,
  long: () => false,
})
/** A length of time that must come to an end. */
export const bounded: Kind = { accepts: value => lengthOf(value) >= 0 && lengthOf(value) < Infinity, long }
/** A length of time that must come to an end and is not 0. */
export const positive: Kind = { accepts: value => lengthOf(value) >= 0.001 && lengthOf(value) < Infinity, long }
/** A length of time that is not 0; Infinity is no limit. */
export const positiveOrNone: Kind = { accepts: value => lengthOf(value) >= 0.001, long }
/** A length of time from so many milliseconds up that must come to an end. */
export const boundedFrom = (least: number): Kind => ({
  accepts: value => lengthOf(value) >= least && lengthOf(value) < Infinity,
  long,
})

function isNumber(value: unknown, from: number, to: number): boolean {
  return typeof value === 'number' && value >= from && value <= to
}

/** An integer. */
export const count = (from: number, to: number = Number.MAX_SAFE_INTEGER): Kind => ({
  accepts: value => Number.isInteger(value) && isNumber(value, from, to),
  long: () => false,
})
/** An integer, or Infinity for no limit. */
export const countOrNone = (from: number): Kind => ({
  accepts: value => value === Infinity || (Number.isInteger(value) && isNumber(value, from, Number.MAX_SAFE_INTEGER)),
  long: () => false,
})
/** Any number within bounds. */
export const number = (from: number, to: number): Kind => ({
  accepts: value => isNumber(value, from, to),
  long: () => false,
})
/** Any number that is one. */
export const anyNumber: Kind = {
  accepts: value => typeof value === 'number' && !Number.isNaN(value),
  long: () => false,
}

/** Every kind of number, and what is none. */
export const values: readonly unknown[] = [
  0,
  -0,
  Number.MIN_VALUE,
  1e-9,
  0.5,
  1,
  1.5,
  2,
  1_000,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 + 1,
  8.64e15,
  Number.MAX_SAFE_INTEGER,
  2 ** 53,
  1e300,
  Number.MAX_VALUE,
  Infinity,
  NaN,
  -1,
  -0.5,
  -Infinity,
  ...Object.keys(days),
  '-1s',
  '5',
  'soon',
  '',
  null,
  true,
  5n,
  {},
]

/** How a value is written in the name of a test. */
export function shown(value: unknown): string {
  if (Object.is(value, -0)) return '-0'
  return typeof value === 'string' ? `'${value}'` : typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Stands for whatever is tried, right or wrong. */
export type AnyDuration = Duration & number

export const row = <T = AnyDuration>(name: string, takes: Kind, use: (value: T) => unknown): NumberRow => ({
  name,
  takes,
  use: use as NumberRow['use'],
})
