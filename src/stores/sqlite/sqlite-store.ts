import { statSync } from 'node:fs'
import { brandClass } from '../../core/brand.ts'
import { milliseconds } from '../../core/time/duration.ts'
import { checkMembers, checkSignal } from '../check.ts'
import type { OutgoingCall, SendOutcome } from '../roles/calls.ts'
import type { Counters, EndedMember, Signalled } from '../roles/counters.ts'
import type { Announcement } from '../roles/registry.ts'
import type { CloseStoreOptions, InspectableStore } from '../roles/store.ts'
import type { Transactions, UserDatabase } from '../roles/transactions.ts'
import { SharedThreads } from '../threaded/shared-thread.ts'
import { StoreThread } from '../threaded/store-thread.ts'
import type { Asked, SqliteThread, ThreadData } from './calls/requests.ts'
import { sendInsideStore } from './calls/send-inside.ts'
import type { Swept } from './calls/sweeping.ts'
import { errorOf, mayBeOpened } from './file/failures.ts'
import { SqliteBroker } from './roles/broker.ts'
import { SqliteInspector } from './roles/inspector.ts'
import type { Transfer } from '../roles/transfer.ts'
import { SqliteRegistry } from './roles/registry.ts'
import { SqliteResults } from './roles/results.ts'
import { SqliteSchedules } from './roles/schedules.ts'
import { sqliteTransfer } from './roles/transfer.ts'
import { storeThreadFile } from './starter.ts'

/** The threads of the stores that only hand calls over and wait for them. */
const threads = new SharedThreads<Asked, ThreadData>()

async function start(
  url: string,
  data: ThreadData,
  announced: ReadonlyMap<string, Announcement>,
): Promise<StoreThread<Asked, ThreadData>> {
  mayBeOpened(data.path)
  return StoreThread.open<Asked, ThreadData>({
    url,
    name: data.path,
    module: storeThreadFile(url),
    data: again => (again ? { ...data, again: [...announced] } : data),
    errorOf: failure => errorOf(failure, data.path),
  })
}

/** The file itself, by whatever path it was opened: a link to it, or other letters where the disk takes them for the same. */
function locationOf(path: string): string {
  const file = statSync(path, { bigint: true, throwIfNoEntry: false })
  return file === undefined ? `file ${path}` : `file ${file.dev}:${file.ino}`
}

/** A file as a store, seen from the program's thread: everything is asked of the thread that owns the file. */
export class SqliteStore implements InspectableStore {
  static {
    brandClass(this, 'Store')
  }

  readonly url: string
  readonly location: string
  readonly broker: SqliteBroker
  readonly results: SqliteResults
  readonly inspector: SqliteInspector
  readonly registry: SqliteRegistry
  readonly transactions: Transactions
  readonly counters: Counters
  readonly schedules: SqliteSchedules
  readonly transfer: Transfer
  readonly #thread: SqliteThread

  private constructor(url: string, data: ThreadData, announced: Map<string, Announcement>, thread: SqliteThread) {
    this.url = url
    this.location = locationOf(data.path)
    this.broker = new SqliteBroker(this, thread, data.durability)
    this.results = new SqliteResults(thread)
    this.inspector = new SqliteInspector(thread)
    this.registry = new SqliteRegistry(thread, announced)
    this.transactions = {
      sendInside(database: UserDatabase, calls: readonly OutgoingCall[]): SendOutcome[] {
        thread.mustBeOpen()
        return sendInsideStore(database, calls, data)
      },
    }
    this.schedules = new SqliteSchedules(thread)
    this.transfer = sqliteTransfer(thread)
    this.counters = {
      members: async (counter, after) => {
        checkMembers(counter, after)
        return thread.ask<EndedMember[]>(['members', counter, after])
      },
      signal: async (id, name, value) => {
        checkSignal(id, name, value)
        return thread.ask<Signalled>(['signal', id, name, value])
      },
    }
    this.#thread = thread
  }

  /** Starts the thread and waits until it has opened the file. */
  static async open(url: string, data: ThreadData): Promise<SqliteStore> {
    const announced = new Map<string, Announcement>()
    return new SqliteStore(url, data, announced, await start(url, data, announced))
  }

  /** As `open`, in the thread of another store of this program where that has the same file open in the same way. */
  static async share(url: string, data: ThreadData): Promise<SqliteStore> {
    const { path } = data
    const announced = new Map<string, Announcement>()
    const thread = await threads.share({
      url,
      key: JSON.stringify(data),
      identity: () => statSync(path, { bigint: true, throwIfNoEntry: false })?.ino,
      start: () => start(url, data, announced),
    })
    return new SqliteStore(url, data, announced, thread)
  }

  async close({ timeout }: CloseStoreOptions = {}): Promise<void> {
    const most = timeout === undefined ? undefined : milliseconds(timeout, 'timeout')
    this.broker.recall()
    return this.#thread.close(most)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** @internal For tests: the clocks were turned; resolves when what is due has been done. */
  turned(): Promise<void> {
    return this.#thread.turned()
  }

  /** @internal For tests: puts things right that are due. */
  async sweep(): Promise<Omit<Swept, 'more'>> {
    const total = { recovered: 0, dead: 0, expired: 0, forgotten: 0 }
    for (;;) {
      const { recovered, dead, expired, forgotten, more } = await this.#thread.ask<Swept>(['sweep'])
      total.recovered += recovered
      total.dead += dead
      total.expired += expired
      total.forgotten += forgotten
      if (!more) return total
    }
  }
}
