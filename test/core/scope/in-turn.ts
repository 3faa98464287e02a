import type { Job, Scope } from 'skein'
import { settled } from '../deferred.ts'

/**
 * Starts tasks so that they arrive in this order: each when the ones before have got as far as they can. Tasks that are
 * spawned at the same moment begin in any order.
 */
export async function spawnInTurn<T>(
  s: Scope,
  count: number,
  body: (s: Scope, index: number) => T,
): Promise<Job<Awaited<T>>[]> {
  const jobs: Job<Awaited<T>>[] = []
  for (let index = 0; index < count; index++) {
    jobs.push(s.spawn(s => body(s, index)))
    await settled()
  }
  return jobs
}
