import { memberStory } from '../story.ts'
import type { AwaitedCounter } from '../roles/calls.ts'
import type { EndedMember } from '../roles/counters.ts'
import type { Entry } from './entry.ts'
import { Heap } from './heap.ts'

/** The end of a call, for those who waited for it. */
export type MemberEnd = Pick<EndedMember, 'state' | 'result' | 'error'>

/** A member that has not ended as done, and the story of those who are dropped because of it. */
export interface FailedMember {
  readonly story: string
}

/** A member of a counter. */
export interface Member {
  readonly id: string
  end: MemberEnd | undefined
  readonly owned: boolean
  readonly tolerated: boolean
}

/** A counter: its members, and those who wait for it. */
export class Counter {
  readonly members: Map<number, Member> = new Map()
  /** Those that wait for it, and those that have and may ask for its members. */
  readonly awaiting: Set<Entry> = new Set()
  readonly held: Record<AwaitedCounter['failure'], Heap<Entry>> = { release: new Heap(sooner), drop: new Heap(sooner) }
  readonly failed: Set<number> = new Set()
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
export function sooner(a: Entry, b: Entry): boolean {
  const [x, y] = [a, b].map(each => (each.after as AwaitedCounter).members) as [number, number]
  return x === y ? a.sequence < b.sequence : x < y
}

/** A member that has failed, as the reason why others are dropped. */
export function failedMember(member: number, { id, end }: Member): FailedMember {
  const { state, error } = end as MemberEnd
  return { story: memberStory(id, member, state, error) }
}

/** The end of an entry, for those who waited for it. */
export function endOf({ state, result, error }: Entry): MemberEnd {
  return {
    state: state as MemberEnd['state'],
    ...(result === undefined ? {} : { result }),
    ...(state === 'done' || error === undefined ? {} : { error }),
  }
}

/** The text that is kept of the end of a member. */
export function textOf(end: MemberEnd | undefined): string {
  return end?.result ?? end?.error ?? ''
}

/** Those that are held until so many members have ended, and not any more. */
export function* upTo(held: Heap<Entry>, ended: number): Generator<Entry> {
  for (let entry = held.peek(); entry && (entry.after as AwaitedCounter).members <= ended; entry = held.peek()) {
    held.delete(entry)
    yield entry
  }
}

/** The lowest of some numbers. Not by spreading them: there may be more than fit into the arguments of one function. */
export function lowest(numbers: Iterable<number>): number {
  let least = Infinity
  for (const each of numbers) if (each < least) least = each
  return least
}

/** The place of the first number that is greater. */
export function firstAbove(numbers: readonly number[], bound: number): number {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((numbers[middle] as number) > bound) high = middle
    else low = middle + 1
  }
  return low
}
