import { setTimeout, steady } from '../../../core/time/platform.ts'
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { StoreError } from '../../../core/errors/errors.ts'
import { putLeasesInOrder, renumber } from './put-in-order.ts'
import { bootOf, tellsStarts } from './clock.ts'
import { Database } from './database.ts'
import { openDriver } from './driver.ts'
import { isBusy, resultCode } from './failures.ts'
import { checkVersion, migrate, versionOf } from './schema.ts'

/** A file up to this size is looked through when it is opened; a larger one would keep its user waiting. */
const mostChecked = 4 * 1024 * 1024
/** The code of SQLite for a file that is not one of its own: SQLITE_NOTADB. */
const notDatabase = 26
/** SQLITE_CANTOPEN. */
const cannotOpen = 14
/** The time to wait for somebody who is setting up the same file, in milliseconds. */
const patience = 10_000

/** Opens the file of a store and brings its tables up to date. */
export async function openDatabase(path: string, steady: () => number): Promise<{ database: Database; boot: string }> {
  const size = checkFile(path)
  let database: Database
  try {
    database = new Database(await openDriver(path))
  } catch (error) {
    throw size === 0 && resultCode(error) === cannotOpen ? unwritable(path, error) : error
  }
  try {
    // Nobody waits inside SQLite: its way of waiting is not fair. See turnstile.ts.
    database.exec('PRAGMA busy_timeout = 0')
    await patiently(() => database.get('PRAGMA journal_mode = WAL'))
    database.exec('PRAGMA synchronous = FULL')
    // A page that is written again and again (sent, claimed, settled) goes from the log into the file once: 32 MiB of log.
    database.exec('PRAGMA wal_autocheckpoint = 8000')
    database.exec('PRAGMA journal_size_limit = 67108864')
    database.exec('PRAGMA cache_size = -32000')
    database.exec('PRAGMA temp_store = MEMORY')
    if (size > 0 && size <= mostChecked) checkPages(database, path)
    checkVersion(await patiently(() => versionOf(database)), path)
    const boot = bootOf()
    await patiently(() => prepare(database, path, boot, steady))
    return { database, boot }
  } catch (error) {
    database.close()
    if (size === 0 && resultCode(error) === cannotOpen) throw unwritable(path, error)
    throw resultCode(error) === notDatabase ? foreign(path) : error
  }
}

/** Waits for a lock without holding up the event loop. */
async function patiently<T>(action: () => T): Promise<T> {
  const until = steady() + patience
  for (;;) {
    try {
      return action()
    } catch (error) {
      if (!isBusy(error) || steady() > until) throw error
    }
    await new Promise(resolve => setTimeout(resolve, 5 + Math.random() * 20))
  }
}

function prepare(database: Database, path: string, boot: string, steady: () => number): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    const version = versionOf(database)
    checkVersion(version, path)
    migrate(database, version)
    // Asked only now that nobody else can write: a lease that was renewed while this program waited for its turn is not ahead.
    const time = steady()
    // A lease counts from the start of the machine: those of before mean nothing, and neither do the windows of rates.
    const [known] = database.get('SELECT boot FROM skein_meta') as [string]
    const [ahead] = database.get('SELECT max(until - length) FROM skein_lease') as [number | null]
    const isAhead = ahead !== null && ahead >= time + 1
    if (known !== boot || (isAhead && !tellsStarts(boot))) {
      database.run('UPDATE skein_meta SET boot = ?', boot)
      database.run('UPDATE skein_lease SET until = -1')
      database.run('UPDATE skein_opening SET opens = -1')
      database.run('DELETE FROM skein_start')
      database.run('DELETE FROM skein_worker')
    } else if (isAhead) putLeasesInOrder(database, time)
    renumber(database)
    database.exec('COMMIT')
  } catch (error) {
    if (database.inTransaction() !== false) database.exec('ROLLBACK')
    throw error
  }
}

/**
 * The size of the file; 0 where there is none yet.
 *
 * It is only looked at from outside. To open and close a file in any other way than through SQLite takes away all the locks
 * that the process has on that file (that is how POSIX locks work), so that another store in this process would be
 * unprotected: the next program that closes the file would believe that it is the last one, and delete a log that is in use.
 */
function checkFile(path: string): number {
  const folder = statSync(dirname(path), { throwIfNoEntry: false })
  if (!folder?.isDirectory()) {
    throw unavailable(path, `there is no folder ${dirname(path)}. Create it first`)
  }
  const file = statSync(path, { throwIfNoEntry: false })
  if (file === undefined) return 0
  if (!file.isFile()) throw unavailable(path, 'it is not a file')
  return file.size
}

function checkPages(database: Database, path: string): void {
  const [verdict] = database.get('PRAGMA quick_check(1)') as [string]
  if (verdict === 'ok') return
  throw new StoreError(
    'SKEIN_STORE_DAMAGED',
    `${path} is damaged (${verdict}). Run 'skein repair' to save what can be saved into a new file.`,
    { store: path },
  )
}

function foreign(path: string): StoreError {
  return new StoreError(
    'SKEIN_STORE_DAMAGED',
    `${path} is not an SQLite database: it begins with other bytes. Use another file; if it was a store, run 'skein repair'.`,
    { store: path },
  )
}

/** A new file that cannot be made, in a folder that is there. */
function unwritable(path: string, error: unknown): unknown {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return error
  return new StoreError(
    'SKEIN_STORE_READ_ONLY',
    `${path} does not exist and could not be made: the folder ${dirname(path)} may not be written (${(error as Error).message}). ` +
      `Check its permissions, or use another folder.`,
    { store: path },
  )
}

function unavailable(path: string, why: string): StoreError {
  return new StoreError('SKEIN_STORE_UNAVAILABLE', `${path} could not be opened: ${why}`, { store: path })
}
