import { checkKnown, describe } from '../core/errors/checks.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import type { Retention } from './roles/store.ts'

/** Options that every store has. */
export interface StoreOptions {
  /**
   * The limits on the past that is kept. Default: 10,000 ended calls, 7 days, 256 MiB; the one that is reached first
   * counts.
   */
  readonly retention?: Partial<Retention>
  /** The number of workers that may die under a call before it is dead, unless the call says otherwise. Default: 3. */
  readonly maxDeaths?: number
  /** The most bytes that one message, result or report may have. Default: 16 MiB. */
  readonly maxBytes?: number
}

/** The options with their defaults. */
export interface StoreSettings {
  readonly retention: Retention
  readonly maxDeaths: number
  readonly maxBytes: number
}

/** @internal */
export const storeOptionNames: readonly string[] = ['retention', 'maxDeaths', 'maxBytes']

const retentionNames: ReadonlySet<string> = new Set(['count', 'age', 'bytes'])

/** The settings that the options amount to; refuses anything but options. */
export function storeSettings(options: StoreOptions, names: ReadonlySet<string>): StoreSettings {
  checkKnown(options, names, 'store option')
  const { retention = {}, maxDeaths = 3, maxBytes = 16 * 1024 * 1024 } = options
  checkKnown(retention, retentionNames, 'retention option')
  const { count = 10_000, age = 7 * 86_400_000, bytes = 256 * 1024 * 1024 } = retention
  checkAmount(count, 'retention.count', 0)
  checkAmount(age, 'retention.age', 0)
  checkAmount(bytes, 'retention.bytes', 0)
  checkAmount(maxDeaths, 'maxDeaths', 1)
  checkAmount(maxBytes, 'maxBytes', 1)
  return { retention: { count, age, bytes }, maxDeaths, maxBytes }
}

/** Refuses what is neither a number from `least` up nor Infinity. */
function checkAmount(value: unknown, name: string, least: number): void {
  if (typeof value !== 'number' || !(value >= least)) {
    throw new InvalidArgumentError(`The option ${name} must be a number from ${least} up, got ${describe(value)}`)
  }
}
