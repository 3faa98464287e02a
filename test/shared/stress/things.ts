import {
  packShared,
  SharedArray,
  SharedChannel,
  SharedCondition,
  SharedCounter,
  type SharedForm,
  type SharedHandle,
  SharedMap,
  SharedMutex,
  SharedOnce,
  SharedRWLock,
  SharedSemaphore,
  unpackShared,
} from 'skein/shared'

/** All that the threads of the stress run have in common. */
export interface Things {
  readonly mutex: SharedMutex
  /** Two numbers that are changed together under the mutex, two under the readers-writer lock. */
  readonly cells: SharedArray<'int32'>
  readonly rwlock: SharedRWLock
  readonly places: SharedSemaphore
  readonly condition: SharedCondition
  readonly channel: SharedChannel<number>
  readonly map: SharedMap<number>
  readonly once: SharedOnce
  /** The number of the next value to send. */
  readonly next: SharedCounter
  /** For the number of each value, modulo the length, the lap in which it was received: none comes twice. */
  readonly received: SharedArray<'int32'>
  readonly adds: SharedCounter
  /** How often a lock was mended that a thread had left. */
  readonly repairs: SharedCounter
  /** For each seat of a thread: how many rounds it has done. */
  readonly rounds: SharedArray<'int32'>
  /** What was wrong: the number of its sentence in `faults`. */
  readonly fault: SharedArray<'int32'>
}

export const faults = [
  '',
  'two hold the mutex at once',
  'somebody writes while others read or write',
  'a value was received twice',
  'values of one thread were received in another order',
  'an entry of the map is not what was put there',
  'what is to be done once was done again after it had been done',
] as const

/** Places of `cells`. */
export const cell = { one: 0, other: 1, low: 2, high: 3, done: 4, stock: 5 } as const
export const receivedPlaces = 1 << 20

export function newThings(threads: number): Things {
  return {
    mutex: new SharedMutex({ name: 'mutex' }),
    cells: new SharedArray('int32', 6),
    rwlock: new SharedRWLock({ name: 'rwlock' }),
    places: new SharedSemaphore(2, { name: 'places' }),
    condition: new SharedCondition(undefined, { name: 'condition' }),
    channel: new SharedChannel<number>({ capacity: 8 }),
    map: new SharedMap<number>({ maxEntries: 64 }),
    once: new SharedOnce(),
    next: new SharedCounter(),
    received: new SharedArray('int32', receivedPlaces),
    adds: new SharedCounter(),
    repairs: new SharedCounter(),
    rounds: new SharedArray('int32', threads),
    fault: new SharedArray('int32', 1),
  }
}

export type PackedThings = Readonly<Record<string, SharedForm>>

export function pack(things: Things): PackedThings {
  return Object.fromEntries(Object.entries(things).map(([name, handle]) => [name, packShared(handle as SharedHandle)]))
}

export function unpack(forms: PackedThings): Things {
  return Object.fromEntries(Object.entries(forms).map(([name, form]) => [name, unpackShared(form)])) as never
}
