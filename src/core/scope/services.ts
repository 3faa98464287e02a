import { InvalidArgumentError } from '../errors/errors.ts'
import type { LogLine } from '../events/log-line.ts'

/**
 * The services of the place that runs a task for its scope, beside `probe` and `onProgress`.
 *
 * `ask` is there only where somebody answers: a queue that keeps the finished steps of a durable call. The kinds that it
 * is asked are those of `StepAsk`.
 */
export interface Services {
  /**
   * The moment at which the place will end the task, in milliseconds since the Unix epoch; Infinity for never. The scope
   * only passes it on.
   */
  deadline(): number
  log(line: LogLine): void
  readonly ask: ((kind: string, value: unknown) => Promise<unknown>) | undefined
  /** The names of the steps that this run has begun. */
  begun?: Set<string> | undefined
  /** The names of those that are being worked on. */
  working?: Set<string> | undefined
}

/** The questions of `s.step`, and the answers that it expects. */
export const stepAsk = {
  /** Value: the name. Answer: `{ value }` of the finished step, or undefined when it has not been finished yet. */
  get: 'step-get',
  /** Value: `{ name, value }`. Answered once that is durable. */
  put: 'step-put',
} as const

/** Refuses anything but a line of a log. */
export function checkLog(text: unknown, fields: unknown): void {
  if (typeof text !== 'string') {
    throw new InvalidArgumentError(
      `s.log needs a string as its first argument, got ${typeof text}. What is for machines goes into the fields: s.log('charged', { amount })`,
    )
  }
  if (fields !== undefined && (typeof fields !== 'object' || fields === null || Array.isArray(fields))) {
    throw new InvalidArgumentError(
      `The fields of s.log must be a plain object, as in s.log('charged', { amount }), got ${Array.isArray(fields) ? 'an array' : String(fields)}`,
    )
  }
}
