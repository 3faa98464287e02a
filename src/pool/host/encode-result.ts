import { encode, type Encoding } from '../../call/codec/codec.ts'
import { type ChunkResult, isBundle } from '../../call/run/entry.ts'
import { type Runner, thrownError } from '../../call/run/runner.ts'
import { encodeItems } from '../wire/bundle.ts'

/** A result as it is posted. */
interface EncodedResult {
  readonly encoded: unknown
  readonly marked: 0 | 1 | 2 | 3
  readonly json: boolean
}

/** The results of a bundle lie in a list, and that in an object. */
const aroundResults = 2

/**
 * Encodes the result of a run. In that of a bundle, an item that cannot be sent fails alone.
 *
 * @throws where the result of a single call cannot be sent
 */
export function encodeResult(runner: Runner, value: unknown, encoding: Encoding): EncodedResult {
  if (!isBundle(runner.kind)) {
    const encoded = encode(runner.kind === 'stream' ? undefined : value, 'result', encoding)
    return { encoded, marked: encoding.marked ? 1 : 0, json: encoding.json }
  }
  const bundle = value as ChunkResult & { readonly values: unknown[] }
  if (bundle.failed.length === 0) {
    try {
      encode(bundle, 'result', encoding, aroundResults)
      if (!encoding.marked) return { encoded: bundle, marked: 2, json: encoding.json }
    } catch {
      // Which item it is turns out when each is encoded by itself.
    }
  }
  for (const at of bundle.failed) bundle.values[at] = thrownError(bundle.values[at], runner.name)
  return { encoded: encodeItems(bundle, runner.name, encoding), marked: 3, json: false }
}
