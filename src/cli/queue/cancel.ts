import { inspecting } from '../../stores/roles/need.ts'
import { encodeValue } from '../../celery/result.ts'
import { inBatches } from '../../inspect/many.ts'
import type { Arguments, CommandBody } from '../command.ts'
import type { Output } from '../output.ts'
import { allOption, chosenIds } from './chosen-jobs.ts'
import { filterOptions } from './filter-options.ts'
import { reportOutcomes } from './outcomes.ts'
import { storeOption, withStore } from './store-option.ts'

/** `skein cancel`: ends waiting jobs, and stops running ones. */
export const cancelCommand: CommandBody = {
  usage: [
    'skein cancel ID... [--reason TEXT] [--store URL]',
    'skein cancel FILTERS --all [--reason TEXT] [--store URL]',
  ],
  examples: [
    ['skein cancel 01a1fcfc-43b9-71e6-8b70-c4fcb5379c52 --reason "wrong customer"', 'one job, wherever it runs'],
    ['skein cancel --queue import --state ready,delayed --all', 'all that waits in the queue import'],
  ],
  about: [
    'A running job is asked to stop (its signal aborts, its next checkpoint throws); if it does not, its thread or process is ended after a grace period. Filters mean jobs that have not ended unless --state says otherwise.',
  ],
  options: {
    reason: { value: 'TEXT', help: 'why; the job and its waiters hear it' },
    ...filterOptions,
    ...allOption,
    ...storeOption,
  },
  run: runCancel,
}

const words = {
  cancelled: 'cancelled.',
  cancelling: 'asked to stop.',
  ended: 'had ended already.',
  gone: 'unknown to the store.',
}

async function runCancel(args: Arguments, output: Output): Promise<number> {
  const reason = encodeValue(args.text('reason') ?? 'skein cancel')
  return withStore(args, 'skein cancel ID', async store => {
    const ids = await chosenIds(args, store, { states: ['held', 'ready', 'delayed', 'running'] })
    const inspector = inspecting(store, 'cancel')
    const outcomes = inBatches(ids, batch => inspector.cancel(batch, reason))
    return reportOutcomes(args, output, outcomes, words, new Set(['gone'] as const))
  })
}
