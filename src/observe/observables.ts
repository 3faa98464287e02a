import { describe } from '../core/errors/checks.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import type { Observable } from './call-meter.ts'

/** The things in a list that tell events. **Errors**: `SKEIN_INVALID_ARGUMENT` for no list, and for what has no events. */
export function observablesIn(sources: Iterable<Observable>, asker: string): readonly Observable[] {
  if (typeof sources?.[Symbol.iterator] !== 'function')
    throw new InvalidArgumentError(`${asker}() needs a list, as in ${asker}([pool, worker]), got ${describe(sources)}`)
  const all = [...sources]
  for (const each of all) checkObservable(each, asker)
  return all
}

/** Refuses what has no events. **Errors**: `SKEIN_INVALID_ARGUMENT`. */
export function checkObservable(source: unknown, asker: string): void {
  if (typeof (source as Observable | null)?.observe === 'function') return
  throw new InvalidArgumentError(
    `${asker}() needs executors, queues and workers of queues, as in ${asker}([pool, worker]), got ${describe(source)}`,
  )
}
