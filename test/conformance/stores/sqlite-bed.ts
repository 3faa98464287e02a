import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store, StoreOptions } from 'skein/stores'
import { storeSettings } from '#skein/stores/options.js'
import { SqliteStore } from '#skein/stores/sqlite/sqlite-store.js'
import type { Bed } from './subject.ts'

/** A file in a folder of its own, whose stores go by clocks that a test can turn. */
export async function sqliteBed(durability: 'full' | 'relaxed' = 'relaxed'): Promise<Bed> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-store-'))
  const path = join(folder, 'jobs.db')
  const clocks = new Float64Array(new SharedArrayBuffer(16))
  clocks.set([Date.UTC(2026, 0, 1), 1_000_000])
  // A test waits for signals; a program that did so would have something else to do, too.
  const running = setInterval(() => {}, 60_000)
  const stores: SqliteStore[] = []
  const due = async (): Promise<void> => {
    for (const store of stores) {
      // One that the test has closed has nothing that could come to be due.
      await store.turned().catch(() => {})
    }
  }
  return {
    open: async (options: StoreOptions = {}): Promise<Store> => {
      const settings = storeSettings(options, new Set(Object.keys(options)))
      const store = await SqliteStore.open(`sqlite:${path}`, { path, durability, settings, clocks })
      stores.push(store)
      return store
    },
    turn: async milliseconds => {
      clocks[0] = (clocks[0] as number) + milliseconds
      clocks[1] = (clocks[1] as number) + milliseconds
      await due()
    },
    jump: async milliseconds => {
      clocks[0] = (clocks[0] as number) + milliseconds
      await due()
    },
    tearDown: async () => {
      clearInterval(running)
      for (const store of stores) await store.close()
      await rm(folder, { recursive: true })
    },
  }
}
