/** From so many characters on, Node keeps a string that it reads from bytes outside the heap of V8 (EXTERN_APEX in its string_bytes.cc). */
const outsideFrom = 1_031_913

/**
 * Before V8 14, each text in the heap with more than 128 kB has pages of its own, which the system clears when it is made and takes
 * back when it is garbage: four fifths of what it takes to read one. Memory outside the heap comes from malloc and is used again.
 */
const isHeapSlow = Number.parseInt(process.versions.v8, 10) < 14

/**
 * Reads the text that lies at this place, one byte a character or two.
 *
 * Where the heap is slow, a string that is nearly long enough to be outside of it is read together with what is beside it, as
 * a slice of that. Such a string holds on to twice the memory that it needs, at worst.
 */
export function readText(bytes: Buffer, at: number, length: number, isWide: boolean): string {
  const width = isWide ? 2 : 1
  const encoding = isWide ? 'utf16le' : 'latin1'
  const enough = outsideFrom * width
  if (!isHeapSlow || length < outsideFrom / 2 || length >= outsideFrom || bytes.length < enough) {
    return bytes.toString(encoding, at, at + length * width)
  }
  const start = Math.min(at, bytes.length - enough)
  const before = (at - start) / width
  return bytes.toString(encoding, start, start + enough).slice(before, before + length)
}
