import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Settlement } from 'skein/stores'
import { repair, sqliteConnection, sqliteStore } from 'skein/stores/sqlite'
import { call, inFolder, keeperOf, request } from './folder.ts'
import { claimNow } from '../../support/claim-now.ts'
import { changedRetention, defaultRetention } from '#skein/stores/options.js'
import { trim } from '#skein/stores/sqlite/calls/history/history.js'
import { Turn } from '#skein/stores/sqlite/calls/turn.js'
import { Database } from '#skein/stores/sqlite/file/database.js'
import { type Driver, openDriver } from '#skein/stores/sqlite/file/driver.js'

describe('the history of a SQLite store', () => {
  inFolder('keeps all that has just ended, also for those who wait in another program and are slow', async file => {
    const [waiting, working] = [await sqliteStore(`sqlite:${file}`), await sqliteStore(`sqlite:${file}`)]
    await working.inspector.retain({ done: { count: 10 } })
    const ids = Array.from({ length: 5_000 }, (_, n) => `call-${n}`)
    await waiting.broker.send(ids.map(id => call(id)))
    for (let left = ids.length; left > 0;) {
      const claims = await claimNow(working, { ...request, limit: 1_000 })
      const settlements = claims.map(({ id, token }): Settlement => ({ id, token, kind: 'done', result: `"${id}"` }))
      await working.broker.settle(settlements)
      left -= claims.length
    }
    const outcomes = await Promise.all(ids.map(id => waiting.results.outcome(id)))
    assert.deepEqual(
      outcomes.map(({ result }) => result),
      ids.map(id => `"${id}"`),
    )
    await waiting.close()
    await working.close()
  })

  inFolder(
    'forgets what is beyond the count once it has been there for a minute, those that have kept a key among it',
    async file => {
      const store = await sqliteStore(`sqlite:${file}`, { retention: { done: { count: 100 } } })
      const ids = Array.from({ length: 3_000 }, (_, n) => `call-${n}`)
      await store.broker.send(
        ids.map((id, n) => call(id, n % 2 ? { unique: { key: id, conflict: 'join', for: 1 } } : {})),
      )
      for (let left = ids.length; left > 0;) {
        const claims = await claimNow(store, { ...request, limit: 1_000 })
        await store.broker.settle(claims.map(({ id, token }) => ({ id, token, kind: 'done', result: '1' })))
        left -= claims.length
      }
      const other = sqliteConnection(file)
      other.exec('UPDATE skein_call SET ended_at = ended_at - 61000')
      const { queues } = await (async () => {
        for (;;) {
          await store.broker.send([call(`last-${Math.random()}`)])
          const stats = await store.inspector.stats()
          if ((stats.queues[0]?.counts.done ?? 0) <= 100) return stats
        }
      })()
      assert.equal(queues[0]?.counts.done, 100)
      const counted = other.prepare('SELECT ended_count, failed_count, cancelled_count FROM skein_meta').get()
      assert.deepEqual(
        { ...(counted as object), _metadata: 0 },
        { ended_count: 100, failed_count: 0, cancelled_count: 0, _metadata: 0 },
      )
      other.close()
      await store.close()
    },
  )

  inFolder(
    'has a retention that stays in the file, is saved by repair, and is the default where it is damaged',
    async file => {
      const store = await sqliteStore(`sqlite:${file}`, { retention: { failed: { count: Infinity, age: '90d' } } })
      await store.close()
      const { into } = await repair(file)
      const repaired = await sqliteStore(`sqlite:${into}`)
      const kept = await repaired.inspector.retain({})
      assert.deepEqual([kept.failed.count, kept.failed.age, kept.done.count], [Infinity, 90 * 86_400_000, 10_000])
      const other = sqliteConnection(into)
      for (const [damage, count] of [
        ["'x'", 10_000],
        ["x'00ff'", 10_000],
        ['5', 10_000],
        [`'{"failed":5,"done":[]}'`, 10_000],
        [`'{"failed":{"count":"many","age":-1}}'`, 10_000],
        [`'{"failed":{"count":7}}'`, 7],
        ['NULL', 10_000],
      ] as const) {
        other.exec(`UPDATE skein_meta SET retention = ${damage}`)
        const { failed } = await repaired.inspector.retain({})
        assert.deepEqual([failed.count, failed.age], [count, 30 * 86_400_000], damage)
      }
      other.close()
      await repaired.close()
    },
  )

  inFolder(
    'counts what is far beyond its limits once, not with each commit, when it may not be forgotten yet',
    async file => {
      const store = await sqliteStore(`sqlite:${file}`)
      await store.broker.send(Array.from({ length: 1_500 }, (_, n) => call(`call-${n}`)))
      for (const limit of [1_000, 500]) {
        const claims = await claimNow(store, { ...request, limit })
        await store.broker.settle(claims.map(({ id, token }) => ({ id, token, kind: 'done', result: '1' })))
      }
      await store.close()
      const driver = await openDriver(file)
      let counts = 0
      const counting: Driver = {
        exec: sql => driver.exec(sql),
        prepare: sql => {
          const statement = driver.prepare(sql)
          if (!sql.includes('GROUP BY history')) return statement
          return { run: statement.run, get: statement.get, all: (...given) => (counts++, statement.all(...given)) }
        },
        inTransaction: () => driver.inTransaction(),
        close: () => driver.close(),
      }
      const database = new Database(counting)
      const keeper = {
        ...keeperOf(database),
        kept: { text: undefined, retention: changedRetention(defaultRetention, { done: { count: 10 } }) },
      }
      // The file says nothing of a retention, which is the default then; so it is set as soon as it has been read.
      const { kept } = keeper
      const trimmed = (later: number): number => {
        const turn = new Turn(keeper, Date.now() + later, 1 + later)
        keeper.kept = kept
        const forgotten = trim(turn, 1_000)
        turn.finish()
        return forgotten
      }
      for (let times = 0; times < 100; times++) assert.equal(trimmed(0), 0)
      assert.equal(counts, 1)
      assert.deepEqual([trimmed(61_000), trimmed(61_000), trimmed(61_000)], [1_000, 490, 0])
      assert.equal(counts, 2)
      database.close()
    },
  )
})
