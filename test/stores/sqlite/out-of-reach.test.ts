import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe } from 'node:test'
import { sqliteConnection, type SqliteConnection, sqliteStore } from 'skein/stores/sqlite'
import { root } from '../../support/paths.ts'
import { call, inFolder } from './folder.ts'

const lease = 1_000

/** A program that has claimed all there is, if there is something, and keeps it; killed at the end of the test. */
async function holder(
  file: string,
): Promise<{ readonly kill: (signal: NodeJS.Signals) => void; end(): Promise<void> }> {
  const code = `
    import { sqliteStore } from 'skein/stores/sqlite'
    const store = await sqliteStore('sqlite:' + ${JSON.stringify(file)})
    const request = { worker: 'w' + process.pid, queues: ['q'], tasks: ['t'], lease: ${lease} }
    const none = () => {}
    const intake = store.broker.intake(request, { claims: () => {}, cancelling: none, lost: none, trouble: none })
    intake.want(1)
    await store.inspector.list({})
    console.log('there')`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  await once(child.stdout, 'data')
  const end = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  return { kill: signal => void child.kill(signal), end }
}

/** Resolves once something holds of the file. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setImmediate(resolve))
}

const steady = (): number => Number(process.hrtime.bigint()) / 1e6
const leaseEnd = (connection: SqliteConnection): number =>
  (connection.prepare('SELECT coalesce(max(until), 0) AS until FROM skein_lease').get() as { until: number }).until

function callIn(connection: SqliteConnection): {
  readonly state: number
  readonly deaths: number
  readonly attempt: number
} {
  const row = connection.prepare('SELECT state, deaths, attempt FROM skein_call').get()
  const { state, deaths, attempt } = row as ReturnType<typeof callIn>
  return { state, deaths, attempt }
}

/** Takes the lock, as soon as nobody else has it. */
async function lock(connection: SqliteConnection): Promise<void> {
  await until(() => {
    try {
      connection.exec('BEGIN IMMEDIATE')
      return true
    } catch {
      return false
    }
  })
}

describe('a file that nobody could reach for longer than a lease', () => {
  inFolder('takes no job from a worker that is alive: another program had it locked', async file => {
    const store = await sqliteStore(`sqlite:${file}`)
    await store.broker.send([call('a')])
    const one = await holder(file)
    const connection = sqliteConnection(file)
    try {
      await until(() => leaseEnd(connection) > 0)
      for (let round = 0; round < 3; round++) {
        await lock(connection)
        const end = leaseEnd(connection)
        await until(() => steady() > end + 300)
        connection.exec('COMMIT')
        await until(() => leaseEnd(connection) > end)
      }
      assert.deepEqual(callIn(connection), { state: 2, deaths: 0, attempt: 1 })
    } finally {
      connection.close()
      await one.end()
      await store.close()
    }
  })

  inFolder('takes none when all programs stood still together', async file => {
    const first = await sqliteStore(`sqlite:${file}`)
    await first.broker.send([call('a')])
    await first.close()
    const programs = [await holder(file), await holder(file), await holder(file)]
    const connection = sqliteConnection(file)
    try {
      await until(() => leaseEnd(connection) > 0)
      for (let round = 0; round < 3; round++) {
        for (const each of programs) each.kill('SIGSTOP')
        const end = leaseEnd(connection)
        await until(() => steady() > end + 700)
        for (const each of [...programs].reverse()) each.kill('SIGCONT')
        await until(() => leaseEnd(connection) > end)
      }
      assert.deepEqual(callIn(connection), { state: 2, deaths: 0, attempt: 1 })
    } finally {
      connection.close()
      for (const each of programs) await each.end()
    }
  })

  inFolder('gives the job of one that is dead to another all the same', async file => {
    const store = await sqliteStore(`sqlite:${file}`)
    await store.broker.send([call('a')])
    const one = await holder(file)
    const connection = sqliteConnection(file)
    await until(() => leaseEnd(connection) > 0)
    await lock(connection)
    await one.end()
    const end = leaseEnd(connection)
    await until(() => steady() > end + 300)
    connection.exec('COMMIT')
    await until(() => callIn(connection).deaths === 1)
    assert.deepEqual(callIn(connection), { state: 1, deaths: 1, attempt: 1 })
    connection.close()
    await store.close()
  })
})
