import type { CancelCause } from '../../core/errors/cause.ts'
import { Entry, type Outcome, patientTerms, type Work } from './entry.ts'
import type { StreamOptions } from '../executor.ts'
import { groupTask } from '../define/own-tasks.ts'
import { hasNested } from './graph/nested.ts'
import { runGraph } from './graph/run-graph.ts'
import { checkInteger, checkKnown } from '../../core/errors/checks.ts'
import type { Handover } from './handover.ts'

const known: ReadonlySet<string> = new Set(['buffer'])

/**
 * Runs a stream call and reads its values.
 *
 * Credit keeps the producer at most `buffer` values ahead: it starts with that many, and the reader returns half a buffer
 * whenever it has read that much. Nothing starts before the first `next()`.
 */
export function readStream(
  executor: Handover,
  work: Work,
  options: StreamOptions = {},
): AsyncIterableIterator<unknown> {
  checkKnown(options, known, 'stream option')
  const { buffer = 64 } = options
  checkInteger(buffer, 'buffer', 1)
  return new StreamReader(executor, work, buffer)
}

class StreamReader implements AsyncIterableIterator<unknown> {
  readonly #executor: Handover
  readonly #work: Work
  readonly #buffer: number
  #entry: Entry | undefined
  #items: unknown[] = []
  #at = 0
  #outcome: Outcome | undefined
  /** The number of values that were read since credit was last returned. */
  #read = 0
  /** The reads that wait, in order: `next()` may be called again before the last has been answered. */
  readonly #waiting: { resolve: (result: IteratorResult<unknown>) => void; reject: (error: unknown) => void }[] = []
  #onEnd: (() => void) | undefined

  constructor(executor: Handover, work: Work, buffer: number) {
    this.#executor = executor
    this.#work = work
    this.#buffer = buffer
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<unknown>> {
    if (!this.#entry && !this.#outcome) this.#start()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#serve()
    })
  }

  /** Stops the stream; resolves when the generator has really ended. */
  async return(value?: unknown): Promise<IteratorResult<unknown>> {
    await this.#stop({ source: 'consumer' })
    return { done: true, value }
  }

  async throw(error: unknown): Promise<IteratorResult<unknown>> {
    await this.#stop({ source: 'consumer', reason: error })
    throw error
  }

  #start(): void {
    const launch = (args: readonly unknown[]): void => {
      const { task, fn, options, moved } = this.#work
      const onEnd = (outcome: Outcome): void => {
        this.#outcome = outcome
        this.#onEnd?.()
        this.#serve()
      }
      const entry = new Entry({ task, fn, options, args, moved }, 'stream', onEnd, patientTerms)
      const onItems = (items: unknown[]): void => {
        if (this.#at === this.#items.length) {
          this.#items = items
          this.#at = 0
        } else {
          this.#items.push(...items)
        }
        this.#serve()
      }
      entry.stream = { credit: this.#buffer, onItems, batches: 0, delivered: false }
      this.#entry = entry
      this.#executor.launch(entry)
    }
    if (this.#executor.takesGraphs || !hasNested(this.#work.args)) return launch(this.#work.args)
    runGraph(this.#executor, argumentsOf(this.#work)).then(
      args => {
        if (!this.#outcome) launch(args as readonly unknown[])
      },
      (error: unknown) => {
        this.#outcome ??= { state: 'failed', error }
        this.#serve()
      },
    )
  }

  async #stop(cause: CancelCause): Promise<void> {
    if (!this.#entry || this.#outcome) {
      this.#outcome ??= { state: 'done', value: undefined }
    } else {
      const entry = this.#entry
      await new Promise<void>(resolve => {
        this.#onEnd = resolve
        this.#executor.stop(entry, cause)
      })
    }
    this.#items = []
    this.#at = 0
    this.#outcome = { state: 'done', value: undefined }
    this.#serve()
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      if (this.#at < this.#items.length) {
        const value = this.#items[this.#at]
        this.#items[this.#at++] = undefined
        this.#waiting.shift()?.resolve({ done: false, value })
        this.#giveCredit()
      } else if (this.#outcome) {
        const outcome = this.#outcome
        this.#outcome = { state: 'done', value: undefined } // an iterator throws once and is done after that
        const reader = this.#waiting.shift()
        if (outcome.state === 'done') reader?.resolve({ done: true, value: undefined })
        else reader?.reject(outcome.error)
      } else {
        return
      }
    }
  }

  #giveCredit(): void {
    if (++this.#read * 2 < this.#buffer || this.#outcome || !this.#entry) return
    this.#executor.grant(this.#entry, this.#read)
    this.#read = 0
  }
}

/** A call whose value is the arguments of a stream, with results in the place of calls and jobs. */
function argumentsOf({ task, args }: Work): Work {
  const { url } = groupTask.identity
  return { task: { url, name: task.name }, fn: (...values: readonly unknown[]) => values, args, options: {} }
}
