/** So many bits of a key are looked at in one go: their counters, and what is being written to, stay in the nearest cache. */
const bits = 11
const buckets = 1 << bits
const mask = buckets - 1

/** The arrays whose numbers are sorted by their bits. */
export type RadixArray = Float64Array | Float32Array | Int32Array | Uint32Array

export function isRadixArray(view: unknown): view is RadixArray {
  return (
    view instanceof Float64Array ||
    view instanceof Float32Array ||
    view instanceof Int32Array ||
    view instanceof Uint32Array
  )
}

/**
 * Sorts the numbers of an array by their bits, in time that grows with their number alone: NaN last, -0 before 0.
 *
 * While it works the array holds keys in the place of numbers.
 *
 * @param spare of the same type and length; what is in it is lost
 * @param pause called between the passes
 * @returns the one of the two in which the numbers are now
 */
export function radixSort<T extends RadixArray>(view: T, spare: T, pause: () => void): T {
  const isFraction = view instanceof Float64Array || view instanceof Float32Array
  const count = isFraction ? withoutNaN(view) : view.length
  const words = view.BYTES_PER_ELEMENT / 4
  const keys = wordsOf(view, count)
  const other = wordsOf(spare, count)
  if (words === 1) toKeys(keys, view instanceof Uint32Array ? 'unsigned' : isFraction ? 'fraction' : 'signed')
  else toWideKeys(keys)
  const sorted = words === 1 ? passes(keys, other, pause) : widePasses(keys, other, pause)
  if (words === 1) fromKeys(sorted, view instanceof Uint32Array ? 'unsigned' : isFraction ? 'fraction' : 'signed')
  else fromWideKeys(sorted)
  const result = sorted === keys ? view : spare
  if (result !== view) result.set(view.subarray(count) as never, count)
  return result
}

/** Moves what is NaN behind the others, and returns how many these are. */
function withoutNaN(view: Float64Array | Float32Array): number {
  let count = 0
  for (let i = 0; i < view.length; i++) {
    const value = view[i] as number
    if (value === value) view[count++] = value
  }
  view.fill(Number.NaN, count)
  return count
}

function wordsOf(view: RadixArray, count: number): Uint32Array {
  return new Uint32Array(view.buffer, view.byteOffset, (count * view.BYTES_PER_ELEMENT) / 4)
}

type Sign = 'signed' | 'unsigned' | 'fraction'

/** Makes keys whose order as whole numbers is that of the numbers. */
function toKeys(words: Uint32Array, sign: Sign): void {
  if (sign === 'unsigned') return
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number
    words[i] = sign === 'fraction' && word >>> 31 === 1 ? ~word : word ^ 0x8000_0000
  }
}

function fromKeys(words: Uint32Array, sign: Sign): void {
  if (sign === 'unsigned') return
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number
    words[i] = sign === 'fraction' && word >>> 31 === 0 ? ~word : word ^ 0x8000_0000
  }
}

function toWideKeys(words: Uint32Array): void {
  for (let i = 0; i < words.length; i += 2) {
    const high = words[i + 1] as number
    const flip = high >> 31
    words[i] = (words[i] as number) ^ flip
    words[i + 1] = high ^ (flip | 0x8000_0000)
  }
}

function fromWideKeys(words: Uint32Array): void {
  for (let i = 0; i < words.length; i += 2) {
    const high = words[i + 1] as number
    const flip = ~(high >> 31)
    words[i] = (words[i] as number) ^ flip
    words[i + 1] = high ^ (flip | 0x8000_0000)
  }
}

/** The beginning of each bucket; undefined if all keys are in one. */
function starts(counts: Uint32Array, total: number): Uint32Array | undefined {
  let sum = 0
  for (let bucket = 0; bucket < counts.length; bucket++) {
    const count = counts[bucket] as number
    if (count === total) return undefined
    counts[bucket] = sum
    sum += count
  }
  return counts
}

function passes(keys: Uint32Array, spare: Uint32Array, pause: () => void): Uint32Array {
  let [from, to] = [keys, spare]
  for (let shift = 0; shift < 32; shift += bits) {
    pause()
    const counts = new Uint32Array(buckets)
    for (let i = 0; i < from.length; i++) {
      const bucket = ((from[i] as number) >>> shift) & mask
      counts[bucket] = (counts[bucket] as number) + 1
    }
    const next = starts(counts, from.length)
    if (next === undefined) continue
    for (let i = 0; i < from.length; i++) {
      const key = from[i] as number
      const bucket = (key >>> shift) & mask
      const at = next[bucket] as number
      next[bucket] = at + 1
      to[at] = key
    }
    ;[from, to] = [to, from]
  }
  return from
}

/** The digits of a key of two words: three of each, the last of which has ten bits. */
const digits = [0, bits, 2 * bits]

function widePasses(keys: Uint32Array, spare: Uint32Array, pause: () => void): Uint32Array {
  const total = keys.length / 2
  // All counts in one pass over the keys.
  const counts = Array.from({ length: 6 }, () => new Uint32Array(buckets))
  countWide(keys, counts)
  let [from, to] = [keys, spare]
  for (let digit = 0; digit < 6; digit++) {
    const next = starts(counts[digit] as Uint32Array, total)
    if (next === undefined) continue
    pause()
    scatterWide(from, to, next, digit < 3 ? 0 : 1, digits[digit % 3] as number)
    ;[from, to] = [to, from]
  }
  return from
}

function countWide(keys: Uint32Array, counts: readonly Uint32Array[]): void {
  const [a, b, c, d, e, f] = counts as readonly [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ]
  for (let i = 0; i < keys.length; i += 2) {
    const low = keys[i] as number
    const high = keys[i + 1] as number
    a[low & mask] = (a[low & mask] as number) + 1
    b[(low >>> bits) & mask] = (b[(low >>> bits) & mask] as number) + 1
    c[low >>> (2 * bits)] = (c[low >>> (2 * bits)] as number) + 1
    d[high & mask] = (d[high & mask] as number) + 1
    e[(high >>> bits) & mask] = (e[(high >>> bits) & mask] as number) + 1
    f[high >>> (2 * bits)] = (f[high >>> (2 * bits)] as number) + 1
  }
}

function scatterWide(from: Uint32Array, to: Uint32Array, next: Uint32Array, word: 0 | 1, shift: number): void {
  for (let i = 0; i < from.length; i += 2) {
    const low = from[i] as number
    const high = from[i + 1] as number
    const bucket = ((word === 0 ? low : high) >>> shift) & mask
    const at = next[bucket] as number
    next[bucket] = at + 1
    to[2 * at] = low
    to[2 * at + 1] = high
  }
}
