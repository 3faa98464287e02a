import { resolve } from 'node:path'
import type { UserDatabase } from '../../roles/transactions.ts'
import { openBinding } from './driver.ts'

/** A connection to a SQLite file, for statements of your own. */
export interface SqliteConnection extends UserDatabase {
  /** True while a transaction is open. */
  readonly inTransaction: boolean
  close(): void
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Opens a SQLite file for statements of your own, with the very SQLite that skein uses here: `node:sqlite` where Node has it,
 * else the package `libsql`.
 *
 * Use it for tables of yours that live in the file of a store. Another package with a SQLite of its own must not open that
 * file in the same process: the two would not see each other's locks, and commits would be lost. In a program of its own any
 * of them may. It is synchronous: a statement holds up the event loop until it has ended.
 *
 * **Cancellation**: none. **Errors**: `SKEIN_STORE_DRIVER` when there is no SQLite, and whatever that SQLite throws.
 *
 * @param path the file; it is made when it is not there
 * @example
 * import { sqliteConnection } from 'skein/stores/sqlite'
 *
 * const database = sqliteConnection(':memory:')
 * database.exec('CREATE TABLE orders (id TEXT)')
 * database.prepare('INSERT INTO orders VALUES (?)').run('order-1')
 * console.log(database.prepare('SELECT id FROM orders').all().length) // 1
 * database.close()
 */
export function sqliteConnection(path: string): SqliteConnection {
  const binding = openBinding(path === ':memory:' ? path : resolve(path), false)
  return {
    exec: sql => binding.exec(sql),
    prepare: sql => binding.prepare(sql),
    get inTransaction() {
      return (binding.isTransaction ?? binding.inTransaction) === true
    },
    close: () => void binding.close(),
    [Symbol.asyncDispose]: async () => void binding.close(),
  }
}
