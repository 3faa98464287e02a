import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { call, current, task } from 'skein'
import { connect, effect, type DurableQueue, thisJob, work, type QueueWorker } from 'skein/queue'
import { isOneStatement } from '#skein/stores/sqlite/calls/effects.js'
import { openDriver } from '#skein/stores/sqlite/file/driver.js'

const prepare = task(import.meta, async function prepare() {
  const s = current()
  await effect(s, 'CREATE TABLE rows (what TEXT, of TEXT)')
  await effect(s, 'CREATE TABLE only (one TEXT PRIMARY KEY)')
  await effect(s, "INSERT INTO only VALUES ('one')")
})
const writes = task(import.meta, async function writes(what: string) {
  const s = current()
  const { id } = await thisJob(s)
  await effect(s, 'INSERT INTO rows VALUES (?, ?)', [what, id])
  if (what === 'throws') throw new Error('after the effect was asked for')
  if (what === 'no such table') await effect(s, 'INSERT INTO nowhere VALUES (1)')
  if (what === 'rolls back') await effect(s, "INSERT OR ROLLBACK INTO only VALUES ('one')")
  if (what === 'two') await effect(s, `INSERT INTO rows VALUES ('two', 'a'); INSERT INTO rows VALUES ('two', 'b')`)
})
const inStep = task(import.meta, async function inStep() {
  const s = current()
  await s.step('first', inner => effect(inner, 'INSERT INTO rows VALUES (?, ?)', ['step', String(s.attempt)]))
  await effect(s, 'INSERT INTO rows VALUES (?, ?)', ['whole', String(s.attempt)])
  if (s.attempt === 1) throw new Error('the first attempt fails')
})
const identifies = task(import.meta, async function identifies() {
  const s = current()
  const { id, token, attempt, queue, task: name } = await thisJob(s)
  if (attempt === 1) throw Object.assign(new Error('again'), { data: { id, token } })
  return { id, token, queue, name }
})
const wrong = task(import.meta, async function wrong() {
  await effect(current(), 'INSERT INTO rows VALUES (?, ?)', [Number.NaN, {} as never])
})

describe('what is committed together with a job', () => {
  const folder = mkdtempSync(join(tmpdir(), 'skein-effects-'))
  const file = join(folder, 'jobs.db')
  let queue: DurableQueue
  let worker: QueueWorker

  before(async () => {
    queue = await connect(`sqlite:${file}`)
    worker = await work({
      store: `sqlite:${file}`,
      tasks: [prepare, writes, inStep, identifies, wrong],
      on: 'loop',
    })
    await queue.run(prepare)
  })
  after(async () => {
    await worker.close()
    await queue.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function rows(what: string): Promise<string[]> {
    const driver = await openDriver(file, true)
    try {
      return driver
        .prepare('SELECT of FROM rows WHERE what = ?')
        .all(what)
        .map(([of]) => String(of))
    } finally {
      driver.close()
    }
  }

  test('is there once the job is done', async () => {
    const job = await queue.submit(writes, 'fine')
    await job.result()
    assert.deepEqual(await rows('fine'), [job.id])
  })

  test('is not there when the job fails', async () => {
    await assert.rejects(queue.run(writes, 'throws'), /after the effect/)
    assert.deepEqual(await rows('throws'), [])
  })

  test('fails the job alone when a statement of it fails, and nothing of it is kept', async () => {
    const [bad, good] = await Promise.all([queue.submit(writes, 'no such table'), queue.submit(writes, 'beside it')])
    await assert.rejects(bad.result(), { code: 'SKEIN_STORE_REFUSED', message: /nowhere/ })
    await good.result()
    assert.deepEqual(await rows('no such table'), [])
    assert.deepEqual(await rows('beside it'), [good.id])
  })

  test('fails the job alone when a statement of it rolls back the transaction that it shares with others', async () => {
    const jobs = await Promise.all([
      queue.submit(writes, 'before it'),
      queue.submit(writes, 'rolls back'),
      queue.submit(writes, 'after it'),
    ])
    const [first, bad, last] = jobs
    await assert.rejects(bad.result(), { code: 'SKEIN_STORE_REFUSED', message: /UNIQUE/ })
    await Promise.all([first.result(), last.result()])
    assert.deepEqual(await rows('rolls back'), [])
    assert.deepEqual(await rows('before it'), [first.id])
    assert.deepEqual(await rows('after it'), [last.id])
    assert.equal(worker.health().consuming, true)
  })

  test('is refused when it is more than one statement, of which a driver would run the first', async () => {
    await assert.rejects(queue.run(writes, 'two'), { code: 'SKEIN_STORE_REFUSED', message: /one statement/ })
    assert.deepEqual(await rows('two'), [])
  })

  for (const [sql, one] of [
    ['SELECT 1', true],
    ['SELECT 1;', true],
    ['SELECT 1; -- that was it', true],
    ['SELECT 1; /* that was it */ ;\n', true],
    [`SELECT ';', ";", [;], \`;\` /* ; */ -- ;`, true],
    [`SELECT 'it''s; one'`, true],
    ['SELECT 4-1/2', true],
    ['CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT 2; END', true],
    ['SELECT 1; SELECT 2', false],
    [`SELECT 'a'; DELETE FROM rows`, false],
    ['SELECT 1; -- no\nSELECT 2', false],
    ['SELECT 1\0; SELECT 2', false],
  ] as const) {
    test(`${JSON.stringify(sql)} is ${one ? 'one statement' : 'more than one'}`, () => {
      assert.equal(isOneStatement(sql), one)
    })
  }

  test('belongs to its step where it was asked for in one, and then takes place one time over all attempts', async () => {
    await queue.run(call(inStep).with({ retries: { times: 1, backoff: 1 } }))
    assert.deepEqual(await rows('step'), ['1'])
    assert.deepEqual(await rows('whole'), ['2'])
  })

  test('is refused when SQLite cannot hold a parameter', async () => {
    await assert.rejects(queue.run(wrong), { code: 'SKEIN_INVALID_ARGUMENT', message: /Parameter 1 of the effect/ })
  })

  test('is refused where no worker runs the task', async () => {
    await assert.rejects(Promise.resolve(writes('here')), {
      code: 'SKEIN_INVALID_ARGUMENT',
      message: /a worker of a queue/,
    })
  })

  test('a task knows its job: the same id in each attempt, a higher token', async () => {
    const job = await queue.submit(call(identifies).with({ retries: { times: 1, backoff: 1 } }))
    const known = await job.result()
    assert.equal(known.id, job.id)
    assert.deepEqual([known.queue, known.name], ['default', 'effects.test.identifies'])
    assert.ok(known.token > 0)
  })
})
