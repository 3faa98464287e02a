import { whenAborted } from '../../core/events/when-aborted.ts'
import { isJob, type Job } from '../../core/job/job.ts'
import type { Call } from '../call.ts'
import { Entry, type Outcome, patientTerms, type Work } from './entry.ts'
import { hasNested, resolveNested } from './nested.ts'
import type { Handover } from './handover.ts'

/**
 * Runs a call whose arguments hold calls or jobs: those first, each call value once however often it appears.
 *
 * The first failure stops the rest of the graph, and is what the graph throws, after everything that it had started has
 * ended. The signal of the outermost call, or `signal` (the job's own cancel), stops the whole graph; the other options belong to their own call.
 */
export async function runGraph(executor: Handover, root: Work, signal?: AbortSignal): Promise<unknown> {
  const running = new Set<Entry>()
  const results = new Map<object, Promise<unknown>>()
  let failure: { readonly error: unknown } | undefined

  const fail = (error: unknown): void => {
    if (failure) return
    failure = { error }
    for (const entry of running) executor.stop(entry, { source: 'failure', reason: error })
  }

  const resolve = (node: Call<unknown> | Job<unknown>): Promise<unknown> => {
    let result = results.get(node)
    if (!result) {
      // In a microtask of its own, so that a graph may be deeper than the stack.
      result = isJob(node) ? node.result() : Promise.resolve(node).then(evaluate)
      result.catch(fail)
      results.set(node, result)
    }
    return result
  }

  const evaluate = async (work: Work): Promise<unknown> => {
    const args = hasNested(work.args) ? await resolveNested(work.args, resolve) : work.args
    if (failure) throw failure.error
    return new Promise((done, reject) => {
      const onEnd = (outcome: Outcome): void => {
        running.delete(entry)
        if (outcome.state === 'done') done(outcome.value)
        else reject(outcome.error)
      }
      const { task, fn, options, moved } = work
      const entry: Entry = new Entry({ task, fn, args, options, moved }, 'run', onEnd, patientTerms)
      running.add(entry)
      executor.launch(entry)
      if (failure) executor.stop(entry, { source: 'failure', reason: failure.error })
    })
  }

  const signals = [root.options.signal, signal].filter(s => s !== undefined)
  const onAbort = (): void => {
    const reason: unknown = signals.find(s => s.aborted)?.reason
    for (const entry of running) executor.stop(entry, { source: signal?.aborted ? 'explicit' : 'signal', reason })
  }
  const forgets = signals.map(each => whenAborted(each, onAbort))
  try {
    return await evaluate(root)
  } catch (error) {
    fail(error)
    throw failure?.error
  } finally {
    for (const forget of forgets) forget()
  }
}
