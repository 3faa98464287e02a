import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { type QueueWorker, work } from 'skein/queue'
import { flower, notTested } from '../../support/services.ts'
import { type Fleet, missingFor, startFleet } from './fleet.ts'
import { tasks } from './tasks.ts'

const missing = await missingFor(flower())

describe('Flower and a worker of skein', () => {
  let fleet: Fleet
  let worker: QueueWorker
  let site: string

  before(async () => {
    if (missing !== undefined) return
    fleet = await startFleet(flower())
    worker = await work({
      store: fleet.url,
      tasks,
      on: 'loop',
      queues: ['ts'],
      celery: { name: 'ts@host', events: true },
    })
    const port = await freePort()
    site = `http://127.0.0.1:${port}`
    fleet.dump('flower', `--port=${port}`, '--address=127.0.0.1')
    await fleet.until(async () => (await fetch(site).catch(() => undefined)) !== undefined)
  })
  after(async () => {
    await worker?.close({ timeout: 0 })
    await fleet?.stop()
  })

  const page = async (path: string): Promise<{ readonly status: number; readonly text: string }> => {
    const answer = await fetch(`${site}${path}`)
    return { status: answer.status, text: await answer.text() }
  }

  test('group 12: its pages show the worker and its jobs, without an error', async t => {
    if (missing !== undefined) return notTested(t, missing)
    // The page of a worker is there once that has answered, and the one of a job once Flower has heard of it.
    await fleet.until(async () => (await page('/worker/ts@host')).status === 200)
    const id = (await fleet.python('(lambda r: (get(r), r.id)[1])(ts("add", 20, 22).delay())')) as string
    await fleet.until(async () => (await page(`/task/${id}`)).status === 200)
    assert.match((await page(`/task/${id}`)).text, /ts\.add/)
    assert.match((await page('/workers')).text, /ts@host/)
    const { text } = await page('/worker/ts@host')
    for (const each of ['ts.add', 'Max concurrency', 'redis']) assert.ok(text.includes(each), each)
    for (const path of ['/', '/tasks', '/broker']) assert.equal((await page(path)).status, 200, path)
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
