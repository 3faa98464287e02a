/** Something that a job waits for when it has given its place back. */
export interface AwaitedThing {
  /** A sleep, a signal to the job, another job. */
  readonly kind: 'sleep' | 'signal' | 'call'
  /** The name of the wait: for a signal the signal's own. */
  readonly name: string
  /** The moment at which it is over or has taken too long, in milliseconds since the epoch. Absent where there is none. */
  readonly until?: number
  /** The id of the other job. */
  readonly id?: string
}

/** The memo that an attempt has in the store while it waits. */
export interface Memo {
  readonly waits: readonly AwaitedThing[]
  /** Steps and waits that have failed in this attempt, each with its failure as a store has failures. */
  readonly failures: Record<string, string>
  /** The members of its counter that had failed before it began. */
  stale: readonly number[]
  /**
   * The moment of its first wait: one that was over before is of an earlier attempt. In milliseconds since the epoch; absent as long as
   * it has not waited.
   */
  since?: number
}

const kinds: readonly unknown[] = ['sleep', 'signal', 'call'] satisfies AwaitedThing['kind'][]
/** The last moment that a Date can have, in milliseconds since the epoch. */
const lastMoment = 8.64e15

/** The memo that a store has kept, as far as it can be read; an empty one where it has none. */
export function readMemo(text: string | undefined): Memo {
  let memo: Partial<Memo> | null = null
  try {
    if (text !== undefined) memo = JSON.parse(text) as Partial<Memo> | null
  } catch {
    // Damaged.
  }
  const { waits, failures, stale, since } = memo ?? {}
  return {
    waits: Array.isArray(waits) ? waits.filter(isAwaited) : [],
    failures: Object.assign(Object.create(null) as Record<string, string>, failures),
    stale: Array.isArray(stale) ? stale : [],
    ...(typeof since === 'number' ? { since } : {}),
  }
}

function isAwaited(thing: unknown): thing is AwaitedThing {
  if (typeof thing !== 'object' || thing === null) return false
  const { kind, name, until = 0 } = thing as Partial<Record<keyof AwaitedThing, unknown>>
  return kinds.includes(kind) && typeof name === 'string' && typeof until === 'number' && Math.abs(until) <= lastMoment
}

/** The record that a job keeps of a wait, among its steps. */
export interface WaitRecord {
  readonly kind: AwaitedThing['kind']
  readonly until?: number
  readonly id?: string
  readonly member?: number
}

/** The name of that record among the steps of a job; no step of the user's may begin so. */
export function waitRecordName(name: string): string {
  return `wait: ${name}`
}

/** The name of the record of the call that a task has returned. No wait has an empty name. */
export const returnedRecordName: string = waitRecordName('')

/** A wait of a job, in words. */
export function waitText({ kind, name, until }: AwaitedThing): string {
  const time = until === undefined ? '' : new Date(until).toISOString()
  if (kind === 'sleep') return `sleeping until ${time} ('${name}')`
  const limit = time === '' ? '' : `, at most until ${time}`
  return `waiting for ${kind === 'signal' ? `signal '${name}'` : `call '${name}'`}${limit}`
}
