import type { Entry } from '../../call/run/entry.ts'
import { type CallRequest, request } from '../wire/messages.ts'

/** The message of a call, with its limits where it has any. */
export function callRequest(entry: Entry, slot: number, task: number, args: unknown, flags: number): CallRequest {
  const { attempt } = entry
  const credit = entry.stream?.credit ?? 0
  const { timeout } = entry.work.options
  const deadline = entry.outerDeadline
  if (timeout === undefined && deadline === Number.POSITIVE_INFINITY)
    return [request.call, slot, task, args, flags, attempt, credit]
  return [request.call, slot, task, args, flags, attempt, credit, finite(deadline), finite(timeout ?? 0)]
}

/** A time on the wire: JSON has no Infinity. */
function finite(milliseconds: number): number {
  return milliseconds === Number.POSITIVE_INFINITY ? 0 : milliseconds
}
