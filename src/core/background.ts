import { Scope } from './scope.ts'

let shared: Scope | undefined

/**
 * The scope that nobody cancels and that never ends: what `current()` gives to a task that is called as a plain function.
 *
 * What is spawned in it runs on its own; a failure that nobody asks for is an unhandled rejection.
 */
export function background(): Scope {
  return (shared ??= new Scope({ name: 'background', background: true }))
}
