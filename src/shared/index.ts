/// <reference types="node" preserve="true" />
/**
 * Memory that threads share: locks, semaphores and events for code that runs at the same time on several threads.
 *
 * @module
 */
export { packShared, type SharedForm, SharedHandle, unpackShared } from './memory/handle.ts'
export type { SharedOptions } from './memory/name.ts'
export type { OwnedSharedLock, SharedLockStats } from './locks/owned-lock.ts'
export { SharedMutex } from './locks/mutex.ts'
export { SharedRLock } from './locks/rlock.ts'
export { SharedSemaphore, type SharedSemaphoreOptions } from './locks/semaphore.ts'
export { SharedCondition } from './locks/condition.ts'
export { SharedEvent } from './signals/event.ts'
export { SharedLatch } from './signals/latch.ts'
export { SharedOnce } from './signals/once.ts'
export { SharedBarrier, type SharedBarrierStats } from './signals/barrier.ts'
