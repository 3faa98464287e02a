import { copyPlain, isPlain } from './copy-plain.ts'
import { isPut, stateOf } from './put.ts'

/**
 * The arguments with the values in the places of the handles that `put` returned, for a task that runs in this thread. As
 * with calls and jobs, handles are found in arrays and plain objects; only arguments that hold one are copied.
 *
 * Errors: `SKEIN_CLOSED`, with the path of a handle that has been closed.
 */
export function withPutValues(args: readonly unknown[]): readonly unknown[] {
  if (!holdsPut(args)) return args
  return copyPlain(args, (part, put, path) => {
    if (!isPut(part)) return false
    put(stateOf(part).checkOpen(path()).value)
    return true
  })
}

function holdsPut(root: object): boolean {
  const open: object[] = [root]
  const seen = new Set<object>()
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (isPut(value)) return true
    if (seen.has(value) || !isPlain(value)) continue
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
