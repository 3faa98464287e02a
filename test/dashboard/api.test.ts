import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test, type TestContext } from 'node:test'
import { call } from 'skein'
import { routes } from '#skein/dashboard/dashboard.js'
import { describeRedis, freshRedis, type RedisServer } from '../support/redis-server.ts'
import { boardOn, freshFile, idsOf, memoryBoard, workerOn } from './board.ts'
import { openapi } from './openapi.ts'
import { add, fail, graph, tell, untilCancelled } from './tasks.ts'

describe('the description of the API', () => {
  test('has each route of the API, with its right, and no other', () => {
    const described = Object.entries(openapi.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, each]) => `${method.toUpperCase()} ${path} ${each['x-right'] ?? ''}`),
    )
    const there = routes
      .filter(({ path }) => path.startsWith('/api/'))
      .map(({ method, path, right }) => `${method} ${path} ${right ?? ''}`)
    assert.deepEqual(described.sort(), there.sort())
  })

  test('names each operation once, and says of each what it is', () => {
    const operations = Object.values(openapi.paths).flatMap(methods => Object.values(methods))
    const names = operations.map(each => each.operationId)
    assert.equal(new Set(names).size, names.length)
    for (const each of operations) assert.ok('summary' in each)
  })

  test('is served', async t => {
    const { board } = await memoryBoard(t)
    const response = await board(new Request('http://localhost/api/openapi.json'))
    assert.deepEqual(await response.json(), openapi)
  })
})

/** The same on every kind of store. */
function onStore(makeUrl: (t: TestContext) => Promise<string> | string): void {
  test('shows what is in the store, and each answer is as described', async t => {
    const url = await makeUrl(t)
    const { queue, ask } = await boardOn(t, url)
    const failed = await queue.submit(call(fail, 'no such user').with({ id: 'failed', tags: ['import'] }))
    const told = await queue.submit(call(tell, { id: 'A-1', password: 'hunter2' }).with({ id: 'told' }))
    await workerOn(t, url)
    await assert.rejects(failed.result())
    await told.result()
    const running = await queue.submit(call(untilCancelled).with({ id: 'running' }))
    for await (const event of running.events()) if (event.type === 'started') break

    const about = (await ask('/api/about')).body
    assert.ok((about['can'] as string[]).includes('retry'))
    assert.deepEqual(about['may'], ['retry', 'cancel', 'purge', 'pause', 'run', 'submit'])

    const overview = (await ask('/api/overview')).body
    const [queueNow] = overview['queues'] as { queue: string; counts: Record<string, number> }[]
    assert.deepEqual([queueNow?.queue, queueNow?.counts['failed'], queueNow?.counts['done']], ['default', 1, 1])
    assert.equal((overview['workers'] as unknown[]).length, 1)
    const minutes = overview['minutes'] as { done: number; failed: number }[]
    assert.equal(minutes.length, 60)
    assert.deepEqual(
      [minutes.at(-1)?.done, minutes.at(-1)?.failed].map(each => (each ?? 0) <= 1),
      [true, true],
    )
    assert.equal(
      minutes.reduce((all, { done, failed: bad }) => all + done + bad, 0),
      2,
    )
    const tasks = overview['tasks'] as { task: string; failed: number }[]
    assert.equal(tasks.find(each => each.task === 'shop.fail')?.failed, 1)

    assert.deepEqual(idsOf(await ask('/api/jobs')), ['running', 'told', 'failed'])
    assert.deepEqual(idsOf(await ask('/api/jobs?q=state:failed')), ['failed'])
    assert.deepEqual(idsOf(await ask('/api/jobs?q=tag:import%20task:shop.*')), ['failed'])
    assert.deepEqual(idsOf(await ask('/api/jobs?q=%22no%20such%20user%22')), ['failed'])
    assert.deepEqual(idsOf(await ask('/api/jobs?q=id:told')), ['told'])
    assert.deepEqual(idsOf(await ask('/api/running')), ['running'])

    const job = (await ask('/api/jobs/told')).body
    assert.deepEqual(job['args'], [{ id: 'A-1', password: '[hidden]' }])
    assert.deepEqual(job['result'], { order: 'A-1', apiKey: '[hidden]' })
    assert.doesNotMatch(JSON.stringify(job), /hunter2|xyz|abc/)
    const kinds = new Set((job['story'] as { kind: string }[]).map(({ kind }) => kind))
    assert.deepEqual(
      ['progress', 'log', 'step'].filter(kind => !kinds.has(kind)),
      [],
    )
    const bad = (await ask('/api/jobs/failed')).body['error'] as { name: string; message: string; stack: string }
    assert.deepEqual([bad.name, bad.message], ['RangeError', 'no such user'])
    assert.match(bad.stack, /dashboard\/tasks\./)
    assert.equal((await ask('/api/jobs/nobody')).status, 404)
  })

  test('does to jobs what it is told: those of some ids, and all that match', async t => {
    const url = await makeUrl(t)
    const { queue, ask, askLines } = await boardOn(t, url)
    for (let at = 0; at < 12; at++)
      await queue.submit(call(add, at, 1).with({ id: `job-${at}`, tags: [at < 6 ? 'low' : 'high'] }))
    const named = await askLines('/api/jobs/cancel', { ids: ['job-0', 'job-1', 'nobody'], reason: 'not needed' })
    assert.deepEqual(named.at(-1)?.['outcomes'], { cancelled: 2, gone: 1 })
    assert.equal((await ask('/api/jobs/job-0')).body['state'], 'cancelled')
    assert.match(JSON.stringify((await ask('/api/jobs/job-0')).body['error']), /not needed/)
    const matched = await askLines('/api/jobs/cancel', { search: 'tag:low' })
    assert.deepEqual([matched.at(-1)?.['found'], matched.at(-1)?.['outcomes']], [4, { cancelled: 4 }])
    const again = await askLines('/api/jobs/retry', { search: 'state:cancelled "job-3"' })
    assert.deepEqual(again.at(-1)?.['outcomes'], { ready: 1 })
    assert.equal((await ask('/api/jobs/job-3')).body['state'], 'ready')
    assert.deepEqual((await askLines('/api/jobs/purge', { ids: ['job-0', 'job-11'] })).at(-1)?.['outcomes'], {
      purged: 2,
    })
    assert.deepEqual((await askLines('/api/jobs/purge', { search: 'state:cancelled' })).at(-1)?.['outcomes'], {
      purged: 4,
    })
    assert.deepEqual(
      idsOf(await ask('/api/jobs')),
      [10, 9, 8, 7, 6, 3].map(at => `job-${at}`),
    )
    assert.equal((await ask('/api/jobs/retry', {})).status, 400)
    assert.equal((await ask('/api/jobs/retry', { ids: [], search: '' })).status, 400)
    assert.equal((await ask('/api/jobs/cancel', { ids: 'job-1' })).status, 400)
  })

  test('lists in pages, of which the last has no cursor', async t => {
    const url = await makeUrl(t)
    const { queue, ask } = await boardOn(t, url)
    for (let at = 0; at < 7; at++)
      await queue.submit(call(add, at, 1).with({ id: `job-${at}`, tags: at % 2 ? ['odd'] : [] }))
    for (const q of ['', 'task:shop.*']) {
      const seen: string[] = []
      let cursor: unknown = ''
      for (let pages = 0; cursor !== undefined; pages++) {
        assert.ok(pages < 4)
        const page = await ask(`/api/jobs?limit=3&q=${q}${cursor === '' ? '' : `&cursor=${String(cursor)}`}`)
        seen.push(...idsOf(page))
        cursor = page.body['cursor']
      }
      assert.deepEqual(
        seen,
        [6, 5, 4, 3, 2, 1, 0].map(at => `job-${at}`),
      )
    }
    const first = await ask('/api/jobs?limit=3')
    await queue.purge({ ids: ['job-4'] })
    assert.deepEqual(
      idsOf(await ask(`/api/jobs?limit=3&cursor=${String(first.body['cursor'])}`)),
      [3, 2, 1].map(at => `job-${at}`),
    )
    await queue.purge({ ids: ['job-5', 'job-6'] })
    assert.equal((await ask(`/api/jobs?cursor=${String(first.body['cursor'])}`)).status, 410)
    assert.equal((await ask('/api/jobs?cursor=nonsense')).status, 400)
  })

  test('pauses a queue, and lets it go on', async t => {
    const url = await makeUrl(t)
    const { queue, ask } = await boardOn(t, url)
    await queue.submit(add, 1, 2)
    assert.deepEqual((await ask('/api/queues/default/pause', {})).body, { queue: 'default', paused: true })
    const warnings = (await ask('/api/overview')).body['warnings'] as { kind: string }[]
    assert.deepEqual(
      warnings.map(({ kind }) => kind),
      ['paused'],
    )
    assert.deepEqual((await ask('/api/queues/default/resume', {})).body, { queue: 'default', paused: false })
    assert.equal((await queue.storeStats()).queues[0]?.paused, false)
    assert.equal((await ask(`/api/queues/${'x'.repeat(2_000)}/pause`, {})).status, 400)
  })

  test('shows schedules, runs one at once, pauses one and lets it go on', async t => {
    const url = await makeUrl(t)
    const { queue, ask } = await boardOn(t, url)
    await queue.schedule('daily', { cron: '0 8 * * 1-5', timeZone: 'Europe/Berlin' }, call(add, 1, 2), {
      overlap: 'skip',
    })
    await queue.schedule('often', { every: '5m' }, call(add, 1, 2))
    const { schedules } = (await ask('/api/schedules')).body as { schedules: { name: string; rule: object }[] }
    assert.deepEqual(
      schedules.map(({ name }) => name),
      ['daily', 'often'],
    )
    assert.deepEqual(schedules[0]?.rule, { cron: '0 8 * * 1-5', timeZone: 'Europe/Berlin' })
    const run = await ask('/api/schedules/daily/run', {})
    assert.equal(run.status, 201)
    assert.equal((await ask(`/api/jobs/${encodeURIComponent(String(run.body['id']))}`)).body['task'], 'shop.add')
    assert.deepEqual((await ask('/api/schedules/daily/pause', {})).body, { name: 'daily', state: 'paused' })
    assert.equal(((await ask('/api/schedules/daily')).body['times'] as string[]).length, 10)
    assert.deepEqual((await ask('/api/schedules/daily/resume', {})).body, { name: 'daily', state: 'active' })
    assert.equal((await ask('/api/schedules/nobody/run', {})).status, 404)
  })

  test('submits a job like another one, with other arguments', async t => {
    const url = await makeUrl(t)
    const { queue, ask } = await boardOn(t, url)
    await queue.submit(call(tell, { id: 'A-1', password: 'hunter2' }).with({ id: 'told', tags: ['x'] }))
    const same = await ask('/api/jobs/told/clone', {})
    const other = await ask('/api/jobs/told/clone', { args: [{ id: 'A-2', password: '[hidden]' }], queue: 'other' })
    assert.deepEqual([same.status, other.status], [201, 201])
    const jobs = await queue.jobs()
    assert.deepEqual(
      jobs.map(({ queue: name, args, tags }) => [name, args, tags]),
      [
        ['other', [{ id: 'A-2', password: 'hunter2' }], ['x']],
        ['default', [{ id: 'A-1', password: 'hunter2' }], ['x']],
        ['default', [{ id: 'A-1', password: 'hunter2' }], ['x']],
      ],
    )
    assert.equal((await ask('/api/jobs/nobody/clone', {})).status, 404)
    assert.equal((await ask('/api/jobs/told/clone', { args: 5 })).status, 400)
  })

  test('shows a graph from any of its jobs, and makes no copy of one that waits for others', async t => {
    const url = await makeUrl(t)
    const { queue, ask } = await boardOn(t, url)
    const job = await queue.submit(graph())
    const { root, jobs, count } = (await ask(`/api/jobs/${job.id}/graph`)).body as {
      root: string
      jobs: { id: string; parent?: string }[]
      count: number
    }
    assert.deepEqual([root, count, jobs.length], [job.id, 3, 3])
    assert.deepEqual(
      jobs.map(({ parent }) => parent),
      [undefined, job.id, job.id],
    )
    const part = jobs[1]?.id as string
    assert.equal((await ask(`/api/jobs/${encodeURIComponent(part)}/graph`)).body['root'], job.id)
    const copy = await ask(`/api/jobs/${job.id}/clone`, {})
    assert.equal(copy.status, 400)
    assert.equal((await ask(`/api/jobs/${job.id}`)).body['clonable'], false)
    assert.equal((await ask('/api/jobs/nobody/graph')).status, 404)
  })
}

let names = 0
describe('a dashboard on a store in memory', () => onStore(() => `memory:dashboard-${names++}`))
describe('a dashboard on a SQLite file', () => onStore(freshFile))
describeRedis('a dashboard on a Redis server', () => {
  let server: RedisServer
  before(async () => void (server = await freshRedis()))
  after(() => server.stop())
  beforeEach(async () => void (await server.text('FLUSHDB')))
  onStore(() => server.url)
})
