import type { CancelCause } from '../../../core/errors/cause.ts'
import { nothing } from '../../../core/job/nothing.ts'
import type { ChunkResult, Work } from '../entry.ts'
import type { Handover, Release } from '../handover.ts'
import { isReturnedCall } from './returned-call.ts'
import { runGraph } from './run-graph.ts'

/** The results of items, with those of calls that the task has returned in the place of these. Never rejects. */
export async function followReturned(
  executor: Handover,
  { values, failed }: ChunkResult,
  cancel: AbortSignal,
): Promise<ChunkResult> {
  const failures = new Set(failed)
  const follow = async (call: Work, at: number): Promise<unknown> => {
    let ended: Release = nothing
    const onBegin = (stop: (cause: CancelCause) => void): void => {
      ended = executor.holdGraph(call, stop)
    }
    try {
      return await runGraph(executor, call, { cancel, onBegin })
    } catch (error) {
      failures.add(at)
      return error
    } finally {
      ended()
    }
  }
  const results = await Promise.all(values.map((value, at) => (isReturnedCall(value) ? follow(value, at) : value)))
  return { values: results, failed: [...failures].sort((a, b) => a - b) }
}
