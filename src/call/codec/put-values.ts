import { isPut, stateOf } from './put.ts'

/**
 * The arguments with the values in the places of the handles that `put` gave, for a task that runs in this thread. As
 * with calls and jobs, handles are found in arrays and plain objects; only arguments that hold one are copied.
 *
 * Errors: `SKEIN_CLOSED`, with the path of a handle that has been closed.
 */
export function withPutValues(args: readonly unknown[]): readonly unknown[] {
  return holdsPut(args) ? (copyOf(args, 'arguments', new Map()) as unknown[]) : args
}

function holdsPut(root: object): boolean {
  const open: object[] = [root]
  const seen = new Set<object>()
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (isPut(value)) return true
    if (seen.has(value) || !isContainer(value)) continue
    seen.add(value)
    if (Array.isArray(value)) {
      for (const part of value) if (typeof part === 'object' && part !== null) open.push(part as object)
      continue
    }
    for (const key in value) {
      const part = (value as Record<string, unknown>)[key]
      if (typeof part === 'object' && part !== null) open.push(part)
    }
  }
  return false
}

function copyOf(value: unknown, path: string, copies: Map<object, object>): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (isPut(value)) return stateOf(value).checkOpen(path).value
  if (!isContainer(value)) return value
  const known = copies.get(value)
  if (known) return known
  const isArray = Array.isArray(value)
  const copy: object = isArray ? new Array<unknown>(value.length) : {}
  copies.set(value, copy)
  for (const key of Object.keys(value)) {
    const part = copyOf((value as Record<string, unknown>)[key], `${path}${isArray ? `[${key}]` : `.${key}`}`, copies)
    Object.defineProperty(copy, key, { value: part, enumerable: true, configurable: true, writable: true })
  }
  return copy
}

function isContainer(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
