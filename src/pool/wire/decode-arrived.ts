import { decode } from '../../call/codec/codec.ts'

/**
 * Decodes what has arrived from the other side; or returns the error that says why it cannot be made again here: a class
 * that is not registered, or whose decode function throws. That concerns one call, neither the worker nor the program.
 *
 * @param marked not 0 where it has to be decoded
 */
export function decodeArrived(
  value: unknown,
  marked: number,
): { readonly value: unknown; readonly error?: undefined } | { readonly value?: undefined; readonly error: Error } {
  if (!marked) return { value }
  try {
    return { value: decode(value) }
  } catch (error) {
    return { error: error as Error }
  }
}
