import { checkCount, checkKnown } from '../core/errors/checks.ts'
import { type Duration, milliseconds } from '../core/time/duration.ts'
import type { KeptLimits, Retention, RetentionChange } from './roles/retention.ts'

/** The limits on what is kept of jobs that have ended in one way: the one that is reached first counts. Infinity for no limit. */
export interface PartRetentionOptions {
  /** Jobs. What has ended within the last minute is kept even so. Default: 10,000. */
  readonly count?: number
  /** The longest time since a job has ended. Default: '7d', for what has failed '30d'. */
  readonly age?: Duration
  /** Bytes of messages, results and reports. Default: 256 MiB. */
  readonly bytes?: number
}

/**
 * The past that is kept: of jobs that are done, of those that have failed or are dead, of those that were cancelled. Each is
 * trimmed by itself.
 */
export interface RetentionOptions {
  readonly done?: PartRetentionOptions
  readonly failed?: PartRetentionOptions
  readonly cancelled?: PartRetentionOptions
}

/** Options that every store has. */
export interface StoreOptions {
  /**
   * Other limits on the past that is kept. They belong to the store, not to this program: they are written into it when it is
   * opened, hold for all who use it, and stay until somebody changes them (`retain`). What is not named stays as it is; a program
   * that says nothing changes nothing.
   */
  readonly retention?: RetentionOptions
  /** The number of workers that may die under a call before it is dead, unless the call says otherwise. Default: 3. */
  readonly maxDeaths?: number
  /** The most bytes that one message, result or report may have. Default: 16 MiB. */
  readonly maxBytes?: number
}

/** The options with their defaults. */
export interface StoreSettings {
  /** The change of the retention of the store. */
  readonly retention: RetentionChange
  readonly maxDeaths: number
  readonly maxBytes: number
}

/** @internal */
export const storeOptionNames: readonly string[] = ['retention', 'maxDeaths', 'maxBytes']

/** The parts of the past, in the order in which stores number them. */
export const retentionParts: readonly (keyof Retention)[] = ['done', 'failed', 'cancelled']

const partNames: ReadonlySet<string> = new Set(retentionParts)
const limitNames: ReadonlySet<string> = new Set(['count', 'age', 'bytes'])

/** The retention of a store in which nobody has changed it. */
export const defaultRetention: Retention = {
  done: { count: 10_000, age: 7 * 86_400_000, bytes: 256 * 1024 * 1024 },
  failed: { count: 10_000, age: 30 * 86_400_000, bytes: 256 * 1024 * 1024 },
  cancelled: { count: 10_000, age: 7 * 86_400_000, bytes: 256 * 1024 * 1024 },
}

/** The settings that the options amount to; refuses anything but options. */
export function storeSettings(options: StoreOptions, names: ReadonlySet<string>): StoreSettings {
  checkKnown(options, names, 'store option')
  const { retention = {}, maxDeaths = 3, maxBytes = 16 * 1024 * 1024 } = options
  checkCount(maxDeaths, 'maxDeaths', 1)
  checkCount(maxBytes, 'maxBytes', 1)
  return { retention: retentionChange(retention), maxDeaths, maxBytes }
}

/** The change that options amount to; refuses anything but options. */
export function retentionChange(options: RetentionOptions): RetentionChange {
  checkKnown(options, partNames, 'retention option')
  const change: { -readonly [part in keyof Retention]?: Partial<KeptLimits> } = {}
  for (const part of retentionParts) {
    const limits = options[part]
    if (limits === undefined) continue
    checkKnown(limits, limitNames, `option of retention.${part}`)
    const { count, age, bytes } = limits
    if (count !== undefined) checkCount(count, `retention.${part}.count`, 0)
    if (bytes !== undefined) checkCount(bytes, `retention.${part}.bytes`, 0)
    change[part] = {
      ...(count === undefined ? {} : { count }),
      ...(age === undefined ? {} : { age: milliseconds(age, `retention.${part}.age`) }),
      ...(bytes === undefined ? {} : { bytes }),
    }
  }
  return change
}

/** A retention with a change. */
export function changedRetention(present: Retention, change: RetentionChange): Retention {
  return {
    done: { ...present.done, ...change.done },
    failed: { ...present.failed, ...change.failed },
    cancelled: { ...present.cancelled, ...change.cancelled },
  }
}
