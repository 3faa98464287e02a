/// <reference types="node" preserve="true" />
/**
 * The front door of skein: tasks, calls, scopes, the event loop as an executor, and the errors.
 *
 * Threads are in `skein/threads` and processes in `skein/processes`, so that a program loads only what it uses.
 *
 * @module
 */

// Work: what is to be run, and the places that run it.
export { call, type Call, isCall } from './call/call.ts'
export type {
  CloseOptions,
  Executor,
  ExecutorStats,
  LocalExecutor,
  StreamOptions,
  WorkerMemory,
  WorkerStats,
} from './call/executor.ts'
export type { MapOptions } from './call/map.ts'
export { graphPathOf } from './call/run/graph/path.ts'
export type { CallOptions } from './call/options.ts'
export type { DurableCallOptions, Following, FollowingCall, LimitOptions, UniqueOptions } from './call/queue-options.ts'
export type { InputSchemas, StandardResult, StandardSchema } from './call/define/definition.ts'
export { identityOf, type TaskIdentity } from './call/define/identity.ts'
export { type Task, task, type TaskOptions } from './call/define/task.ts'
export type { AboutCall, AboutEnd, CallEvent, SkeinEvent, WorkerEvent } from './core/events/event.ts'
export { isJob, type Job, type JobState, type WaitOptions } from './core/job/job.ts'
export type { ReaderOwner } from './core/job/read-under.ts'
export { loop, type Loop, type LoopOptions } from './loop/loop.ts'

// Graphs: calls whose arguments are calls, in the forms that have a name.
export { chain, type ResultOfChain, type Steps } from './graph/chain.ts'
export { orElse, settle } from './graph/edges.ts'
export { type Counted, explain, type GraphExplanation } from './graph/explain.ts'
export { chord, group } from './graph/group.ts'
export type { Member, ResultOfMember, ResultsOfMembers } from './graph/member.ts'
export { chunks, starmap } from './graph/starmap.ts'

// What may cross to another thread or process, and how it comes back.
export { type ClassOptions, registerClass, registerError } from './call/codec/class-registry.ts'
export { move } from './call/codec/move.ts'
export { type Put, put } from './call/codec/put.ts'
export { type Sendable, sendable } from './call/define/sendable.ts'

// Structure: who owns running work, and how it ends.
export { current } from './core/scope/current.ts'
export { deadlockExitCode } from './core/debug/deadlock.ts'
export { detach, detached, type DetachOptions } from './core/scope/detach.ts'
export type { Duration } from './core/time/duration.ts'
export { main, type MainOptions } from './core/program/main.ts'
export { openScope } from './core/scope/open-scope.ts'
export {
  type CancelOptions,
  type ErrorShape,
  type FailurePolicy,
  type Scope,
  scope,
  type ScopeLimit,
  type ScopeOptions,
  type SpawnOptions,
  type StepOptions,
} from './core/scope/scope.ts'
export { type ScopeKey, scopeKey } from './core/scope/values.ts'
export { sleep } from './core/scope/sleep.ts'
export { failAfter, moveOnAfter } from './core/scope/time-limits.ts'
export type { Owner } from './core/scope/owner.ts'

// What is going on: the tree of what runs, and who watches it.
export { CallMeter, type CallMeterStats, type Observable } from './observe/call-meter.ts'
export type { TimeSpread } from './observe/histogram.ts'
export { dump, dumpOnSignal, type TaskNode, type TaskState, tree } from './core/debug/dump.ts'
export { type Instrument, instrument, warnBlocked } from './core/debug/instrument.ts'

// Several pieces of work at once: all of them, the first, the first good one, each as it comes.
export { all, type AllResults, type WorkSet } from './core/combine/all.ts'
export { allSettled, type SettledResults } from './core/combine/all-settled.ts'
export { asCompleted } from './core/combine/as-completed.ts'
export type { ResultOf, Work } from './core/combine/contest.ts'
export { map, type MapWorkOptions } from './core/combine/map.ts'
export type { MapResults, Settled } from './core/combine/map-results.ts'
export { race } from './core/combine/race.ts'
export { any, type Completed, some } from './core/combine/some.ts'

// Talking and taking turns: values from task to task, and who may go in now.
export { Barrier, type BarrierOptions, type BarrierStats } from './core/sync/barrier.ts'
export { CapacityLimiter, type LimiterStats } from './core/sync/capacity-limiter.ts'
export {
  channel,
  type ChannelOptions,
  type ChannelStats,
  type Overflow,
  type Receiver,
  type Sender,
} from './core/sync/channel.ts'
export { Condition, type ConditionStats } from './core/sync/condition.ts'
export { Entrance, type EntranceOptions } from './core/sync/entrance.ts'
export { Event, type EventStats } from './core/sync/event.ts'
export { Gate, type GateOptions } from './core/sync/gate.ts'
export { Lock } from './core/sync/lock.ts'
export type { NameOptions } from './core/sync/options.ts'
export type { LockStats } from './core/sync/owned-lock.ts'
export { Queue, type QueueCloseOptions, type QueueOptions, type QueueStats } from './core/sync/queue.ts'
export { ResourceGuard } from './core/sync/resource-guard.ts'
export { RLock } from './core/sync/rlock.ts'
export { type LockSide, RWLock, type RWLockStats } from './core/sync/rw-lock.ts'
export type { PriorityOptions } from './core/sync/standing.ts'
export { Semaphore, type SemaphoreOptions, type SemaphoreStats } from './core/sync/semaphore.ts'

// Failures: what went wrong beside the first, and which of it only says that the work is to stop.
export { errorsOf, rethrowIfCancelled, splitErrors } from './core/errors/failures.ts'

// Pace and perseverance: again and again, once more, not too often, not at all for now.
export type { Backoff, BackoffFunction, RetryPolicy } from './core/time/again.ts'
export {
  CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitBreakerStats,
  type CircuitSnapshot,
  type CircuitState,
} from './core/flow/circuit-breaker.ts'
export { debounce, type DebounceOptions, throttle, type ThrottleOptions } from './core/flow/debounce.ts'
export { every, type EveryOptions, type EveryResult, type Tick } from './core/flow/every.ts'
export type { Paced } from './core/flow/pacer.ts'
export { RateEntrance } from './core/flow/rate-entrance.ts'
export { RateLimiter, type RateLimiterOptions, type RateLimiterStats } from './core/flow/rate-limiter.ts'
export { retry, type RetryOptions } from './core/flow/retry.ts'
export { RetryBudget, type RetryBudgetOptions } from './core/flow/retry-budget.ts'
export { type Restart, supervise, type Supervised, type SuperviseOptions } from './core/flow/supervise.ts'

// Other programs, and the signals of the operating system.
export type { ErrorOutput, ProcessEnd, ProcessOptions } from './core/system/child.ts'
export { openProcess, type OpenProcess, type OpenProcessOptions } from './core/system/open-process.ts'
export { type ProcessResult, runProcess, type RunProcessOptions } from './core/system/run-process.ts'
export { type SignalReceiver, signals } from './core/system/signals.ts'

// Errors: one family, each with a stable code (docs/errors.md).
export {
  BrokenError,
  BusyError,
  CancelledError,
  type CancelSource,
  CircuitOpenError,
  ClosedError,
  DeadlockError,
  type Ended,
  EndOfChannelError,
  type ErrorCode,
  GraphFailedError,
  InvalidArgumentError,
  JobEndedError,
  JobGoneError,
  JobRejectedError,
  MalformedMessageError,
  MisuseError,
  NestedStartError,
  NoCurrentScopeError,
  NonRetryableError,
  OverloadedError,
  ProcessFailedError,
  WasmTrapError,
  RestartLimitError,
  ScheduleError,
  ScopeClosedError,
  SkeinError,
  StoreError,
  NotUndoneError,
  StoreRefusedError,
  StreamMismatchError,
  StuckTaskError,
  TaskDefinitionError,
  TaskModuleError,
  TaskNotFoundError,
  ThrownValueError,
  TimeoutError,
  UnsendableError,
  ValidationError,
  type ValidationIssue,
  WorkerCrashedError,
  WorkerOutOfMemoryError,
  WorkerStartError,
} from './core/errors/errors.ts'
export { AbandonedError } from './core/errors/abandoned.ts'
