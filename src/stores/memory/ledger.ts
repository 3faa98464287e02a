import type { Clock } from '../../core/time/clock-type.ts'
import { jobCounter } from '../job-counter.ts'
import type { StoreSettings } from '../options.ts'
import { tooLarge, tooLargeNext } from '../refusals.ts'
import * as story from '../story.ts'
import type { ClaimRequest } from '../pulling/pulling-intake.ts'
import type { Claim, Settlement, WriteOutcome } from '../roles/broker.ts'
import type { AwaitedCounter, OutgoingCall, SendOutcome } from '../roles/calls.ts'
import type { EndedMember, Signalled } from '../roles/counters.ts'
import type { Report, Reported } from '../roles/results.ts'
import type { Counters } from './counters.ts'
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
  spanOf,
} from './entry.ts'
import type { History } from './history.ts'
import { begunBy } from './leases.ts'
import { Life } from './life.ts'
import { firstOf } from './lines.ts'
import { Rates } from './rates.ts'
import { deathsOf } from './reports.ts'
import type { Signal } from './signal.ts'
import { forgetUndoing, noteStep, noteUndone } from './undoing.ts'

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
  readonly entries: Map<string, Entry>
  readonly paused: Set<string> = new Set()
  readonly settings: StoreSettings
  readonly history: History
  readonly tell: (signal: Signal) => void
  readonly #life: Life
  readonly #rates = new Rates()
  #sequence = 0

  constructor(settings: StoreSettings, clock: Clock | undefined, tell: (signal: Signal) => void) {
    this.#life = new Life(settings, clock, tell)
    this.entries = this.#life.entries
    this.settings = settings
    this.history = this.#life.history
    this.tell = tell
  }

  get clock(): Clock {
    return this.#life.clock
  }

  get now(): number {
    return this.#life.now
  }

  /** Milliseconds until something happens by itself; Infinity for never. */
  get untilNext(): number {
    const wakes = this.#life.standing.wakesAt - this.now
    const ends = (this.#life.leases.peek()?.leaseUntil ?? Infinity) - this.#life.time
    const opens = Math.min(this.#life.limits.nextOpening, this.#rates.nextOpening) - this.#life.time
    return Math.max(0, Math.min(wakes, ends, opens))
  }

  send(calls: readonly OutgoingCall[]): SendOutcome[] {
    return calls.map(call => this.#send(call))
  }

  #send(call: OutgoingCall): SendOutcome {
    const outcome = oversize(call, this.settings.maxBytes) ?? this.#keep(call)
    if (call.inner !== undefined && isNew(outcome)) this.send(call.inner)
    this.#life.counters.sent(call, outcome, this.entries, this.now)
    return outcome
  }

  #keep(call: OutgoingCall): SendOutcome {
    const { id, unique, limit } = call
    if (this.entries.has(id)) return { outcome: 'joined', id }
    const { holder, leaving } = unique ? this.#life.keys.of(unique.key, this.now) : {}
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
      if (gives) this.#life.limits.leaves(holder, this.#life.time)
      while (this.#life.limits.full(limit, this.#life.time)) {
        const oldest = limit.strategy === 'cancel-oldest' ? this.#life.limits.oldest(limit) : undefined
        if (oldest) this.#life.cancel(oldest, story.displacedStory(id), JSON.stringify(`replaced by ${id}`))
        else if (limit.strategy === 'cancel-oldest') break
        else {
          if (gives) this.#life.limits.waits(holder)
          return { outcome: 'rejected', reason: 'limit' }
        }
      }
    }
    if (holder) {
      if (isOver) this.history.free(holder)
      holder.keyUntil = 0
      this.#life.keys.free(holder)
      if (!isOver) this.#life.end(holder, 'cancelled', { error: story.replacedStory(id) })
    }
    const entry = this.enter(call)
    this.#life.keys.take(entry, leaving)
    if (leaving) entry.after = this.#life.counters.untilEndOf(leaving, this.now)
    this.#life.limits.waits(entry)
    if (entry.after === undefined || this.#life.await(entry) === 'go') this.#life.standing.wait(entry)
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
    const time = this.#life.time
    for (const queue of request.queues) {
      if (this.paused.has(queue)) continue
      const lines = [...this.#life.standing.lines.ofTasks(queue, request.tasks)].filter(({ task }) =>
        this.#rates.admits(task, request, time),
      )
      while (claims.length < request.limit) {
        const { task, line } = firstOf(lines) ?? {}
        const entry = line?.pop()
        if (task === undefined || line === undefined || entry === undefined) break
        if (entry.call.limit && !this.#life.limits.admits(entry.call.limit, time)) {
          this.#life.limits.park(entry, line, time)
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
    if (entry.leaseUntil !== Infinity) this.#life.leases.add(entry)
    this.#life.standing.leave(entry)
    this.#life.limits.starts(entry, time)
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
      this.#life.leases.delete(entry)
      entry.leaseUntil = this.#life.time + lease
      this.#life.leases.add(entry)
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
    const endsInstead = goesBack && (entry.cancelling !== undefined || this.#life.isOverdue(entry))
    switch (settlement.kind) {
      case 'done':
        this.#life.end(entry, 'done', { result: settlement.result })
        if (!entry.call.ignoreResult) break
        if (keepsKey(entry, this.now)) dropResult(entry)
        else this.forget(entry)
        break
      case 'retry':
        if (this.#life.endStopped(entry)) break
        this.#life.turn(
          entry,
          `{"state":"retry","attempt":${entry.attempt},"delay":${settlement.delay},"error":${settlement.error}}`,
        )
        this.#life.leave(entry)
        entry.memo = undefined
        entry.error = settlement.error
        if (settlement.death) entry.deaths++
        // One that has come to an end by itself, well or not, is not what ends workers.
        entry.alone = settlement.death?.alone ? spanOf(entry, this.now) : undefined
        entry.dueAt = this.now + settlement.delay
        this.#life.limits.waits(entry)
        this.#life.standing.wait(entry)
        break
      case 'release':
        if (settlement.undo) this.#life.toUndo(entry, settlement.undo, settlement.delay, true)
        else this.release(entry, settlement.delay ?? 0, endsInstead ? undefined : settlement.after)
        if (settlement.after !== undefined && !hasEnded(entry)) entry.memo = settlement.memo
        break
      default:
        if ('death' in settlement && settlement.death) entry.deaths++
        this.#life.end(entry, settlement.kind, { error: settlement.error })
    }
    // After the end of this one, whose unique key and whose place in a limit they may take.
    if (settlement.next !== undefined && !endsInstead) this.send(settlement.next)
    return 'ok'
  }

  /** Hands back a call that has not been worked on; its attempt does not count. */
  release(entry: Entry, delay: number, after?: AwaitedCounter): void {
    if (this.#life.endStopped(entry)) return
    const waits = after === undefined ? '' : `,"after":${JSON.stringify(after.counter)}`
    this.#life.turn(entry, `{"state":"released","attempt":${entry.attempt}${waits}}`)
    this.#life.leave(entry)
    entry.attempt--
    entry.startedAt = undefined
    this.#life.limits.waits(entry)
    if (after !== undefined) {
      if (entry.after?.counter !== after.counter) this.#life.counters.change(entry, this.entries)
      entry.after = after
      entry.delay = delay
      if (this.#life.await(entry) !== 'go') return
    }
    if (delay === 0) return this.#life.standing.enqueue(entry)
    entry.dueAt = this.now + delay
    this.#life.standing.wait(entry)
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
      this.#life.report(entry, 'step', `{"name":${JSON.stringify(report.name)},"value":${value}}`)
    } else if (report.kind === 'memo') {
      this.#life.counters.attend(entry, this.now, this.entries)
      entry.memo = value
    } else if (report.kind === 'undone') {
      noteUndone(entry, report.name, value)
      this.#life.report(entry, 'undone', `{"name":${JSON.stringify(report.name)},"value":${value}}`)
    } else this.#life.report(entry, report.kind, value)
    if (next === undefined) return 'ok'
    const own = jobCounter(report.id)
    if (next.some(({ counts }) => counts?.some(({ counter }) => counter === own)))
      this.#life.counters.attend(entry, this.now, this.entries)
    this.send(next)
    return 'ok'
  }

  signal(id: string, name: string, value: string): Signalled {
    const refused = tooLarge(value, this.settings.maxBytes)
    if (refused) return refused
    const entry = this.entries.get(id)
    if (entry === undefined || entry.foreign) return 'gone'
    if (hasEnded(entry)) return 'ended'
    this.#life.counters.signal(entry, name, value, this.now, this.entries)
    this.tell({ signal: 'reported', id }) // the attempt that runs may wait for it
    return 'kept'
  }

  cancel(id: string, reason: string): 'cancelled' | 'cancelling' | 'ended' | 'gone' {
    const entry = this.entries.get(id)
    if (!entry) return 'gone'
    if (hasEnded(entry)) return 'ended'
    return this.#life.withdraw(entry, reason)
  }

  retry(id: string): 'ready' | 'pending' | 'taken' | 'gone' {
    const entry = this.entries.get(id)
    if (!entry) return 'gone'
    if (!hasEnded(entry)) return 'pending'
    if (this.#life.keys.isTaken(entry, this.now)) return 'taken'
    const entries = this.#life.counters.together(
      entry,
      this.entries,
      each => hasEnded(each) && !this.#life.keys.isTaken(each, this.now),
    )
    // First all of them have not ended, so that each is held that waits for another.
    for (const each of entries) this.#life.counters.uncount(each)
    for (const each of entries) this.#again(each)
    return 'ready'
  }

  #again(entry: Entry): void {
    this.#life.keys.take(entry)
    this.history.delete(entry)
    beginAgain(entry, this.now)
    forgetUndoing(entry)
    this.#life.turn(entry, '{"state":"again"}')
    this.#life.limits.waits(entry)
    if (entry.after === undefined || this.#life.await(entry, true) === 'go') this.#life.standing.wait(entry)
  }

  /** Forgets a call that does not run. */
  forget(entry: Entry): void {
    this.#life.forget(entry)
  }

  /** Puts those in line that have come to be due, and ends those whose time is over. How many ended. */
  promote(): number {
    const expired = this.#promote()
    this.finish()
    return expired
  }

  #promote(): number {
    const { now } = this
    let expired = 0
    if (this.#life.limits.open(this.#life.time)) this.tell({ signal: 'claimable' })
    if (this.#rates.open(this.#life.time)) this.tell({ signal: 'claimable' })
    for (let entry = this.#life.standing.woken(); entry; entry = this.#life.standing.woken()) {
      if (this.#life.isOverdue(entry)) {
        this.#life.endOrUndo(entry, entry.deadlineAt <= now ? story.deadlineStory : story.expiredStory)
        expired++
      } else if (entry.state === 'held') this.#life.giveUp(entry)
      else this.#life.standing.wait(entry)
    }
    return expired
  }

  /** Lets go on those who waited for what has ended, and sends what is to follow those that have failed. */
  finish(): void {
    const { counters, following } = this.#life
    counters.wake(this.#life, this.now)
    if (following.length > 0) this.send(following.splice(0))
  }

  /** @internal One that waits stands where it belongs by its times, which have changed. */
  stand(entry: Entry): void {
    const { standing } = this.#life
    standing.leave(entry)
    if (entry.state === 'held') standing.hold(entry)
    else standing.wait(entry)
  }

  /** @internal */
  get counters(): Counters {
    return this.#life.counters
  }

  members(counter: string, after: number): EndedMember[] {
    return this.#life.counters.members(counter, after, 1_000)
  }

  sweep(): Swept {
    // What has ended has its effects once all is seen to that is over at this moment.
    const swept = { recovered: 0, dead: 0, expired: this.#promote(), forgotten: 0 }
    const time = this.#life.time
    for (let entry = this.#life.leases.peek(); entry && entry.leaseUntil <= time; entry = this.#life.leases.peek()) {
      const lost = this.#life.leases.takeUntil(entry.leaseUntil)
      const begun = begunBy([...this.entries.values()])
      for (const each of lost) {
        if (this.#bury(each, begun.get(each.worker) === 1)) swept.dead++
        else swept.recovered++
      }
    }
    for (const entry of this.history.freed(this.now)) this.#life.keys.free(entry)
    for (const entry of this.history.beyond(this.now)) {
      this.forget(entry)
      swept.forgotten++
    }
    this.#life.counters.forget(this.now - this.history.retention.done.age)
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
    this.#life.turn(entry, JSON.stringify({ state: 'died', worker, attempt }))
    if (this.#life.endStopped(entry)) return false
    if (only && entry.deaths >= (call.maxDeaths ?? this.settings.maxDeaths)) {
      this.#life.fail(entry, 'dead', story.deathsStory(deathsOf(entry)))
      return true
    }
    entry.alone = spanOf(entry, this.now)
    entry.expiresAt = Infinity
    this.#life.leave(entry)
    this.#life.limits.waits(entry)
    this.#life.standing.enqueue(entry)
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
}
