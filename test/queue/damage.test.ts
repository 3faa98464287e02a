import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { current, task } from 'skein'
import { type DurableJob, type DurableQueue, queueIn, work, type QueueWorker } from 'skein/queue'
import type { SqliteStore } from '#skein/stores/sqlite/sqlite-store.js'
import { sqliteStore } from 'skein/stores/sqlite'
import { type Driver, openDriver } from '#skein/stores/sqlite/file/driver.js'
import { deferred, type Deferred } from '../core/deferred.ts'

const echo = task(import.meta, (value: unknown) => value, { name: 'damage.echo' })

let gate: Deferred<void>
/** Takes a step, waits until the test opens the gate, and takes another one. */
const gated = task(
  import.meta,
  async () => {
    const s = current()
    await s.step('before', () => 1)
    s.log('waiting')
    await gate.promise
    s.log('goes on')
    return s.step('after', () => 2)
  },
  { name: 'damage.gated' },
)

/** What other programs may have put into each column of a call. */
const columns: Readonly<Record<string, readonly string[]>> = {
  id: [`'another'`, `x'00ff'`],
  line: [`'x'`, `-1`, `x'00ff'`],
  state: [`'x'`, `-2`, `1.5`, `99`],
  priority: [`'x'`, `-1`, `9007199254740993`, `x'00ff'`],
  place: [`'x'`, `1.5`, `x'00ff'`],
  bytes: [`'x'`, `-1`, `1.5`],
  sent_at: [`'x'`, `-1`, `x'00ff'`],
  due_at: [`'x'`, `x'00ff'`],
  expires_at: [`'x'`, `x'00ff'`],
  deadline_at: [`'x'`, `x'00ff'`],
  gives_up_at: [`'x'`, `-1`, `x'00ff'`],
  attempt: [`'x'`, `-1`, `1.5`, `9007199254740993`],
  deaths: [`'x'`, `-1`],
  max_deaths: [`'x'`, `-1`],
  token: [`'x'`, `-1`],
  lease: [`'x'`, `-1`],
  worker: [`5`, `x'00ff'`],
  started_at: [`'x'`],
  ended_at: [`'x'`],
  reports: [`'x'`, `-1`, `1.5`],
  steps: [`'x'`, `7`],
  ignore_result: [`'x'`, `2`],
  limit_concurrency: [`'x'`, `-1`],
  limit_count: [`'x'`],
  limit_per: [`'x'`],
  tags: [`'x'`, `'{}'`, `x'00ff'`, `5`],
  cancelling: [`'x'`],
  error: [`'x'`, `x'00ff'`],
  result: [`'x'`],
}

/** Messages that no client of skein writes. */
const messages: Readonly<Record<string, string>> = {
  'headers that are no JSON': `headers = 'x'`,
  'headers that are bytes': `headers = x'00ff'`,
  'headers that are a number': `headers = 5`,
  'headers that are a list': `headers = '[]'`,
  'no headers': `headers = NULL`,
  'no task in the headers': `headers = json_remove(headers, '$.task')`,
  'no id in the headers': `headers = json_remove(headers, '$.id')`,
  'a task that is no text': `headers = json_set(headers, '$.task', 5)`,
  'time limits that are none': `headers = json_set(headers, '$.timelimit', 'soon')`,
  'retries that are none': `headers = json_set(headers, '$.retries', -1)`,
  'a rule for retries that is none': `headers = json_set(headers, '$.skein_retries', json('{"times":"many"}'))`,
  'marks that point nowhere': `headers = json_set(headers, '$.skein_marks', json('[["map",[5]]]'))`,
  'marks of no known kind': `headers = json_set(headers, '$.skein_marks', json('[["eval",[0]]]'))`,
  'a body that is no JSON': `body = 'x'`,
  'a body that was cut off': `body = substr(body, 1, 10)`,
  'a body of bytes': `body = x'00ff'`,
  'no body': `body = NULL`,
  'a body of an unknown protocol': `body = '[[1],{},{},{}]'`,
  'arguments that are no list': `body = '[5,{},{}]'`,
  'named arguments that are a list': `body = '[[],[],{}]'`,
}

describe('a file into which somebody else has written', { timeout: 120_000 }, () => {
  let folder: string
  let store: SqliteStore
  let queue: DurableQueue
  let database: Driver
  let worker: QueueWorker

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'skein-damage-'))
    const file = join(folder, 'jobs.db')
    store = (await sqliteStore(`sqlite:${file}?durability=relaxed`)) as SqliteStore
    queue = queueIn(store)
    database = await openDriver(file)
    worker = await work({ store, tasks: [echo, gated], on: 'loop', lease: '1m' })
  })
  after(async () => {
    gate?.resolve()
    await worker.close({ timeout: 0 })
    await queue.close({ cancel: true })
    database.close()
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Writes as another program does; waits while the store writes. */
  const damage = (statement: string): void => {
    database.exec('PRAGMA busy_timeout = 10000')
    database.exec(statement)
  }

  /** Submits calls, damages them while nothing can take them, and lets them go. */
  const damaged = async (changes: readonly string[]): Promise<DurableJob<unknown>[]> => {
    await queue.pause()
    const jobs = await Promise.all(changes.map((_, n) => queue.submit(echo, n)))
    for (const [n, change] of changes.entries()) {
      damage(`UPDATE skein_call SET ${change} WHERE id = '${jobs[n]?.id}'`)
    }
    await queue.resume()
    return jobs
  }

  const isAlive = async (): Promise<void> => {
    assert.equal(await queue.run(echo, 'alive'), 'alive')
    assert.equal(worker.health().consuming, true)
  }

  for (const [name, values] of Object.entries(columns)) {
    test(`keeps its calls, and runs the others, whatever stands in the column ${name}`, async () => {
      const jobs = await damaged(values.map(value => `${name} = ${value}`))
      await isAlive()
      // None is lost, and looking at them works, whatever state they are in.
      const all = await queue.jobs({ limit: 10_000 })
      assert.equal(all.length, jobs.length + 1)
      await queue.jobs({ tag: 'x', limit: 10_000 })
      await queue.storeStats()
      for (const job of jobs) {
        const found = await queue.job(job.id)
        assert.equal(found === undefined, name === 'id', `job ${job.id}`)
        const state = (await found?.status())?.state
        if (name === 'state') {
          assert.equal(state, 'dead')
          await assert.rejects(job.result(), { code: 'SKEIN_MALFORMED_MESSAGE', message: /its state is/ })
        } else if (name === 'line') assert.deepEqual([state, (await found?.status())?.queue], ['ready', '(damaged)'])
        else if (found) await job.result().catch(() => {})
      }
      // What was damaged can be dealt with.
      for (const each of all) await queue.cancel(each.id)
      await isAlive()
      await queue.purge({})
      assert.deepEqual(await queue.jobs(), [])
    })
  }

  test('gives a call whose id is lost another one, under which it can be found', async () => {
    await damaged([`id = x'00ff'`])
    await isAlive()
    const [job] = await queue.jobs({ states: ['dead'] })
    assert.match(job?.id ?? '', /^damaged-\d+$/)
    assert.match(String(job?.error), /damaged: its id is not a string/)
    await queue.purge({})
  })

  test('runs a call whose state was damaged once somebody retries it', async () => {
    const [job] = await damaged([`state = 'x'`])
    await isAlive()
    assert.deepEqual(await queue.retry(job?.id ?? ''), ['ready'])
    assert.equal(await job?.result(), 0)
    await queue.purge({})
  })

  for (const [name, change] of Object.entries(messages)) {
    test(`makes a call dead, with the reason, whose message has ${name}`, async () => {
      const [job] = await damaged([change])
      await assert.rejects(job?.result() ?? Promise.resolve(), { code: 'SKEIN_MALFORMED_MESSAGE' })
      assert.equal((await job?.status())?.state, 'dead')
      await isAlive()
      await queue.purge({})
    })
  }

  /** A job that runs, and has written its first step. */
  const running = async (): Promise<DurableJob<number>> => {
    gate = deferred()
    const job = await queue.submit(gated)
    for await (const line of job.logs()) if (line.text === 'waiting') break
    return job as DurableJob<number>
  }

  for (const value of [`'x'`, '-1', '0']) {
    test(`finds the place of a report, also where the count of them is ${value}`, async () => {
      const job = await running()
      damage(`UPDATE skein_call SET reports = ${value} WHERE id = '${job.id}'`)
      gate.resolve()
      assert.equal(await job.result(), 2)
      const lines: string[] = []
      for await (const line of job.logs()) lines.push(line.text)
      assert.deepEqual(lines, ['waiting', 'goes on'])
      await isAlive()
      await queue.purge({})
    })
  }

  test('takes a running call from its worker whose token was changed, and nothing is written of that run', async () => {
    const job = await running()
    const lost = new Promise<void>(resolve => worker.observe(event => event.type === 'lost' && resolve()))
    damage(`UPDATE skein_call SET token = token + 1 WHERE id = '${job.id}'`)
    gate.resolve()
    await lost
    assert.equal((await job.status()).state, 'running')
    await isAlive()
    // Its lease is nobody's; once that is gone, the job is.
    damage(`UPDATE skein_call SET lease = -1 WHERE id = '${job.id}'`)
    await store.sweep()
    assert.equal(await job.result(), 2)
    await queue.purge({})
  })

  test('does not give a finished step that is no JSON, and says so', async () => {
    const job = await running()
    damage(`UPDATE skein_report SET value = '{' WHERE name = 'before'`)
    damage(`UPDATE skein_call SET lease = -1 WHERE id = '${job.id}'`)
    await store.sweep()
    await assert.rejects(job.result(), { code: 'SKEIN_MALFORMED_MESSAGE' })
    gate.resolve()
    await isAlive()
    await queue.purge({})
  })

  test('says that it is damaged when its counters are, and goes on where it was once they are mended', async () => {
    const job = await running()
    const [sequence] = database.prepare('SELECT sequence FROM skein_meta').get() as [number]
    const trouble = new Promise<unknown>(resolve =>
      worker.observe(event => event.type === 'trouble' && resolve(event.error)),
    )
    damage(`UPDATE skein_meta SET sequence = 'x'`)
    gate.resolve()
    assert.equal(((await trouble) as { code?: unknown }).code, 'SKEIN_STORE_DAMAGED')
    await assert.rejects(queue.submit(echo, 1), { code: 'SKEIN_STORE_DAMAGED', message: /skein_meta.*skein repair/ })
    assert.equal(worker.health().consuming, false)
    damage(`UPDATE skein_meta SET sequence = ${sequence}`)
    assert.equal(await job.result(), 2)
    await isAlive()
  })

  test('counts its history again where that count was damaged', async () => {
    for (const change of [`ended_count = 'x'`, `ended_bytes = 1.5`]) {
      damage(`UPDATE skein_meta SET ${change}`)
      await isAlive()
    }
    const [counted] = database.prepare('SELECT ended_count FROM skein_meta').get() as [number]
    assert.equal(counted, (await queue.jobs({ limit: 10_000 })).length)
  })

  test('shows workers and queues, whatever is said of them', async () => {
    damage(`UPDATE skein_worker SET queues = 'x', tasks = x'00', concurrency = 'many', started_at = 'x'`)
    damage(`INSERT INTO skein_queue VALUES ('odd', 'x')`)
    damage(`INSERT INTO skein_opening VALUES ('odd', 'x')`)
    damage(`INSERT INTO skein_start VALUES ('odd', 'x', 'x')`)
    const { workers } = await queue.storeStats()
    assert.equal(workers.length, 1)
    await store.sweep()
    await isAlive()
  })
})
