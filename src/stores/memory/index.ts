/// <reference types="node" preserve="true" />
/**
 * A store in memory, for tests: all that a store on disk does, without a file.
 *
 * @module
 */
import { describe } from '../../core/errors/checks.ts'
import type { Clock } from '../../core/time/clock-type.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { changedRetention, type StoreOptions, storeOptionNames, storeSettings } from '../options.ts'
import type { InspectableStore } from '../roles/store.ts'
import { Memory } from './memory.ts'
import { MemoryStore } from './memory-store.ts'

/** Options of a store in memory. */
export interface MemoryStoreOptions extends StoreOptions {
  /** Stores of the same name, in the same thread, share their calls for as long as one of them is open. Default: none shared. */
  readonly name?: string
  /** The clock. Default: the clock in force, which a test can turn with `virtualClock` of `skein/testing`. */
  readonly clock?: Clock
}

const names: ReadonlySet<string> = new Set([...storeOptionNames, 'name', 'clock'])
const shared = new Map<string, Memory>()

/**
 * A store that keeps calls in the memory of this thread: for tests, and for trying things out.
 *
 * It behaves like the SQLite store in everything but two: what it holds is gone with the program, and it has no tables, so it has
 * no role for transactions. Don't use it for work that must not be lost.
 *
 * **Cancellation**: nothing in it takes time. **Errors**: `SKEIN_INVALID_ARGUMENT` for an option that is none;
 * `SKEIN_CLOSED` for the use of one that has been closed.
 *
 * @param options how much is kept, and `name` to open the same calls twice
 * @example
 * import { memoryStore } from 'skein/stores/memory'
 *
 * const store = memoryStore()
 * await store.broker.send([
 *   { id: 'a', queue: 'mail', task: 'mail.send', headers: '{}', body: '[[],{},{}]', priority: 4, delay: 0 },
 * ])
 * console.log((await store.inspector.find('a'))?.state) // ready
 * await store.close()
 */
export function memoryStore(options: MemoryStoreOptions = {}): InspectableStore {
  const settings = storeSettings(options, names)
  const { name, clock } = options
  if (name !== undefined && (typeof name !== 'string' || name === '')) {
    throw new InvalidArgumentError(`The option name must be a string that is not empty, got ${describe(name)}`)
  }
  const there = name === undefined ? undefined : shared.get(name)
  if (there) {
    const { history } = there.ledger
    history.retention = changedRetention(history.retention, settings.retention)
  }
  const memory = there ?? new Memory(settings, clock)
  if (name === undefined) return new MemoryStore(memory, 'memory:', () => {})
  shared.set(name, memory)
  return new MemoryStore(memory, `memory:${name}`, () => {
    if (memory.handles.size === 0) shared.delete(name)
  })
}
