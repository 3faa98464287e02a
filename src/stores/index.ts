/// <reference types="node" preserve="true" />
/**
 * The contract that every store keeps. For authors of a store and of tools that look into one; others use a store through
 * `connect` of `skein/queue`, and find the types of what it tells here.
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
