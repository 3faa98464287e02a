import { isAlive, ownTag, threadTable } from '../../core/system/thread-table.ts'

/**
 * The boards at the end of the thread table: records that one thread writes and all read. Of a record
 *
 *     word 0    the tag of the thread that has written it, 0 where it is free
 *     word 1    its serial: odd while it is written, another one after each change
 *     word 2 …  numbers, as many as its kind has; after those the length of its text in bytes, and the text
 *
 * A record that a dead thread has left is free, unless its kind says that it outlives it.
 */
export interface BoardKind {
  readonly first: number
  readonly count: number
  /** The number of numbers. */
  readonly numbers: number
  /** True where a record counts although the thread that has written it has died. */
  readonly outlives: boolean
}

const head = 2
const wordsOfRecord = 512
const waitRecords = 256
const orderRecords = 512

/** The waits that have taken long: who waits for what, and holds what. */
export const waits: BoardKind = { first: 0, count: waitRecords, numbers: 20, outlives: false }

/** The orders in which locks were taken: one after another. */
export const orders: BoardKind = { first: waitRecords, count: orderRecords, numbers: 2, outlives: true }

/** Takes a free record; undefined where there is none. */
export function takeRecord(kind: BoardKind): number | undefined {
  const words = threadTable()
  for (let n = 0; n < kind.count; n++) {
    const at = placeOfRecord(kind, n)
    const seen = Atomics.load(words, at)
    if (seen !== 0 && (kind.outlives || isAlive(seen))) continue
    if (Atomics.compareExchange(words, at, seen, ownTag()) === seen) return n
  }
  return undefined
}

/** Writes a record that this thread has taken. @param text left as it is where there is none */
export function writeRecord(kind: BoardKind, n: number, numbers: readonly number[], text?: string): void {
  const words = threadTable()
  const at = placeOfRecord(kind, n)
  const serial = Atomics.load(words, at + 1)
  Atomics.store(words, at + 1, serial | 1)
  for (let i = 0; i < kind.numbers; i++) Atomics.store(words, at + head + i, numbers[i] ?? 0)
  if (text !== undefined) {
    const from = at + head + kind.numbers
    const bytes = new TextEncoder().encode(text).subarray(0, (wordsOfRecord - head - kind.numbers - 1) * 4)
    new Uint8Array(words.buffer, (from + 1) * 4, bytes.length).set(bytes)
    Atomics.store(words, from, bytes.length)
  }
  Atomics.store(words, at + 1, ((serial | 1) + 1) | 0)
}

/** Gives a record back. */
export function dropRecord(kind: BoardKind, n: number): void {
  const words = threadTable()
  const at = placeOfRecord(kind, n)
  Atomics.store(words, at + head, 0)
  Atomics.add(words, at + 1, 2)
  Atomics.store(words, at, 0)
}

export interface BoardRecord {
  readonly n: number
  readonly tag: number
  readonly serial: number
  readonly numbers: readonly number[]
}

/** All records that are whole at this moment, in the order of their places. What a thread has left that died is not among them. */
export function readRecords(kind: BoardKind): BoardRecord[] {
  const words = threadTable()
  const found: BoardRecord[] = []
  for (let n = 0; n < kind.count; n++) {
    const at = placeOfRecord(kind, n)
    const tag = Atomics.load(words, at)
    if (tag === 0) continue
    const serial = Atomics.load(words, at + 1)
    if ((serial & 1) === 1 || !(kind.outlives || isAlive(tag))) continue
    const numbers = Array.from({ length: kind.numbers }, (_, i) => Atomics.load(words, at + head + i))
    if (numbers[0] !== 0 && isSame(kind, { n, tag, serial, numbers })) found.push({ n, tag, serial, numbers })
  }
  return found
}

/** True where nothing about a record has changed since it was read. */
export function isSame(kind: BoardKind, { n, tag, serial }: BoardRecord): boolean {
  const words = threadTable()
  const at = placeOfRecord(kind, n)
  return Atomics.load(words, at) === tag && Atomics.load(words, at + 1) === serial
}

export function textOf(kind: BoardKind, n: number): string {
  const words = threadTable()
  const from = placeOfRecord(kind, n) + head + kind.numbers
  const bytes = new Uint8Array(words.buffer, (from + 1) * 4, Atomics.load(words, from))
  return new TextDecoder().decode(bytes.slice())
}

function placeOfRecord(kind: BoardKind, n: number): number {
  return threadTable().length - (waitRecords + orderRecords - kind.first - n) * wordsOfRecord
}
