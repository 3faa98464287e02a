import { JobGoneError } from '../../core/errors/errors.ts'
import type { CallOutcome, Reported, Results } from '../../stores/roles/results.ts'
import { type EndedJob, withOriginOf } from '../outcome.ts'
import { isOver, type Watch } from './watch.ts'

/** The number of reports that a store returns at once. */
const page = 1_000

/**
 * An observation of a job while it is followed: a report, what is known of it whenever it was looked at, and at last
 * how it ended.
 */
export type Seen =
  | { readonly report: Reported; readonly job: CallOutcome }
  | { readonly job: CallOutcome }
  | { readonly ended: EndedJob }

/**
 * Follows a job: what is kept of its reports first, then what comes, until it has ended.
 *
 * The job is looked at before its reports, so that a job that is seen to have ended has no report that was not read.
 * `return` works also while it waits.
 *
 * @param hold false: the program may end meanwhile
 */
export function follow(results: Results, watch: Watch, id: string, hold: boolean = true): AsyncIterableIterator<Seen> {
  let left = false
  let changed = true
  let wake: (() => void) | undefined
  const ping = (): void => {
    changed = true
    wake?.()
  }

  async function* run(): AsyncGenerator<Seen, void, undefined> {
    const stop = watch.changes(id, ping, hold)
    try {
      let after = 0
      for (;;) {
        if (!changed) await new Promise<void>(resolve => (wake = resolve))
        wake = undefined
        changed = false
        if (left) return
        if (watch.closed !== undefined) throw watch.closed
        const job = await results.outcome(id)
        if (job.state === 'gone') throw goneError(id)
        let isOld = false
        let reports: Reported[]
        do {
          reports = await results.reports(id, after)
          for (const report of reports) {
            after = report.sequence
            if (report.kind === 'state') isOld = true
            yield { report, job }
          }
        } while (reports.length >= page)
        if (isOver(job.state)) {
          yield { ended: await withOriginOf(results, job) }
          return
        }
        // What it was before a turn that has been read meanwhile is not what comes next.
        if (isOld) changed = true
        else yield { job }
      }
    } finally {
      stop()
    }
  }

  const running = run()
  const leave = (): void => {
    left = true
    ping()
  }
  return {
    next: () => running.next(),
    return: async () => {
      leave()
      await running.return()
      return { done: true, value: undefined }
    },
    throw: async (error: unknown) => {
      leave()
      await running.return()
      throw error
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/** The error for those who wait for a job that the store does not have. */
export function goneError(id: string): JobGoneError {
  return new JobGoneError(
    `The store does not know job ${id}, or not any more: it was purged, or ended so long ago that it is forgotten, or its ` +
      `result was not to be kept (ignoreResult).`,
  )
}

/** Turns one series into another; leaving the new one leaves the old one. */
export function pick<T, R>(from: AsyncIterableIterator<T>, map: (value: T) => readonly R[]): AsyncIterableIterator<R> {
  const ready: R[] = []
  let ended = false
  // One `next` at a time asks the source, so that values keep their order however the reader asks.
  let turn: Promise<unknown> = Promise.resolve()
  const advance = async (): Promise<IteratorResult<R>> => {
    while (ready.length === 0 && !ended) {
      const { done, value } = await from.next()
      if (done) ended = true
      else ready.push(...map(value))
    }
    return ready.length > 0 ? { done: false, value: ready.shift() as R } : { done: true, value: undefined }
  }
  return {
    next: () => {
      const result = turn.then(advance)
      turn = result.catch(() => {
        ended = true
      })
      return result
    },
    return: async () => {
      ended = true
      ready.length = 0
      await from.return?.()
      return { done: true, value: undefined }
    },
    throw: async (error: unknown) => {
      ended = true
      ready.length = 0
      await from.return?.()
      throw error
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
