import { brandOf } from '../../core/brand.ts'
import { isJob, type Job } from '../../core/job/job.ts'
import { type Call, isCall } from '../call.ts'
import { copyPlain, isPlain } from '../codec/copy-plain.ts'

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

/** A copy of the arguments in which every Call and Job is replaced by what `resolve` returns for it. */
export async function resolveNested(
  args: readonly unknown[],
  resolve: (node: Call<unknown> | Job<unknown>) => Promise<unknown>,
): Promise<unknown[]> {
  const waits: Promise<void>[] = []
  let result: unknown[]
  try {
    result = copyPlain(args, (part, put) => {
      if (!isCall(part) && !isJob(part)) return false
      waits.push(resolve(part).then(put))
      return true
    })
  } catch (error) {
    await Promise.allSettled(waits)
    throw error
  }
  // Every branch is awaited, also after a failure: what was started must have ended before the caller hears of it.
  const outcomes = await Promise.allSettled(waits)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  return result
}
