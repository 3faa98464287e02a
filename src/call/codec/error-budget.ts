import { steady } from '../../core/time/platform.ts'
import { types } from 'node:util'
import { type ErrorRecord, recordError } from './error-record.ts'

/** So many errors travel of those that lead to one another. */
const deepestCause = 16
const mostObjects = 20_000
/** Of strings, lists and bytes together. */
const mostLength = 4 * 1024 * 1024
/** In milliseconds. */
const mostTime = 500

/**
 * The room that an error has on its way. An error tells of a failure, and must not become one: clients of servers hang requests,
 * responses and sockets on their errors, which lead back to the error by many ways. What is beyond the room is replaced by words.
 *
 * What is spent stays spent, also if a part turns out to be unsendable and is left out: otherwise it would be tried again by each way
 * that leads to it.
 */
export class ErrorBudget {
  #objects = 0
  #length = 0
  #until: number | undefined = undefined

  /**
   * The words that stand for a part of an error for which there is no room; undefined if it may be written.
   *
   * @param depth the number of errors in which it lies
   */
  refusal(part: unknown, depth: number): string | undefined {
    const isObject = typeof part === 'object' && part !== null
    if (!isObject && typeof part !== 'string') return undefined
    if (isObject) {
      if (depth > deepestCause) return notSent(`it is more than ${deepestCause} errors deep`)
      if (++this.#objects > mostObjects) return notSent(`the error holds more than ${shown(mostObjects)} objects`)
      const now = steady()
      this.#until ??= now + mostTime
      if (now > this.#until) return notSent(`reading the error takes longer than ${mostTime} ms`)
    }
    const length = lengthOf(part)
    if (this.#length + length > mostLength) return notSent('what the error holds is longer than 4 MiB')
    this.#length += length
    return undefined
  }
}

function lengthOf(part: string | object): number {
  if (typeof part === 'string') return part.length
  if (types.isProxy(part)) return 0
  if (ArrayBuffer.isView(part) || types.isAnyArrayBuffer(part)) return part.byteLength
  return Array.isArray(part) ? part.length : types.isMap(part) || types.isSet(part) ? part.size : 0
}

/** Reads an error inside another one, as far as there is room for its message and its stack. */
export function boundedRecord(error: object, budget: ErrorBudget): ErrorRecord {
  const record = recordError(error)
  const { message, stack } = record
  return {
    ...record,
    message: budget.refusal(message, 0) ?? message,
    stack: budget.refusal(stack, 0) ?? stack,
  }
}

/** The words in place of a part of an error. */
export function notSent(why: string): string {
  return `[not sent: ${why}]`
}

function shown(amount: number): string {
  return amount.toLocaleString('en-US')
}
