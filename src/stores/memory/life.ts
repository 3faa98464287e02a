import type { Clock } from '../../core/time/clock-type.ts'
import { clockSlot } from '../../core/time/clock.ts'
import { isEndCounter } from '../end-counter.ts'
import type { StoreSettings } from '../options.ts'
import { callsAfterFailure } from '../after-failure.ts'
import type { DueEnd } from '../roles/broker.ts'
import type { AwaitedCounter, OutgoingCall } from '../roles/calls.ts'
import type { Reported } from '../roles/results.ts'
import * as story from '../story.ts'
import { endOf, type FailedMember } from './counter.ts'
import { Counters, type Waking } from './counters.ts'
import { type Entry, hasEnded, keepsKey, sizeOf } from './entry.ts'
import { History } from './history.ts'
import { Keys } from './keys.ts'
import { Leases } from './leases.ts'
import { Limits } from './limits.ts'
import { append } from './reports.ts'
import type { Signal } from './signal.ts'
import { Standing } from './standing.ts'
import { noteUndoing, undoingOf } from './undoing.ts'

/**
 * The turns in the life of a call: it leaves where it stands, waits for others, is let go, is stopped, ends and is forgotten, and all
 * that keeps note of calls hears of it. What somebody asks for, the ledger makes of these.
 */
export class Life implements Waking {
  readonly entries: Map<string, Entry> = new Map()
  readonly settings: StoreSettings
  readonly tell: (signal: Signal) => void
  readonly history: History
  readonly standing: Standing
  readonly limits: Limits = new Limits()
  readonly keys: Keys = new Keys()
  readonly counters: Counters = new Counters()
  readonly leases: Leases = new Leases()
  /** The calls that are to be sent since others have failed, without a worker that says so. */
  readonly following: OutgoingCall[] = []
  readonly #clock: Clock | undefined

  constructor(settings: StoreSettings, clock: Clock | undefined, tell: (signal: Signal) => void) {
    this.settings = settings
    this.tell = tell
    this.history = new History(settings.retention)
    this.standing = new Standing(() => this.now, tell)
    this.#clock = clock
  }

  get clock(): Clock {
    return this.#clock ?? clockSlot.clock
  }

  get now(): number {
    return this.clock.now()
  }

  get time(): number {
    return this.clock.monotonic()
  }

  /** Forgets a call that does not run. */
  forget(entry: Entry): void {
    if (!hasEnded(entry)) {
      this.leave(entry)
      this.counters.ended(entry.call.id, entry.counts, { state: 'cancelled', error: story.purgedStory })
      this.tell({ signal: 'ended', id: entry.call.id })
    } else this.history.delete(entry)
    this.keys.free(entry)
    this.counters.leave(entry, this.entries)
    this.entries.delete(entry.call.id)
  }

  cancel(entry: Entry, error: string, reason: string): 'cancelled' | 'cancelling' {
    if (entry.state !== 'running') {
      this.end(entry, 'cancelled', { error })
      return 'cancelled'
    }
    if (entry.cancelling === undefined) {
      entry.cancelling = reason
      this.turn(entry, `{"state":"cancelling","reason":${reason}}`)
      entry.holder?.cancelling(entry.call.id, reason)
    }
    return 'cancelling'
  }

  /** It has waited for as long as it was to, and need not wait any more, whatever happens. */
  giveUp(entry: Entry): void {
    this.counters.stopWaiting(entry)
    entry.after = { ...(entry.after as AwaitedCounter), members: 0 }
    this.letGo(entry)
  }

  /** One that was there for others stops. */
  withdraw(entry: Entry, reason: string): 'cancelled' | 'cancelling' {
    // What is being undone is so for the same reason, and cannot be broken off.
    const undo = undoingOf(entry)
    if (undo?.ends !== undefined) return 'cancelling'
    const error = story.cancelledStory(reason)
    if (undo === undefined || entry.state === 'running') return this.cancel(entry, error, reason)
    this.endOrUndo(entry, error)
    return 'cancelling'
  }

  /** Its counter lets it go: it comes to be due. */
  letGo(entry: Entry): void {
    entry.letGoAt = Infinity
    entry.dueAt = isEndCounter(entry.after?.counter) ? Math.max(this.now, entry.dueAt) : this.now + entry.delay
    this.standing.wait(entry)
  }

  /** One that it waits for has not ended as done. */
  drop(entry: Entry, { story: error }: FailedMember): void {
    this.fail(entry, 'failed', error)
  }

  /** Ends a call of which no worker says that it has failed. */
  fail(entry: Entry, state: 'failed' | 'dead', error: string): void {
    this.end(entry, state, { error })
    if (!entry.foreign) this.following.push(...callsAfterFailure(entry.call))
  }

  isOverdue({ expiresAt, deadlineAt }: Entry): boolean {
    return Math.min(expiresAt, deadlineAt) <= this.now
  }

  /** It is held by the counter that it waits for, unless that lets it go, or ends it, at once. */
  await(entry: Entry, byHand: boolean = false): 'go' | 'held' {
    if (!byHand) this.counters.join(entry.after as AwaitedCounter, this.entries, this.now)
    const verdict = this.counters.wait(entry, this.now, byHand)
    if (verdict === 'go') return 'go'
    const limit = byHand ? undefined : entry.after?.limit
    entry.letGoAt = this.now + (limit ?? Infinity)
    if (limit !== undefined) entry.dueAt = entry.letGoAt
    this.standing.hold(entry)
    if (verdict !== 'held') this.drop(entry, verdict)
    return 'held'
  }

  /** It leaves wherever it is: its line, its claim. */
  leave(entry: Entry): void {
    this.standing.leave(entry)
    this.leases.delete(entry)
    this.counters.stopWaiting(entry)
    this.limits.leaves(entry, this.time)
    // What has waited for its place may be anywhere.
    if (entry.call.limit) this.tell({ signal: 'claimable' })
    entry.holder = undefined
    entry.leaseUntil = Infinity
    entry.cancelling = undefined
  }

  /** One that was asked to stop does not go back: it ends instead. True when it did. */
  endStopped(entry: Entry): boolean {
    if (entry.cancelling === undefined) return false
    this.endOrUndo(entry, story.stoppedStory(entry.cancelling))
    return true
  }

  /** Ends a call as cancelled of which no worker says how it ended; but first what it has done is undone, where that can be. */
  endOrUndo(entry: Entry, error: string): void {
    const undo = undoingOf(entry)
    if (undo === undefined) this.end(entry, 'cancelled', { error })
    // One that is being undone ends as it was to end before.
    else this.toUndo(entry, undo.ends ?? { state: 'cancelled', error })
  }

  /** Puts a call in line to be undone. Nothing ends it any more but its worker, so its time has no limit. */
  toUndo(entry: Entry, ends: DueEnd, delay = 0, hasRun = false): void {
    const about = hasRun ? `,"attempt":${entry.attempt}` : ''
    this.turn(entry, `{"state":"undoing"${about},"into":"${ends.state}","error":${ends.error}}`)
    this.leave(entry)
    noteUndoing(entry, ends)
    entry.memo = undefined
    entry.letGoAt = Infinity
    entry.error = ends.error
    entry.expiresAt = entry.deadlineAt = Infinity
    entry.dueAt = this.now + delay
    this.limits.waits(entry)
    this.standing.wait(entry)
  }

  end(entry: Entry, state: Entry['state'], with_: { result?: string; error?: string }): void {
    this.leave(entry)
    entry.memo = undefined
    if (!keepsKey(entry, this.now)) this.keys.free(entry)
    entry.state = state
    entry.endedAt = this.now
    entry.result = with_.result
    if (with_.error !== undefined) entry.error = with_.error
    else if (state === 'done') entry.error = undefined
    this.counters.over(entry)
    entry.counterBytes = this.counters.bytesFor(entry)
    entry.bytes += sizeOf(entry.result ?? '') + sizeOf(entry.error ?? '') + entry.counterBytes
    this.history.add(entry, this.now)
    this.counters.ended(entry.call.id, entry.counts, endOf(entry))
    const kept = state !== 'done' || !entry.call.ignoreResult
    this.tell({ signal: 'ended', id: entry.call.id, ...(kept ? { entry } : {}) })
  }

  turn(entry: Entry, value: string): void {
    this.report(entry, 'state', value)
  }

  report(entry: Entry, kind: Reported['kind'], value: string): void {
    append(entry, kind, value, this.now)
    this.tell({ signal: 'reported', id: entry.call.id })
  }
}
