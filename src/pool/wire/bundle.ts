import { decode, encode, type Encoding } from '../../call/codec/codec.ts'
import { decodeError, encodeError, type ErrorEnvelope } from '../../call/codec/envelope.ts'
import type { ChunkResult, EntryKind } from '../../call/run/entry.ts'
import { unsendableBy } from './failures.ts'

/*
 * The result of a bundle whose items have to be encoded travels item by item: so one that cannot be written here, or read there, is the
 * failure of that item alone.
 */

/** A ChunkResult whose items were encoded each by itself. */
export interface EncodedBundle {
  readonly values: readonly unknown[]
  readonly failed: readonly number[]
  /** Positions in `values` of what has to be decoded. */
  readonly marks: readonly number[]
}

/** Encodes each item by itself; what cannot be encoded is a failure of that item. */
export function encodeItems({ values, failed }: ChunkResult, task: string, encoding: Encoding): EncodedBundle {
  const marks: number[] = []
  const failures = new Set(failed)
  const encoded = values.map((value, at) => {
    try {
      const item = encode(value, 'result', encoding)
      if (encoding.marked) marks.push(at)
      return item
    } catch (error) {
      marks.push(at)
      failures.add(at)
      return encodeError(unsendableBy(task, error))
    }
  })
  return { values: encoded, failed: [...failures], marks }
}

/**
 * A bundle was encoded, but its transport does not take it: the items that are to blame become failures.
 *
 * @param attempt throws for a part that the transport does not take
 * @param explain makes an error of what that throws
 */
export function withoutRefused(
  bundle: ChunkResult & Partial<EncodedBundle>,
  attempt: (part: unknown) => void,
  explain: (error: unknown) => Error,
): EncodedBundle {
  const marks = new Set(bundle.marks)
  const failures = new Set(bundle.failed)
  const values = bundle.values.map((value, at) => {
    try {
      attempt(value)
      return value
    } catch (error) {
      marks.add(at)
      failures.add(at)
      return encodeError(explain(error))
    }
  })
  return { values, failed: [...failures], marks: [...marks] }
}

/** The reverse of `encodeItems`; what cannot be made again here is a failure of that item. */
export function decodeItems(bundle: EncodedBundle, kind: EntryKind): ChunkResult {
  const values = [...bundle.values]
  const failures = new Set(bundle.failed)
  for (const at of bundle.marks) {
    try {
      values[at] = failures.has(at) ? decodeError(values[at] as ErrorEnvelope) : decode(values[at])
    } catch (error) {
      values[at] = error
      failures.add(at)
    }
  }
  const failed = [...failures].sort((a, b) => a - b)
  const [first] = failed
  return kind === 'settled' || first === undefined
    ? { values, failed }
    : { values: values.slice(0, first + 1), failed: [first] }
}
