import { task } from 'skein'
import type { OutgoingCall, Settlement, Store } from 'skein/stores'
import { sqliteStore } from 'skein/stores/sqlite'
import { encodeFailure, encodeValue } from '#skein/celery/result.js'
import { type Driver, openDriver } from '#skein/stores/sqlite/file/driver.js'
import type { Sound } from './columns.ts'
import { claimNow } from '../../support/claim-now.ts'

/** So many tasks there are among the calls that come to harm. */
const tasks = 72

/** The task of the calls that nobody harms, and that are all to be seen and to run in the end. */
export const sound = task(import.meta, (n: number) => n, { name: 'sound.one' })

/** The tasks of the calls that come to harm. */
export const harmed = Array.from({ length: tasks }, (_, at) =>
  task(import.meta, (n: number) => n, { name: `harmed.${at}` }),
)

/** In which states there are calls, evenly. */
const kinds = ['ready', 'delayed', 'running', 'done', 'failed', 'cancelled', 'dead', 'retried'] as const

function outgoing(prefix: string, at: number, taskName: string): OutgoingCall {
  const id = `${prefix}-${String(at).padStart(4, '0')}`
  const kind = kinds[at % kinds.length]
  const filler = at % 9 === 0 ? ['y'.repeat(5_000)] : []
  return {
    id,
    queue: prefix,
    task: taskName,
    headers: JSON.stringify({ lang: 'js', task: taskName, id, root_id: id, parent_id: null, group: null }),
    body: JSON.stringify([[at, ...filler], {}, { callbacks: null, errbacks: null, chain: null, chord: null }]),
    priority: at % 10,
    delay: kind === 'delayed' ? 3_600_000 : 0,
    tags: ['all', `tag-${at % 3}`],
    ...(at % 4 === 0 ? { unique: { key: `key-${id}`, conflict: 'reject' } } : {}),
    ...(at % 3 === 0 ? { limit: { key: `limit-${at % 5}`, concurrency: 10_000, strategy: 'wait' } } : {}),
    ...(at % 6 === 1 ? { expires: 7_200_000 } : {}),
    ...(at % 6 === 2 ? { deadline: 7_200_000 } : {}),
  }
}

/** Brings calls into all the states that there are, and lets them tell something. */
async function bring(store: Store, prefix: string, calls: readonly OutgoingCall[]): Promise<void> {
  await store.broker.send(calls)
  const of = (kind: (typeof kinds)[number]): string[] =>
    calls.filter((_, at) => kinds[at % kinds.length] === kind).map(each => each.id)
  await store.inspector?.cancel?.(of('cancelled'), encodeValue('no more'))
  const names = [...new Set(calls.map(each => each.task))]
  const request = { worker: `worker-${prefix}`, queues: [prefix], tasks: names, lease: 3_600_000, keep: false }
  const claims = await claimNow(store, { ...request, limit: calls.length })
  await store.results.report(
    claims.flatMap(({ id, token }) => [
      { id, token, kind: 'progress', value: encodeValue({ at: 1 }) },
      { id, token, kind: 'log', line: JSON.stringify({ time: 1, text: 'a line', fields: { a: 1 } }) },
      { id, token, kind: 'step', name: 'one', value: '1' },
    ]),
  )
  const [ready, done, failed, dead, retried] = (['ready', 'done', 'failed', 'dead', 'retried'] as const).map(
    kind => new Set(of(kind)),
  )
  await store.broker.settle(
    claims.flatMap(({ id, token }): Settlement[] => {
      const claim = { id, token }
      const error = encodeFailure(new TypeError('told'))
      if (done?.has(id)) return [{ ...claim, kind: 'done', result: encodeValue(new Date(0)) }]
      if (failed?.has(id)) return [{ ...claim, kind: 'failed', error }]
      if (dead?.has(id)) return [{ ...claim, kind: 'dead', error }]
      if (retried?.has(id)) return [{ ...claim, kind: 'retry', error, delay: 0 }]
      return ready?.has(id) ? [{ ...claim, kind: 'release' }] : []
    }),
  )
}

/**
 * Makes a file with calls in all states, with messages in the row and beside it, reports, leases, limits and workers: some that
 * are to stay sound, and many to be damaged.
 *
 * @param count how many calls are to be damaged
 */
export async function makeSample(file: string, count: number): Promise<Sound> {
  const store = await sqliteStore(`sqlite:${file}.whole?durability=relaxed`)
  const database = await openDriver(`${file}.whole`)
  database.exec('PRAGMA busy_timeout = 10000')
  try {
    await bring(
      store,
      'sound',
      Array.from({ length: 16 }, (_, at) => outgoing('sound', at, 'sound.one')),
    )
    const last = soundOf(database)
    const calls = Array.from({ length: count }, (_, at) => outgoing('harmed', at, `harmed.${at % tasks}`))
    await bring(store, 'harmed', calls)
    database.exec('BEGIN IMMEDIATE')
    // What is to be at some time is due long after the test.
    for (let at = 0; at < tasks * 3; at++) {
      database.exec(`INSERT INTO skein_queue VALUES ('harmed-${at}', ${at % 2})`)
      database.exec(`INSERT INTO skein_opening VALUES ('key harmed-${at}', 1e12)`)
      database.exec(`INSERT INTO skein_start VALUES ('key harmed-${at}', 5, 1e12)`)
      database.exec(`INSERT INTO skein_counter VALUES ('harmed-${at}', 1, 0, 0, 5, 0, NULL)`)
      database.exec(
        `INSERT INTO skein_member (counter, member, call, id) VALUES ('harmed-${at}', 0, ${at}, 'harmed-${at}')`,
      )
      database.exec(`INSERT INTO skein_memo VALUES (${at + 1}, '{}')`)
      database.exec(`INSERT INTO skein_schedule VALUES ('harmed-${at}', ${at + 1}, 1e12, '{}', '{}')`)
      database.exec(`INSERT INTO skein_gone VALUES (${1_000_000 + at}, 'harmed-gone-${at}')`)
      database.exec(
        `INSERT INTO skein_worker VALUES ('harmed-${at}', '["harmed"]', '["harmed.1"]', 4, 'threads', ${Date.now()}, ${Date.now()}, 1e12)`,
      )
    }
    database.exec('COMMIT')
    // Now, since closing the store would hand back what runs.
    database.exec(`VACUUM INTO '${file}'`)
    return last
  } finally {
    database.close()
    await store.close()
  }
}

function soundOf(database: Driver): Sound {
  const last = (table: string): number =>
    Number(database.prepare(`SELECT coalesce(max(rowid), 0) FROM ${table}`).get()?.[0])
  return new Map(
    ['skein_call', 'skein_line', 'skein_message', 'skein_report', 'skein_lease', 'skein_member'].map(each => [
      each,
      last(each),
    ]),
  )
}
