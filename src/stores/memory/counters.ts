import { endCounter } from '../end-counter.ts'
import { firstChild, firstSignal, jobCounter } from '../job-counter.ts'
import type { AwaitedCounter, Membership } from '../roles/calls.ts'
import type { EndedMember } from '../roles/counters.ts'
import { type Entry, hasEnded, sizeOf } from './entry.ts'
import { Heap } from './heap.ts'

/** The end of a call, for those who waited for it. */
export type MemberEnd = Pick<EndedMember, 'state' | 'result' | 'error'>

/** A member that has not ended as done. */
export type FailedMember = Pick<EndedMember, 'member' | 'id' | 'state'>

/** The effects on the calls that wait, once it is clear that they need not wait any more. */
export interface Waking {
  letGo(entry: Entry): void
  drop(entry: Entry, by: FailedMember): void
}

interface Member {
  readonly id: string
  end: MemberEnd | undefined
}

class Counter {
  readonly members = new Map<number, Member>()
  /** Those that wait for it, and those that have and may ask for its members. */
  readonly awaiting = new Set<Entry>()
  readonly held = { release: new Heap<Entry>(sooner), drop: new Heap<Entry>(sooner) }
  readonly failed = new Set<number>()
  ended = 0
  /** Of the results and errors that are kept. */
  bytes = 0
  touchedAt = 0
  /** The number of signals among the members. */
  signals = 0
  /** The numbers of the members that have ended, in order; made when somebody asks. */
  inOrder: number[] | undefined
}

/** An order: who needs fewer members, then who came first. */
function sooner(a: Entry, b: Entry): boolean {
  const [x, y] = [a, b].map(each => (each.after as AwaitedCounter).members) as [number, number]
  return x === y ? a.sequence < b.sequence : x < y
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
  #uncounted: { readonly id: string; readonly counts: readonly Membership[]; readonly end: MemberEnd }[] = []

  /** Makes a call a member, or only an id where the call was not kept. */
  enroll(counts: readonly Membership[] | undefined, id: string, entry: Entry | undefined, now: number): void {
    const joined: Membership[] = []
    for (const { counter, member } of counts ?? []) {
      const known = this.#of(counter, now)
      const there = known.members.get(member)
      if (there !== undefined && there.id !== id) continue
      const isMember = entry?.counts.some(each => each.counter === counter && each.member === member) === true
      if (there !== undefined && isMember) continue
      // It may have been a member before the counter was forgotten, as when nobody was left who waited.
      if (there === undefined) known.members.set(member, { id, end: undefined })
      if (!isMember) entry?.counts.push({ counter, member })
      joined.push({ counter, member })
      this.#rest(counter, known)
    }
    // It was there before, and is over: it counts at once.
    if (joined.length > 0 && entry !== undefined && hasEnded(entry))
      this.#uncounted.push({ id, counts: joined, end: endOf(entry) })
  }

  /** From now on the counter that belongs to a call is kept for as long as the call is. */
  attend(entry: Entry, now: number): void {
    this.#attend(entry, now)
  }

  #attend(entry: Entry, now: number): Counter {
    const counter = jobCounter(entry.call.id)
    const known = this.#of(counter, now)
    entry.after ??= { counter, members: 0, failure: 'release' }
    known.awaiting.add(entry)
    this.#idle.delete(counter)
    return known
  }

  /** Keeps a signal for a call that has not ended. */
  signal(entry: Entry, name: string, value: string, now: number): void {
    const member = firstSignal + this.#attend(entry, now).signals++
    const counts = [{ counter: jobCounter(entry.call.id), member }]
    this.enroll(counts, name, undefined, now)
    this.ended(name, counts, { state: 'done', result: value })
  }

  /** The calls that a call has sent for itself, and that have not ended. */
  *childrenOf(id: string): Generator<string> {
    for (const [member, { id: child, end }] of this.#counters.get(jobCounter(id))?.members ?? [])
      if (member >= firstChild && member < firstSignal && end === undefined) yield child
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
      const { id, end } = known.members.get(member) as Member
      return { member, id, state: (end as MemberEnd).state }
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
  leave(entry: Entry): void {
    if (entry.after === undefined) return
    this.change(entry)
    this.#leave(entry, jobCounter(entry.call.id))
  }

  /** It is to wait for something else. The counter that belongs to it stays. */
  change(entry: Entry): void {
    if (entry.after === undefined) return
    const { counter } = entry.after
    this.stopWaiting(entry)
    entry.after = undefined
    if (counter !== jobCounter(entry.call.id)) this.#leave(entry, counter)
  }

  #leave(entry: Entry, counter: string): void {
    const known = this.#counters.get(counter)
    if (known?.awaiting.delete(entry) && known.awaiting.size === 0) this.#counters.delete(counter)
  }

  /** The bytes of what is kept for a call that has waited. */
  bytesFor({ after }: Entry): number {
    return (after && this.#counters.get(after.counter)?.bytes) ?? 0
  }

  /** True while some that have ended are not counted. */
  get haveToWake(): boolean {
    return this.#uncounted.length > 0
  }

  /** Counts those that have ended, and wakes who waited for them. */
  wake(waking: Waking, now: number): void {
    for (let uncounted = this.#uncounted; uncounted.length > 0; uncounted = this.#uncounted) {
      this.#uncounted = []
      for (const { id, counts, end } of uncounted) {
        for (const { counter, member } of counts) this.#count(counter, { member, id, ...end }, waking, now)
      }
    }
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
    if (end.state === 'done') known.failed.delete(member)
    else known.failed.add(member)
    known.touchedAt = now
    this.#rest(counter, known)
    if (end.state !== 'done') {
      for (let entry = known.held.drop.pop(); entry; entry = known.held.drop.pop()) {
        waking.drop(entry, { member, id, state: end.state })
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

/** The end of an entry, for those who waited for it. */
export function endOf({ state, result, error }: Entry): MemberEnd {
  return {
    state: state as MemberEnd['state'],
    ...(result === undefined ? {} : { result }),
    ...(state === 'done' || error === undefined ? {} : { error }),
  }
}

function textOf(end: MemberEnd | undefined): string {
  return end?.result ?? end?.error ?? ''
}

function* upTo(held: Heap<Entry>, ended: number): Generator<Entry> {
  for (let entry = held.peek(); entry && (entry.after as AwaitedCounter).members <= ended; entry = held.peek()) {
    held.delete(entry)
    yield entry
  }
}

/** Not by spreading them: there may be more than fit into the arguments of one function. */
function lowest(numbers: Iterable<number>): number {
  let least = Infinity
  for (const each of numbers) if (each < least) least = each
  return least
}

/** The place of the first number that is greater. */
function firstAbove(numbers: readonly number[], bound: number): number {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((numbers[middle] as number) > bound) high = middle
    else low = middle + 1
  }
  return low
}
