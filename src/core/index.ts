/// <reference types="node" preserve="true" />
export { background } from './scope/background.ts'
export type { CancelCause } from './errors/cause.ts'
export { all, type AllResults, type WorkSet } from './combine/all.ts'
export { allSettled, type SettledResults } from './combine/all-settled.ts'
export { asCompleted } from './combine/as-completed.ts'
export type { ResultOf, Work } from './combine/contest.ts'
export { race } from './combine/race.ts'
export { any, type Completed, some } from './combine/some.ts'
export { current } from './scope/current.ts'
export { deadlockExitCode } from './debug/deadlock.ts'
export { dump, dumpOnSignal, type TaskNode, type TaskState, tree } from './debug/dump.ts'
export { detach, detached, type DetachOptions } from './scope/detach.ts'
export type { Duration } from './time/duration.ts'
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
  InvalidArgumentError,
  JobGoneError,
  JobRejectedError,
  MalformedMessageError,
  MisuseError,
  NestedStartError,
  NoCurrentScopeError,
  NonRetryableError,
  OverloadedError,
  ProcessFailedError,
  RestartLimitError,
  ScopeClosedError,
  SkeinError,
  StoreError,
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
} from './errors/errors.ts'
export { type Backoff } from './flow/backoff.ts'
export {
  CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitBreakerStatistics,
  type CircuitState,
} from './flow/circuit-breaker.ts'
export { debounce, type DebounceOptions, throttle, type ThrottleOptions } from './flow/debounce.ts'
export { every, type EveryOptions, type EveryResult, type Tick } from './flow/every.ts'
export type { Paced } from './flow/pacer.ts'
export { RateLimiter, type RateLimiterOptions, type RateLimiterStatistics } from './flow/rate-limiter.ts'
export { retry, type RetryPolicy } from './flow/retry.ts'
export { RetryBudget, type RetryBudgetOptions } from './flow/retry-budget.ts'
export { type Restart, supervise, type Supervised, type SuperviseOptions } from './flow/supervise.ts'
export type { RetryChoice } from './flow/worth-retrying.ts'
export { type Instrument, instrument, warnBlocked } from './debug/instrument.ts'
export { isJob, type Job, type JobEvent, type JobState, type WaitOptions } from './job/job.ts'
export { main, type MainOptions } from './program/main.ts'
export { openScope } from './scope/open-scope.ts'
export { errorsOf, rethrowIfCancelled, splitErrors } from './errors/failures.ts'
export {
  type CancelOptions,
  type ErrorShape,
  type FailurePolicy,
  Scope,
  scope,
  type ScopeLimit,
  type ScopeOptions,
  type SpawnOptions,
} from './scope/scope.ts'
export { type ScopeKey, scopeKey } from './scope/values.ts'
export type { ErrorOutput, ProcessEnd, ProcessOptions } from './system/child.ts'
export { openProcess, type OpenProcess, type OpenProcessOptions } from './system/open-process.ts'
export { type ProcessResult, runProcess, type RunProcessOptions } from './system/run-process.ts'
export { type SignalReceiver, signals } from './system/signals.ts'
export { failAfter, moveOnAfter } from './scope/time-limits.ts'
export { onShutdown } from './program/shutdown.ts'
export { sleep } from './scope/sleep.ts'
export { Barrier, type BarrierStatistics } from './sync/barrier.ts'
export { CapacityLimiter, type LimiterStatistics } from './sync/capacity-limiter.ts'
export {
  channel,
  type ChannelOptions,
  type ChannelStatistics,
  type Overflow,
  type Receiver,
  type Sender,
} from './sync/channel.ts'
export { Condition, type ConditionStatistics } from './sync/condition.ts'
export { Event, type EventStatistics } from './sync/event.ts'
export { Gate, type GateOptions } from './sync/gate.ts'
export { Lock } from './sync/lock.ts'
export type { NameOptions } from './sync/options.ts'
export type { LockStatistics } from './sync/owned-lock.ts'
export { Queue, type QueueOptions, type QueueStatistics, type ShutdownOptions } from './sync/queue.ts'
export { ResourceGuard } from './sync/resource-guard.ts'
export { RLock } from './sync/rlock.ts'
export { type LockSide, RWLock, type RWLockStatistics } from './sync/rw-lock.ts'
export { Semaphore, type SemaphoreOptions, type SemaphoreStatistics } from './sync/semaphore.ts'
export type { ScopeSource } from './scope/slot.ts'
export type { Owner } from './scope/owner.ts'
export type { ScopeNode } from './tree/member.ts'
