import type { OutgoingCall } from '../store.ts'

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

/** What only some calls have. */
export interface SentRest {
  readonly expires: number | null
  readonly deadline: number | null
  readonly maxDeaths: number | null
  readonly ignoreResult: boolean
  readonly tags: string | null
  readonly unique: { readonly key: string; readonly conflict: string } | null
  readonly limit: {
    readonly key: string
    readonly concurrency: number | null
    readonly count: number | null
    readonly per: number | null
    readonly strategy: string
  } | null
}

/** A call as it travels to the store's thread. */
export function sentCall(call: OutgoingCall): SentCall {
  const { id, queue, task, headers, body, priority, delay } = call
  const rest = restOf(call)
  return rest
    ? [id, queue, task, headers, body, priority, delay, rest]
    : [id, queue, task, headers, body, priority, delay]
}

function restOf(call: OutgoingCall): SentRest | undefined {
  const { expires, deadline, maxDeaths, ignoreResult, tags, unique, limit } = call
  if (
    expires === undefined &&
    deadline === undefined &&
    maxDeaths === undefined &&
    !ignoreResult &&
    !tags?.length &&
    !unique &&
    !limit
  ) {
    return undefined
  }
  return {
    expires: expires ?? null,
    deadline: deadline ?? null,
    maxDeaths: maxDeaths ?? null,
    ignoreResult: ignoreResult === true,
    tags: tags?.length ? JSON.stringify(tags) : null,
    unique: unique ? { key: unique.key, conflict: unique.conflict } : null,
    limit: limit
      ? {
          key: limit.key,
          concurrency: limit.concurrency ?? null,
          count: limit.rate?.count ?? null,
          per: limit.rate?.per ?? null,
          strategy: limit.strategy,
        }
      : null,
  }
}
