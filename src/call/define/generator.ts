/**
 * True for a running generator. Asked of whatever a task returns, so it never throws, not even at a revoked Proxy, which
 * throws at every look.
 */
export function isGenerator(value: unknown): value is Generator | AsyncGenerator {
  if (typeof value !== 'object' || value === null) return false
  try {
    // Promises and plain objects have no next(); only then is it worth asking for the tag.
    if (typeof (value as { next?: unknown }).next !== 'function') return false
    const tag = Object.prototype.toString.call(value)
    return tag === '[object Generator]' || tag === '[object AsyncGenerator]'
  } catch {
    return false
  }
}

/** True for a promise. Never throws, either. */
export function isPromise(value: object): value is Promise<unknown> {
  try {
    return value instanceof Promise
  } catch {
    return false
  }
}
