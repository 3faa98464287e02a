import { storeSettings } from '../options.ts'
import type { Store } from '../roles/store.ts'
import { sqliteLocation } from './file/url.ts'
import { SqliteStore } from './sqlite-store.ts'

const none: ReadonlySet<string> = new Set()

/** A store in a file for those who take no calls out of it: all of them in one program share a thread. */
export async function sharedSqliteStore(url: string): Promise<Store> {
  const { path, durability } = sqliteLocation(url)
  return SqliteStore.share(url, { path, durability, settings: storeSettings({}, none) })
}
