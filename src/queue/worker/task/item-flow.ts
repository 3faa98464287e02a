import type { Entry } from '../../../call/run/entry.ts'
import type { ExecutorSurface } from '../../../call/run/surface.ts'
import { encodeItem } from '../../../celery/result.ts'
import type { Attempt } from '../attempt.ts'
import type { TaskBackstage } from './backstage.ts'

/** The number of values of a stream that may be on their way to the store. */
const mostUnderWay = 64

/** Writes the values of a task that streams, each once, and lets the task go on as the store takes them. */
export class ItemFlow {
  readonly #attempt: Attempt
  readonly #entry: Entry
  readonly #executor: ExecutorSurface
  readonly #backstage: TaskBackstage
  /** A later attempt counts from 0 again: by the number its reader knows what it has had. */
  #given = 0

  constructor(attempt: Attempt, entry: Entry, executor: ExecutorSurface, backstage: TaskBackstage) {
    this.#attempt = attempt
    this.#entry = entry
    this.#executor = executor
    this.#backstage = backstage
    entry.stream = { credit: mostUnderWay, onItems: items => this.#write(items), batches: 0, delivered: false }
  }

  #write(items: readonly unknown[]): void {
    for (const item of items) {
      const value = encodeItem(this.#given++, item)
      this.#backstage.report(this.#attempt, { kind: 'item', value }, outcome => {
        if (outcome === 'ok' && this.#entry.state !== 'ended') this.#executor.grant(this.#entry, 1)
      })
    }
  }
}
