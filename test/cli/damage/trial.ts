import { isDeepStrictEqual } from 'node:util'
import { rmSync } from 'node:fs'
import { call } from 'skein'
import { connect, work } from 'skein/queue'
import { type SqliteStore } from '#skein/stores/sqlite/sqlite-store.js'
import { sqliteStore } from 'skein/stores/sqlite'
import { type Driver, openDriver } from '#skein/stores/sqlite/file/driver.js'
import { type Answered, answer } from './in-process.ts'
import { type Damage, damage } from './columns.ts'
import { harmed, sound } from './sample.ts'

/** What the commands said that they should not have, and what became of the calls that nobody has harmed. */
export interface Verdict {
  readonly faults: readonly string[]
  /** How many of the damages SQLite let happen. */
  readonly done: number
}

interface Shown {
  readonly id: string
  readonly state: string
}

/**
 * Damages a file, looks at it with every command, lets a worker do what is to be done, changes it with every command, and
 * repairs it. The file is gone after that.
 *
 * @param doing is told what is about to be done
 */
export async function tryOut(
  file: string,
  damages: readonly Damage[],
  doing: (words: string) => void = () => {},
): Promise<Verdict> {
  const faults: string[] = []
  const url = `sqlite:${file}?durability=relaxed`
  const fault = (text: string): void => void faults.push(text)
  const run = async (words: readonly string[], codes: readonly number[] = [0]): Promise<Answered | undefined> => {
    doing(words.join(' '))
    try {
      const answered = await answer([...words, ...(words[0] === 'repair' ? [] : ['--store', url])])
      if (!codes.includes(answered.code)) fault(`skein ${words.join(' ')}: exit code ${answered.code}`)
      return answered
    } catch (error) {
      const { code, message } = error as Error & { code?: unknown }
      if (code !== 'SKEIN_STORE_DAMAGED') fault(`skein ${words.join(' ')}: ${String(code)} ${message}`)
      return undefined
    }
  }
  const list = async (...words: string[]): Promise<Shown[]> =>
    ((await run(['jobs', '--json', '--limit', '1000000', ...words]))?.values ?? []) as Shown[]
  const running = new Set<string>()
  const soundJobs = async (): Promise<Shown[]> =>
    (await list()).filter(each => /^sound-/.test(each.id) && !running.has(each.id))

  const database = await openDriver(file)
  // Those that run belong to a lease, and it may be the lease that was damaged.
  for (const { id } of await list('--state', 'running')) running.add(id)
  const before = await soundJobs()
  const total = Number(database.prepare('SELECT count(*) FROM skein_call').get()?.[0])
  const done = damages.filter(each => damage(database, each)).length
  // The calls that are asked for one by one: those that were damaged, as far as they can be told, and others.
  const ids = harmedIds(database, damages)
  database.close()
  try {
    const all = await list()
    // Where all counters are lost the file says so, to everybody.
    if (all.length > 0 && all.length !== total) fault(`jobs lists ${all.length} of ${total}`)
    if (all.length > 0 && !isDeepStrictEqual(await soundJobs(), before)) fault('sound jobs are shown otherwise')
    await run(['jobs', '--limit', '1000000'])
    await list('--state', 'ready,delayed,running')
    await list('--state', 'dead,failed', '--queue', 'harmed', '--task', 'harmed.1', '--tag', 'all')
    for (const words of [['stats'], ['stats', '--json'], ['dead', '--limit', '1000000'], ['doctor', '--json']])
      await run(words, [0, 1])
    for (const [at, id] of ids.entries()) await run(['job', id, ...(at % 2 === 0 ? ['--json'] : [])], [0, 1])
    doing('worker')
    await runSound(url, fault)
    doing('sweep')
    await atRest(url, fault)
    for (const words of [
      ['pause', 'harmed'],
      ['retry', ...ids],
      ['cancel', ...ids],
      ['retry', '--all', '--state', 'failed,dead'],
      ['cancel', '--all'],
    ])
      await run(words, [0, 1])
    await run(['repair', file, '--into', `${file}.repaired`], [0, 1])
    const after = await soundJobs()
    if (all.length > 0 && after.length !== before.length)
      fault(`${after.length} of ${before.length} sound jobs are left`)
    await run(['purge', '--all'])
    if (all.length > 0) {
      const left = (await list()).filter(each => each.state !== 'running')
      if (left.length > 0) fault(`purge leaves ${left.length}`)
    }
  } finally {
    for (const end of ['', '.repaired'])
      for (const side of ['', '-wal', '-shm', '-turn', '-bell']) rmSync(`${file}${end}${side}`, { force: true })
  }
  return { faults, done }
}

/** Lets a worker run all that can run. What nobody has harmed must come to its end. */
async function runSound(url: string, fault: (text: string) => void): Promise<void> {
  try {
    await using queue = await connect(url)
    const waiting = await queue.jobs({ queue: 'sound', states: ['ready'] })
    const worker = await work({ store: url, tasks: [sound, ...harmed], queues: ['sound', 'harmed'], on: 'loop' })
    try {
      await Promise.all(waiting.map(async ({ id }) => (await queue.job(id))?.result()))
      if ((await queue.run(call(sound, 7).with({ queue: 'sound' }))) !== 7) fault('a new job has a wrong result')
    } finally {
      await worker.close()
    }
  } catch (error) {
    const { code, message } = error as Error & { code?: unknown }
    if (code !== 'SKEIN_STORE_DAMAGED') fault(`worker: ${String(code)} ${message}`)
  }
}

/** Once all is done that is due, nothing may be due again at once: each program on the file would do it for ever. */
async function atRest(url: string, fault: (text: string) => void): Promise<void> {
  try {
    await using store = (await sqliteStore(url)) as SqliteStore
    await store.sweep()
  } catch (error) {
    const { code, message } = error as Error & { code?: unknown }
    if (code !== 'SKEIN_STORE_DAMAGED') fault(`sweep: ${String(code)} ${message}`)
  }
}

/** The ids of some calls that were damaged themselves, or of calls whose task, message or reports were. */
function harmedIds(database: Driver, damages: readonly Damage[]): string[] {
  const calls = database
    .prepare(`SELECT id FROM skein_call WHERE id LIKE 'harmed-%' ORDER BY call LIMIT 1`)
    .all()
    .map(([id]) => String(id))
  const damaged = damages.slice(0, most).flatMap(({ table, row }) => {
    if (table !== 'skein_call' && table !== 'skein_report' && table !== 'skein_message') return []
    const id = database
      .prepare(
        table === 'skein_call'
          ? `SELECT id FROM skein_call WHERE rowid = ${row}`
          : `SELECT id FROM skein_call WHERE call = (SELECT call FROM ${table} WHERE rowid = ${row})`,
      )
      .get()?.[0]
    return typeof id === 'string' && id.length > 3 ? [id] : []
  })
  return [...new Set([...calls, ...damaged])]
}

/** So many calls are asked for by themselves. */
const most = 2
