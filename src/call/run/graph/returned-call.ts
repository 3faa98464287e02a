import { isCall } from '../../call.ts'
import type { Work } from '../entry.ts'

/** True for a call that a task has returned. Asked of whatever a task returns, so it never throws. */
export function isReturnedCall(value: unknown): value is Work {
  if (typeof value !== 'object' || value === null) return false
  try {
    return isCall(value)
  } catch {
    return false
  }
}
