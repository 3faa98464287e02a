import { NoCurrentScopeError } from '../errors/errors.ts'
import { currentScope } from './owner.ts'
import type { Scope } from './scope.ts'

/**
 * The scope of the task that is running: its signal, checkpoint, progress, sleep and spawn.
 *
 * Call it at the top of a task, before the first `await`, and keep it in a variable: like a hook, it only knows who is
 * running while the task's synchronous part runs. With `import 'skein/ambient'` it works everywhere. A task called as a
 * plain function gets a scope that nobody cancels.
 *
 * **Errors**: `SKEIN_NO_CURRENT_SCOPE` where no task is running, or after an `await`.
 *
 * @example
 * import { current, loop, task } from 'skein'
 *
 * const count = task(import.meta, function count(limit: number) {
 *   const s = current()
 *   let sum = 0
 *   for (let i = 0; i < limit; i++) {
 *     if (i % 4096 === 0) s.checkpoint()
 *     sum += i
 *   }
 *   return sum
 * })
 * console.log(await loop.run(count, 10_000)) // 49995000
 */
export function current(): Scope {
  const scope = currentScope()
  if (scope !== undefined) return scope
  throw new NoCurrentScopeError(
    'current() was called where no task is running, or after an await. Call it at the top of the task, before the ' +
      "first await, and keep it in a variable (const s = current()); or import 'skein/ambient' once at the start of " +
      'the program, and it works after awaits too.',
  )
}
