import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Call, call } from 'skein'
import { work } from 'skein/queue'
import type { InspectableStore, StoredJob } from 'skein/stores'
import { memoryStore } from 'skein/stores/memory'
import { sqliteConnection, sqliteStore } from 'skein/stores/sqlite'
import { ended, jobWhen, logged, send } from '../rig.ts'
import { diesThenFails, innocent, kills, lasts } from './tasks.ts'

const taskModule = new URL('./tasks.js', import.meta.url)
const program = fileURLToPath(new URL('./program.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'skein-deaths-'))
after(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
const newFile = (): string => join(folder, `${files++}.db`)

/** A program that is started again whenever it ends, until it is stopped. */
class Supervised {
  readonly #url: string
  #child: ChildProcess
  #stopped = false

  constructor(url: string) {
    this.#url = url
    this.#child = this.#start()
  }

  #start(): ChildProcess {
    const child = spawn(process.execPath, [program, this.#url], { stdio: ['ignore', 'ignore', 'ignore'] })
    child.once('exit', () => {
      if (!this.#stopped) this.#child = this.#start()
    })
    return child
  }

  async stop(): Promise<void> {
    this.#stopped = true
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}

const counted = ({ state, deaths }: StoredJob): unknown => ({ state, deaths })

/** The calls begin one after the other, the last when all others have. How each ended. */
async function lived(store: InspectableStore, calls: readonly Call<unknown>[]): Promise<unknown[]> {
  const ids: string[] = []
  for (const each of calls) {
    await Promise.all(ids.map(id => logged(store, id)))
    ids.push(...(await send(store, each)))
  }
  return Promise.all(ids.map(async id => counted(await ended(store, id))))
}

describe('a worker that dies', { timeout: 120_000 }, () => {
  for (const how of ['exits', 'rejects'] as const) {
    test(`by a job that ${how}: that job is dead, those beside it are done`, async () => {
      const url = `sqlite:${newFile()}`
      const store = await sqliteStore(url)
      const worker = new Supervised(url)
      try {
        const calls = [...Array.from({ length: 5 }, () => call(innocent)), call(kills, how)]
        const outcomes = await lived(store, calls as Call<unknown>[])
        assert.deepEqual(outcomes, [
          ...Array.from({ length: 5 }, () => ({ state: 'done', deaths: 1 })),
          { state: 'dead', deaths: 3 },
        ])
      } finally {
        await worker.stop()
        await store.close()
      }
    })
  }

  test('by a job leaves the retries of that job to its failures', async () => {
    const url = `sqlite:${newFile()}`
    const store = await sqliteStore(url)
    const worker = new Supervised(url)
    try {
      const retries = { times: 1, backoff: 1 }
      const [id = ''] = await send(store, call(diesThenFails, newFile()).with({ retries }) as Call<unknown>)
      const { state, deaths, attempt } = await ended(store, id)
      assert.deepEqual({ state, deaths, attempt }, { state: 'done', deaths: 1, attempt: 3 })
    } finally {
      await worker.stop()
      await store.close()
    }
  })

  test('by force while it stops, as it was asked to, leaves no death behind', async () => {
    const url = `sqlite:${newFile()}`
    const store = await sqliteStore(url)
    try {
      const [id = ''] = await send(store, call(lasts) as Call<unknown>)
      await using connection = sqliteConnection(url.slice('sqlite:'.length))
      for (let deployment = 0; deployment < 4; deployment++) {
        const child = spawn(process.execPath, [program, url], { stdio: 'inherit' })
        await jobWhen(store, id, job => job.state === 'running' && job.worker?.includes(`:${child.pid}:`) === true)
        child.kill('SIGTERM')
        while (connection.prepare('SELECT 1 FROM skein_call WHERE blamed = 1').get() !== undefined)
          await new Promise(resolve => setImmediate(resolve))
        child.kill('SIGKILL')
        await once(child, 'exit')
        await jobWhen(store, id, job => job.state === 'ready')
      }
      const { state, deaths, attempt } = (await store.inspector.find(id)) as StoredJob
      assert.deepEqual({ state, deaths, attempt }, { state: 'ready', deaths: 0, attempt: 0 })
    } finally {
      await store.close()
    }
  })
})

describe('a place of a worker that dies', { timeout: 120_000 }, () => {
  for (const on of ['threads', 'processes'] as const) {
    test(`takes the job that ended it along, and none that ran beside it (${on})`, async () => {
      await using store = memoryStore()
      await using worker = await work({ store, modules: [taskModule], on, workers: 1, concurrency: 6 })
      const calls = [...Array.from({ length: 5 }, () => call(innocent)), call(kills, 'exits')]
      const outcomes = await lived(store, calls as Call<unknown>[])
      assert.deepEqual(outcomes, [
        ...Array.from({ length: 5 }, () => ({ state: 'done', deaths: 1 })),
        { state: 'dead', deaths: 3 },
      ])
      assert.equal(worker.stats().dead, 1)
    })
  }

  test('by a job leaves the retries of that job to its failures', async () => {
    await using store = memoryStore()
    await using worker = await work({ store, modules: [taskModule], on: 'threads', workers: 1 })
    const retries = { times: 1, backoff: 1 }
    const [id = ''] = await send(store, call(diesThenFails, newFile()).with({ retries }) as Call<unknown>)
    const { state, deaths, attempt } = await ended(store, id)
    assert.deepEqual({ state, deaths, attempt }, { state: 'done', deaths: 1, attempt: 3 })
    assert.equal(worker.stats().dead, 0)
  })
})
