/// <reference types="node" preserve="true" />
/**
 * The contract that every store keeps. Only authors of a store, of tools that look into one and of tests need it; others
 * use a store through `connect` of `skein/queue`.
 *
 * @module
 */
export type { StoreOptions } from './options.ts'
export type {
  Claim,
  ClaimRequest,
  ColumnValue,
  Effect,
  JobFilter,
  KeyConflict,
  LimitStrategy,
  OutgoingCall,
  StoredQueue,
  Report,
  Reported,
  Retention,
  SendOutcome,
  Settlement,
  Store,
  StoredJob,
  StoredLimit,
  StoredState,
  StoreFeatures,
  StoreSignals,
  StoreStats,
  UserDatabase,
  WorkerRecord,
  WriteOutcome,
} from './store.ts'
