import { errorOfCause } from './cancel.ts'
import { currentSource } from './current.ts'
import { type Duration, milliseconds } from './duration.ts'
import type { Scope } from './scope.ts'
import { SleepWait } from './waits.ts'

/**
 * Waits for a length of time.
 *
 * With a scope it is `s.sleep(duration)`. Without a second argument it belongs to the current scope where there is one,
 * and is a plain timer elsewhere.
 *
 * @param duration milliseconds, or a text such as `'250ms'`, `'5s'`; 0 gives the event loop one turn
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
export async function sleep(duration: Duration, owner?: Scope | AbortSignal): Promise<void> {
  if (owner instanceof AbortSignal) return sleepUntilAborted(milliseconds(duration, 'duration'), owner)
  const scope = owner ?? currentSource()?.toScope()
  if (scope) return scope.sleep(duration)
  return new SleepWait(milliseconds(duration, 'duration')).promise
}

async function sleepUntilAborted(delay: number, signal: AbortSignal): Promise<void> {
  const cancelled = (): unknown => errorOfCause({ source: 'signal', reason: signal.reason }, 'sleep')
  if (signal.aborted) throw cancelled()
  const wait = new SleepWait(delay)
  const onAbort = (): void => wait.fail(cancelled())
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await wait.promise
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
