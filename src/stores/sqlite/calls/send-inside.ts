import { setImmediate } from '../../../core/time/platform.ts'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { describe } from '../../../core/errors/checks.ts'
import { InvalidArgumentError, StoreError } from '../../../core/errors/errors.ts'
import { checkCalls } from '../../check.ts'
import { storeSettings } from '../../options.ts'
import type { OutgoingCall, SendOutcome } from '../../roles/calls.ts'
import type { UserDatabase } from '../../roles/transactions.ts'
import { hostClock } from '../file/clock.ts'
import { Database } from '../file/database.ts'
import { type Binding, driverOver } from '../file/driver.ts'
import { unread } from '../file/kept.ts'
import { Lines } from './lines.ts'
import type { ThreadData } from './requests.ts'
import { checkSameCopy } from '../file/same-copy.ts'
import { checkVersion, schemaVersion, versionOf } from '../file/schema.ts'
import { send } from './sending.ts'
import { sentCall } from './sent-call.ts'
import { Turn } from './turn.ts'
import { wake } from './waking.ts'

/**
 * Keeps calls inside a transaction of your own, on your own connection to the file of a store: they are there if and only if
 * your transaction is committed.
 *
 * Use it where a row of yours and the work that follows from it must not be apart: the order and its confirmation mail. For
 * calls of tasks use `submitInside` of a queue; this one takes messages that are ready to be sent. The store must have been
 * opened in this file before (`sqliteStore`, or a queue), so that its tables are there. Workers are woken once the present
 * turn of the event loop is over; a transaction that stays open for longer is noticed after some seconds.
 *
 * **Cancellation**: none; it does not wait. **Errors**: `SKEIN_INVALID_ARGUMENT` for calls that are invalid, where no
 * transaction is open and for a connection of another SQLite than skein's (see `sqliteConnection`), `SKEIN_STORE_UNAVAILABLE` when the file holds no store or that of an older skein, `SKEIN_STORE_VERSION` when it was written by a newer skein, and
 * what your connection throws. Roll back when it throws.
 *
 * @param database your connection, of `sqliteConnection` or of the package that it takes, in a transaction
 * @param calls as for `send` of a store
 * @returns the outcome for each, in order
 * @example
 * import { mkdtemp, rm } from 'node:fs/promises'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { sendInside, sqliteConnection, sqliteStore } from 'skein/stores/sqlite'
 *
 * const folder = await mkdtemp(join(tmpdir(), 'orders-'))
 * const store = await sqliteStore(`sqlite:${folder}/shop.db`)
 * const database = sqliteConnection(`${folder}/shop.db`)
 * database.exec('CREATE TABLE orders (id TEXT)')
 *
 * database.exec('BEGIN IMMEDIATE')
 * database.prepare('INSERT INTO orders VALUES (?)').run('order-1')
 * sendInside(database, [
 *   { id: 'a', queue: 'mail', task: 'mail.confirm', headers: '{}', body: '[["order-1"],{},{}]', priority: 4, delay: 0 },
 * ])
 * database.exec('COMMIT')
 * console.log((await store.inspector.find('a'))?.state) // ready
 * database.close()
 * await store.close()
 * await rm(folder, { recursive: true })
 */
export function sendInside(database: UserDatabase, calls: readonly OutgoingCall[]): SendOutcome[] {
  return sendWith(connectionOf(database), calls, storeSettings({}, new Set()))
}

/** The same for a store that is open: with its settings, and only into its own file. */
export function sendInsideStore(
  database: UserDatabase,
  calls: readonly OutgoingCall[],
  store: Pick<ThreadData, 'path' | 'settings'>,
): SendOutcome[] {
  const own = connectionOf(database)
  checkSameFile(fileOf(own), store.path)
  return sendWith(own, calls, store.settings)
}

function sendWith(own: Database, calls: readonly OutgoingCall[], settings: ThreadData['settings']): SendOutcome[] {
  checkCalls(calls)
  const path = fileOf(own)
  const version = versionOf(own)
  if (version < schemaVersion) {
    throw new StoreError(
      'SKEIN_STORE_UNAVAILABLE',
      `${path} holds ${version === 0 ? 'no store' : 'the store of an older skein'}. Open it once with sqliteStore('sqlite:${path}'), or connect a queue to it, so that its tables are there and up to date.`,
      { store: path },
    )
  }
  checkVersion(version, path)
  checkTransaction(own)
  const clock = hostClock()
  own.exec('SAVEPOINT skein_send')
  try {
    const lines = new Lines(own)
    const overFrom = (): number => -Infinity
    const rollingBack = new Map<string, string>()
    const keeper = {
      overFrom,
      rollingBack,
      database: own,
      settings,
      kept: unread,
      doubtAgain: 0,
      counted: new Map(),
      lines,
      held: new Map(),
      neededAt: new Map(),
      ownLeases: new Set<number>(),
      boot: '',
    }
    const turn = new Turn(keeper, clock.wall(), clock.steady())
    const outcomes = send(turn, calls.map(sentCall))
    wake(turn)
    turn.finish()
    own.exec('RELEASE skein_send')
    setImmediate(ring, path)
    return outcomes
  } catch (error) {
    own.exec('ROLLBACK TO skein_send')
    own.exec('RELEASE skein_send')
    throw error
  }
}

/** Connections that have been found to be of the same SQLite. */
const known = new WeakSet<UserDatabase>()

function connectionOf(database: UserDatabase): Database {
  const { exec, prepare } = (database ?? {}) as Partial<UserDatabase>
  if (typeof exec === 'function' && typeof prepare === 'function') {
    const driver = driverOver(database as Binding)
    if (!known.has(database)) checkSameCopy(driver)
    known.add(database)
    return new Database(driver)
  }
  throw new InvalidArgumentError(
    `The database must be an open connection of node:sqlite or libsql, got ${describe(database)}`,
  )
}

/** Compares what the paths lead to: one may be a link, or written in another way. */
function checkSameFile(file: string, path: string): void {
  const given = file === '' ? undefined : statSync(file, { throwIfNoEntry: false, bigint: true })
  const wanted = statSync(path, { throwIfNoEntry: false, bigint: true })
  if (given && wanted && given.ino === wanted.ino && given.dev === wanted.dev) return
  throw new InvalidArgumentError(
    `The connection is open on ${file === '' ? 'a database in memory' : file}, and the jobs of this queue are in ${path}. ` +
      `One transaction can only hold both in one file: open the connection on that one.`,
  )
}

/** Without one, the calls would be there at once, whatever becomes of the caller's own rows. */
function checkTransaction(own: Database): void {
  if (own.inTransaction() ?? !canBegin(own)) return
  throw new InvalidArgumentError(
    `The connection has no transaction open, so there is nothing for the call to be part of. Begin one (BEGIN IMMEDIATE), ` +
      `then send, then COMMIT; or send without one.`,
  )
}

/** True for connections that cannot say whether a transaction is open. In a transaction no other one can begin. */
function canBegin(own: Database): boolean {
  try {
    own.exec('BEGIN')
  } catch {
    return false
  }
  own.exec('ROLLBACK')
  return true
}

function fileOf(database: Database): string {
  const main = database.all('PRAGMA database_list').find(([, name]) => name === 'main')
  return (main?.[2] as string | undefined) ?? ''
}

/** Wakes all that have the store open. */
function ring(path: string): void {
  const bell = `${path}-bell`
  try {
    if (existsSync(bell)) writeFileSync(bell, '*', { flag: 'r+' })
  } catch {
    // They look by themselves now and then.
  }
}
