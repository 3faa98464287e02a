import { AssertionError } from 'node:assert'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import { runIn } from '../core/scope/slot.ts'
import type { Scope } from '../core/scope/scope.ts'
import { endTaskScope, openTaskScope, type TaskOutcome } from '../core/scope/task-scope.ts'

/**
 * Fails when a function passes no cancel point of its scope: a task that called it in a loop could not be cancelled.
 *
 * For those who write waiting operations of their own: each of them must look at its scope, also where it need not wait.
 *
 * **Cancellation**: that of the function. **Errors**: what the function throws; an AssertionError; `SKEIN_INVALID_ARGUMENT`.
 *
 * @param fn gets a scope, and must use it
 * @returns what the function returns
 * @example
 * import { assertCheckpoints } from 'skein/testing'
 *
 * await assertCheckpoints(s => s.sleep(0))
 */
export async function assertCheckpoints<T>(fn: (s: Scope) => T | Promise<T>): Promise<T> {
  const { value, count } = await countCheckpoints(fn, 'assertCheckpoints')
  if (count > 0) return value
  throw new AssertionError({
    message: `${titleOf(fn)} passed no cancel point of its scope`,
    actual: 0,
    expected: 'one or more',
  })
}

/**
 * Fails when a function passes a cancel point of its scope: for what must never wait or be broken off, as every `tryX`.
 *
 * **Cancellation**: that of the function. **Errors**: what the function throws; an AssertionError; `SKEIN_INVALID_ARGUMENT`.
 *
 * @param fn gets a scope, which is also the current one
 * @returns what the function returns
 * @example
 * import { assertNoCheckpoints } from 'skein/testing'
 *
 * await assertNoCheckpoints(s => s.cancelled)
 */
export async function assertNoCheckpoints<T>(fn: (s: Scope) => T | Promise<T>): Promise<T> {
  const { value, count } = await countCheckpoints(fn, 'assertNoCheckpoints')
  if (count === 0) return value
  const times = count === 1 ? 'a cancel point' : `${count} cancel points`
  throw new AssertionError({ message: `${titleOf(fn)} passed ${times} of its scope`, actual: count, expected: 0 })
}

async function countCheckpoints<T>(
  fn: (s: Scope) => T | Promise<T>,
  caller: string,
): Promise<{ readonly value: T; readonly count: number }> {
  if (typeof fn !== 'function') throw new InvalidArgumentError(`${caller} needs a function, got ${String(fn)}`)
  let count = 0
  let counting = true
  const scope = openTaskScope({
    name: caller,
    // Every cancel point asks it whether somebody has cancelled the scope from outside.
    probe: atCancelPoint => {
      if (counting && atCancelPoint) count++
      return undefined
    },
  })
  let outcome: TaskOutcome
  try {
    outcome = { ok: true, value: await runIn(scope, () => fn(scope)) }
  } catch (error) {
    outcome = { ok: false, error }
  }
  counting = false
  const ended = await endTaskScope(scope, outcome)
  if (!ended.ok) throw ended.error
  return { value: ended.value as T, count }
}

function titleOf(fn: { readonly name: string }): string {
  return fn.name === '' ? 'The function' : fn.name
}
