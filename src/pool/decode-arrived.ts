import { decode } from '../call/codec.ts'

/**
 * What a worker has sent, or the error that says why it cannot be read here: a class that is not registered, or whose decode function
 * throws. It concerns one call, not the program.
 */
export function readable(
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
