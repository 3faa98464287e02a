/// <reference types="node" preserve="true" />
export { background } from './background.ts'
export type { CancelCause } from './cancel.ts'
export { all, type AllResults, type WorkSet } from './combine/all.ts'
export { allSettled, type SettledResults } from './combine/all-settled.ts'
export { asCompleted } from './combine/as-completed.ts'
export type { ResultOf, Work } from './combine/contest.ts'
export { race } from './combine/race.ts'
export { any, type Completed, some } from './combine/some.ts'
export { current, type ScopeSource } from './current.ts'
export { dump, dumpOnSignal, type TaskNode, type TaskState, tree } from './dump.ts'
export { detach, detached, type DetachOptions } from './detach.ts'
export type { Duration } from './duration.ts'
export {
  BrokenError,
  BusyError,
  CancelledError,
  type CancelSource,
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
} from './errors.ts'
export { type Instrument, instrument, warnBlocked } from './instrument.ts'
export { isJob, type Job, type JobEvent, type JobState, type WaitOptions } from './job.ts'
export { main, type MainOptions } from './main.ts'
export { openScope } from './open-scope.ts'
export { errorsOf, rethrowIfCancelled, splitErrors } from './failures.ts'
export {
  type CancelOptions,
  type ErrorShape,
  type FailurePolicy,
  Scope,
  scope,
  type ScopeLimit,
  type ScopeOptions,
  type SpawnOptions,
} from './scope.ts'
export { type ScopeKey, scopeKey } from './scope-values.ts'
export { failAfter, moveOnAfter } from './time-limits.ts'
export { onShutdown } from './shutdown.ts'
export { sleep } from './sleep.ts'
export type { Owner } from './waiting.ts'
