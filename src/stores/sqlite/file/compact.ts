import { setTimeout, steady } from '../../../core/time/platform.ts'
import { Database } from './database.ts'
import { openDriver } from './driver.ts'
import { errorOf, failureOf, isBusy } from './failures.ts'

/** The time to wait for those who write, in milliseconds. */
const patience = 30_000

/** The room that a file takes on the disk, in bytes. */
export interface FileRoom {
  readonly bytes: number
  /** The part of it that is empty: it is used for what comes, but not given back to the disk. */
  readonly free: number
}

/** The room that the file of a store takes. **Errors**: those of opening it. */
export function roomIn(path: string): Promise<FileRoom> {
  return withFile(path, room)
}

/**
 * Gives the empty part of a file back to the disk: SQLite writes what is in use anew, one behind the other. It keeps all others from
 * writing for as long as that takes, and needs room for what is in use a second time.
 *
 * **Errors**: `SKEIN_STORE_LOCKED` when others write all the time, `SKEIN_STORE_FULL` when the disk has no room for it.
 */
export function compact(path: string): Promise<{ readonly before: FileRoom; readonly after: FileRoom }> {
  return withFile(path, async database => {
    const before = room(database)
    await patiently(() => database.exec('VACUUM'))
    // What was written stands in the log; the file is cut off only when that is brought into it.
    await patiently(() => {
      const [busy] = database.get('PRAGMA wal_checkpoint(TRUNCATE)') as [number]
      if (busy !== 0) throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' })
    })
    return { before, after: room(database) }
  })
}

function room(database: Database): FileRoom {
  const [size, pages, free] = ['page_size', 'page_count', 'freelist_count'].map(
    name => database.get(`PRAGMA ${name}`)?.[0] as number,
  ) as [number, number, number]
  return { bytes: pages * size, free: free * size }
}

async function withFile<T>(path: string, use: (database: Database) => T | Promise<T>): Promise<T> {
  try {
    const database = new Database(await openDriver(path))
    try {
      return await use(database)
    } finally {
      database.close()
    }
  } catch (error) {
    throw errorOf(failureOf(error, path), path)
  }
}

async function patiently(action: () => void): Promise<void> {
  for (const until = steady() + patience; ;) {
    try {
      return action()
    } catch (error) {
      if (!isBusy(error) || steady() > until) throw error
    }
    await new Promise(resolve => setTimeout(resolve, 1 + Math.random() * 5))
  }
}
