/// <reference types="node" preserve="true" />
/**
 * For those who build on skein: executors, primitives that wait, and functions that are generic over tasks and calls.
 *
 * Programs need none of it. A new primitive is a `WaitQueue` and three functions: `ownerOf` and `refusalOf` before anything
 * else, `waitUnder` where there is something to wait for; then it is cancelled, dumped and searched for lock cycles like
 * those of skein; `brandClass` has it refused as an argument. A new executor is built on two methods of a scope: `s.hold` and `s.own`.
 *
 * @module
 */

// Waiting: what every primitive of skein is made of.
export { type QueueOwner, Waiter, WaitQueue, type WaitTerms } from '../core/sync/wait-queue.ts'
export { ownerOf, refusalOf, waitUnder } from '../core/scope/owner.ts'

// Belonging to a thread: what is refused as an argument.
export { brandClass } from '../core/brand.ts'

// Owning: the scope of the program, and why something is to stop.
export { background } from '../core/scope/background.ts'
export type { CancelCause } from '../core/errors/cause.ts'
export { onShutdown } from '../core/program/shutdown.ts'
export type { ScopeNode } from '../core/tree/member.ts'

// Tasks and calls, for functions that are generic over them.
export type { Argument, Arguments, Item, Value } from '../call/call.ts'
export type { AnyClass } from '../call/codec/class-registry.ts'
export type { Transferable } from '../call/codec/move.ts'
export type { CallSettings } from '../call/options.ts'
export { namesIn } from '../call/define/registry.ts'
export type { NotAGenerator, Refusal, Unsendable } from '../call/define/sendable.ts'
export { type AnyFunction, describeTask } from '../call/define/identity.ts'
