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
  /** The function of another task, found in the way in which the place finds those of its calls. */
  load(task: {
    readonly url: string
    readonly name: string
  }): ((...args: never[]) => unknown) | Promise<(...args: never[]) => unknown>
  /**
   * Takes on a step that has options; their code is not in programs without tasks. Errors: `SKEIN_INVALID_ARGUMENT` for options
   * that cannot be.
   */
  stepTerms<S extends object>(scope: object, name: string, options: object): StepTerms<S>
  /** There while several items run as one: what the present one has to undo, which the scope of all of them does not know. */
  readonly undos?: (() => Promise<unknown>)[] | undefined
  /** True once it could not be kept that a step was undone, as where another worker has the call by now: another run does the rest. */
  undoIsOver?: boolean | undefined
  /** The names of the steps that this run has begun. */
  begun?: Set<string> | undefined
  /** The names of those that are being worked on. */
  working?: Set<string> | undefined
  /** Those that have failed, and their errors. */
  failed?: Map<string, unknown> | undefined
  /** The number of questions that have not been answered. */
  readonly asking: number
  /** Called when a question was answered or a step is over, and at last when the function of the task has `returned` or `thrown`. */
  onQuiet?: ((ended?: 'returned' | 'thrown') => void) | undefined
}

/** A step with options, as its place runs it. */
export interface StepTerms<S> {
  readonly canUndo: boolean
  /** Works on the step, again and again as its options say. */
  run<T>(body: (s: S) => T | Promise<T>): Promise<T>
  /** It is finished: where the task fails, it will be undone. `ends`: the task is cancelled here, for this error. */
  remember(value: unknown, ends?: { readonly error: unknown }): void
}

/** A finished step. */
export interface KeptStep {
  readonly value: unknown
  /** It has failed, before the attempt began to wait: the value is its error. */
  readonly failed?: boolean
  /** The call has failed or was cancelled before, and this is to be undone in this run. */
  readonly undo?: boolean
  /** With it the run has come to all that is to be undone: it need not go on. The error with which the call has ended. */
  readonly ends?: { readonly error: unknown }
}

/** The question for a step: its name, and, where it has an undo, that too. */
export type AskedStep = string | { readonly name: string; readonly undo: true }

/** The questions of `s.step`, and the answers that it expects. */
export const stepAsk = {
  /** Value: an `AskedStep`. Answer: a `KeptStep`, or undefined when it has not been finished yet. */
  get: 'step-get',
  /** Value: `{ name, value }`, and `undo: true` where it can be undone. Answered once that is durable. */
  put: 'step-put',
  /** It has been undone. Value: `{ name }`, and `error` where that has failed for good. Answered once that is durable. */
  undone: 'step-undone',
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
