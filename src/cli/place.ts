import type { Executor } from '../call/executor.ts'
import type { Arguments } from './command.ts'
import { UsageError } from './exit-codes.ts'

/** The places that `--on` can name. */
export const places = ['loop', 'threads', 'processes'] as const

/** The number of calls that run at once on the event loop where nothing else is said. */
const loopConcurrency = 64

/** The executor that `--on`, `--workers` and `--concurrency` describe. */
export async function openPlace(args: Arguments): Promise<{ executor: Executor; words: string }> {
  const place = args.choice('on', places) ?? 'threads'
  const workers = args.integer('workers', 1)
  const concurrency = args.integer('concurrency', 1)
  if (place === 'loop') {
    if (workers !== undefined) {
      throw new UsageError(
        '--workers is for threads and processes; on the loop, say --concurrency N for how many calls at once',
        args.command,
      )
    }
    const { loop } = await import('../loop/loop.ts')
    return { executor: loop({ concurrency: concurrency ?? loopConcurrency }), words: 'the loop' }
  }
  const options = {
    // Tagged, what tasks print comes through this process, which keeps it out of the results.
    output: 'tagged' as const,
    ...(workers === undefined ? {} : { workers }),
    ...(concurrency === undefined ? {} : { concurrency }),
  }
  if (place === 'threads') {
    const { threads } = await import('../threads/index.ts')
    return {
      executor: threads(options),
      words: workers === 1 ? '1 thread' : workers ? `${workers} threads` : 'threads',
    }
  }
  const { processes } = await import('../processes/index.ts')
  return {
    executor: processes(options),
    words: workers === 1 ? '1 process' : workers ? `${workers} processes` : 'processes',
  }
}
