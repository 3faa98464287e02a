import { encode, newEncoding } from '../../call/codec/codec.ts'
import type { CancelCause } from '../../core/errors/cause.ts'
import { decodeArrived } from './decode-arrived.ts'
import type { WireCause } from './messages.ts'

/** The cause of a cancellation, for the wire: the reason as the caller passed it, or its text where that cannot be sent. */
export function encodeCause({ source, timeout, by, reason }: CancelCause): WireCause {
  return {
    source,
    ...(timeout === undefined ? {} : { timeout }),
    ...(by === undefined ? {} : { by }),
    ...(reason === undefined ? {} : { reason: encodeReason(reason) }),
  }
}

/** The reverse of `encodeCause`. */
export function decodeCause({ reason, ...cause }: WireCause): CancelCause {
  return reason === undefined ? cause : { ...cause, reason: decodeReason(reason) }
}

function encodeReason(reason: unknown): unknown {
  const encoding = newEncoding()
  try {
    const value = encode(reason, 'reason', encoding)
    return encoding.marked ? { marked: value } : { value }
  } catch {
    return { value: String(reason) }
  }
}

function decodeReason(reason: unknown): unknown {
  if (typeof reason !== 'object' || reason === null) return undefined
  if (!('marked' in reason)) return (reason as { value: unknown }).value
  const { value, error } = decodeArrived(reason.marked, 1)
  return error ?? value
}
