import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { sendInside, sqliteStore } from 'skein/stores/sqlite'
import { openDriver } from '#skein/stores/sqlite/file/driver.js'
import type { InspectableStore } from 'skein/stores'
import { call, inFolder, request } from './folder.ts'
import { claimNow } from '../../support/claim-now.ts'

async function rows(file: string): Promise<unknown[]> {
  const database = await openDriver(file)
  try {
    return database
      .prepare('SELECT n FROM mine ORDER BY n')
      .all()
      .map(row => row[0])
  } finally {
    database.close()
  }
}

async function withTable(file: string): Promise<InspectableStore> {
  const database = await openDriver(file)
  database.exec('CREATE TABLE mine (n INTEGER NOT NULL)')
  database.close()
  return sqliteStore(`sqlite:${file}`)
}

const add = (n: number | null) => ({ sql: 'INSERT INTO mine VALUES (?)', parameters: [n] })

describe('effects', () => {
  inFolder('are there when the acknowledgement is, and only then', async file => {
    const store = await withTable(file)
    await store.broker.send([call('a'), call('b')])
    const [a, b] = await claimNow(store, request)
    assert.ok(a && b)
    const outcomes = await store.broker.settle([
      { id: 'a', token: a.token, kind: 'done', result: '1', effects: [add(1), add(2)] },
      { id: 'b', token: b.token + 1, kind: 'done', result: '1', effects: [add(3)] },
    ])
    assert.deepEqual(outcomes, ['ok', 'lost'])
    assert.deepEqual(await rows(file), [1, 2])
    await store.close()
  })

  inFolder(
    'that fail are refused with the reason, leave nothing behind and do not touch their neighbours',
    async file => {
      const store = await withTable(file)
      await store.broker.send([call('a'), call('b')])
      const [a, b] = await claimNow(store, request)
      assert.ok(a && b)
      const [refused, neighbour] = await store.broker.settle([
        { id: 'a', token: a.token, kind: 'done', result: '1', effects: [add(1), add(null)] },
        { id: 'b', token: b.token, kind: 'done', result: '1', effects: [add(4)] },
      ])
      assert.ok(typeof refused === 'object' && /NOT NULL/.test(refused.refused), JSON.stringify(refused))
      assert.equal(neighbour, 'ok')
      assert.deepEqual(await rows(file), [4])
      assert.equal((await store.inspector.find('a'))?.state, 'running')
      await store.close()
    },
  )

  inFolder('cannot control the transaction that they are part of', async file => {
    const store = await withTable(file)
    await store.broker.send([call('a')])
    const [a] = await claimNow(store, request)
    assert.ok(a)
    for (const sql of [
      'COMMIT',
      '  -- x\n rollback',
      '/* */ END',
      'PRAGMA synchronous = OFF',
      "ATTACH 'x' AS y",
      'BEGIN',
      ';commit',
    ]) {
      const [outcome] = await store.broker.settle([
        { id: 'a', token: a.token, kind: 'done', result: '1', effects: [{ sql, parameters: [] }] },
      ])
      assert.ok(typeof outcome === 'object', sql)
    }
    assert.equal((await store.inspector.find('a'))?.state, 'running')
    await store.close()
  })

  inFolder('of a step are committed with the step', async file => {
    const store = await withTable(file)
    await store.broker.send([call('a')])
    const [a] = await claimNow(store, request)
    assert.ok(a)
    const step = { id: 'a', kind: 'step', name: 's', value: '1', effects: [add(5)] } as const
    assert.deepEqual(
      await store.results.report([
        { ...step, token: a.token - 1 },
        { ...step, token: a.token },
      ]),
      ['lost', 'ok'],
    )
    assert.deepEqual(await rows(file), [5])
    await store.close()
  })
})

describe('sendInside', () => {
  inFolder("keeps calls if and only if the user's own transaction is committed, and wakes who waits", async file => {
    const store = await withTable(file)
    const woken = new Promise<void>(resolve => {
      const intake = store.broker.intake(request, {
        claims: claims => claims.length > 0 && resolve(),
        cancelling: () => {},
        lost: () => {},
        trouble: () => {},
      })
      intake.want(1)
    })
    await store.inspector.find('nobody')
    const database = await openDriver(file)
    const connection = database as unknown as Parameters<typeof sendInside>[0]
    database.exec('BEGIN IMMEDIATE')
    database.exec('INSERT INTO mine VALUES (1)')
    assert.deepEqual(sendInside(connection, [call('gone')]), [{ outcome: 'accepted', id: 'gone' }])
    database.exec('ROLLBACK')
    database.exec('BEGIN IMMEDIATE')
    database.exec('INSERT INTO mine VALUES (2)')
    const sent = sendInside(connection, [
      call('kept', { unique: { key: 'k', conflict: 'reject' } }),
      call('twin', { unique: { key: 'k', conflict: 'reject' } }),
      ...Array.from({ length: 50 }, (_, index) => call(`more-${index}`)),
    ])
    assert.deepEqual(
      sent.slice(0, 2).map(each => each.outcome),
      ['accepted', 'rejected'],
    )
    database.exec('COMMIT')
    await woken
    assert.equal(await store.inspector.find('gone'), undefined)
    assert.equal((await claimNow(store, request)).length, 50, 'one has been handed over')
    assert.deepEqual(await rows(file), [2])
    database.close()
    await store.close()
  })

  inFolder('says when the file holds no store', async file => {
    const database = await openDriver(file)
    assert.throws(() => sendInside(database as unknown as Parameters<typeof sendInside>[0], [call('a')]), {
      code: 'SKEIN_STORE_UNAVAILABLE',
      message: /holds no store/,
    })
    database.close()
  })
})
