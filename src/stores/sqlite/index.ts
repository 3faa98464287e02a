/**
 * A store in a SQLite file, and what belongs to such a file: connections of your own, and repair.
 *
 * @module
 */
import { type StoreOptions, storeOptionNames, storeSettings } from '../options.ts'
import type { InspectableStore } from '../roles/store.ts'
import type { Transactions } from '../roles/transactions.ts'
import { SqliteStore } from './sqlite-store.ts'
import { sqliteLocation } from './file/url.ts'

export { sqliteConnection, type SqliteConnection } from './file/connection.ts'
export { repair, type Repaired } from './file/repair.ts'
export { sendInside } from './calls/send-inside.ts'

/** Options of a SQLite store, beside those in its URL. */
export interface SqliteStoreOptions extends StoreOptions {}

const names: ReadonlySet<string> = new Set(storeOptionNames)

/**
 * A store in one SQLite file, for all processes of one machine, with no server to run.
 *
 * Use it wherever one machine is enough; a file on a network drive is not safe, as with SQLite in general. The file is
 * opened by a thread of its own, so that the program never waits for the disk, and leases are renewed while the program
 * computes.
 *
 * **Cancellation**: what has been handed over is written. **Errors**: `SKEIN_INVALID_ARGUMENT` for a URL or an option that
 * is none; `SKEIN_STORE_UNAVAILABLE`, `SKEIN_STORE_DAMAGED`, `SKEIN_STORE_VERSION`, `SKEIN_STORE_READ_ONLY` and
 * `SKEIN_STORE_DRIVER` when the file cannot be opened; `SKEIN_STORE_FULL` and `SKEIN_STORE_LOCKED` while it is used.
 *
 * @param url `sqlite:PATH`, where a relative path counts from the working directory. `?durability=relaxed` makes commits
 *   quicker: they survive the death of any program, but the latest may be lost in a power cut. Default: `full`.
 * @param options how much is kept
 * @example
 * import { mkdtemp, rm } from 'node:fs/promises'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { sqliteStore } from 'skein/stores/sqlite'
 *
 * const folder = await mkdtemp(join(tmpdir(), 'jobs-'))
 * const store = await sqliteStore(`sqlite:${folder}/jobs.db`)
 * await store.broker.send([
 *   { id: 'a', queue: 'mail', task: 'mail.send', headers: '{}', body: '[[],{},{}]', priority: 4, delay: 0 },
 * ])
 * console.log((await store.inspector.find('a'))?.state) // ready
 * await store.close()
 * await rm(folder, { recursive: true })
 */
export async function sqliteStore(
  url: string,
  options: SqliteStoreOptions = {},
): Promise<InspectableStore & { readonly transactions: Transactions }> {
  const { path, durability } = sqliteLocation(url)
  const { retention, ...settings } = storeSettings(options, names)
  return SqliteStore.open(url, { path, durability, settings, retention })
}
