import { brandOf } from '../../../core/brand.ts'
import { isPlain } from '../../codec/copy-plain.ts'

/**
 * True when an argument is, or holds in an array or plain object, a Call or a Job that has to be resolved first.
 *
 * Only arrays and plain objects are searched, each once: what else may hold a value (Map, Set, class instances) is data.
 */
export function hasNested(args: readonly unknown[]): boolean {
  for (let i = 0; i < args.length; i++) {
    const value = args[i]
    if (typeof value === 'object' && value !== null && search(value)) return true
  }
  return false
}

/** A list instead of recursion, because arguments may be nested deeper than the stack. */
function search(root: object): boolean {
  const open: object[] = [root]
  let seen: Set<object> | undefined
  for (let steps = 0; open.length > 0; steps++) {
    const value = open.pop() as object
    const name = brandOf(value)
    if (name === 'Call' || name === 'Job') return true
    if (!isPlain(value)) continue
    // A set is only needed where there may be a cycle; small values never pay for it.
    if (steps >= 32) {
      seen ??= new Set()
      if (seen.has(value)) continue
      seen.add(value)
    }
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) {
        const element: unknown = value[i]
        if (typeof element === 'object' && element !== null) open.push(element)
        else if (element === undefined && !(i in value)) {
          // An array with holes may be endless: only what is there is looked at.
          for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) open.push(part)
          break
        }
      }
    } else {
      for (const key in value) {
        const field = (value as Record<string, unknown>)[key]
        if (typeof field === 'object' && field !== null) open.push(field)
      }
    }
  }
  return false
}
