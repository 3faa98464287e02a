import { checkName } from './options.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import type { ScopeCancel } from './cancelling.ts'

/** Names a value that scopes carry, and knows its type. Made by `scopeKey`. */
export interface ScopeKey<T> {
  readonly name: string
  /** Present where the key has a default. */
  readonly fallback?: { readonly value: T }
}

/**
 * Makes a key for a value that scopes carry: `s.with(key, value, body)` puts it there, `s.get(key)` finds it.
 *
 * Make it once, at the top of a module, and export it to those who need it: two keys are two keys, whatever their names.
 *
 * @param name how it is called in errors
 * @param fallback the result of `s.get` where no scope carries the value. Leave it out where that is a mistake
 * @example
 * import { scope, scopeKey } from 'skein'
 *
 * const tenant = scopeKey<string>('tenant', 'public')
 * await scope(s => console.log(s.get(tenant))) // public
 */
export function scopeKey<T>(name: string, ...fallback: readonly [T?]): ScopeKey<T> {
  checkName(name)
  return Object.freeze(fallback.length === 0 ? { name } : { name, fallback: { value: fallback[0] as T } })
}

/** The value of the nearest scope that carries it. */
export function valueOf<T>(scope: ScopeCancel, key: ScopeKey<T>): T {
  for (let at: ScopeCancel | undefined = scope; at !== undefined; at = at.parent) {
    const carried = at.extras?.carried
    if (carried !== undefined && carried.key === key) return carried.value as T
  }
  if (key.fallback !== undefined) return key.fallback.value
  throw new InvalidArgumentError(
    `No scope around ${scope.title} carries a value for '${key.name}'. Put it there with s.with(key, value, body), or give ` +
      'the key a default: scopeKey(name, default).',
  )
}
