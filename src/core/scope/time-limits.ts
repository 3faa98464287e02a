import type { Duration } from '../time/duration.ts'
import { currentOuter, needed, runMovingOn, runScope, type Scope } from './scope.ts'

/**
 * Runs a body in a scope with a time limit, and throws when the limit runs out: `scope(body, { timeout })`, with the limit
 * in front.
 *
 * A limit takes effect at the next cancel point (`s.sleep`, `s.wait`, `s.checkpoint`): nothing interrupts an `await` of a raw
 * promise, and a body that passes no cancel point after the limit ends when it ends, and its late value is a value. Write
 * `await s.wait(promise)` instead of `await promise`, and the limit ends the wait.
 *
 * **Cancellation**: as for `scope`.
 *
 * **Errors**: `SKEIN_TIMEOUT` when the limit ran out; else those of `scope`.
 *
 * @param timeout the limit, counted from now
 * @example
 * import { failAfter } from 'skein'
 *
 * await failAfter('5ms', s => s.sleep('1h')).catch(error => console.log(error.code)) // SKEIN_TIMEOUT
 */
export function failAfter<T>(timeout: Duration, body: (s: Scope) => T | Promise<T>): Promise<T> {
  return runScope(currentOuter(), body, { timeout: needed(timeout, 'failAfter') }, 'failAfter')
}

/**
 * Runs a body in a scope with a time limit, and moves on without an error when the limit runs out.
 *
 * Returns what the body returned, or `otherwise` (undefined, if you leave it out) where the limit cut something off. For what
 * is nice to have: a cache, a suggestion, one more look for better results. To hear of it as an error, use `failAfter`.
 *
 * A limit takes effect at the next cancel point (`s.sleep`, `s.wait`, `s.checkpoint`): nothing interrupts an `await` of a raw
 * promise, and a body that passes no cancel point after the limit ends when it ends, and its late value is returned. Write
 * `await s.wait(promise)` instead of `await promise`, and the limit ends the wait.
 *
 * **Cancellation**: as for `scope`. That the scope around it is cancelled is thrown, not moved on from.
 *
 * **Errors**: those of `scope`, without the `SKEIN_TIMEOUT` of its own limit.
 *
 * @param timeout the limit, counted from now
 * @param otherwise the result when the limit ran out
 * @example
 * import { moveOnAfter } from 'skein'
 *
 * const hint = await moveOnAfter('5ms', async s => { await s.sleep('1h'); return 'a hint' }, 'none in time')
 * console.log(hint) // none in time
 */
export function moveOnAfter<T, F>(timeout: Duration, body: (s: Scope) => T | Promise<T>, otherwise: F): Promise<T | F>
export function moveOnAfter<T>(timeout: Duration, body: (s: Scope) => T | Promise<T>): Promise<T | undefined>
export function moveOnAfter<T, F>(
  timeout: Duration,
  body: (s: Scope) => T | Promise<T>,
  otherwise?: F,
): Promise<T | F | undefined> {
  return runMovingOn(currentOuter(), timeout, body, otherwise, 'moveOnAfter')
}
