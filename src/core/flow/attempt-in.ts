import { Scope, scope, type ScopeOptions } from '../scope/scope.ts'
import { type Owner, refusalOf } from '../scope/owner.ts'

/**
 * Runs a body in a scope of its own, under the owner of the whole: a scope, a signal, or nobody. Rejects without beginning
 * when the owner has ended.
 */
export function attemptIn<T>(
  owner: Owner | undefined,
  body: (s: Scope) => T | Promise<T>,
  options: ScopeOptions,
): Promise<T> {
  const refusal = refusalOf(owner, options.name ?? 'work')
  if (refusal !== undefined) return Promise.reject(refusal)
  if (owner instanceof Scope) return owner.scope(body, options)
  return scope(body, owner === undefined ? options : { ...options, signal: owner })
}

/** Starts something that returns a promise; faults in its arguments reject the promise too. */
export function startChecked<T>(start: () => Promise<T>): Promise<T> {
  try {
    return start()
  } catch (error) {
    return Promise.reject(error)
  }
}
