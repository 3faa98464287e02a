/**
 * Durable work: calls that are kept in a store until a worker, in any program, has run them.
 *
 * What can be said of a durable call (`DurableCallOptions`) is in `skein`, with the other options of calls; what a store says
 * of its jobs and queues (`JobFilter`, `StoreStats`, …) is in `skein/stores`.
 *
 * @module
 */
export { connect, type ConnectOptions, queueIn } from './client/connect.ts'
export type { DurableJob, JobStatus } from './client/durable-job.ts'
export type { AwaitedThing } from './memo.ts'
export type { DurableQueue, DurableMapOptions } from './client/durable-queue.ts'
export type { Schedule, ScheduleStatus } from './client/schedule.ts'
export type { ScheduleDeclaration, ScheduleOptions } from './schedules/definition.ts'
export type { ScheduleRun } from './schedules/progress.ts'
export type { ScheduleRule, StoredRule } from './schedules/rule.ts'
export { contract, type ContractOptions } from './contract.ts'
export { openStore, type StoreAddress, type StorePair } from './open-store.ts'

// The other side: what runs the calls.
export { callStep } from './inside/call-step.ts'
export { effect, type EffectParameter } from './inside/effect.ts'
export { signalStep, type SignalStepOptions } from './inside/signal-step.ts'
export { sleepStep } from './inside/sleep-step.ts'
export { submitNext } from './inside/submit-next.ts'
export { type ThisJob, thisJob } from './inside/this-job.ts'
export { work } from './work.ts'
export type { CloseWorkerOptions, QueueWorker } from './worker/queue-worker.ts'
export type { CeleryOptions, TaskRate, WorkOptions } from './worker/work-options.ts'
export type { InterruptedJob, QueueWorkerStats, StopReport, WorkerHealth } from './worker/reports.ts'

export type { LogLine } from '../core/events/log-line.ts'
