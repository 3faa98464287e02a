import type { AwaitedCounter, JoinedMember, Membership, OutgoingCall, SendOutcome } from '../../roles/calls.ts'

/** A call on its way from the program's thread to the store's: what every call has, then what only some have. */
export type SentCall = readonly [
  id: string,
  queue: string,
  task: string,
  headers: string,
  body: string,
  priority: number,
  delay: number,
  rest?: SentRest,
]

/** The fields that only some calls have. */
export interface SentRest {
  readonly expires: number | null
  readonly deadline: number | null
  readonly maxDeaths: number | null
  readonly ignoreResult: boolean
  readonly tags: string | null
  readonly unique: { readonly key: string; readonly conflict: string; readonly span: number } | null
  readonly limit: {
    readonly key: string
    readonly concurrency: number | null
    readonly count: number | null
    readonly per: number | null
    readonly strategy: string
  } | null
  readonly counts: readonly Membership[] | null
  readonly after: {
    readonly counter: string
    readonly members: number
    readonly drop: boolean
    readonly limit: number | null
    readonly joins?: readonly JoinedMember[]
  } | null
  /** The calls of its graph. */
  readonly inner: PackedCalls | null
}

/**
 * Calls on their way to the store's thread, as one flat list: to copy a list and the names of queue and task for each of a
 * thousand calls takes longer than to write them into the file.
 */
export interface PackedCalls {
  /** Queue and task of each line that occurs, one after the other. */
  readonly lines: readonly string[]
  /** For each call: id, its line's place in `lines`, headers, body, priority, delay, and the rest or null. */
  readonly fields: readonly (string | number | SentRest | null)[]
}

const width = 7

/** Packs calls. */
export function packCalls(calls: readonly OutgoingCall[]): PackedCalls {
  const lines: string[] = []
  const fields: (string | number | SentRest | null)[] = []
  let line = -2
  for (const call of calls) {
    const { id, queue, task, headers, body, priority, delay } = call
    if (line < 0 || lines[line] !== queue || lines[line + 1] !== task) line = lineIn(lines, queue, task)
    fields.push(id, line, headers, body, priority, delay, restOf(call) ?? null)
  }
  return { lines, fields }
}

function lineIn(lines: string[], queue: string, task: string): number {
  for (let at = 0; at < lines.length; at += 2) if (lines[at] === queue && lines[at + 1] === task) return at
  return lines.push(queue, task) - 2
}

/** The number of calls, inner ones too. */
export function sizeOf({ fields }: PackedCalls): number {
  let size = fields.length / width
  for (let at = width - 1; at < fields.length; at += width) {
    const inner = (fields[at] as SentRest | null)?.inner
    if (inner) size += sizeOf(inner)
  }
  return size
}

/** The ids of the calls. */
export function* idsOf({ fields }: PackedCalls): Generator<string> {
  for (let at = 0; at < fields.length; at += width) yield fields[at] as string
}

/** Undoes `packCalls`. */
export function unpackCalls({ lines, fields }: PackedCalls): SentCall[] {
  const calls: SentCall[] = []
  for (let at = 0; at < fields.length; at += width) {
    const line = fields[at + 1] as number
    const queue = lines[line] as string
    const task = lines[line + 1] as string
    const [id, , headers, body, priority, delay, rest] = fields.slice(at, at + width) as [
      string,
      number,
      string,
      string,
      number,
      number,
      SentRest | null,
    ]
    calls.push(
      rest === null
        ? [id, queue, task, headers, body, priority, delay]
        : [id, queue, task, headers, body, priority, delay, rest],
    )
  }
  return calls
}

/** The outcomes of calls, on the way back: undefined when all were accepted, which is the rule. */
export function packOutcomes(outcomes: readonly SendOutcome[]): readonly SendOutcome[] | undefined {
  return outcomes.every(({ outcome }) => outcome === 'accepted') ? undefined : outcomes
}

/** Undoes `packOutcomes`. */
export function unpackOutcomes(
  outcomes: SendOutcome[] | undefined,
  calls: readonly { readonly id: string }[],
): SendOutcome[] {
  return outcomes ?? calls.map(({ id }): SendOutcome => ({ outcome: 'accepted', id }))
}

/** A call as the store's thread has it. */
export function sentCall(call: OutgoingCall): SentCall {
  const { id, queue, task, headers, body, priority, delay } = call
  const rest = restOf(call)
  return rest
    ? [id, queue, task, headers, body, priority, delay, rest]
    : [id, queue, task, headers, body, priority, delay]
}

function restOf(call: OutgoingCall): SentRest | undefined {
  const { expires, deadline, maxDeaths, ignoreResult, tags, unique, limit, counts, after, inner } = call
  if (
    expires === undefined &&
    deadline === undefined &&
    maxDeaths === undefined &&
    !ignoreResult &&
    !tags?.length &&
    !unique &&
    !limit &&
    !counts?.length &&
    !after &&
    !inner?.length
  ) {
    return undefined
  }
  return {
    expires: expires ?? null,
    deadline: deadline ?? null,
    maxDeaths: maxDeaths ?? null,
    ignoreResult: ignoreResult === true,
    tags: tags?.length ? JSON.stringify(tags) : null,
    unique: unique ? { key: unique.key, conflict: unique.conflict, span: unique.for ?? 0 } : null,
    limit: limit
      ? {
          key: limit.key,
          concurrency: limit.concurrency ?? null,
          count: limit.rate?.count ?? null,
          per: limit.rate?.per ?? null,
          strategy: limit.strategy,
        }
      : null,
    counts: counts?.length ? counts.map(membershipOf) : null,
    after: after ? awaitedOf(after) : null,
    inner: inner?.length ? packCalls(inner) : null,
  }
}

function membershipOf({ counter, member, tolerated, owned }: Membership): Membership {
  return { counter, member, ...(tolerated ? { tolerated } : {}), ...(owned ? { owned } : {}) }
}

function awaitedOf({ counter, members, failure, limit, joins }: AwaitedCounter): NonNullable<SentRest['after']> {
  return { counter, members, drop: failure === 'drop', limit: limit ?? null, ...(joins?.length ? { joins } : {}) }
}
