/** On these processors no read is done before an earlier one, nor before an earlier step of `Atomics` that writes. */
const readsInOrder = process.arch === 'x64' || process.arch === 'ia32'

/**
 * Reads a word after a step of `Atomics` that has written, or after another read of this kind. Where the processor keeps that order by itself it is a plain read, which costs a tenth.
 */
export function readNext(words: Int32Array, at: number): number {
  return readsInOrder ? (words[at] as number) : Atomics.load(words, at)
}

/** Reads a word after everything that was read before it, also plainly. Elsewhere only a step that writes as well keeps them apart. */
export function readLast(words: Int32Array, at: number): number {
  return readsInOrder ? Atomics.load(words, at) : Atomics.or(words, at, 0)
}
