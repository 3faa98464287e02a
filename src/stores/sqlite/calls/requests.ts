import type { ClaimRequest, JobFilter, Report, Settlement, StoredJob } from '../../store.ts'
import type { Announcement } from './controlling.ts'
import type { SentFailure } from '../file/failures.ts'
import type { PackedCalls } from './sent-call.ts'
import type { Told } from './turn.ts'

/** What the program's thread asks of the store's. */
export type Asked =
  | readonly ['send', PackedCalls]
  | readonly ['claim', ClaimRequest]
  | readonly ['renew', readonly { readonly id: string; readonly token: number }[], number]
  | readonly ['settle', readonly Settlement[]]
  | readonly ['report', readonly Report[]]
  | readonly ['reports', string, number]
  | readonly ['job', string]
  | readonly ['jobs', JobFilter]
  | readonly ['cancel', readonly string[], string]
  | readonly ['retry', readonly string[]]
  | readonly ['purge', JobFilter, number]
  | readonly ['pause', string, boolean]
  | readonly ['announce', string, Announcement | undefined]
  | readonly ['stats']
  | readonly ['sweep']

/** A number to answer under, and what is asked. */
export type Request = readonly [number: number, asked: Asked]

/** What is sent to the store's thread; what to listen to holds for the requests beside it. */
export interface ToThread {
  readonly listen?: number
  readonly requests?: readonly Request[]
  readonly turned?: number
  readonly close?: true
}

/** An answer, or why there is none. */
export type Answer = readonly [number: number, value: unknown, failure?: SentFailure]

/** What comes back: answers and signals, in the order in which things happened. */
export interface FromThread {
  readonly answers?: readonly Answer[]
  readonly told?: readonly Told[]
  /** How calls have ended of which that is told here, as far as this program is known to wait for them. */
  readonly ended?: readonly StoredJob[]
  readonly opened?: true
  readonly failed?: SentFailure
  readonly closed?: true
}

/** What the thread is started with. */
export interface ThreadData {
  readonly path: string
  readonly durability: 'full' | 'relaxed'
  readonly settings: {
    readonly retention: { readonly count: number; readonly age: number; readonly bytes: number }
    readonly maxDeaths: number
    readonly maxBytes: number
  }
  /** For tests: clocks that are turned by hand, [wall, steady] in milliseconds. */
  readonly clocks?: Float64Array
  /** It takes the place of a thread that has died: what that one had announced, held and listened to. */
  readonly again?: { readonly workers: readonly (readonly [string, Announcement])[]; readonly listening: number }
}
