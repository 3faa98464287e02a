import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { sqliteConnection } from 'skein/stores/sqlite'
import { openDatabase } from '#skein/stores/sqlite/file/open-database.js'
import { SqliteStore } from '#skein/stores/sqlite/sqlite-store.js'
import { call, inFolder, request } from './folder.ts'
import { claimNow } from '../../support/claim-now.ts'

describe('opening a file', () => {
  inFolder('leaves alone a lease that was renewed while it waited for its turn', async file => {
    const clocks = new Float64Array(new SharedArrayBuffer(16))
    clocks.set([Date.UTC(2026, 0, 1), 1_000_000])
    const settings = { maxDeaths: 3, maxBytes: 1e6 }
    const store = await SqliteStore.open(`sqlite:${file}`, { path: file, durability: 'relaxed', settings, clocks })
    await store.broker.send([call('job')])
    const [claim] = await claimNow(store, request)
    const other = sqliteConnection(file)
    other.exec('BEGIN IMMEDIATE')
    const opening = openDatabase(file, () => clocks[1] as number)
    // What a renewal does, after the opening has begun and before it may write.
    clocks[1] = (clocks[1] as number) + 4_000
    other.exec(`UPDATE skein_lease SET until = until + 4000`)
    other.exec('COMMIT')
    const { database } = await opening
    try {
      assert.deepEqual(database.get('SELECT until FROM skein_lease'), [1_014_000])
      const ending = { id: 'job', token: claim?.token as number, kind: 'done', result: '1' } as const
      assert.deepEqual(await store.broker.settle([ending]), ['ok'])
    } finally {
      database.close()
      other.close()
      await store.close()
    }
  })
})
