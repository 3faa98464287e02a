import { inspect } from 'node:util'
import { encodeValue } from '../../celery/result.ts'
import type { CancelCause } from '../../core/errors/cause.ts'

/**
 * The reason of a cancellation, as a store keeps it: the reason that was passed, else who asked; null for a plain
 * cancel(). JSON in the strict sense, since any tool may read it.
 */
export function reasonText({ source, reason }: Pick<CancelCause, 'source' | 'reason'>): string {
  try {
    const text = encodeValue(reason ?? (source === 'explicit' ? null : source), 'reason')
    JSON.parse(text) // NaN and the like are none
    return text
  } catch {
    return encodeValue(inspect(reason), 'reason') // a reason is for people first: better as text than not at all
  }
}
