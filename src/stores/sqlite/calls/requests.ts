import type { ClaimRequest } from '../../pulling/pulling-intake.ts'
import type { Claim, HeldClaim, Settlement } from '../../roles/broker.ts'
import type { StoreSettings } from '../../options.ts'
import type { EndedFilter, JobFilter } from '../../roles/inspector.ts'
import type { Announcement } from '../../roles/registry.ts'
import type { Report } from '../../roles/results.ts'
import type { RetentionChange } from '../../roles/retention.ts'
import type { ScheduleChange } from '../../roles/schedules.ts'
import type { MovedCall, MovedMember } from '../../roles/transfer.ts'
import type { Request as ThreadRequest } from '../../threaded/messages.ts'
import type { ThreadAccess } from '../../threaded/thread-access.ts'
import type { PackedCalls } from './sent-call.ts'

/** A request of the program's thread to the store's. */
export type Asked =
  | readonly ['send', PackedCalls]
  | readonly ['claim', ClaimRequest]
  /** The same, answered once there is something, or once it is recalled under this number. */
  | readonly ['await', ClaimRequest, number]
  | readonly ['recall', number]
  | readonly ['blame', readonly HeldClaim[], boolean]
  | readonly ['renew', readonly HeldClaim[], number]
  | readonly ['settle', readonly Settlement[]]
  | readonly ['begin', readonly Claim[], string]
  | readonly ['conclude', readonly Settlement[]]
  | readonly ['report', readonly Report[]]
  | readonly ['reports', string, number]
  | readonly ['members', string, number]
  | readonly ['outcome', string]
  | readonly ['find', string]
  | readonly ['list', JobFilter]
  | readonly ['cancel', readonly string[], string]
  | readonly ['retry', readonly string[]]
  | readonly ['signal', string, string, string]
  | readonly ['purge', JobFilter, number, number | undefined]
  | readonly ['pause', string, boolean]
  | readonly ['retain', RetentionChange]
  | readonly ['moved', number]
  | readonly ['moved members', string, number]
  | readonly ['take', readonly MovedCall[], readonly MovedMember[]]
  | readonly ['schedules', string]
  | readonly ['schedule', string]
  | readonly ['due', number]
  | readonly ['change', readonly ScheduleChange[]]
  | readonly ['announce', string, Announcement | undefined]
  | readonly ['workers']
  | readonly ['stats']
  | readonly ['ended', EndedFilter]
  | readonly ['sweep']

/** The number of calls that are forgotten, and the one below which there may be more: undefined when all have been looked at. */
export interface Purged {
  readonly count: number
  readonly next: number | undefined
}

/** A number to answer under, and what is asked. */
export type Request = ThreadRequest<Asked>

/** The store's thread, seen from the program. */
export type SqliteThread = ThreadAccess<Asked>

/** The data that the thread is started with. */
export interface ThreadData {
  readonly path: string
  readonly durability: 'full' | 'relaxed'
  readonly settings: Omit<StoreSettings, 'retention'>
  /** The change of the retention with which this program opens the file. */
  readonly retention?: RetentionChange
  /** For tests: clocks that are turned by hand, [wall, steady] in milliseconds. */
  readonly clocks?: Float64Array
  /** It takes the place of a thread that has died: the workers that it had announced, whose claims it goes on with. */
  readonly again?: readonly (readonly [string, Announcement])[]
}
