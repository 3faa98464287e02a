import { StoreError } from '../../../core/errors/errors.ts'
import type { StoreSettings } from '../../options.ts'
import type { OpenPrograms } from '../../roles/inspector.ts'
import type { Told } from '../../threaded/messages.ts'
import type { Database } from '../file/database.ts'
import type { Row } from '../file/driver.ts'
import type { Lines } from './lines.ts'
import { checkVersion, countColumns, schemaVersion } from '../file/schema.ts'
import type { CountedPart } from './history/counted-part.ts'
import { HistoryCounts } from './history/counts.ts'
import { type Kept, readRetention } from '../file/kept.ts'

/** A claim that this store holds. */
interface Held {
  readonly call: number
  readonly token: number
  readonly lease: number
  /** The short way in which it may end, with others, once it is done; undefined for one that needs more. */
  readonly shortWay: ShortWay | undefined
}

/** `plain`: it has no limit and no effects, and its result is kept. `unkept`: it leaves nothing behind, but what counters keep of it. */
export type ShortWay = 'plain' | 'unkept'

/** A call that has ended and is a member of counters, and how. */
export interface Ended {
  readonly call: number
  readonly state: number
  readonly result?: string
  readonly error?: string
}

/** The state that lasts from one transaction to the next. */
export interface Keeper {
  readonly database: Database
  readonly settings: Omit<StoreSettings, 'retention'>
  readonly lines: Lines
  /** The claims that this store holds, by the id of the call. */
  readonly held: Map<string, Held>
  /** The members by which calls were found to be needed last, by the number of the call: where to look first. */
  readonly neededAt: Map<number, number>
  /** The leases of claims that this store renews. */
  readonly ownLeases: Set<number>
  readonly boot: string
  /** The past that is kept, as the file said last. */
  kept: Kept
  /** The time from which on numbers of history that are hard to believe are counted anew. */
  doubtAgain: number
  /** The counts of the parts of history, as they were counted last. */
  readonly counted: Map<number, CountedPart>
  /** The time from which on a lease of a length that has run out is over; see `thread/reach.ts`. */
  readonly overFrom: (length: number) => number
  /** Statements of settlements and steps that roll back the transaction that they are part of, and what they say. */
  readonly rollingBack: Map<string, string>
  /** The programs that have the file open, where that can be known. */
  readonly programs?: () => OpenPrograms | undefined
}

// Made once: they are looked up by their text with each transaction.
const readCounters = `SELECT version, sequence, control, retention, ${countColumns} FROM skein_meta`
const writeSequence = 'UPDATE skein_meta SET sequence = ?, control = ?'
const writeAll = `UPDATE skein_meta SET (sequence, control, ${countColumns}) = (?, ?, ?, ?, ?, ?, ?, ?)`

/**
 * One transaction and what it does to the counters. All that has to happen outside the database only happens once it has
 * been committed: `tell` and `after`.
 */
export class Turn {
  readonly keeper: Keeper
  readonly database: Database
  /** Milliseconds since 1970. */
  readonly now: number
  /** Milliseconds on the clock that never goes back. */
  readonly time: number
  /** The last number that was handed out when it began. */
  readonly begun: number
  readonly told: Told[] = []
  readonly afterwards: (() => void)[] = []
  /** The ends that the counters have not counted yet. */
  readonly ended: Ended[] = []
  /** The numbers of calls that have failed without a worker that says so: what is to follow them is still to be sent. */
  readonly failed: number[] = []
  /** The numbers of calls that were there for others, which are all gone or have ended. */
  readonly left: Set<number> = new Set()
  /** Those that have waited for a counter and have ended, and in which state. */
  readonly over: { readonly id: string; readonly counter: string; readonly state: number }[] = []
  /** The numbers of ended calls. */
  readonly history: HistoryCounts
  control: number
  /** True when what was written must survive a power cut. */
  durable = false
  /** True when something may be due earlier than was known. */
  schedules = false
  #sequence: number
  readonly #controlBegun: number

  constructor(keeper: Keeper, now: number, time: number) {
    this.keeper = keeper
    this.database = keeper.database
    this.now = now
    this.time = time
    const counters = this.database.get(readCounters)
    // Another program may have brought the tables to a newer version since this one has opened the file.
    if (counters && Number(counters[0]) > schemaVersion) checkVersion(Number(counters[0]), pathOf(this.database))
    const [, sequence, control, retention] = counters ?? []
    if (!Number.isSafeInteger(sequence) || !Number.isSafeInteger(control)) throw damaged(this.database)
    this.#sequence = this.begun = sequence as number
    this.control = this.#controlBegun = control as number
    this.history = new HistoryCounts(this.database, (counters as Row).slice(4))
    readRetention(keeper, retention)
  }

  /** The last number that was handed out. */
  get sequence(): number {
    return this.#sequence
  }

  /** True when somebody is to look at what was paused, or is to stop. */
  get controlChanged(): boolean {
    return this.control !== this.#controlBegun
  }

  /** A number that is higher than all before it. */
  next(): number {
    return ++this.#sequence
  }

  /** The first of so many numbers in a row. */
  take(count: number): number {
    const first = this.#sequence + 1
    this.#sequence += count
    return first
  }

  tell(...told: Told): void {
    this.told.push(told)
  }

  after(action: () => void): void {
    this.afterwards.push(action)
  }

  /** Writes the counters that have changed. The last thing before the commit. */
  finish(): void {
    const numbers = [this.#sequence, this.control]
    if (this.history.hasChanged) this.database.run(writeAll, ...numbers, ...this.history.numbers)
    else if (this.#sequence !== this.begun || this.controlChanged) this.database.run(writeSequence, ...numbers)
  }
}

function pathOf(database: Database): string {
  return String(database.all('PRAGMA database_list').find(([, name]) => name === 'main')?.[2] ?? '')
}

/** The error for a file without its counters: nothing can get a place in line, or a token. */
function damaged(database: Database): StoreError {
  const path = pathOf(database)
  return new StoreError(
    'SKEIN_STORE_DAMAGED',
    `${path} is damaged: the counters in its table skein_meta are missing or not numbers. Run 'skein repair' to save what can ` +
      `be saved into a new file.`,
    { store: path },
  )
}
