import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoreBed, StoreSubject } from 'skein/testing/stores'
import { storeSettings } from '#skein/stores/options.js'
import { SqliteStore } from '#skein/stores/sqlite/sqlite-store.js'

const turnOfTheLoop = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

export const sqliteSubject: StoreSubject = {
  name: 'the SQLite store',
  heeds: ['maxBytes', 'maxDeaths', 'retention'],
  make: sqliteBed,
}

/** A file in a folder of its own, whose stores go by clocks that a test can turn. */
async function sqliteBed(): Promise<StoreBed> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-store-'))
  const path = join(folder, 'jobs.db')
  const clocks = new Float64Array(new SharedArrayBuffer(16))
  clocks.set([Date.UTC(2026, 0, 1), 1_000_000])
  // A test waits for signals; a program that did so would have something else to do, too.
  const running = setInterval(() => {}, 60_000)
  const stores: SqliteStore[] = []
  /** What was asked is on its way after a turn of the event loop, and answered before what is asked after it. */
  const due = async (): Promise<void> => {
    await turnOfTheLoop()
    for (const store of stores) {
      // One that the test has closed has nothing that could come to be due.
      await store.turned().catch(() => {})
    }
    await turnOfTheLoop()
  }
  const turn = async (wall: number, steady: number): Promise<void> => {
    clocks[0] = (clocks[0] as number) + wall
    clocks[1] = (clocks[1] as number) + steady
    await due()
  }
  return {
    open: async (options = {}) => {
      const { retention, ...settings } = storeSettings(options, new Set(Object.keys(options)))
      const data = { path, durability: 'relaxed', settings, retention, clocks } as const
      const store = await SqliteStore.open(`sqlite:${path}`, data)
      stores.push(store)
      return store
    },
    quiet: due,
    turn: async milliseconds => {
      await turn(milliseconds, milliseconds)
      // What is to be forgotten is forgotten with the next commit.
      for (const store of stores) await store.sweep().catch(() => {})
      await due()
    },
    jump: milliseconds => turn(milliseconds, 0),
    tearDown: async () => {
      clearInterval(running)
      for (const store of stores) await store.close()
      await rm(folder, { recursive: true })
    },
  }
}
