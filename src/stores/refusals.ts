import type { WriteOutcome } from './roles/broker.ts'
import type { OutgoingCall } from './roles/calls.ts'

type Refusal = Exclude<WriteOutcome, string>

/** The refusal of a result, an error or a report that has more bytes than the store takes; undefined where it fits. */
export function tooLarge(text: string, most: number): Refusal | undefined {
  const bytes = Buffer.byteLength(text)
  if (bytes <= most) return undefined
  return { refused: `It has ${bytes} bytes, and the store takes up to ${most} (option maxBytes)` }
}

/** Calls, each with its inner ones. */
export function* withInner(calls: readonly OutgoingCall[] = []): Generator<OutgoingCall> {
  for (const call of calls) {
    yield call
    if (call.inner !== undefined) yield* call.inner
  }
}

/** The same of the calls that are to follow. */
export function tooLargeNext(next: readonly OutgoingCall[] | undefined, most: number): Refusal | undefined {
  for (const { id, headers, body } of withInner(next)) {
    const bytes = Buffer.byteLength(headers) + Buffer.byteLength(body)
    if (bytes <= most) continue
    return {
      refused: `Call ${id}, which was to follow it, has ${bytes} bytes, and the store takes up to ${most} (option maxBytes)`,
    }
  }
  return undefined
}
