import { createHash } from 'node:crypto'

/** The findings of `statisticsOf`. */
export interface Statistics {
  readonly words: number
  readonly distinct: number
  readonly entropy: number
  readonly similarity: string
  readonly top: readonly (readonly [string, number])[]
}

/**
 * Breaks a source text into words and pairs of words, counts them, and makes a fingerprint (a MinHash of word pairs) by
 * which near copies of a file can be found.
 */
export function statisticsOf(text: string): Statistics {
  const counts = new Map<string, number>()
  const fingerprint = new Uint32Array(8).fill(0xffffffff)
  let words = 0
  let before = ''
  for (const [word] of text.matchAll(/[A-Za-z_$][\w$]*|\d+|[^\s\w]/g)) {
    words++
    counts.set(word, (counts.get(word) ?? 0) + 1)
    const pair = hash(`${before} ${word}`)
    for (let at = 0; at < fingerprint.length; at++) {
      const mixed = Math.imul(pair ^ (at * 0x9e3779b1), 0x85ebca6b) >>> 0
      if (mixed < (fingerprint[at] as number)) fingerprint[at] = mixed
    }
    before = word
  }
  let entropy = 0
  for (const n of counts.values()) entropy -= (n / words) * Math.log2(n / words)
  const top = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 10)
  return {
    words,
    distinct: counts.size,
    entropy,
    similarity: createHash('sha256').update(Buffer.from(fingerprint.buffer)).digest('hex').slice(0, 16),
    top,
  }
}

function hash(text: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  return value >>> 0
}
