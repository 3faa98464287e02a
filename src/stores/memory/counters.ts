import { endCounter, isEndCounter } from '../end-counter.ts'
import { firstSignal, jobCounter } from '../job-counter.ts'
import * as story from '../story.ts'
import type { AwaitedCounter, Membership, OutgoingCall, SendOutcome } from '../roles/calls.ts'
import type { EndedMember } from '../roles/counters.ts'
import type { MemberPlace } from '../moved.ts'
import type { MovedMember } from '../roles/transfer.ts'
import {
  Counter,
  endOf,
  type FailedMember,
  failedMember,
  firstAbove,
  lowest,
  type Member,
  type MemberEnd,
  sooner,
  textOf,
  upTo,
} from './counter.ts'
import { type Entry, hasEnded, isNew, sizeOf } from './entry.ts'

/** The effects on the calls that wait, once it is clear that they need not wait any more. */
export interface Waking {
  letGo(entry: Entry): void
  drop(entry: Entry, by: FailedMember): void
  /** Stops a call that was there for others. `reason` is JSON. */
  withdraw(entry: Entry, reason: string): void
  readonly entries: ReadonlyMap<string, Entry>
}

/**
 * The counters of a store. That calls have ended is only noted while something is going on; `wake` counts them when it is over,
 * so that nobody's state changes in between. One after the other, not one inside the other: a chain of ten thousand calls that
 * wait for each other may come down at once.
 */
export class Counters {
  readonly #counters = new Map<string, Counter>()
  /** Counters for which nobody has waited, whose members have all ended: the one first that has been so for longest. */
  readonly #idle = new Map<string, Counter>()
  /** Those that have waited and have ended. */
  readonly #over = new Set<Entry>()
  /** The ids of calls that were there for others, which are all gone. */
  readonly #left = new Set<string>()
  /** The places among the counters of calls by which they were found to be needed last. */
  readonly #neededAt = new WeakMap<Entry, number>()
  #uncounted: { readonly id: string; readonly counts: readonly Membership[]; readonly end: MemberEnd }[] = []

  /** A call was sent that may be a member. */
  sent(call: OutgoingCall, outcome: SendOutcome, all: ReadonlyMap<string, Entry>, now: number): void {
    const { id, counts } = call
    if (counts === undefined) return
    if (outcome.outcome !== 'rejected') {
      return this.enroll(counts, outcome.id, all.get(outcome.id), now, isNew(outcome))
    }
    // It will never end, and those who wait for it must not wait for ever.
    this.enroll(counts, id, undefined, now)
    this.ended(id, counts, { state: 'cancelled', error: story.rejectedStory(outcome.reason) })
  }

  /**
   * Makes a call a member, or only an id where the call was not kept.
   *
   * @param owns false for a call that was there before, which belongs to nobody
   */
  enroll(
    counts: readonly Membership[] | undefined,
    id: string,
    entry: Entry | undefined,
    now: number,
    owns: boolean = false,
  ): void {
    const joined: Membership[] = []
    for (const { counter, member, owned, tolerated } of counts ?? []) {
      const known = this.#of(counter, now)
      const there = known.members.get(member)
      if (there !== undefined && there.id !== id) continue
      if (there?.id === id && entry?.counts.some(each => each.counter === counter && each.member === member)) continue
      // It may have been a member before the counter was forgotten, as when nobody was left who waited.
      if (there === undefined) {
        known.members.set(member, { id, end: undefined, owned: owns && owned === true, tolerated: tolerated === true })
      }
      entry?.counts.push({ counter, member })
      joined.push({ counter, member })
      this.#rest(counter, known)
    }
    // It was there before, and is over: it counts at once.
    if (joined.length > 0 && entry !== undefined && hasEnded(entry))
      this.#uncounted.push({ id, counts: joined, end: endOf(entry) })
  }

  /** The members that a call is of counters that are there, once each: a counter may have been forgotten and be there again. */
  membershipsOf({ call, counts }: Entry): Membership[] {
    const found = new Map<string, Membership>()
    for (const { counter, member } of counts) {
      const known = this.#counters.get(counter)?.members.get(member)
      if (known?.id !== call.id) continue
      found.set(`${member} ${counter}`, membershipOf(counter, member, known))
    }
    return [...found.values()].sort((a, b) =>
      a.counter === b.counter ? a.member - b.member : a.counter < b.counter ? -1 : 1,
    )
  }

  /**
   * The members that have ended of counters for which somebody waits who has not ended, or of which one is a member: so many at most, in
   * order, after one.
   */
  needed(after: MemberPlace, most: number): MovedMember[] {
    const found: MovedMember[] = []
    const needed = [...this.#counters].filter(
      ([counter, known]) => counter >= after.counter && (isAwaited(known) || known.ended < known.members.size),
    )
    for (const [counter, { members }] of needed.sort(([a], [b]) => (a < b ? -1 : 1))) {
      const from = counter === after.counter ? after.member : -1
      for (const ended of this.members(counter, from, most - found.length))
        found.push({ ...ended, ...membershipOf(counter, ended.member, members.get(ended.member) as Member) })
      if (found.length === most) break
    }
    return found
  }

  /** Makes a member of what has ended in another store. */
  take({ id, state, result, error, ...membership }: MovedMember, now: number): void {
    const { counter, member } = membership
    const known = this.#of(counter, now)
    if (known.members.has(member)) return
    if (member >= firstSignal) known.signals = Math.max(known.signals, member - firstSignal + 1)
    this.enroll([membership], id, undefined, now, true)
    const end = { state, ...(result === undefined ? {} : { result }), ...(error === undefined ? {} : { error }) }
    this.ended(id, [membership], end)
  }

  /** True if a member has ended in a way that drops those who wait for all to be done. */
  hasFailed(counter: string): boolean {
    return (this.#counters.get(counter)?.failed.size ?? 0) > 0
  }

  /** From now on a member that fails drops one that waits, or does not. */
  heed(entry: Entry, failure: AwaitedCounter['failure']): void {
    const { after } = entry
    if (after === undefined || after.failure === failure) return
    this.stopWaiting(entry)
    entry.after = { ...after, failure }
    if (entry.state === 'held') this.#counters.get(after.counter)?.held[failure].add(entry)
  }

  /** From now on the counter that belongs to a call is kept for as long as the call is. */
  attend(entry: Entry, now: number, all: ReadonlyMap<string, Entry>): void {
    this.#attend(entry, now, all)
  }

  /** As `attend`, for one that was moved, if something has come of that counter before it. */
  attendMoved(entry: Entry, now: number, all: ReadonlyMap<string, Entry>): void {
    if (this.#counters.has(jobCounter(entry.call.id))) this.#attend(entry, now, all)
  }

  #attend(entry: Entry, now: number, all: ReadonlyMap<string, Entry>): Counter {
    const counter = jobCounter(entry.call.id)
    const known = this.#of(counter, now)
    // One that has waited for the end of another, and runs, need not know of that any more.
    if (isEndCounter(entry.after?.counter) && entry.state === 'running') this.change(entry, all)
    entry.after ??= { counter, members: 0, failure: 'release' }
    known.awaiting.add(entry)
    this.#idle.delete(counter)
    return known
  }

  /** Keeps a signal for a call that has not ended. */
  signal(entry: Entry, name: string, value: string, now: number, all: ReadonlyMap<string, Entry>): void {
    const member = firstSignal + this.#attend(entry, now, all).signals++
    const counts = [{ counter: jobCounter(entry.call.id), member }]
    this.enroll(counts, name, undefined, now)
    this.ended(name, counts, { state: 'done', result: value })
  }

  /** The counter of the end of a call, whichever way that ends, for one that is not to run beside it. */
  untilEndOf(entry: Entry, now: number): AwaitedCounter {
    const { id } = entry.call
    const counter = endCounter(id)
    this.enroll([{ counter, member: 0 }], id, entry, now)
    return { counter, members: 1, failure: 'release' }
  }

  /** A call has ended, or will never be. */
  ended(id: string, counts: readonly Membership[], end: MemberEnd): void {
    if (counts.length > 0) this.#uncounted.push({ id, counts, end })
  }

  /**
   * Begins to wait, as `after` of the entry says: whether it may go at once, is held, or cannot go because of a member.
   *
   * @param byHand it is made to run again, whatever its members came to; but not before they have ended
   */
  wait(entry: Entry, now: number, byHand: boolean = false): 'go' | 'held' | FailedMember {
    const { counter, members, failure } = entry.after as AwaitedCounter
    const known = this.#of(counter, now)
    known.awaiting.add(entry)
    this.#idle.delete(counter)
    if (failure === 'drop' && known.failed.size > 0 && !byHand) {
      const member = lowest(known.failed)
      return failedMember(member, known.members.get(member) as Member)
    }
    if (known.ended >= members) return 'go'
    known.held[failure].add(entry)
    return 'held'
  }

  /** It waits no more, though it may still ask for the members. */
  stopWaiting(entry: Entry): void {
    if (entry.after === undefined) return
    this.#counters.get(entry.after.counter)?.held[entry.after.failure].delete(entry)
  }

  /** It is forgotten. What was kept for it goes with the last one who has waited. */
  leave(entry: Entry, all: ReadonlyMap<string, Entry>): void {
    if (entry.after === undefined) return
    this.change(entry, all)
    this.#leave(entry, jobCounter(entry.call.id), all)
  }

  /** It is to wait for something else. The counter that belongs to it stays. */
  change(entry: Entry, all: ReadonlyMap<string, Entry>): void {
    if (entry.after === undefined) return
    const { counter } = entry.after
    this.stopWaiting(entry)
    entry.after = undefined
    if (counter !== jobCounter(entry.call.id)) this.#leave(entry, counter, all)
  }

  #leave(entry: Entry, counter: string, all: ReadonlyMap<string, Entry>): void {
    const known = this.#counters.get(counter)
    if (!known?.awaiting.delete(entry) || known.awaiting.size > 0) return
    for (const id of unended(known)) if (this.#isOwned(all.get(id))) this.#left.add(id)
    this.#counters.delete(counter)
  }

  /** One that has waited has ended, and what is there for its sake need not go on. */
  over(entry: Entry): void {
    if (entry.after === undefined) return
    this.#over.add(entry)
    if (entry.state === 'done') this.#consume(entry, this.#counters.get(entry.after.counter))
  }

  #withdraw(waking: Waking): void {
    for (const { call, after, state } of this.#over) {
      const known = this.#counters.get((after as AwaitedCounter | undefined)?.counter ?? '')
      if (known === undefined || isAwaited(known)) continue
      for (const id of unended(known)) {
        if (this.#isOwned(waking.entries.get(id))) this.#stop(waking, id, story.ownerReason(call.id, state))
      }
    }
    this.#over.clear()
    for (const id of this.#left) this.#stop(waking, id, story.ownerGone)
    this.#left.clear()
  }

  /** Stops a call that was there for others, unless somebody else waits for it. */
  #stop(waking: Waking, id: string, reason: string): void {
    const entry = waking.entries.get(id)
    // Whether it was asked to stop comes first, since all who have waited for it are looked at to know the rest.
    if (entry === undefined || hasEnded(entry) || entry.cancelling !== undefined || this.#isNeeded(entry)) return
    waking.withdraw(entry, reason)
  }

  /** Of many that wait for one and end one after the other, all would be looked at each time: so the look begins where it found one last. */
  #isNeeded(entry: Entry): boolean {
    const { counts } = entry
    const from = this.#neededAt.get(entry) ?? 0
    for (let n = 0; n < counts.length; n++) {
      const at = (from + n) % counts.length
      const [known] = this.#memberOf(entry, counts[at] as Membership) ?? []
      if (known === undefined || !isAwaited(known)) continue
      this.#neededAt.set(entry, at)
      return true
    }
    return false
  }

  /** True for one that is there for those who wait for one of its counters. */
  #isOwned(entry: Entry | undefined): boolean {
    if (entry !== undefined) for (const [, { owned }] of this.#membersOf(entry)) if (owned) return true
    return false
  }

  /** The counters of which a call is a member. */
  *#membersOf(entry: Entry): Generator<[Counter, Member, Membership]> {
    for (const membership of entry.counts) {
      const found = this.#memberOf(entry, membership)
      if (found !== undefined) yield [...found, membership]
    }
  }

  #memberOf({ call }: Entry, { counter, member }: Membership): [Counter, Member] | undefined {
    const known = this.#counters.get(counter)
    const there = known?.members.get(member)
    // It may be another counter of that name, the first having been forgotten.
    return known !== undefined && there?.id === call.id ? [known, there] : undefined
  }

  /** Drops what is kept of the results of members that are there for one who is done, unless others wait, too. */
  #consume(entry: Entry, known: Counter | undefined): void {
    if (known === undefined || isAwaited(known, entry)) return
    for (const member of known.members.values()) {
      if (!member.owned || member.end === undefined) continue
      known.bytes -= sizeOf(textOf(member.end))
      member.end = { state: member.end.state }
    }
  }

  /** A member that has ended runs again: until it has ended once more it has not. */
  uncount(entry: Entry): void {
    for (const [known, there, { counter, member }] of this.#membersOf(entry)) {
      if (there.end === undefined) continue
      known.bytes -= sizeOf(textOf(there.end))
      known.ended--
      known.failed.delete(member)
      known.inOrder = undefined
      there.end = undefined
      this.#idle.delete(counter)
    }
  }

  /**
   * A call that is to run again, the members for which it has waited and that have failed, the calls that have been dropped because of it,
   * and so on.
   *
   * @param can whether one can run again
   */
  together(first: Entry, all: ReadonlyMap<string, Entry>, can: (entry: Entry) => boolean): Set<Entry> {
    const entries = new Set([first])
    const keys = new Set([first.call.unique?.key])
    const add = (entry: Entry): void => {
      const key = entry.call.unique?.key
      // Of two that have ended and had the same key only one can have it again.
      if (entries.has(entry) || (key !== undefined && keys.has(key)) || !can(entry)) return
      keys.add(key)
      entries.add(entry)
    }
    // What is added comes to the end of the list.
    for (const entry of entries) {
      const { after } = entry
      const awaited = after && this.#counters.get(after.counter)
      for (const { id, owned } of awaited === undefined ? [] : failedIn(awaited)) {
        const failed = owned || after?.failure === 'drop' ? all.get(id) : undefined
        if (failed !== undefined) add(failed)
      }
      for (const [known, { tolerated }] of this.#membersOf(entry)) {
        if (tolerated) continue
        for (const each of [...known.awaiting].sort((a, b) => a.sequence - b.sequence)) {
          if (each.state === 'failed' && story.originOf(each.error) !== undefined) add(each)
        }
      }
    }
    return entries
  }

  /** Makes calls members that are there already; one that is not counts as cancelled. */
  join({ counter, joins = [] }: AwaitedCounter, all: ReadonlyMap<string, Entry>, now: number): void {
    for (const { id, ...membership } of joins) {
      const entry = all.get(id)
      const counts = [{ counter, ...membership }]
      this.enroll(counts, id, entry, now)
      if (entry === undefined) this.ended(id, counts, { state: 'cancelled', error: story.goneStory(id) })
    }
  }

  /** The bytes of what is kept for a call that has waited. */
  bytesFor({ after }: Entry): number {
    return (after && this.#counters.get(after.counter)?.bytes) ?? 0
  }

  /** Counts those that have ended, and wakes who waited for them. */
  wake(waking: Waking, now: number): void {
    do {
      for (let uncounted = this.#uncounted; uncounted.length > 0; uncounted = this.#uncounted) {
        this.#uncounted = []
        for (const { id, counts, end } of uncounted) {
          for (const { counter, member } of counts) this.#count(counter, { member, id, ...end }, waking, now)
        }
      }
      // Once all is dropped that fails: what two have waited for is not needed any more when both have ended.
      this.#withdraw(waking)
    } while (this.#uncounted.length > 0)
  }

  #count(counter: string, { member, id, ...end }: EndedMember, waking: Waking, now: number): void {
    const known = this.#counters.get(counter)
    const there = known?.members.get(member)
    if (known === undefined || there?.id !== id) return
    known.bytes += sizeOf(textOf(end)) - sizeOf(textOf(there.end))
    if (there.end === undefined) {
      known.ended++
      known.inOrder = undefined
    }
    there.end = end
    const fails = end.state !== 'done' && !there.tolerated
    if (fails) known.failed.add(member)
    else known.failed.delete(member)
    known.touchedAt = now
    this.#rest(counter, known)
    if (fails) {
      for (let entry = known.held.drop.pop(); entry; entry = known.held.drop.pop()) {
        waking.drop(entry, failedMember(member, there))
      }
    }
    const free = [...upTo(known.held.release, known.ended), ...upTo(known.held.drop, known.ended)]
    for (const entry of free.sort((a, b) => (sooner(a, b) ? -1 : 1))) waking.letGo(entry)
  }

  /** Forgets counters for which nobody has waited since a time. */
  forget(since: number): void {
    for (const [counter, { touchedAt }] of this.#idle) {
      if (touchedAt > since) break
      this.#idle.delete(counter)
      this.#counters.delete(counter)
    }
  }

  members(counter: string, after: number, most: number): EndedMember[] {
    const known = this.#counters.get(counter)
    if (known === undefined) return []
    known.inOrder ??= [...known.members]
      .filter(([, { end }]) => end !== undefined)
      .map(([member]) => member)
      .sort((a, b) => a - b)
    const from = firstAbove(known.inOrder, after)
    return known.inOrder.slice(from, from + most).map(member => {
      const { id, end } = known.members.get(member) as Member
      return { member, id, ...(end as MemberEnd) }
    })
  }

  #of(counter: string, now: number): Counter {
    let known = this.#counters.get(counter)
    if (known === undefined) this.#counters.set(counter, (known = new Counter()))
    known.touchedAt = now
    return known
  }

  /** Lets a counter rest from now on, if nobody has waited for it and nothing is to be counted. */
  #rest(counter: string, known: Counter): void {
    this.#idle.delete(counter)
    if (known.awaiting.size === 0 && known.ended === known.members.size) this.#idle.set(counter, known)
  }
}

/** True if one that has not ended waits for a counter, or has waited for it last. */
function isAwaited({ awaiting }: Counter, besides?: Entry): boolean {
  for (const each of awaiting) if (each !== besides && !hasEnded(each)) return true
  return false
}

/** A member of a counter, as a call has it. */
function membershipOf(counter: string, member: number, { owned, tolerated }: Member): Membership {
  return { counter, member, ...(tolerated ? { tolerated } : {}), ...(owned ? { owned } : {}) }
}

/** The members that have failed, in order. */
function failedIn({ failed, members }: Counter): Member[] {
  return [...failed].sort((a, b) => a - b).map(member => members.get(member) as Member)
}

/** The ids of the members that have not ended, in order. */
function unended({ members }: Counter): string[] {
  return [...members]
    .filter(([, { end }]) => end === undefined)
    .sort(([a], [b]) => a - b)
    .map(([, { id }]) => id)
}
