import { OverloadedError } from '../errors/errors.ts'
import { nodeThreads } from '../node.ts'
import { shared } from '../shared.ts'

/**
 * The threads of this program that use shared memory, in memory that all of them see: who a tag belongs to, and whether that thread
 * still lives.
 *
 *     words 0 … 15      a number that tells this table from that of another program; the next generation; the next id
 *     words 16 n …      one place for each thread: its tag while it lives, else 0; the last tag; the number of the thread
 *     after the places  the records of waits that take long, and of the order in which locks are taken (`src/shared/waiting/board.ts`); the system gives
 *                       memory for those only where somebody has written
 *
 * A tag is the number of a place and a generation, which is used once: so a lock whose word holds a tag names one thread, and it is
 * one look to see whether that thread is gone. The tag is in the table before it is written anywhere else.
 */

const places = 256
const placeBits = 8
/** @internal The words of a place. */
export const wordsOfPlace = 16
const generations = 1 << 22

const head = { program: 0, generation: 1, id: 2 } as const
const place = { tag: 0, last: 1, thread: 2 } as const
/** The places, and the room for the records. */
const allWords = 397_328

interface TableSlot {
  words: Int32Array | undefined
  /** The tag of this thread, once it has one. */
  tag: number
}

/** @internal One for all copies of skein in a thread. */
export const tableSlot: TableSlot = /* @__PURE__ */ shared('thread-table-2', () => ({
  words: undefined,
  tag: 0,
}))

/** @internal The memory of the table; made by the first thread of the program that asks for it, and passed on to those that it starts. */
export function threadTable(): Int32Array {
  if (tableSlot.words !== undefined) return tableSlot.words
  const words = new Int32Array(new SharedArrayBuffer(allWords * 4))
  words[head.program] = 1 + Math.floor(Math.random() * 0x7fff_fffe)
  return (tableSlot.words = words)
}

/** @internal Takes over the table of the thread that has started this one. False: this thread has another one already. */
export function adoptThreadTable(memory: SharedArrayBuffer): boolean {
  if (tableSlot.words === undefined) {
    tableSlot.words = new Int32Array(memory)
    return true
  }
  return tableSlot.words[head.program] === new Int32Array(memory)[head.program]
}

/** @internal A number that nothing else in this program has. */
export function freshId(): number {
  return Atomics.add(threadTable(), head.id, 1) + 1
}

/** @internal The tag of this thread: positive, below 2 ** 30. */
export function ownTag(): number {
  return tableSlot.tag === 0 ? join() : tableSlot.tag
}

function join(): number {
  const words = threadTable()
  const { threadId, isMainThread } = nodeThreads()
  for (let n = 0; n < places; n++) {
    const at = (n + 1) * wordsOfPlace
    if (Atomics.load(words, at + place.tag) !== 0) continue
    const generation = (Atomics.add(words, head.generation, 1) % (generations - 1)) + 1
    const tag = generation * (1 << placeBits) + n
    if (Atomics.compareExchange(words, at + place.tag, 0, tag) !== 0) continue
    Atomics.store(words, at + place.thread, threadId)
    Atomics.store(words, at + place.last, tag)
    if (!isMainThread) process.once('exit', () => threadDied(threadId))
    return (tableSlot.tag = tag)
  }
  throw new OverloadedError(
    `${places} threads of this program use shared memory already, and no more can: end some of them, or let fewer threads do the work.`,
  )
}

/** @internal True while the thread with that tag lives, as far as is known. */
export function isAlive(tag: number): boolean {
  return Atomics.load(threadTable(), placeOf(tag) + place.tag) === tag
}

/** @internal The thread of a tag as it is called in errors: `thread 3`. */
export function threadName(tag: number): string {
  const words = threadTable()
  const at = placeOf(tag)
  if (Atomics.load(words, at + place.last) !== tag) return 'a thread that has ended'
  const thread = Atomics.load(words, at + place.thread)
  return thread === 0 ? 'the main thread' : `thread ${thread}`
}

/** @internal Makes it known that a thread has ended, by its number: what it held is nobody's any more. */
export function threadDied(threadId: number): void {
  const { words } = tableSlot
  if (words === undefined || threadId <= 0) return
  for (let n = 0; n < places; n++) {
    const at = (n + 1) * wordsOfPlace
    if (Atomics.load(words, at + place.thread) === threadId) Atomics.store(words, at + place.tag, 0)
  }
}

/** The first word of the place of a thread. */
function placeOf(tag: number): number {
  return ((tag & (places - 1)) + 1) * wordsOfPlace
}
