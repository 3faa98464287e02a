import { clockSlot } from '../../core/time/clock.ts'
import type { Clock } from '../../core/time/clock-type.ts'
import { isEndCounter } from '../end-counter.ts'
import { jobCounter } from '../job-counter.ts'
import type { StoreSettings } from '../options.ts'
import { tooLarge, tooLargeNext } from '../refusals.ts'
import * as story from '../story.ts'
import type { ClaimRequest } from '../pulling/pulling-intake.ts'
import type { Claim, DueEnd, Settlement, WriteOutcome } from '../roles/broker.ts'
import type { AwaitedCounter, OutgoingCall, SendOutcome } from '../roles/calls.ts'
import type { EndedMember, Signalled } from '../roles/counters.ts'
import type { Report, Reported } from '../roles/results.ts'
import { endOf, type FailedMember } from './counter.ts'
import { Counters } from './counters.ts'
import {
  beginAgain,
  claimOf,
  dropResult,
  type Entry,
  hasEnded,
  type Holder,
  keepsKey,
  newEntry,
  isNew,
  oversize,
  sizeOf,
  spanOf,
} from './entry.ts'
import { History } from './history.ts'
import { begunBy, Leases } from './leases.ts'
import { Limits } from './limits.ts'
import { Keys } from './keys.ts'
import { firstOf } from './lines.ts'
import { Rates } from './rates.ts'
import { append, deathsOf } from './reports.ts'
import type { Signal } from './signal.ts'
import { Standing } from './standing.ts'
import { forgetUndoing, noteStep, noteUndoing, noteUndone, undoingOf } from './undoing.ts'

/** The results of a sweep. */
export interface Swept {
  recovered: number
  dead: number
  expired: number
  forgotten: number
}

/**
 * All calls of a memory store and what may happen to them. Nothing in here waits; what is changed is one transaction up to
 * `finish`, which does what follows from it.
 */
export class Ledger {
  readonly entries: Map<string, Entry> = new Map()
  readonly paused: Set<string> = new Set()
  readonly settings: StoreSettings
  readonly #clock: Clock | undefined
  readonly tell: (signal: Signal) => void
  readonly #standing: Standing
  readonly #limits = new Limits()
  readonly #keys = new Keys()
  readonly #rates = new Rates()
  readonly history: History
  readonly #counters = new Counters()
  readonly #leases = new Leases()
  #sequence = 0

  constructor(settings: StoreSettings, clock: Clock | undefined, tell: (signal: Signal) => void) {
    this.settings = settings
    this.history = new History(settings.retention)
    this.#clock = clock
    this.tell = tell
    this.#standing = new Standing(() => this.now, tell)
  }

  get clock(): Clock {
    return this.#clock ?? clockSlot.clock
  }

  get now(): number {
    return this.clock.now()
  }

  get #time(): number {
    return this.clock.monotonic()
  }

  /** Milliseconds until something happens by itself; Infinity for never. */
  get untilNext(): number {
    const wakes = this.#standing.wakesAt - this.now
    const ends = (this.#leases.peek()?.leaseUntil ?? Infinity) - this.#time
    const opens = Math.min(this.#limits.nextOpening, this.#rates.nextOpening) - this.#time
    return Math.max(0, Math.min(wakes, ends, opens))
  }

  send(calls: readonly OutgoingCall[]): SendOutcome[] {
    return calls.map(call => this.#send(call))
  }

  #send(call: OutgoingCall): SendOutcome {
    const outcome = oversize(call, this.settings.maxBytes) ?? this.#keep(call)
    if (call.inner !== undefined && isNew(outcome)) this.send(call.inner)
    this.#counters.sent(call, outcome, this.entries, this.now)
    return outcome
  }

  #keep(call: OutgoingCall): SendOutcome {
    const { id, unique, limit } = call
    if (this.entries.has(id)) return { outcome: 'joined', id }
    const { holder, leaving } = unique ? this.#keys.of(unique.key, this.now) : {}
    const isOver = holder !== undefined && hasEnded(holder)
    if (unique && holder) {
      const existing = holder.call.id
      if (unique.conflict === 'join') return { outcome: 'joined', id: existing }
      if (unique.conflict === 'reject' || holder.state === 'running') {
        return { outcome: 'rejected', reason: 'unique', existing }
      }
    }
    // It cannot wait for its own counter and for the end of that one as well.
    if (leaving && call.after) return { outcome: 'rejected', reason: 'unique', existing: leaving.call.id }
    // The call that is to be replaced frees its place, so it is looked at as if it had gone.
    const replaced = isOver ? undefined : holder?.call.id
    if (limit && limit.strategy !== 'wait') {
      const gives = !isOver && holder?.call.limit?.key === limit.key
      if (gives) this.#limits.leaves(holder, this.#time)
      while (this.#limits.full(limit, this.#time)) {
        const oldest = limit.strategy === 'cancel-oldest' ? this.#limits.oldest(limit) : undefined
        if (oldest) this.#cancel(oldest, story.displacedStory(id), JSON.stringify(`replaced by ${id}`))
        else if (limit.strategy === 'cancel-oldest') break
        else {
          if (gives) this.#limits.waits(holder)
          return { outcome: 'rejected', reason: 'limit' }
        }
      }
    }
    if (holder) {
      if (isOver) this.history.free(holder)
      holder.keyUntil = 0
      this.#keys.free(holder)
      if (!isOver) this.#end(holder, 'cancelled', { error: story.replacedStory(id) })
    }
    const entry = this.enter(call)
    this.#keys.take(entry, leaving)
    if (leaving) entry.after = this.#counters.untilEndOf(leaving, this.now)
    this.#limits.waits(entry)
    if (entry.after === undefined || this.#await(entry) === 'go') this.#standing.wait(entry)
    return replaced === undefined ? { outcome: 'accepted', id } : { outcome: 'replaced', id, replaced }
  }

  /** @internal A call is here from now on, and nowhere in line yet. */
  enter(call: OutgoingCall, sentElsewhere?: number): Entry {
    const entry = newEntry(call, ++this.#sequence, this.now, sentElsewhere)
    this.entries.set(call.id, entry)
    return entry
  }

  claim(request: ClaimRequest, holder: Holder): Claim[] {
    this.promote()
    const claims: Claim[] = []
    const time = this.#time
    for (const queue of request.queues) {
      if (this.paused.has(queue)) continue
      const lines = [...this.#standing.lines.ofTasks(queue, request.tasks)].filter(({ task }) =>
        this.#rates.admits(task, request, time),
      )
      while (claims.length < request.limit) {
        const { task, line } = firstOf(lines) ?? {}
        const entry = line?.pop()
        if (task === undefined || line === undefined || entry === undefined) break
        if (entry.call.limit && !this.#limits.admits(entry.call.limit, time)) {
          this.#limits.park(entry, line, time)
          continue
        }
        claims.push(this.#start(entry, request, holder, time, claims.length < request.places))
        if (!this.#rates.admits(task, request, time)) {
          lines.splice(
            lines.findIndex(each => each.line === line),
            1,
          )
        }
      }
    }
    return claims
  }

  #start(entry: Entry, request: ClaimRequest, holder: Holder, time: number, hasPlace: boolean): Claim {
    entry.state = 'running'
    entry.blamed = entry.alone === undefined ? hasPlace : entry.alone < 0
    entry.token++
    entry.attempt++
    entry.worker = request.worker
    entry.holder = holder
    entry.startedAt = this.now
    entry.leaseUntil = request.keep === false ? time + request.lease : Infinity
    if (entry.leaseUntil !== Infinity) this.#leases.add(entry)
    this.#standing.leave(entry)
    this.#limits.starts(entry, time)
    this.#rates.started(entry.call.task, request, time)
    this.tell({ signal: 'reported', id: entry.call.id }) // who follows it sees that it runs
    return claimOf(entry, this.now, this.settings.maxDeaths)
  }

  blame(id: string, token: number, blamed: boolean): WriteOutcome {
    const entry = this.#held(id, token)
    if (!entry) return 'lost'
    entry.blamed = blamed
    return 'ok'
  }

  renew(id: string, token: number, lease: number): WriteOutcome {
    const entry = this.#held(id, token)
    if (!entry) return 'lost'
    if (entry.leaseUntil !== Infinity) {
      this.#leases.delete(entry)
      entry.leaseUntil = this.#time + lease
      this.#leases.add(entry)
    }
    return 'ok'
  }

  settle(settlement: Settlement): WriteOutcome {
    const entry = this.#held(settlement.id, settlement.token)
    if (!entry) return 'lost'
    const text = settlement.kind === 'done' ? settlement.result : settlement.kind === 'release' ? '' : settlement.error
    const { maxBytes } = this.settings
    const ending = settlement.kind === 'release' ? settlement.undo?.error : undefined
    const refused =
      tooLarge(ending ?? text, maxBytes) ??
      tooLargeNext(settlement.next, maxBytes) ??
      (settlement.kind === 'release' && settlement.memo !== undefined ? tooLarge(settlement.memo, maxBytes) : undefined)
    if (refused) return refused
    const goesBack = settlement.kind === 'retry' || settlement.kind === 'release'
    // What has begun has not expired.
    if (settlement.kind === 'retry' || (settlement.kind === 'release' && settlement.begun)) entry.expiresAt = Infinity
    const endsInstead = goesBack && (entry.cancelling !== undefined || this.#isOverdue(entry))
    switch (settlement.kind) {
      case 'done':
        this.#end(entry, 'done', { result: settlement.result })
        if (!entry.call.ignoreResult) break
        if (keepsKey(entry, this.now)) dropResult(entry)
        else this.forget(entry)
        break
      case 'retry':
        if (this.#endStopped(entry)) break
        this.#turn(
          entry,
          `{"state":"retry","attempt":${entry.attempt},"delay":${settlement.delay},"error":${settlement.error}}`,
        )
        this.#leave(entry)
        entry.memo = undefined
        entry.error = settlement.error
        if (settlement.death) entry.deaths++
        // One that has come to an end by itself, well or not, is not what ends workers.
        entry.alone = settlement.death?.alone ? spanOf(entry, this.now) : undefined
        entry.dueAt = this.now + settlement.delay
        this.#limits.waits(entry)
        this.#standing.wait(entry)
        break
      case 'release':
        if (settlement.undo) this.#toUndo(entry, settlement.undo, settlement.delay, true)
        else this.release(entry, settlement.delay ?? 0, endsInstead ? undefined : settlement.after)
        if (settlement.after !== undefined && !hasEnded(entry)) entry.memo = settlement.memo
        break
      default:
        if ('death' in settlement && settlement.death) entry.deaths++
        this.#end(entry, settlement.kind, { error: settlement.error })
    }
    // After the end of this one, whose unique key and whose place in a limit they may take.
    if (settlement.next !== undefined && !endsInstead) this.send(settlement.next)
    return 'ok'
  }

  /** Hands back a call that has not been worked on; its attempt does not count. */
  release(entry: Entry, delay: number, after?: AwaitedCounter): void {
    if (this.#endStopped(entry)) return
    const waits = after === undefined ? '' : `,"after":${JSON.stringify(after.counter)}`
    this.#turn(entry, `{"state":"released","attempt":${entry.attempt}${waits}}`)
    this.#leave(entry)
    entry.attempt--
    entry.startedAt = undefined
    this.#limits.waits(entry)
    if (after !== undefined) {
      if (entry.after?.counter !== after.counter) this.#counters.change(entry, this.entries)
      entry.after = after
      entry.delay = delay
      if (this.#await(entry) !== 'go') return
    }
    if (delay === 0) return this.#standing.enqueue(entry)
    entry.dueAt = this.now + delay
    this.#standing.wait(entry)
  }

  report(report: Report): WriteOutcome {
    const entry = this.#held(report.id, report.token)
    if (!entry) return 'lost'
    const value = report.kind === 'log' ? report.line : report.value
    const { maxBytes } = this.settings
    const next = report.kind === 'step' ? report.next : undefined
    const refused = tooLarge(value, maxBytes) ?? tooLargeNext(next, maxBytes)
    if (refused) return refused
    if (report.kind === 'step') {
      entry.steps.set(report.name, value)
      noteStep(entry, report.name, report.undo === true)
      this.#report(entry, 'step', `{"name":${JSON.stringify(report.name)},"value":${value}}`)
    } else if (report.kind === 'memo') {
      this.#counters.attend(entry, this.now, this.entries)
      entry.memo = value
    } else if (report.kind === 'undone') {
      noteUndone(entry, report.name, value)
      this.#report(entry, 'undone', `{"name":${JSON.stringify(report.name)},"value":${value}}`)
    } else this.#report(entry, report.kind, value)
    if (next === undefined) return 'ok'
    const own = jobCounter(report.id)
    if (next.some(({ counts }) => counts?.some(({ counter }) => counter === own)))
      this.#counters.attend(entry, this.now, this.entries)
    this.send(next)
    return 'ok'
  }

  signal(id: string, name: string, value: string): Signalled {
    const refused = tooLarge(value, this.settings.maxBytes)
    if (refused) return refused
    const entry = this.entries.get(id)
    if (entry === undefined || entry.foreign) return 'gone'
    if (hasEnded(entry)) return 'ended'
    this.#counters.signal(entry, name, value, this.now, this.entries)
    this.tell({ signal: 'reported', id }) // the attempt that runs may wait for it
    return 'kept'
  }

  cancel(id: string, reason: string): 'cancelled' | 'cancelling' | 'ended' | 'gone' {
    const entry = this.entries.get(id)
    if (!entry) return 'gone'
    if (hasEnded(entry)) return 'ended'
    return this.withdraw(entry, reason)
  }

  #cancel(entry: Entry, error: string, reason: string): 'cancelled' | 'cancelling' {
    if (entry.state !== 'running') {
      this.#end(entry, 'cancelled', { error })
      return 'cancelled'
    }
    if (entry.cancelling === undefined) {
      entry.cancelling = reason
      this.#turn(entry, `{"state":"cancelling","reason":${reason}}`)
      entry.holder?.cancelling(entry.call.id, reason)
    }
    return 'cancelling'
  }

  retry(id: string): 'ready' | 'pending' | 'taken' | 'gone' {
    const entry = this.entries.get(id)
    if (!entry) return 'gone'
    if (!hasEnded(entry)) return 'pending'
    if (this.#keys.isTaken(entry, this.now)) return 'taken'
    const entries = this.#counters.together(
      entry,
      this.entries,
      each => hasEnded(each) && !this.#keys.isTaken(each, this.now),
    )
    // First all of them have not ended, so that each is held that waits for another.
    for (const each of entries) this.#counters.uncount(each)
    for (const each of entries) this.#again(each)
    return 'ready'
  }

  #again(entry: Entry): void {
    this.#keys.take(entry)
    this.history.delete(entry)
    beginAgain(entry, this.now)
    forgetUndoing(entry)
    this.#turn(entry, '{"state":"again"}')
    this.#limits.waits(entry)
    if (entry.after === undefined || this.#await(entry, true) === 'go') this.#standing.wait(entry)
  }

  /** Forgets a call that does not run. */
  forget(entry: Entry): void {
    if (!hasEnded(entry)) {
      this.#leave(entry)
      this.#counters.ended(entry.call.id, entry.counts, { state: 'cancelled', error: story.purgedStory })
      this.tell({ signal: 'ended', id: entry.call.id })
    } else this.history.delete(entry)
    this.#keys.free(entry)
    this.#counters.leave(entry, this.entries)
    this.entries.delete(entry.call.id)
  }

  /** Puts those in line that have come to be due, and ends those whose time is over. How many ended. */
  promote(): number {
    const { now } = this
    let expired = 0
    if (this.#limits.open(this.#time)) this.tell({ signal: 'claimable' })
    if (this.#rates.open(this.#time)) this.tell({ signal: 'claimable' })
    for (let entry = this.#standing.woken(); entry; entry = this.#standing.woken()) {
      if (this.#isOverdue(entry)) {
        this.#endOrUndo(entry, entry.deadlineAt <= now ? story.deadlineStory : story.expiredStory)
        expired++
      } else if (entry.state === 'held') this.#giveUp(entry)
      else this.#standing.wait(entry)
    }
    this.finish()
    return expired
  }

  /** Lets go on those who waited for what has ended. */
  finish(): void {
    this.#counters.wake(this, this.now)
  }

  /** It has waited for as long as it was to, and need not wait any more, whatever happens. */
  #giveUp(entry: Entry): void {
    this.#counters.stopWaiting(entry)
    entry.after = { ...(entry.after as AwaitedCounter), members: 0 }
    this.letGo(entry)
  }

  /** @internal One that was there for others stops. */
  withdraw(entry: Entry, reason: string): 'cancelled' | 'cancelling' {
    // What is being undone is so for the same reason, and cannot be broken off.
    const undo = undoingOf(entry)
    if (undo?.ends !== undefined) return 'cancelling'
    const error = story.cancelledStory(reason)
    if (undo === undefined || entry.state === 'running') return this.#cancel(entry, error, reason)
    this.#endOrUndo(entry, error)
    return 'cancelling'
  }

  /** @internal Its counter lets it go: it comes to be due. */
  letGo(entry: Entry): void {
    entry.letGoAt = Infinity
    entry.dueAt = isEndCounter(entry.after?.counter) ? Math.max(this.now, entry.dueAt) : this.now + entry.delay
    this.#standing.wait(entry)
  }

  /** @internal One that it waits for has not ended as done. */
  drop(entry: Entry, { story: error }: FailedMember): void {
    this.#end(entry, 'failed', { error })
  }

  members(counter: string, after: number): EndedMember[] {
    return this.#counters.members(counter, after, 1_000)
  }

  sweep(): Swept {
    const swept = { recovered: 0, dead: 0, expired: this.promote(), forgotten: 0 }
    const time = this.#time
    for (let entry = this.#leases.peek(); entry && entry.leaseUntil <= time; entry = this.#leases.peek()) {
      const lost = this.#leases.takeUntil(entry.leaseUntil)
      const begun = begunBy([...this.entries.values()])
      for (const each of lost) {
        if (this.#bury(each, begun.get(each.worker) === 1)) swept.dead++
        else swept.recovered++
      }
    }
    for (const entry of this.history.freed(this.now)) this.#keys.free(entry)
    for (const entry of this.history.beyond(this.now)) {
      this.forget(entry)
      swept.forgotten++
    }
    this.#counters.forget(this.now - this.history.retention.done.age)
    this.finish()
    return swept
  }

  /**
   * Its worker has died. True when that was once too often.
   *
   * @param only nothing else had begun there, so that it is clear which call it was
   */
  #bury(entry: Entry, only: boolean): boolean {
    const { holder, call, attempt, worker = '' } = entry
    holder?.lost(call.id, entry.token)
    if (!entry.blamed && entry.cancelling === undefined) {
      entry.alone ??= -1
      this.release(entry, 0)
      return false
    }
    entry.deaths++
    this.#turn(entry, JSON.stringify({ state: 'died', worker, attempt }))
    if (this.#endStopped(entry)) return false
    if (only && entry.deaths >= (call.maxDeaths ?? this.settings.maxDeaths)) {
      this.#end(entry, 'dead', { error: story.deathsStory(deathsOf(entry)) })
      return true
    }
    entry.alone = spanOf(entry, this.now)
    entry.expiresAt = Infinity
    this.#leave(entry)
    this.#limits.waits(entry)
    this.#standing.enqueue(entry)
    return false
  }

  reports(id: string, after: number): Reported[] {
    const reported = this.entries.get(id)?.reported ?? []
    return reported.filter(each => each.sequence > after).slice(0, 1_000)
  }

  #held(id: string, token: number): Entry | undefined {
    const entry = this.entries.get(id)
    return entry?.state === 'running' && entry.token === token ? entry : undefined
  }

  #isOverdue({ expiresAt, deadlineAt }: Entry): boolean {
    return Math.min(expiresAt, deadlineAt) <= this.now
  }

  /** It is held by the counter that it waits for, unless that lets it go, or ends it, at once. */
  #await(entry: Entry, byHand: boolean = false): 'go' | 'held' {
    if (!byHand) this.#counters.join(entry.after as AwaitedCounter, this.entries, this.now)
    const verdict = this.#counters.wait(entry, this.now, byHand)
    if (verdict === 'go') return 'go'
    const limit = byHand ? undefined : entry.after?.limit
    entry.letGoAt = this.now + (limit ?? Infinity)
    if (limit !== undefined) entry.dueAt = entry.letGoAt
    this.#standing.hold(entry)
    if (verdict !== 'held') this.drop(entry, verdict)
    return 'held'
  }

  /** It leaves wherever it is: its line, its claim. */
  #leave(entry: Entry): void {
    this.#standing.leave(entry)
    this.#leases.delete(entry)
    this.#counters.stopWaiting(entry)
    this.#limits.leaves(entry, this.#time)
    // What has waited for its place may be anywhere.
    if (entry.call.limit) this.tell({ signal: 'claimable' })
    entry.holder = undefined
    entry.leaseUntil = Infinity
    entry.cancelling = undefined
  }

  /** One that was asked to stop does not go back: it ends instead. True when it did. */
  #endStopped(entry: Entry): boolean {
    if (entry.cancelling === undefined) return false
    this.#endOrUndo(entry, story.stoppedStory(entry.cancelling))
    return true
  }

  /** Ends a call as cancelled of which no worker says how it ended; but first what it has done is undone, where that can be. */
  #endOrUndo(entry: Entry, error: string): void {
    const undo = undoingOf(entry)
    if (undo === undefined) this.#end(entry, 'cancelled', { error })
    // One that is being undone ends as it was to end before.
    else this.#toUndo(entry, undo.ends ?? { state: 'cancelled', error })
  }

  /** Puts a call in line to be undone. Nothing ends it any more but its worker, so its time has no limit. */
  #toUndo(entry: Entry, ends: DueEnd, delay = 0, hasRun = false): void {
    const about = hasRun ? `,"attempt":${entry.attempt}` : ''
    this.#turn(entry, `{"state":"undoing"${about},"into":"${ends.state}","error":${ends.error}}`)
    this.#leave(entry)
    noteUndoing(entry, ends)
    entry.memo = undefined
    entry.letGoAt = Infinity
    entry.error = ends.error
    entry.expiresAt = entry.deadlineAt = Infinity
    entry.dueAt = this.now + delay
    this.#limits.waits(entry)
    this.#standing.wait(entry)
  }

  #end(entry: Entry, state: Entry['state'], with_: { result?: string; error?: string }): void {
    this.#leave(entry)
    entry.memo = undefined
    if (!keepsKey(entry, this.now)) this.#keys.free(entry)
    entry.state = state
    entry.endedAt = this.now
    entry.result = with_.result
    if (with_.error !== undefined) entry.error = with_.error
    else if (state === 'done') entry.error = undefined
    this.#counters.over(entry)
    entry.counterBytes = this.#counters.bytesFor(entry)
    entry.bytes += sizeOf(entry.result ?? '') + sizeOf(entry.error ?? '') + entry.counterBytes
    this.history.add(entry, this.now)
    this.#counters.ended(entry.call.id, entry.counts, endOf(entry))
    const kept = state !== 'done' || !entry.call.ignoreResult
    this.tell({ signal: 'ended', id: entry.call.id, ...(kept ? { entry } : {}) })
  }

  #turn(entry: Entry, value: string): void {
    this.#report(entry, 'state', value)
  }

  #report(entry: Entry, kind: Reported['kind'], value: string): void {
    append(entry, kind, value, this.now)
    this.tell({ signal: 'reported', id: entry.call.id })
  }
}
