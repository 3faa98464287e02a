import { encodeValue } from '../../celery/result.ts'
import { JobEndedError, StoreRefusedError } from '../../core/errors/errors.ts'
import { needCounters } from '../../stores/roles/need.ts'
import type { Store } from '../../stores/roles/store.ts'
import { goneError } from './follow.ts'

/** Sends a job a signal; see `signal` of a queue. */
export async function sendSignal(store: Store, id: string, name: string, value: unknown): Promise<void> {
  const outcome = await needCounters(store).signal(id, name, encodeValue(value, `signal '${name}'`))
  if (outcome === 'gone') throw goneError(id)
  if (outcome === 'ended') {
    throw new JobEndedError(
      `Job ${id} has ended, so signal '${name}' has come too late and was not kept. How it ended is what queue.job(id) says, and skein job ${id}.`,
    )
  }
  if (typeof outcome === 'object') {
    throw new StoreRefusedError(`The store refused signal '${name}' to job ${id}: ${outcome.refused}`)
  }
}
