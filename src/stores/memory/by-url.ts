import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { InspectableStore } from '../roles/store.ts'
import { memoryStore } from './index.ts'

/**
 * Opens the store that a URL `memory:NAME` names. All who open the same URL in this thread share its calls.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for another URL.
 */
export function sharedMemoryStore(url: string): InspectableStore {
  const name = /^memory:(.*)$/i.exec(url)?.[1]
  if (name === undefined) throw new InvalidArgumentError(`The URL of a store in memory is 'memory:NAME', got '${url}'`)
  return memoryStore({ name: name === '' ? 'shared' : name })
}
