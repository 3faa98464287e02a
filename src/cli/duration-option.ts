import { type Duration, milliseconds } from '../core/time/duration.ts'
import type { Arguments } from './command.ts'
import { UsageError } from './exit-codes.ts'

/** The value of an option that takes a length of time, in milliseconds. It has a unit: what a bare number counts is anybody's guess. */
export function durationOf(args: Arguments, option: string): number | undefined {
  const text = args.text(option)
  if (text === undefined) return undefined
  try {
    const value = milliseconds(text as Duration, `--${option}`)
    if (value > 0) return value
  } catch {
    // Said below, in the words of the command line.
  }
  throw new UsageError(
    `--${option} must be a length of time with its unit, such as 250ms, 5s or 2m, got '${text}'`,
    args.command,
  )
}
