/**
 * The marks by which skein knows its own values, whichever copy of it made them: a TypeScript loader can give the user's
 * module a copy of its own. They stand below everything that makes such values or looks for them.
 */

/** Marks a Call. */
export const callBrand: unique symbol = Symbol.for('skein.call') as never

/** Marks a Scope. */
const scopeBrand: unique symbol = Symbol.for('skein.scope') as never

/** True for a call. */
export function hasCallBrand(value: object): boolean {
  return (value as { [callBrand]?: unknown })[callBrand] === true
}

/** True for a scope. */
export function hasScopeBrand(value: object): boolean {
  return (value as { [scopeBrand]?: unknown })[scopeBrand] === true
}

/** True for an executor: what runs, submits and maps, and can be lent to a scope. */
export function isLikeExecutor(value: object): boolean {
  const { run, submit, map, within } = value as Record<string, unknown>
  return [run, submit, map, within].every(method => typeof method === 'function')
}
