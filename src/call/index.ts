/// <reference types="node" preserve="true" />
/**
 * Tasks, calls and what every executor has in common.
 *
 * @module
 */
export { type Argument, type Arguments, call, type Call, isCall, type Item, type Value } from './call.ts'
export { type AnyClass, type ClassOptions, registerClass, registerError } from './codec/class-registry.ts'
export type { ExecutorEvent } from './events.ts'
export type { CloseOptions, Executor, ExecutorStats, StreamOptions, WorkerStats } from './executor.ts'
export type { MapOptions, MapResults, Settled } from './map.ts'
export type { CallOptions, RetryOptions } from './options.ts'
export type { LimitOptions, DurableCallOptions, UniqueOptions } from './queue-options.ts'
export type { InputSchemas, StandardResult, StandardSchema } from './define/definition.ts'
export { move, type Transferable } from './codec/move.ts'
export { type Put, put } from './codec/put.ts'
export { namesIn } from './define/registry.ts'
export { type NotAGenerator, type Refusal, type Sendable, sendable, type Unsendable } from './define/sendable.ts'
export { type AnyFunction, describeTask, identityOf, type TaskIdentity } from './define/identity.ts'
export { type Task, task, type TaskOptions } from './define/task.ts'
