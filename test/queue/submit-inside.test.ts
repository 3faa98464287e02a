import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import Libsql from 'libsql'
import { call } from 'skein'
import { connect, type DurableQueue, queueIn, work } from 'skein/queue'
import type { UserDatabase } from 'skein/stores'
import { memoryStore } from 'skein/stores/memory'
import { sqliteConnection, sqliteStore } from 'skein/stores/sqlite'
import { double, pay } from './client-tasks.ts'

type Connection = UserDatabase & { close(): void }

/** With the SQLite that skein takes here: a second one must not be in the same process. */
const builtIn = process.getBuiltinModule?.('node:sqlite') as
  | { DatabaseSync: new (file: string) => Connection }
  | undefined
const raw = (file: string): Connection => (builtIn ? new builtIn.DatabaseSync(file) : (new Libsql(file) as Connection))

const bindings: Record<string, (file: string) => Connection> = {
  'a connection of skein': sqliteConnection,
  'a connection of the package': raw,
  'a connection that cannot tell whether a transaction is open': file => {
    const database = raw(file)
    return {
      exec: sql => database.exec(sql),
      prepare: sql => database.prepare(sql),
      close: () => database.close(),
    }
  },
}
if (!builtIn) {
  bindings['libsql, that gives integers as bigints'] = file => {
    const database = new Libsql(file)
    database.defaultSafeIntegers(true)
    return database as Connection
  }
}

describe('a call that is submitted inside a transaction', () => {
  const folder = mkdtempSync(join(tmpdir(), 'skein-inside-'))
  const file = join(folder, 'shop.db')
  let queue: DurableQueue
  let database: Connection

  before(async () => {
    queue = await connect(`sqlite:${file}`)
    database = sqliteConnection(file)
    database.exec('CREATE TABLE sale (n INTEGER)')
  })
  after(async () => {
    database.close()
    await queue.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const sales = (): number => (database.prepare('SELECT n FROM sale').all() as unknown[]).length

  /** Runs what is there, and nothing else. */
  const drain = async (): Promise<void> => {
    const worker = await work({ store: `sqlite:${file}`, tasks: [double, pay], on: 'loop' })
    for (const each of await queue.jobs({ states: ['ready', 'delayed', 'running'] })) {
      await (await queue.job(each.id))?.result().catch(() => {})
    }
    await worker.close()
  }

  for (const [name, open] of Object.entries(bindings)) {
    test(`on ${name}, runs when that is committed, and is not there when it is rolled back`, async () => {
      const connection = open(file)
      try {
        const before = sales()
        connection.exec('BEGIN IMMEDIATE')
        connection.exec('INSERT INTO sale VALUES (1)')
        const gone = queue.submitInside(connection, double, 1)
        connection.exec('ROLLBACK')
        assert.equal(await queue.job(gone.id), undefined)
        await assert.rejects(gone.result(), { code: 'SKEIN_JOB_GONE' })
        assert.equal(sales(), before)

        connection.exec('BEGIN IMMEDIATE')
        connection.exec('INSERT INTO sale VALUES (1)')
        const job = queue.submitInside(connection, call(double, 21).with({ priority: 3, tags: ['sale'] }))
        assert.equal(await queue.job(job.id), undefined, 'nobody sees it before the commit')
        connection.exec('COMMIT')
        assert.equal(job.name, 'client-tasks.double')
        const status = await job.status()
        assert.deepEqual([status.state, status.priority, status.tags], ['ready', 3, ['sale']])
        assert.equal(sales(), before + 1)
        await drain()
        assert.equal(await job.result(), 42)
      } finally {
        connection.close()
      }
    })
  }

  test('wakes a worker that waits', async () => {
    const worker = await work({ store: `sqlite:${file}`, tasks: [double], on: 'loop' })
    database.exec('BEGIN IMMEDIATE')
    const job = queue.submitInside(database, double, 4)
    database.exec('COMMIT')
    assert.equal(await job.result(), 8)
    await worker.close()
  })

  test('obeys unique keys and limits', async () => {
    database.exec('BEGIN IMMEDIATE')
    const first = queue.submitInside(database, call(double, 1).with({ unique: 'one' }))
    assert.equal(queue.submitInside(database, call(double, 1).with({ unique: 'one' })).id, first.id)
    assert.throws(
      () => queue.submitInside(database, call(double, 1).with({ unique: { key: 'one', conflict: 'reject' } })),
      { code: 'SKEIN_DUPLICATE_JOB', existing: first.id },
    )
    database.exec('COMMIT')
    await first.cancel()
  })

  test('is checked by a schema that answers at once', async () => {
    database.exec('BEGIN IMMEDIATE')
    assert.throws(() => queue.submitInside(database, pay, 'ada', 100), {
      code: 'SKEIN_INVALID_ARGUMENT',
      message: /schema of task .* is asynchronous.*submit the call before or after/,
    })
    assert.throws(() => queue.submitInside(database, double, (() => 1) as never), { code: 'SKEIN_UNSENDABLE' })
    database.exec('ROLLBACK')
  })

  test('is refused where there is no transaction, and then it is not there', async () => {
    for (const [name, open] of Object.entries(bindings)) {
      const connection = open(file)
      const count = (await queue.jobs({ limit: 1000 })).length
      assert.throws(
        () => queue.submitInside(connection, double, 1),
        { code: 'SKEIN_INVALID_ARGUMENT', message: /no transaction open.*BEGIN IMMEDIATE/ },
        name,
      )
      assert.equal((await queue.jobs({ limit: 1000 })).length, count)
      connection.close()
    }
  })

  test('is refused on another file, on a database in memory and on what is no connection', async () => {
    const other = join(folder, 'other.db')
    await (await sqliteStore(`sqlite:${other}`)).close()
    for (const [place, shown] of [
      [other, /other\.db.*jobs of this queue are in .*shop\.db/],
      [':memory:', /a database in memory/],
    ] as const) {
      const connection = sqliteConnection(place)
      connection.exec('BEGIN')
      assert.throws(() => queue.submitInside(connection, double, 1), { code: 'SKEIN_INVALID_ARGUMENT', message: shown })
      connection.exec('COMMIT')
      connection.close()
    }
    for (const wrong of [undefined, null, {}, 'shop.db']) {
      assert.throws(() => queue.submitInside(wrong as never, double, 1), {
        code: 'SKEIN_INVALID_ARGUMENT',
        message: /must be an open connection/,
      })
    }
  })

  test('is refused on a connection of another copy of SQLite, which would not see the locks of the store', async () => {
    const own = sqliteConnection(file)
    // What is set for one whole copy is not set for the other.
    const foreign: UserDatabase[] = [
      {
        exec: sql => own.exec(sql),
        prepare: sql => own.prepare(sql.includes('soft_heap_limit') ? 'SELECT 0' : sql),
      },
    ]
    if (builtIn) foreign.push(new Libsql(':memory:') as unknown as UserDatabase)
    for (const connection of foreign) {
      connection.exec('BEGIN IMMEDIATE')
      assert.throws(() => queue.submitInside(connection, double, 1), {
        code: 'SKEIN_INVALID_ARGUMENT',
        message: /another copy of SQLite.*sqliteConnection/,
      })
      connection.exec('ROLLBACK')
    }
    own.close()
  })

  test('takes a file that is reached by another path', async () => {
    const link = join(folder, 'link.db')
    symlinkSync(file, link)
    const connected = await connect(`sqlite:${link}`)
    database.exec('BEGIN IMMEDIATE')
    const job = connected.submitInside(database, double, 2)
    database.exec('COMMIT')
    await job.cancel()
    await connected.close()
  })

  test('is refused by a queue that is in no file, by one that was closed, and with a signal', async () => {
    const store = memoryStore()
    const inMemory = queueIn(store)
    assert.throws(() => inMemory.submitInside(database, double, 1), {
      code: 'SKEIN_STORE_UNSUPPORTED',
      message: /memory: cannot put your rows and a job into one transaction.*sqlite:/,
    })
    await inMemory.close()
    assert.throws(() => inMemory.submitInside(database, double, 1), { code: 'SKEIN_CLOSED' })
    await store.close()
    const { signal } = new AbortController()
    assert.throws(() => queue.submitInside(database, call(double, 1).with({ signal })), {
      code: 'SKEIN_INVALID_ARGUMENT',
      message: /signal/,
    })
  })

  test('is refused when it is larger than the store takes, and the transaction goes on', async () => {
    const small = join(folder, 'small.db')
    const store = await sqliteStore(`sqlite:${small}`, { maxBytes: 2_000 })
    const own = queueIn(store)
    const connection = sqliteConnection(small)
    connection.exec('CREATE TABLE sale (n INTEGER)')
    connection.exec('BEGIN IMMEDIATE')
    connection.exec('INSERT INTO sale VALUES (1)')
    assert.throws(() => own.submitInside(connection, double, 'x'.repeat(3_000) as never), {
      code: 'SKEIN_INVALID_ARGUMENT',
      message: /\d{4} bytes, and the store takes 2000/,
    })
    const job = own.submitInside(connection, double, 1)
    connection.exec('COMMIT')
    assert.equal((await job.status()).state, 'ready')
    connection.close()
    await own.close()
    await store.close()
  })
})
