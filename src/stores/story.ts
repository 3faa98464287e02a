/** The errors that a store itself writes for calls that it ended, as JSON. */

/** Cancelled before it started. `reason` is JSON. */
export function cancelledStory(reason: string): string {
  return `{"source":"explicit","message":"The call was cancelled before it started","reason":${reason}}`
}

/** Asked to stop while it ran, and its worker did not come to say how that went. `reason` is JSON. */
export function stoppedStory(reason: string): string {
  return `{"source":"explicit","message":"The call was cancelled while it ran","reason":${reason}}`
}

export const expiredStory: string =
  '{"source":"expired","message":"The call expired before it was started (option expires)"}'

export const deadlineStory: string =
  '{"source":"deadline","message":"The deadline of the call passed before it was finished (option deadline)"}'

/** Another call with the same unique key took its place. */
export function replacedStory(by: string): string {
  return JSON.stringify({
    source: 'replaced',
    message: `The call was replaced by call ${by}, which has the same unique key`,
    by,
  })
}

/** A newer call of the same limit took its place. */
export function displacedStory(by: string): string {
  return JSON.stringify({
    source: 'replaced',
    message: `The call was cancelled in favour of call ${by}, which shares its limit (cancel-oldest)`,
    by,
  })
}

/**
 * A member of the counter that it waited for has not ended as done.
 *
 * @param error how that one has ended, as JSON: where it has failed for the same reason, the one that has failed by itself is named
 */
export function memberStory(id: string, member: number, state: string, error: string | undefined): string {
  const origin = originOf(error) ?? id
  return JSON.stringify({
    source: 'member',
    message:
      `The call waited for others, and one of them, call ${id} (member ${member}), has ended as ${state}` +
      (origin === id ? '' : `, since call ${origin} has failed`),
    id,
    member,
    origin,
  })
}

/** The id of the call that has failed by itself, where an error is the story of one that has failed because of it. */
export function originOf(error: string | undefined): string | undefined {
  if (error?.startsWith('{"source":"member",') !== true) return undefined
  try {
    const { origin } = JSON.parse(error) as { readonly origin?: unknown }
    return typeof origin === 'string' ? origin : undefined
  } catch {
    return undefined // somebody else has written it
  }
}

/** The reason, as JSON, why a call is to stop that was there for another one. */
export function ownerReason(id: string, state: string): string {
  return JSON.stringify(`call ${id}, for which it was to run, has ended as ${state}`)
}

/** The same where that one is not known any more. */
export const ownerGone: string = '"the call for which it was to run is gone"'

/** There was no such call when somebody wanted to wait for it: for those who do. */
export function goneStory(id: string): string {
  return JSON.stringify({ source: 'gone', message: `The store does not know call ${id}, or not any more` })
}

/** It was purged before it had ended: for those who waited for it. */
export const purgedStory: string = '{"source":"purged","message":"The call was purged before it had ended"}'

const rejections = {
  unique: 'its unique key was taken',
  limit: 'its limit was used up',
  size: 'it has more bytes than the store takes',
} as const

/** It was not kept: for those who waited for it. */
export function rejectedStory(reason: keyof typeof rejections): string {
  return JSON.stringify({ source: 'rejected', message: `The call was not kept: ${rejections[reason]}` })
}

/** A worker that died under a call. */
export interface Death {
  readonly worker: string
  readonly attempt: number
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** The story of a call under which so many workers have died that no other one gets it. */
export function deathsStory(deaths: readonly Death[]): string {
  const last = deaths.at(-1)
  return JSON.stringify({
    source: 'deaths',
    message:
      `${deaths.length} ${deaths.length === 1 ? 'worker has' : 'workers have'} died under this call, so it is not tried again. ` +
      `The last was ${last?.worker} in attempt ${last?.attempt}. Look at what the task does before you retry the call.`,
    deaths,
  })
}

/**
 * The story of a call that the store cannot read any more: somebody else has written into it, or it has been damaged.
 */
export function damagedStory(why: string): string {
  return JSON.stringify({ source: 'damaged', message: `What the store holds of the call is damaged: ${why}` })
}
