import { checkCount, checkKnown } from '../core/errors/checks.ts'
import { type Duration, milliseconds } from '../core/time/duration.ts'
import type { Retention } from './roles/store.ts'

/** The limits on the past that is kept: the one that is reached first counts. Infinity for no limit. */
export interface RetentionOptions {
  /** Ended calls. Default: 10,000. */
  readonly count?: number
  /** The longest time since a call has ended. Default: '7d'. */
  readonly age?: Duration
  /** Bytes of messages, results and reports of ended calls. Default: 256 MiB. */
  readonly bytes?: number
}

/** Options that every store has. */
export interface StoreOptions {
  /**
   * The limits on the past that is kept. Default: 10,000 ended calls, 7 days, 256 MiB; the one that is reached first
   * counts.
   */
  readonly retention?: RetentionOptions
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
  const { count = 10_000, age = '7d', bytes = 256 * 1024 * 1024 } = retention
  checkCount(count, 'retention.count', 0)
  checkCount(bytes, 'retention.bytes', 0)
  checkCount(maxDeaths, 'maxDeaths', 1)
  checkCount(maxBytes, 'maxBytes', 1)
  return { retention: { count, age: milliseconds(age, 'retention.age'), bytes }, maxDeaths, maxBytes }
}
