import { type Entry, isBundle } from '../../call/run/entry.ts'
import { withOrigin } from '../../call/codec/envelope.ts'
import { readChain } from '../../call/run/graph/fused.ts'
import { describeSite } from '../../call/run/submit-site.ts'

/** Writes below an error's stack which worker and task it came from and who had submitted the call. Returns the same error. */
export function tellOrigin<E>(entry: Entry, pool: string, error: E): E {
  return tell(entry, pool, error, entry.work.task.name)
}

function tell<E>(entry: Entry, pool: string, error: E, task: string): E {
  const site = describeSite(entry.site)
  return withOrigin(error, {
    worker: entry.workerName || pool,
    task,
    ...(site === undefined ? {} : { site }),
  })
}

/**
 * The failures inside the result of a bundle come from the worker too: they get the same notes as the failure of a whole
 * call.
 */
export function tellOrigins(entry: Entry, pool: string, value: unknown): unknown {
  if (isBundle(entry.kind)) {
    const { values, failed } = value as { values: unknown[]; failed: number[] }
    const { work } = entry
    const chain = entry.kind === 'chain' && failed.length > 0 ? readChain(work.args) : undefined
    for (const at of failed) {
      tell(entry, pool, values[at], chain === undefined || at === 0 ? work.task.name : chain.taskOf(at).name)
    }
  }
  return value
}
