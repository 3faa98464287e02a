/// <reference types="node" preserve="true" />
/**
 * The contract that every store keeps, as a set of roles. For authors of a store and of tools that look into one;
 * others use a store through `connect` of `skein/queue`, and find here the types of what it returns.
 *
 * @module
 */
import * as story from './story.ts'

export type { Aftermath, CountedPart, NeverRun } from '../celery/canvas/aftermath.ts'
export type { CanvasCall } from '../celery/canvas/canvas-call.ts'
export type { StartedChord } from '../celery/canvas/unfold.ts'
export { callsAfterFailure } from './after-failure.ts'
export { checkCalls, checkIntake, checkReports, checkSettlements } from './check.ts'
export { Listeners } from './listeners.ts'
export type { PullSignals, SignalName } from './listeners.ts'
export type { PartRetentionOptions, RetentionOptions, StoreOptions } from './options.ts'
export { PullingIntake } from './pulling/pulling-intake.ts'
export type { ClaimRequest, PullSource, WaitingClaim } from './pulling/pulling-intake.ts'
export { story }
export { together } from './together/together.ts'
export type {
  Broker,
  BrokerAbility,
  Claim,
  DueEnd,
  HeldClaim,
  Intake,
  IntakeHealth,
  IntakeRequest,
  IntakeReceiver,
  Settlement,
  Undoing,
  WriteOutcome,
} from './roles/broker.ts'
export type {
  AwaitedCounter,
  KeyConflict,
  LimitStrategy,
  Membership,
  OutgoingCall,
  SendOutcome,
  StoredKey,
  StoredLimit,
  StoredState,
} from './roles/calls.ts'
export { firstChild, firstSignal, jobCounter } from './job-counter.ts'
export type { Counters, EndedMember, Signalled } from './roles/counters.ts'
export type {
  Cancelled,
  EndedCall,
  EndedFilter,
  Inspector,
  InspectorStats,
  JobFilter,
  OpenPrograms,
  Retried,
  StoredJob,
  StoredQueue,
} from './roles/inspector.ts'
export type { Announcement, Registry, WorkerRecord } from './roles/registry.ts'
export type { Begun, CallOutcome, ForeignResults, Report, Reported, ResultListener, Results } from './roles/results.ts'
export type {
  DueSchedules,
  ScheduleChange,
  ScheduleOutcome,
  Schedules,
  ScheduleState,
  StoredSchedule,
  TermCall,
} from './roles/schedules.ts'
export type { CloseStoreOptions, InspectableStore, Store, StoreStats } from './roles/store.ts'
export type { KeptLimits, Retention, RetentionChange } from './roles/retention.ts'
export type { MovedCall, MovedMember, MovedReport, MovedWait, MoveOutcome, Transfer } from './roles/transfer.ts'
export type { ColumnValue, Effect, Transactions, UserDatabase } from './roles/transactions.ts'
