import { aftermathOf } from '../celery/canvas/aftermath.ts'
import { newCallId } from './call-id.ts'
import { checkCalls } from './check.ts'
import type { OutgoingCall } from './roles/calls.ts'

/**
 * Returns the calls that the message of another one asks for when that has failed (`onError`, Celery's errbacks), ready to be sent: its id
 * is the first of their arguments. None where the message cannot be read, or asks for what no store could keep.
 *
 * For those who write a store: it sends them in the commit in which it ends a call as `failed` or `dead` by itself, since one that it
 * waited for has failed or its workers died. Where a worker ends it, they are in the settlement (`next`).
 *
 * @example
 * import { callsAfterFailure } from 'skein/stores'
 *
 * const tell = '{"task":"tell","args":["failed"],"kwargs":{},"options":{},"subtask_type":null,"immutable":false}'
 * const body = `[[],{},{"callbacks":null,"errbacks":[${tell}],"chain":null,"chord":null}]`
 * const [call] = callsAfterFailure({ id: '42', queue: 'default', headers: '{"task":"load","id":"42"}', body })
 * console.log(call?.task, call?.body.startsWith('[["42","failed"]')) // tell true
 */
export function callsAfterFailure(
  failed: Pick<OutgoingCall, 'id' | 'queue' | 'headers' | 'body'>,
): readonly OutgoingCall[] {
  try {
    // A store that ends calls by itself has no other workers than skein's: what names no queue goes to that of the call.
    const terms = { newId: newCallId, knows: () => true }
    return checkCalls(aftermathOf(failed, { state: 'failed', error: '{}' }, terms).calls)
  } catch {
    return [] // a worker would have refused it before it ran
  }
}
