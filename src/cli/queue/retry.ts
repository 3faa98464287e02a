import { inspecting } from '../../stores/roles/need.ts'
import { inBatches } from '../../inspect/many.ts'
import type { Arguments, CommandBody } from '../command.ts'
import type { Output } from '../output.ts'
import { allOption, chosenIds } from './chosen-jobs.ts'
import { filterOptions } from './filter-options.ts'
import { reportOutcomes } from './outcomes.ts'
import { storeOption, withStore } from './store-option.ts'

/** `skein retry`: makes jobs that have ended run again. */
export const retryCommand: CommandBody = {
  usage: ['skein retry ID... [--store URL]', 'skein retry FILTERS --all [--store URL]'],
  examples: [
    ['skein retry 01a1fcfc-43b9-71e6-8b70-c4fcb5379c52', 'one job'],
    ['skein retry --state failed,dead --queue mail --all', 'all that went wrong in the queue mail'],
  ],
  about: [
    'A job that runs again counts its attempts from 1, and an expiry or deadline that has passed no longer counts. Its finished steps stay finished, and of a graph only what is not done runs again, also of one that its task has returned. Filters mean failed and dead jobs unless --state says otherwise.',
  ],
  options: { ...filterOptions, ...allOption, ...storeOption },
  run: runRetry,
}

const words = {
  ready: 'will run again.',
  pending: 'had not ended: nothing to do.',
  taken: 'cannot run again: another job has the same unique key by now.',
  gone: 'unknown to the store.',
}

async function runRetry(args: Arguments, output: Output): Promise<number> {
  return withStore(args, 'skein retry ID', async store => {
    const ids = await chosenIds(args, store, { states: ['failed', 'dead'] })
    const inspector = inspecting(store, 'retry')
    const outcomes = inBatches(ids, batch => inspector.retry(batch))
    return reportOutcomes(args, output, outcomes, words, new Set(['gone', 'taken'] as const))
  })
}
