import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'node:test'
import { type AwaitedCounter, firstChild, jobCounter, type OutgoingCall } from 'skein/stores'
import { repair, sendInside, sqliteConnection, sqliteStore } from 'skein/stores/sqlite'
import { Leases } from '#skein/stores/sqlite/calls/leases.js'
import { perform } from '#skein/stores/sqlite/calls/operations.js'
import type { Asked } from '#skein/stores/sqlite/calls/requests.js'
import { packCalls } from '#skein/stores/sqlite/calls/sent-call.js'
import { Turn } from '#skein/stores/sqlite/calls/turn.js'
import { Database } from '#skein/stores/sqlite/file/database.js'
import { type Driver, openDriver } from '#skein/stores/sqlite/file/driver.js'
import type { SqliteStore } from '#skein/stores/sqlite/sqlite-store.js'
import { openDatabase } from '#skein/stores/sqlite/file/open-database.js'
import { schemaVersion } from '#skein/stores/sqlite/file/schema.js'
import type { Claim } from '#skein/stores/roles/broker.js'
import { root } from '../../support/paths.ts'
import { claimNow } from '../../support/claim-now.ts'
import { call, inFolder, keeperOf, request } from './folder.ts'

const member = (id: string, number: number, changes: Partial<OutgoingCall> = {}): OutgoingCall =>
  call(id, { counts: [{ counter: 'c', member: number }], ...changes })

const waiter = (id: string, members: number, failure: 'release' | 'drop' = 'release'): OutgoingCall =>
  call(id, { after: { counter: 'c', members, failure } })

/** A driver that notes each statement that is run. */
function noting(driver: Driver, note: (sql: string) => void): Driver {
  return {
    ...driver,
    prepare: sql => {
      const statement = driver.prepare(sql)
      const noted = (): typeof statement => {
        note(sql)
        return statement
      }
      return {
        run: (...parameters) => noted().run(...parameters),
        get: (...parameters) => noted().get(...parameters),
        all: (...parameters) => noted().all(...parameters),
      }
    },
  }
}

/** Asks a store that is opened for this alone, and notes its statements. */
async function noted(
  file: string,
  body: (ask: <T>(...asked: Asked) => T, turn: (milliseconds: number) => void, forget: () => void) => void,
): Promise<string[]> {
  const { database: made } = await openDatabase(file, () => 1)
  made.close()
  const statements: string[] = []
  const database = new Database(noting(await openDriver(file), sql => statements.push(sql)))
  database.exec('PRAGMA synchronous = OFF')
  const keeper = keeperOf(database)
  const place = { leases: new Leases(), openings: new Map<string, number>(), announced: new Map() }
  let now = Date.now()
  try {
    body(
      <T>(...asked: Asked): T => {
        database.exec('BEGIN')
        const turn = new Turn(keeper, now, 1)
        const answer = perform(turn, asked, place) as T
        turn.finish()
        database.exec('COMMIT')
        for (const each of turn.afterwards) each()
        return answer
      },
      milliseconds => (now += milliseconds),
      () => (statements.length = 0),
    )
  } finally {
    database.close()
  }
  return statements
}

/** The statements that it takes to send so many members and one who waits, and to run them all. */
function statementsFor(file: string, members: number): Promise<string[]> {
  return noted(file, ask => {
    const calls = Array.from({ length: members }, (_, n) => member(`m${n}`, n))
    ask('send', packCalls([waiter('w', members), ...calls]))
    const claims = ask<Claim[]>('claim', { ...request, limit: members + 1, places: members + 1 })
    assert.equal(claims.length, members)
    const settlements = claims.map(({ id, token }) => ({ id, token, kind: 'done' as const, result: `"${id}"` }))
    for (let at = 0; at < members; at += 100) ask('settle', settlements.slice(at, at + 100))
    assert.deepEqual(
      ask<Claim[]>('claim', { ...request, limit: 9, places: 9 }).map(each => each.id),
      ['w'],
    )
  })
}

/** Those of a job that calls another, waits for that and for a signal, and ends, while so many others sleep. */
function statementsOfWaits(file: string, asleep: number): Promise<string[]> {
  return noted(file, (ask, turn, forget) => {
    const after = (members: number, limit: number): AwaitedCounter => ({
      counter: jobCounter('w'),
      members,
      failure: 'release',
      limit,
    })
    const claim = (): Claim => {
      const [first] = ask<Claim[]>('claim', { ...request, limit: 1, places: 1 })
      assert.ok(first)
      return first
    }
    const sleep = { counter: 'nobody', members: 1, failure: 'release', limit: 30 * 86_400_000 } as const
    ask('send', packCalls(Array.from({ length: asleep }, (_, n) => call(`asleep ${n}`, { after: sleep }))))
    forget()
    ask('send', packCalls([call('w')]))
    const [{ id, token }, counts] = [claim(), [{ counter: jobCounter('w'), member: firstChild, owned: true as const }]]
    const next = [call('w/0/other', { counts })]
    ask('report', [{ id, token, kind: 'step', name: 'wait: other', value: '{}', next }])
    ask('settle', [{ id, token, kind: 'release', begun: true, after: after(1, 60_000), memo: '1' }])
    const other = claim()
    ask('settle', [{ id: other.id, token: other.token, kind: 'done', result: '1' }])
    const again = claim()
    assert.deepEqual([again.id, again.memo], ['w', '1'])
    ask('members', jobCounter('w'), -1)
    ask('settle', [{ id, token: again.token, kind: 'release', begun: true, after: after(2, 1_000), memo: '2' }])
    turn(1_000)
    const late = claim()
    ask('report', [{ id, token: late.token, kind: 'memo', value: '3' }])
    ask('settle', [{ id, token: late.token, kind: 'release', begun: true, after: after(2, 60_000), memo: '4' }])
    assert.equal(ask('signal', id, 'go', '1'), 'kept')
    const last = claim()
    ask('settle', [{ id, token: last.token, kind: 'done', result: '1' }])
    ask('sweep')
  })
}

describe('the counters of a SQLite store', () => {
  inFolder('need so many statements for each member, however many there are', async file => {
    const [few, many, more] = [
      (await statementsFor(`${file}-1`, 1_000)).length,
      (await statementsFor(`${file}-2`, 5_000)).length,
      (await statementsFor(`${file}-3`, 10_000)).length,
    ]
    const perMember = (many - few) / 4_000
    assert.ok(perMember > 1 && perMember < 4, `${perMember} statements for each member`)
    // Claims and transactions are shared by many, so the rest is a little less for each.
    assert.ok(more - many <= 5_000 * perMember * 1.01, `${few}, ${many}, ${more} statements`)
  })

  inFolder('let a job go that waits in as many statements, however many others sleep', async file => {
    const [few, many] = [await statementsOfWaits(`${file}-1`, 1), await statementsOfWaits(`${file}-2`, 2_000)]
    assert.equal(many.length, few.length)
  })

  inFolder('find what they look for by an index', async file => {
    const statements = [...(await statementsFor(file, 1)), ...(await statementsOfWaits(`${file}-waits`, 1))]
    const { database } = await openDatabase(file, () => 1)
    const own = new Set(
      statements.filter(
        sql => /awaits|skein_counter|skein_member|skein_memo|gives_up_at/.test(sql) && !/^\s*INSERT/.test(sql),
      ),
    )
    assert.ok(own.size >= 6)
    for (const sql of own) {
      const plan = database.all(`EXPLAIN QUERY PLAN ${sql}`).map(row => String(row[3]))
      for (const step of plan)
        assert.ok(!/^SCAN (?!\d* ?CONSTANT|json_each|j VIRTUAL TABLE|v$|skein_queue)/.test(step), `${sql}\n${step}`)
    }
    database.close()
  })

  inFolder('let calls go that another program waits for', async file => {
    const one = await sqliteStore(`sqlite:${file}`)
    const other = await sqliteStore(`sqlite:${file}`)
    await one.broker.send([member('a', 0), waiter('w', 1)])
    const [a] = await claimNow(one, request)
    assert.ok(a)
    // An intake that finds nothing waits until it is told.
    const claimed = new Promise<string>((resolve, reject) => {
      const intake = other.broker.intake(request, {
        claims: claims => {
          if (claims.length === 0) return
          intake.close()
          resolve((claims[0] as Claim).id)
        },
        cancelling: () => {},
        lost: () => {},
        trouble: reject,
      })
      intake.want(1)
    })
    await other.results.outcome('w')
    await one.broker.settle([{ id: 'a', token: a.token, kind: 'done', result: '1' }])
    assert.equal(await claimed, 'w')
    await one.close()
    await other.close()
  })

  inFolder('count a call that becomes a member while it runs in another program', async file => {
    const one = await sqliteStore(`sqlite:${file}`)
    const other = await sqliteStore(`sqlite:${file}`)
    await one.broker.send([call('a'), call('b')])
    const claims = await claimNow(one, { ...request, keep: true })
    await other.broker.send([member('a', 0), waiter('w', 1)])
    const settlements = claims.map(({ id, token }) => ({ id, token, kind: 'done' as const, result: '1' }))
    assert.deepEqual(await one.broker.settle(settlements), ['ok', 'ok'])
    assert.equal((await one.inspector.find('w'))?.state, 'ready')
    await one.close()
    await other.close()
  })

  inFolder("hold and count calls that are sent inside a transaction of the user's own", async file => {
    const store = await sqliteStore(`sqlite:${file}`)
    const database = sqliteConnection(file)
    database.exec('BEGIN IMMEDIATE')
    const unique = { key: 'k', conflict: 'reject' } as const
    sendInside(database, [
      call('taken', { unique }),
      member('rejected', 0, { unique }),
      waiter('w', 1, 'drop'),
      waiter('v', 1),
    ])
    database.exec('COMMIT')
    database.close()
    assert.equal((await store.inspector.find('w'))?.state, 'failed')
    assert.equal((await store.inspector.find('v'))?.state, 'ready')
    await store.close()
  })

  inFolder(
    'drop those who wait for one that has failed, also where the name of what is to follow cannot be kept',
    async file => {
      const store = await sqliteStore(`sqlite:${file}`)
      try {
        const following = String.raw`{"task":"t\u0000","args":[],"kwargs":{},"options":{},"subtask_type":null,"immutable":false}`
        const body = `[[],{},{"callbacks":null,"errbacks":[${following}],"chain":null,"chord":null}]`
        await store.broker.send([{ ...waiter('w', 1, 'drop'), body }, member('m', 0)])
        const settlements = (await claimNow(store, request)).map(({ id, token }) => ({ id, token }))
        assert.deepEqual(
          await store.broker.settle(settlements.map(each => ({ ...each, kind: 'failed', error: '{}' }))),
          ['ok'],
        )
        assert.equal((await store.inspector.find('m'))?.state, 'failed')
        assert.equal((await store.inspector.find('w'))?.state, 'failed')
      } finally {
        await store.close()
      }
    },
  )

  inFolder('are saved by repair: who waits goes on waiting, and a member that is lost is dead', async file => {
    const store = await sqliteStore(`sqlite:${file}`)
    await store.broker.send([
      member('a', 0),
      member('b', 1),
      member('gone', 2),
      waiter('w', 3),
      waiter('v', 2),
      waiter('u', 4),
    ])
    const [a] = await claimNow(store, { ...request, limit: 1 })
    assert.ok(a)
    await store.broker.settle([{ id: 'a', token: a.token, kind: 'done', result: '"a"' }])
    await store.close()
    const database = await openDriver(file)
    database.exec(`DELETE FROM skein_call WHERE id = 'gone'`)
    database.close()
    const { into } = await repair(file)
    const repaired = await sqliteStore(`sqlite:${into}`)
    assert.deepEqual(
      (await repaired.counters.members('c', -1)).map(({ member: n, state, result }) => [n, state, result]),
      [
        [0, 'done', '"a"'],
        [2, 'dead', undefined],
      ],
    )
    const states = async (): Promise<(string | undefined)[]> =>
      Promise.all(['w', 'v', 'u'].map(async id => (await repaired.inspector.find(id))?.state))
    assert.deepEqual(await states(), ['held', 'ready', 'held'])
    const [b] = await claimNow(repaired, { ...request, limit: 1 })
    assert.equal(b?.id, 'b')
    await repaired.broker.settle([{ id: 'b', token: b.token, kind: 'done', result: '"b"' }])
    assert.deepEqual(await states(), ['ready', 'ready', 'held'])
    // A number that was given to nobody before: what comes next is no member by mistake.
    await repaired.broker.send([call('new')])
    const claims = await claimNow(repaired, request)
    await repaired.broker.settle(claims.map(({ id, token }) => ({ id, token, kind: 'done', result: '1' })))
    assert.deepEqual(await states(), ['done', 'done', 'held'])
    await repaired.close()
  })
})

const forEver = { done: { age: Infinity }, failed: { age: Infinity }, cancelled: { age: Infinity } }

describe('a file of version 1', () => {
  const written = readFileSync(join(root, 'test/stores/sqlite/version-1.sql'), 'utf8')

  inFolder('is brought up to date, and loses nothing', async file => {
    const database = await openDriver(file)
    database.exec(written)
    database.close()
    const store = await sqliteStore(`sqlite:${file}`, { retention: forEver })
    await (store as SqliteStore).sweep()
    const jobs = await store.inspector.list({})
    assert.deepEqual(
      jobs.map(({ id, state }) => `${id} ${state}`),
      [
        'limited-2 ready',
        'limited-1 ready',
        'tagged ready',
        'unique ready',
        'delayed delayed',
        'ready ready',
        // Its lease was one of another start of the machine.
        'running ready',
        'failed failed',
        'done done',
      ],
    )
    assert.equal((await store.results.outcome('done')).result, '"ü"')
    assert.equal((await store.results.outcome('failed')).error, '{"m":1}')
    const claims = await claimNow(store, { ...request, queues: ['q', 'r'] })
    assert.deepEqual(
      claims.map(each => each.id),
      ['running', 'ready', 'unique', 'tagged', 'limited-1'],
    )
    assert.deepEqual([claims[0]?.steps, claims[0]?.deaths], [{ s: '5' }, 1])
    // What is new works on what is old.
    await store.broker.send([member('ready', 0), member('done', 1), waiter('w', 2)])
    const ready = claims[1] as Claim
    await store.broker.settle([{ id: 'ready', token: ready.token, kind: 'done', result: '1', next: [call('x')] }])
    assert.deepEqual(
      (await claimNow(store, request)).map(each => each.id),
      ['x', 'w'],
    )
    await store.close()
    const again = await openDriver(file)
    assert.deepEqual([...(again.prepare('SELECT version FROM skein_meta').get() ?? [])], [schemaVersion])
    const counted = again.prepare('SELECT ended_count, failed_count, cancelled_count FROM skein_meta').get() ?? []
    assert.deepEqual([...counted], [2, 1, 0])
    const shown = again.prepare(`SELECT count(*) FROM skein_jobs WHERE state = 'running'`).get() ?? []
    assert.deepEqual([...shown], [0])
    again.close()
  })

  inFolder('can be repaired', async file => {
    const database = await openDriver(file)
    database.exec(written)
    database.close()
    const { into, calls, reports, unreadable } = await repair(file)
    assert.deepEqual([calls, reports, unreadable], [9, 2, 0])
    const store = await sqliteStore(`sqlite:${into}`, { retention: forEver })
    assert.equal((await store.inspector.find('running'))?.state, 'ready')
    await store.close()
  })
})
