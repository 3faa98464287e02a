import { encodeValue } from '../celery/result.ts'
import type { CancelCause } from '../core/cancel.ts'

/** Why something is cancelled, as a store keeps it: the reason that was given, else who asked; null for a plain cancel(). */
export function reasonText({ source, reason }: Pick<CancelCause, 'source' | 'reason'>): string {
  try {
    return encodeValue(reason ?? (source === 'explicit' ? null : source), 'reason')
  } catch {
    return encodeValue(String(reason), 'reason') // a reason is for people first: better as text than not at all
  }
}
