/// <reference types="node" preserve="true" />
/**
 * Memory that threads share: locks, signals, a channel, numbers, arrays, structs and a map for code that runs at the same time on several threads.
 *
 * @module
 */
export { packShared, type SharedForm, SharedHandle, unpackShared } from './memory/handle.ts'
export type { SharedOptions } from './memory/name.ts'
export type { OwnedSharedLock, SharedLockStats } from './locks/owned-lock.ts'
export { SharedMutex } from './locks/mutex.ts'
export { SharedRLock } from './locks/rlock.ts'
export { SharedSemaphore, type SharedSemaphoreOptions } from './locks/semaphore.ts'
export { SharedRWLock, type SharedRWLockStats } from './locks/rw-lock.ts'
export { SharedCondition } from './locks/condition.ts'
export { SharedEvent } from './signals/event.ts'
export { SharedLatch } from './signals/latch.ts'
export { SharedOnce } from './signals/once.ts'
export { SharedBarrier, type SharedBarrierStats } from './signals/barrier.ts'
export { SharedCounter } from './data/counter.ts'
export { SharedCell } from './data/cell.ts'
export type { NumbersOf, NumberType } from './data/number-types.ts'
export { SharedArray } from './data/array.ts'
export { type FieldsOf, type FieldType, type Shape, SharedStruct } from './data/struct.ts'
export { SharedMap, type SharedMapOptions } from './data/map.ts'
export { SharedChannel, type SharedChannelOptions } from './data/channel.ts'
