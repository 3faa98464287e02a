import { join } from 'node:path'
import type { StoredJob } from '#skein/stores/roles/inspector.js'
import type { InspectableStore } from '#skein/stores/roles/store.js'
import { openDriver } from '#skein/stores/sqlite/file/driver.js'
import { sqliteStore } from '#skein/stores/sqlite/index.js'
import type { EffectRow } from './check.ts'
import { relayStoreOptions } from './programs/relay-calls.ts'

/** Where the jobs of one round live, and what only that kind of store can be asked. */
export interface Ground {
  readonly url: string
  /** Of the store that relays have for themselves. */
  readonly relayUrl: string
  /** The store has a thread of its own, which can die while its program lives. */
  readonly hasThread: boolean
  open(): Promise<InspectableStore>
  openRelays(): Promise<InspectableStore>
  /**
   * So many workers die here that all jobs would soon be dead letters. A quarter of them may become some; of those that have not ended
   * the others are given patience.
   */
  spare(jobs: readonly StoredJob[]): Promise<void>
  /** The rows that effects have written. */
  rows(): Promise<readonly EffectRow[]>
  /** The things that are still kept for jobs that wait, run or are to run, although none does. */
  left(): Promise<readonly string[]>
  /** The store itself dies as if the power had gone, and is started again on what it had written; absent where it has no program. */
  restart?(): Promise<void>
  close(): Promise<void>
}

/** Everything that is done stays, however much it is. */
export const keepingAll = {
  done: { count: 10_000_000 },
  failed: { count: 10_000_000 },
  cancelled: { count: 10_000_000 },
}

/** Two files in a folder. */
export async function fileGround(folder: string, durability: 'full' | 'relaxed'): Promise<Ground> {
  const file = join(folder, 'jobs.db')
  const url = `sqlite:${file}?durability=${durability}`
  const relayUrl = `sqlite:${join(folder, 'relay.db')}?durability=${durability}`
  return {
    url,
    relayUrl,
    hasThread: true,
    open: async () => {
      const store = await sqliteStore(url, { retention: keepingAll, maxDeaths: 1_000 })
      const driver = await openDriver(file)
      driver.exec('CREATE TABLE kill_effects (job TEXT, token INTEGER, pid INTEGER)')
      driver.exec(
        `CREATE TRIGGER kill_patience AFTER INSERT ON skein_call WHEN NEW.call % 4 > 0
         BEGIN UPDATE skein_call SET max_deaths = 1000 WHERE call = NEW.call; END`,
      )
      driver.close()
      return store
    },
    openRelays: () => sqliteStore(relayUrl, relayStoreOptions),
    spare: async () => {},
    rows: async () => {
      const driver = await openDriver(file, true)
      const rows = driver.prepare('SELECT job, token FROM kill_effects').all()
      driver.close()
      return rows.map(([job, token]) => ({ job: String(job), token: Number(token) }))
    },
    left: async () => {
      const driver = await openDriver(file, true)
      const left = driver
        .prepare(
          `SELECT 'the memo of call ' || call FROM skein_memo UNION ALL SELECT 'counter ' || counter FROM skein_counter
           WHERE counter LIKE 'job:%' AND counter NOT IN (SELECT 'job:' || id FROM skein_call)`,
        )
        .all()
      driver.close()
      return left.map(([what]) => String(what))
    },
    close: async () => {},
  }
}
