import { type Duration, milliseconds } from '../time/duration.ts'
import { type Owner, ownerOf, refusalOf, waitUnder } from './owner.ts'
import { SleepWait } from './waits.ts'

/**
 * Waits for a length of time.
 *
 * With a scope it is `s.sleep(duration)`. Without a second argument it belongs to the current scope where there is one,
 * and is a plain timer elsewhere.
 *
 * @param duration milliseconds, or a string such as `'250ms'`, `'5s'`; 0 gives the event loop one turn
 * @param owner the scope or AbortSignal that ends the wait early
 *
 * **Cancellation**: ends at once when the scope is cancelled or the signal aborts; timer and listener are freed.
 * **Errors**: `SKEIN_CANCELLED`, `SKEIN_TIMEOUT` (the scope ran out of time), `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * import { sleep } from 'skein'
 *
 * await sleep('5ms')
 */
export function sleep(duration: Duration, owner?: Owner): Promise<void> {
  try {
    const delay = milliseconds(duration, 'duration')
    const by = ownerOf(owner)
    const refusal = refusalOf(by, 'sleep')
    if (refusal !== undefined) return Promise.reject(refusal)
    return waitUnder(new SleepWait(delay), by, 'sleep')
  } catch (error) {
    return Promise.reject(error)
  }
}
