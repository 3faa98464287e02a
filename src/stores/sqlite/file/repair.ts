import { execFile } from 'node:child_process'
import { mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { StoreError } from '../../../core/errors/errors.ts'
import { messageOf } from '../../../core/errors/foreign.ts'
import { countOf } from './columns.ts'
import { Database } from './database.ts'
import { openDriver, type Row } from './driver.ts'
import { errorOf, failureOf } from './failures.ts'
import { renumber } from './put-in-order.ts'
import { openDatabase } from './open-database.ts'
import { hostClock } from './clock.ts'
import { damagedStory } from '../../story.ts'
import { checkVersion, state, versionOf, withoutKey } from './schema.ts'

/** The report on what was saved from a damaged file. */
export interface Repaired {
  /** The new file. */
  readonly into: string
  /** The number of calls that were saved, ended ones included. */
  readonly calls: number
  /** The number of their reports that were saved. */
  readonly reports: number
  /** The number of places of the file that could not be read; a place holds up to some dozens of calls or reports. */
  readonly unreadable: number
}

/** The tables in the order in which they are saved, with the column that numbers their rows. */
const tables = [
  { name: 'skein_line', key: 'line' },
  { name: 'skein_call', key: 'call' },
  { name: 'skein_message', key: 'call' },
  { name: 'skein_report', key: 'report' },
  { name: 'skein_member', key: 'rowid' },
  { name: 'skein_memo', key: 'call' },
] as const

const batch = 200
/** After so many unreadable places in a row there is nothing more to come. */
const mostGaps = 100_000

/**
 * Saves what can be read of a damaged store into a new file. The damaged one is not touched.
 *
 * Use it after `SKEIN_STORE_DAMAGED`, with nobody working on the file. Calls that were running are ready again in the new
 * file. Tables of your own that are in the same file are not saved.
 *
 * **Cancellation**: none. **Errors**: `SKEIN_STORE_UNAVAILABLE` when there is no such file, or one at `into` already;
 * `SKEIN_STORE_DAMAGED` when nothing can be read at all; `SKEIN_STORE_VERSION`, `SKEIN_STORE_DRIVER`.
 *
 * @param path the damaged file
 * @param into the new file, which must not exist. Default: the same name with `-repaired` before its ending
 * @example
 * import { mkdtemp, rm } from 'node:fs/promises'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { repair, sqliteStore } from 'skein/stores/sqlite'
 *
 * const folder = await mkdtemp(join(tmpdir(), 'jobs-'))
 * const store = await sqliteStore(`sqlite:${folder}/jobs.db`)
 * await store.broker.send([
 *   { id: 'a', queue: 'mail', task: 'mail.send', headers: '{}', body: '[[],{},{}]', priority: 4, delay: 0 },
 * ])
 * await store.close()
 * const { into, calls, unreadable } = await repair(`${folder}/jobs.db`)
 * console.log(into, calls, unreadable) // …/jobs-repaired.db 1 0
 * await rm(folder, { recursive: true })
 */
export async function repair(path: string, into: string = repairedName(path)): Promise<Repaired> {
  const source = resolve(path)
  const target = resolve(into)
  if (!(await exists(source))) throw unavailable(source, 'there is no such file')
  if (await exists(target)) throw unavailable(target, 'it exists already. Remove it, or choose another name')
  // Next to the new file, so that there is room for the one where there is room for the other.
  const folder = await mkdtemp(join(dirname(target), 'skein-repair-'))
  const copy = join(folder, basename(source))
  try {
    await copyElsewhere(source, copy)
    if (await exists(`${source}-wal`)) await copyElsewhere(`${source}-wal`, `${copy}-wal`)
    // Under another name until all of it is there: whatever is in the way, there is no half of a file under this one.
    const made = join(folder, 'repaired.db')
    const saved = await save(copy, source, made, target)
    if (await exists(target)) throw unavailable(target, 'it exists already. Remove it, or choose another name')
    await rename(made, target)
    return { into: target, ...saved }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const copying = 'require("node:fs").copyFileSync(process.argv[1], process.argv[2])'

/** In a process of its own: to close the file in this one would take away the locks of a store that is open here. */
function copyElsewhere(from: string, to: string): Promise<void> {
  return new Promise((done, failed) => {
    const env = { ...process.env, NODE_OPTIONS: '' }
    execFile(process.execPath, ['-e', copying, from, to], { env }, error => (error ? failed(error) : done()))
  })
}

async function save(copy: string, source: string, made: string, target: string): Promise<Omit<Repaired, 'into'>> {
  let from: Database
  try {
    from = new Database(await openDriver(copy))
    const version = versionOf(from)
    if (version === 0) throw new Error('it has no tables of a store')
    // What cannot be told any more is taken for what is known here.
    if (!Number.isNaN(version)) checkVersion(version, source)
  } catch (error) {
    if (error instanceof StoreError) throw error
    const reason = messageOf(error)
    throw new StoreError('SKEIN_STORE_DAMAGED', `Nothing could be read of ${source}: ${reason}`, {
      store: source,
      cause: error,
    })
  }
  try {
    // The copy, which is nobody's: rows with numbers that cannot be read are saved as well.
    renumber(from)
  } catch {
    // Where even that cannot be read or written it is saved as it is.
  }
  try {
    const { database: to } = await openDatabase(made, () => hostClock().steady())
    try {
      const saved = { calls: 0, reports: 0, unreadable: 0 }
      for (const { name, key } of tables) {
        const { rows, gaps } = copyTable(from, to, name, key)
        saved.unreadable += gaps
        if (name === 'skein_call') saved.calls = rows
        if (name === 'skein_report') saved.reports = rows
      }
      saveQueues(from, to)
      saveRetention(from, to)
      saveSchedules(from, to)
      putRight(to)
      // All in one file, which can be moved.
      to.get('PRAGMA journal_mode = DELETE')
      return saved
    } finally {
      to.close()
    }
  } catch (error) {
    const failure = failureOf(error, target)
    throw errorOf(failure, target)
  } finally {
    from.close()
  }
}

/** Copies row by row where it has to, and steps over what can't be read. */
/** @internal */
export function copyTable(from: Database, to: Database, table: string, key: string): { rows: number; gaps: number } {
  // A file of an older version has fewer columns, or no such table.
  const columns = [key, ...columnsOf(from, table).filter(name => name !== key)]
  if (columns.length === 1) return { rows: 0, gaps: 0 }
  const insert = `INSERT OR IGNORE INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
  const end = lastKey(from, table, key)
  let rows = 0
  let gaps = 0
  let inGap = false
  let missing = 0
  for (let next = 0, size = batch; next <= end && missing < mostGaps;) {
    let found: Row[]
    try {
      found = from.all(
        `SELECT ${columns.join(', ')} FROM ${table} WHERE ${key} >= ? ORDER BY ${key} LIMIT ?`,
        next,
        size,
      )
    } catch {
      // Smaller pieces up to the first row that can't be read, then one number after the other until one can.
      if (size > 1) {
        size = Math.ceil(size / 8)
        continue
      }
      if (!inGap) gaps++
      inGap = true
      missing++
      next++
      continue
    }
    if (found.length === 0) break
    to.exec('BEGIN IMMEDIATE')
    for (const row of found) rows += to.run(insert, ...row)
    to.exec('COMMIT')
    const last = lastInOrder(found, next)
    // Beyond the numbers that JavaScript has there is no next one.
    if (!Number.isSafeInteger(last)) break
    next = last + 1
    inGap = false
    missing = 0
    size = Math.min(batch, size * 2)
  }
  return { rows, gaps }
}

/** The number of the last row before the first that is out of order, as in a damaged file; at least `next`, so that it goes on. */
function lastInOrder(rows: readonly Row[], next: number): number {
  let last = next
  for (const [number] of rows) {
    if (typeof number !== 'number' || number < last) break
    last = number
  }
  return last
}

function columnsOf(database: Database, table: string): string[] {
  return database.all(`SELECT name FROM pragma_table_info('${table}')`).map(([name]) => name as string)
}

function lastKey(from: Database, table: string, key: string): number {
  try {
    return (from.get(`SELECT max(${key}) FROM ${table}`)?.[0] as number | null) ?? -1
  } catch {
    // No number of a row is higher than the last one that was handed out, except those of reports, of which there may be more.
    return Number.MAX_SAFE_INTEGER
  }
}

function saveQueues(from: Database, to: Database): void {
  try {
    for (const [queue, paused] of from.all('SELECT queue, paused FROM skein_queue')) {
      to.run('INSERT OR IGNORE INTO skein_queue VALUES (?, ?)', queue as string, paused as number)
    }
  } catch {
    // A queue that was paused is not any more.
  }
}

function saveRetention(from: Database, to: Database): void {
  try {
    const text = from.get('SELECT retention FROM skein_meta')?.[0]
    if (typeof text === 'string') to.run('UPDATE skein_meta SET retention = ?', text)
  } catch {
    // It is the default again; an older file has none.
  }
}

function saveSchedules(from: Database, to: Database): void {
  try {
    for (const row of from.all('SELECT name, version, due_at, definition, progress FROM skein_schedule')) {
      to.run('INSERT OR IGNORE INTO skein_schedule VALUES (?, ?, ?, ?, ?)', ...row)
    }
  } catch {
    // Those that come after what cannot be read have to be made anew; an older file has none.
  }
}

/** Removes what belongs to running processes, and makes the counters those of what is there. */
function putRight(to: Database): void {
  to.exec('BEGIN IMMEDIATE')
  to.run(`DELETE FROM skein_call WHERE line NOT IN (SELECT line FROM skein_line)
    OR (headers IS NULL AND call NOT IN (SELECT call FROM skein_message))`)
  to.run('DELETE FROM skein_report WHERE call NOT IN (SELECT call FROM skein_call)')
  to.run('DELETE FROM skein_memo WHERE call NOT IN (SELECT call FROM skein_call)')
  to.run(`UPDATE skein_call SET ${withoutKey} WHERE ended IS NOT NULL AND history IS NULL`)
  putCountersRight(to)
  // Those of other stores do not run here.
  to.run(`UPDATE skein_call SET state = ${state.held} WHERE state = ${state.running} AND place = 0`)
  to.run(`UPDATE skein_call SET state = ${state.ready}, lease = NULL, blamed = 0,
    gives_up_at = min(coalesce(expires_at, deadline_at), coalesce(deadline_at, expires_at)) WHERE state IN (${state.running}, ${state.parked})`)
  to.run(`UPDATE skein_meta SET
    sequence = 1 + max((SELECT coalesce(max(max(${['call', 'place', 'token', 'ended'].map(countOf).join(', ')})), 0) FROM skein_call),
      (SELECT coalesce(max(${countOf('call')}), 0) FROM skein_member), (SELECT coalesce(max(${countOf('version')}), 0) FROM skein_schedule)),
    ended_count = -1`) // history is counted anew by who opens it
  to.exec('COMMIT')
}

/** A member that could not be saved will never end: it is dead, as who waits for it will see. */
function putCountersRight(to: Database): void {
  to.run(
    `UPDATE skein_member SET state = ${state.dead}, error = ? WHERE state IS NULL AND call NOT IN (SELECT call FROM skein_call)`,
    damagedStory('it could not be saved'),
  )
  to.run(`INSERT INTO skein_counter SELECT counter, count(*), count(state), count(*) FILTER (WHERE state > ${state.done} AND tolerated = 0),
    total(length(CAST(coalesce(result, error, '') AS BLOB))), 0, NULL FROM skein_member GROUP BY counter`)
  to.run(`INSERT INTO skein_counter SELECT DISTINCT awaits, 0, 0, 0, 0, 1, NULL FROM skein_call WHERE awaits IS NOT NULL
    ON CONFLICT (counter) DO UPDATE SET awaited = 1`)
  to.run(`UPDATE skein_counter SET idle_at = ? WHERE awaited = 0 AND ended >= members`, Date.now())
  to.run(`UPDATE skein_call SET state = ${state.ready} WHERE state = ${state.held}
    AND awaits_members <= (SELECT ended FROM skein_counter WHERE counter = awaits)`)
}

function repairedName(path: string): string {
  const ending = /\.[^./\\]*$/.exec(path)?.[0] ?? ''
  return `${path.slice(0, path.length - ending.length)}-repaired${ending}`
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

function unavailable(path: string, why: string): StoreError {
  return new StoreError('SKEIN_STORE_UNAVAILABLE', `${path} could not be used: ${why}`, { store: path })
}
