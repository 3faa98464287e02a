import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { call } from 'skein'
import { queueIn, work } from 'skein/queue'
import { sqliteStore } from 'skein/stores/sqlite'
import type { SqliteStore } from '#skein/stores/sqlite/sqlite-store.js'
import { block, echo } from './tasks.ts'

/** What came of a job that blocked the event loop of its worker, while another worker was eager to have it. */
export interface Blocked {
  /** How often it was begun, by whomever. */
  readonly begun: number
  readonly ended: number
  readonly attempt: number
  readonly deaths: number
  /** Leases that ran out. */
  readonly recovered: number
  /** Jobs that the other worker has run in that time: it was there, and took what it could have. */
  readonly othersDone: number
  readonly state: string
}

/** Blocks one worker for some milliseconds under a lease of some milliseconds, beside another worker. */
export async function runBlocked(lease: number, milliseconds: number): Promise<Blocked> {
  const folder = mkdtempSync(join(tmpdir(), 'skein-blocked-'))
  const url = `sqlite:${join(folder, 'jobs.db')}`
  const log = join(folder, 'log.txt')
  const store = (await sqliteStore(url)) as SqliteStore
  const queue = queueIn(store, { queue: 'blocked' })
  const program = fileURLToPath(new URL('./program.js', import.meta.url))
  const child = spawn(process.execPath, [program, url, String(lease)], { stdio: ['ignore', 'inherit', 'inherit'] })
  const exited = once(child, 'exit')
  try {
    const job = await queue.submit(block, log, milliseconds)
    for await (const event of job.events()) if (event.type === 'started') break
    const other = await work({ store, tasks: [block, echo], queues: 'blocked', on: 'loop', lease })
    const ended = job.result()
    let othersDone = 0
    let waiting = true
    const stop = (): void => void (waiting = false)
    ended.then(stop, stop)
    while (waiting) {
      await queue.run(call(echo, othersDone))
      othersDone++
      await new Promise(resolve => setTimeout(resolve, lease / 10))
    }
    await ended
    const { recovered } = await store.sweep()
    const { attempt, deaths, state } = await job.status()
    await other.close()
    const lines = readFileSync(log, 'utf8').split('\n')
    const count = (word: string): number => lines.filter(line => line.startsWith(word)).length
    return { begun: count('begin'), ended: count('end'), attempt, deaths, recovered, othersDone, state }
  } finally {
    child.kill('SIGTERM')
    await exited
    await queue.close()
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
