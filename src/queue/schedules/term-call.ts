import type { Call } from '../../call/call.ts'
import { hasNested } from '../../call/run/graph/nested.ts'
import { encodeMessage } from '../../celery/message.ts'
import { isoTime } from '../../celery/iso-time.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { OutgoingCall } from '../../stores/roles/calls.ts'
import { outgoingCall } from '../outgoing.ts'
import type { StoredCall } from './definition.ts'

/** The options of a call that a schedule decides itself. */
const decided = ['id', 'delay', 'eta', 'signal'] as const

/**
 * The call of a schedule, as it is kept.
 *
 * @param queue the queue of a call that names none
 * **Errors**: as `submit`, and `SKEIN_INVALID_ARGUMENT` for options that say when or under which id it runs.
 */
export async function storedCall(call: Call<unknown>, queue: string): Promise<StoredCall> {
  const { options, task, args } = call
  const taken = decided.find(each => options[each] !== undefined)
  if (taken !== undefined || options.expires instanceof Date) {
    throw new InvalidArgumentError(
      `The call of a schedule cannot have the option ${taken ?? 'expires as a Date'}: the schedule says when each job starts and what ` +
        `its id is. ${taken === undefined ? "Give expires as a length of time, as in '1h'." : 'Leave it out.'}`,
    )
  }
  if (hasNested(args)) {
    throw new InvalidArgumentError(
      `A Call or a Job is among the arguments of task ${task.name}. A schedule submits one call whose arguments are values: schedule a ` +
        `task that returns the nested call, or submits it.`,
    )
  }
  return storedOf(await outgoingCall(call, 'run', queue))
}

/**
 * The same for a task that is known by its name alone, as messages carry it.
 *
 * **Errors**: `SKEIN_UNSENDABLE`.
 */
export function storedMessage(task: string, args: readonly unknown[], queue: string): StoredCall {
  const { headers, body } = encodeMessage({ id: '', task, args, kind: 'run' })
  return storedOf({ id: '', queue, task, headers, body, priority: 0, delay: 0 })
}

/** A message, without what is another one for each term. */
function storedOf({ id: _id, delay: _delay, headers, ...rest }: OutgoingCall): StoredCall {
  const {
    id: _own,
    root_id: _root,
    origin: _origin,
    eta: _eta,
    expires: _expires,
    ...kept
  } = JSON.parse(headers) as Record<string, unknown>
  return { ...rest, headers: kept }
}

/** The headers of calls that have been sent, as text without its end: those of a schedule are the same at each term. */
const texts = new WeakMap<StoredCall['headers'], string>()

/**
 * The call of a schedule, ready to be sent.
 *
 * @param schedule the name of the schedule
 * @param now the store's clock
 */
export function termCall({ headers, ...rest }: StoredCall, id: string, schedule: string, now: number): OutgoingCall {
  const expires = rest.expires === undefined ? null : isoTime(now + rest.expires)
  const own = { id, root_id: id, origin: `schedule ${schedule}`, eta: null, expires }
  let shared = texts.get(headers)
  if (shared === undefined) {
    const { id: _id, root_id: _root, origin: _origin, eta: _eta, expires: _expires, ...others } = headers
    shared = JSON.stringify(others).slice(0, -1)
    if (shared !== '{') shared += ','
    texts.set(headers, shared)
  }
  return { ...rest, id, delay: 0, once: true, headers: shared + JSON.stringify(own).slice(1) }
}
