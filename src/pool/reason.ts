import { decode, encode, newEncoding } from '../call/codec.ts'

/** A cancel reason on the wire: what the caller gave, or its text where that cannot be sent. */
export function encodeReason(reason: unknown): unknown {
  if (reason === undefined) return undefined
  const encoding = newEncoding()
  try {
    const value = encode(reason, 'reason', encoding)
    return encoding.marked ? { marked: value } : { value }
  } catch {
    return { value: String(reason) }
  }
}

/** The reverse of `encodeReason`. */
export function decodeReason(reason: unknown): unknown {
  if (typeof reason !== 'object' || reason === null) return undefined
  return 'marked' in reason ? decode(reason.marked) : (reason as { value: unknown }).value
}
