import { DeadlockError } from '../../core/errors/errors.ts'
import { isAlive, ownTag, placeOf, textWords, threadName, threadTable, waitAt } from '../../core/system/thread-table.ts'

/** A lock that a thread blocks for, as far as the search for circles is concerned. */
export interface Contested {
  readonly id: number
  readonly title: string
  /** The tag of the thread that holds it; not above 0 where none does. */
  holder(): number
  /** True where this thread holds the lock with that number. */
  holds(id: number): boolean
}

/**
 * Finds threads that block for each other's locks. A thread that has blocked for a whole slice writes into its place of the thread table for which lock it waits and
 * who holds it, keeps that up to date, and follows the chain of holders. If it comes back to itself, there seems to be a circle; but what stands there may be old. So each thread of
 * the circle confirms, for the wait that it is in, that it does hold what the one before it waits for: being blocked, it goes on holding it. When all have confirmed, the
 * circle is real, and the one with the highest tag breaks it by throwing. The others go on.
 *
 * A thread that never blocks for so long comes by here never.
 */
export class DeadlockWatch {
  readonly #lock: Contested
  #isPublished = false

  constructor(lock: Contested) {
    this.#lock = lock
  }

  /** One look. Throws `SKEIN_DEADLOCK` in the one thread that has to break the circle. */
  look(): void {
    const words = threadTable()
    const me = ownTag()
    const at = placeOf(me)
    if (!this.#isPublished) {
      this.#isPublished = true
      Atomics.store(words, at + waitAt.lock, this.#lock.id)
      writeText(words, at, this.#lock.title)
      Atomics.add(words, at + waitAt.serial, 1)
    }
    Atomics.store(words, at + waitAt.holder, Math.max(0, this.#lock.holder()))
    const ring = circle(words, me)
    if (ring === undefined) return
    const wanted = Atomics.load(words, placeOf(ring.at(-1) as number) + waitAt.lock)
    if (!this.#lock.holds(wanted)) return
    Atomics.store(words, at + waitAt.confirmed, Atomics.load(words, at + waitAt.serial))
    if (ring.some(tag => tag > me) || !ring.every(tag => isConfirmed(words, tag))) return
    if (circle(words, me)?.join() !== ring.join()) return
    throw new DeadlockError(told(words, ring))
  }

  /** The wait is over. */
  end(): void {
    if (!this.#isPublished) return
    const words = threadTable()
    const at = placeOf(ownTag())
    Atomics.store(words, at + waitAt.holder, 0)
    Atomics.add(words, at + waitAt.serial, 1)
  }
}

function isConfirmed(words: Int32Array, tag: number): boolean {
  const at = placeOf(tag)
  return isAlive(tag) && Atomics.load(words, at + waitAt.confirmed) === Atomics.load(words, at + waitAt.serial)
}

/** The threads from this one on, each waiting for the next, the last for the first; undefined where there is no circle. */
function circle(words: Int32Array, me: number): number[] | undefined {
  const ring = [me]
  for (let tag = me; ;) {
    tag = Atomics.load(words, placeOf(tag) + waitAt.holder)
    if (tag === me) return ring.length > 1 ? ring : undefined
    if (tag === 0 || !isAlive(tag) || ring.includes(tag)) return undefined
    ring.push(tag)
  }
}

function told(words: Int32Array, ring: readonly number[]): string {
  const parts = ring.map((tag, n) => {
    const next = ring[(n + 1) % ring.length] as number
    return `${threadName(tag)} waits for ${readText(words, placeOf(tag))}, which ${threadName(next)} holds`
  })
  return (
    `Deadlock: ${parts.join('; ')}. This wait was broken off, so that the others can go on. Take the locks in the same order everywhere, ` +
    'as the one with the lower number first.'
  )
}

function writeText(words: Int32Array, at: number, text: string): void {
  const bytes = new TextEncoder().encode(text).subarray(0, textWords * 4)
  new Uint8Array(words.buffer, (at + waitAt.text) * 4, textWords * 4).set(bytes)
  Atomics.store(words, at + waitAt.length, bytes.length)
}

function readText(words: Int32Array, at: number): string {
  const length = Atomics.load(words, at + waitAt.length)
  return new TextDecoder().decode(new Uint8Array(words.buffer, (at + waitAt.text) * 4, length).slice())
}
