/// <reference types="node" preserve="true" />
import type { RetryPolicy } from '../core/time/again.ts'
import { type Duration, milliseconds } from '../core/time/duration.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import { type RetrySettings, settleRetries } from '../core/flow/retry-policy.ts'
import { checkInteger, checkKnown, describe } from '../core/errors/checks.ts'
import {
  type DurableCallOptions,
  type DurableCallSettings,
  type LimitSettings,
  type UniqueSettings,
  queueOptionNames,
  settleQueueOptions,
} from './queue-options.ts'

/**
 * The options of a single call, whose result is an `R`. The first five hold on every executor; those of `DurableCallOptions` for queues
 * alone.
 */
export interface CallOptions<R = never> extends DurableCallOptions<R> {
  /**
   * The longest that one run may take, counted from the moment it starts (not while it waits in the queue, nor while
   * a new worker imports the task's module). Then the run
   * is stopped through the cancel ladder and the call fails with `SKEIN_TIMEOUT`. Default: no limit.
   */
  readonly timeout?: Duration
  /** Cancels the call when it aborts, whether it waits or runs. */
  readonly signal?: AbortSignal
  /** Runs the call again when it fails: so many times, or by a policy. From 0 up, or Infinity; default: 0. */
  readonly retries?: number | RetryPolicy
  /**
   * Calls with a higher number start first; among equals, first come first served. An integer, for queues from 0 to 9;
   * default 0.
   */
  readonly priority?: number
  /**
   * Calls with the same key go to the same worker and start there in the order in which they were submitted. On a queue:
   * they run one at a time, over all workers, in that order; one that waits for another attempt lets the next one pass.
   */
  readonly key?: string
}

/** The options of a call once they have been checked: every length of time in milliseconds. */
export interface CallSettings extends CallOptions, DurableCallSettings {
  readonly timeout?: number
  readonly retries?: number | RetrySettings
  readonly delay?: number
  readonly expires?: number | Date
  readonly deadline?: number
  readonly grace?: number
  readonly unique?: UniqueSettings
  readonly limit?: LimitSettings
}

const known: ReadonlySet<string> = /* @__PURE__ */ new Set(
  /* @__PURE__ */ ['timeout', 'signal', 'retries', 'priority', 'key'].concat(queueOptionNames),
)

/**
 * Checks the options of a call and settles its lengths of time, so that nobody on the way of the call has to read them again.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT`, with the name of the option, what was expected and what was given.
 */
export function settleCallOptions(options: CallOptions): CallSettings {
  checkKnown(options, known, 'call option')
  const { timeout, signal, retries, priority, key, ...others } = options
  const settled: { -readonly [K in keyof CallSettings]: CallSettings[K] } = {}
  if (timeout !== undefined) settled.timeout = milliseconds(timeout, 'timeout')
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new InvalidArgumentError(`signal must be an AbortSignal, got ${describe(signal)}`)
  }
  if (priority !== undefined) checkInteger(priority, 'priority', Number.MIN_SAFE_INTEGER)
  if (key !== undefined && typeof key !== 'string') {
    throw new InvalidArgumentError(`key must be a string, got ${describe(key)}`)
  }
  if (retries !== undefined) settled.retries = settleRetries(retries)
  return copiedOptions(options as CallSettings, settled, settleQueueOptions(others))
}

/**
 * The options of all these, those of the last where several have one. Not a spread: of objects of many shapes it may make a hidden class
 * for each result, and to look for an absent option on the way of a call then takes long.
 */
export function copiedOptions(...from: readonly CallSettings[]): CallSettings {
  const all: Record<string, unknown> = {}
  for (const options of from) {
    for (const name of Object.keys(options)) all[name] = options[name as keyof CallSettings]
  }
  return all
}
