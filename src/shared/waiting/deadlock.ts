import { DeadlockError } from '../../core/errors/errors.ts'
import { userFrames } from '../../core/report/place.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { steady } from '../../core/time/platform.ts'
import { threadName } from '../../core/system/thread-table.ts'
import { heldBy } from '../memory/holding.ts'
import { type BoardRecord, dropRecord, isSame, readRecords, takeRecord, textOf, waits, writeRecord } from './board.ts'

/** A lock that is waited for, as far as the search for circles is concerned. */
export interface Contested {
  readonly id: number
  readonly title: string
  /** A plain look whether it is worth an attempt. */
  isFree(): boolean
  /** The tag of the thread that holds it alone; not above 0 where none does. */
  holder(): number
}

/** The most locks of a waiter that are written down. */
const mostHeld = waits.numbers - 2
/** The places of the numbers of a record. */
const wanted = 0
const beat = 1
const firstHeld = 2
/** Milliseconds for which a circle must have stood in which somebody awaits: see `DeadlockWatch`. */
const certainty = 300

/**
 * Finds those who wait for each other's locks. Who has waited for a while writes down what for, and which locks it holds meanwhile: a thread that blocks holds all locks of
 * its tasks, a scope that awaits those of its own task. From the records of all a waiter finds out whether it waits for one who holds, and waits for one who holds, and so on, in a circle.
 *
 * A record stands as long as its wait, and each of the circle has written by itself what it holds. So if the serials of all records are the same after the circle was found as before, there
 * was a moment at which all of these waits were under way, and none of them can end by itself any more: the circle is real. The one with the last record breaks it by
 * throwing, and the others go on. Where a scope awaits, it could be that it uses locks in several promises at once; so each of the circle must
 * have looked again, and the circle must have stood for a while.
 *
 * Who gets what it wants at once, or soon, comes by here never.
 */
export class DeadlockWatch {
  readonly #lock: Contested
  readonly #scope: Scope | undefined
  readonly #blocks: boolean
  readonly #at: Error | undefined
  #record: number | undefined
  #held: readonly number[] = []
  #beats = 0
  /** The circle as it was seen first, and when. */
  #seen: { readonly ring: readonly BoardRecord[]; readonly since: number } | undefined

  /**
   * @param scope the one that waits; undefined for a thread that blocks without one
   * @param blocks whether its whole thread does
   * @param at where it waits
   */
  constructor(lock: Contested, scope: Scope | undefined, blocks: boolean, at: Error | undefined) {
    this.#lock = lock
    this.#scope = scope
    this.#blocks = blocks
    this.#at = at
  }

  /** One look. Throws `SKEIN_DEADLOCK` in the one that has to break the circle. */
  look(): void {
    this.#publish()
    const mine = this.#record
    if (mine === undefined) return
    const ring = circle(readRecords(waits), mine)
    if (ring === undefined || ring.some(({ n }) => n > mine) || !ring.every(each => isSame(waits, each))) {
      if (ring === undefined) this.#seen = undefined
      return
    }
    if (!this.#seen?.ring.every((each, n) => isAsBefore(each, ring[n]))) this.#seen = { ring, since: steady() }
    const { ring: before, since } = this.#seen as { ring: readonly BoardRecord[]; since: number }
    const isAwaited = ring.some(({ numbers }) => (numbers[beat] as number) < 0)
    if (isAwaited && (steady() - since < certainty || before.some((each, n) => !hasLooked(each, ring[n])))) return
    throw new DeadlockError(told(ring))
  }

  /** The wait is over. */
  end(): void {
    if (this.#record !== undefined) dropRecord(waits, this.#record)
    this.#record = undefined
  }

  #publish(): void {
    const held = heldBy(this.#scope, this.#blocks).slice(0, mostHeld)
    const isNew = this.#record === undefined
    this.#record ??= takeRecord(waits)
    if (this.#record === undefined) return
    this.#beats++
    const numbers = [this.#lock.id, this.#blocks ? 0 : -this.#beats, ...held]
    // A thread that blocks need not say again that it does: its serial is the same as long as nothing has changed.
    if (isNew || !this.#blocks || held.join() !== this.#held.join()) {
      writeRecord(waits, this.#record, numbers, isNew ? this.#text() : undefined)
    }
    this.#held = held
  }

  #text(): string {
    const at = userFrames(this.#at)?.split('\n').slice(0, 8).join('\n') ?? ''
    return JSON.stringify([this.#lock.title, this.#blocks ? '' : (this.#scope?.title ?? ''), at])
  }
}

/** The waits from this one on, each for something that the next holds, the last for what this one holds; undefined where there is no circle. */
function circle(records: readonly BoardRecord[], mine: number): readonly BoardRecord[] | undefined {
  const start = records.find(({ n }) => n === mine)
  if (start === undefined) return undefined
  const done = new Set<number>()
  const way: BoardRecord[] = []
  const search = (from: BoardRecord): boolean => {
    way.push(from)
    done.add(from.n)
    for (const next of records) {
      if (!waitsFor(from, next)) continue
      if (next.n === mine) return true
      if (!done.has(next.n) && search(next)) return true
    }
    way.pop()
    return false
  }
  return search(start) ? way : undefined
}

/** A lock that somebody is about to get stands as the negative of its number: it is in the way of the others, not of itself. */
function waitsFor(from: BoardRecord, to: BoardRecord): boolean {
  const lock = from.numbers[wanted] as number
  const held = to.numbers.slice(firstHeld)
  return held.includes(lock) || (from.n !== to.n && held.includes(-lock))
}

/** True where it is the same wait. */
function isAsBefore(one: BoardRecord, other: BoardRecord | undefined): boolean {
  return one.n === other?.n && one.tag === other.tag && one.numbers[wanted] === other.numbers[wanted]
}

/** True where one that awaits has looked again since. */
function hasLooked(before: BoardRecord, now: BoardRecord | undefined): boolean {
  return before.numbers[beat] === 0 || before.numbers[beat] !== now?.numbers[beat]
}

function told(ring: readonly BoardRecord[]): string {
  const parts = ring.map(({ n, tag }) => {
    const [title, task, at] = JSON.parse(textOf(waits, n)) as [string, string, string]
    return { title, who: task === '' ? threadName(tag) : `${task} of ${threadName(tag)}`, at }
  })
  const sentences = parts.map(
    ({ who, title }, n) => `${who} waits for ${title}, which ${parts[(n + 1) % parts.length]?.who} holds`,
  )
  const stacks = parts.map(
    ({ who, title, at }) => `\n${who} waits for ${title} ${at === '' ? '(SKEIN_DEBUG=1 shows where)' : `at\n${at}`}`,
  )
  return (
    `Deadlock: ${sentences.join('; ')}. This wait was broken off, so that the others can go on. Take the locks in the same order everywhere, ` +
    `as the one with the lower number first.${stacks.join('')}`
  )
}
