import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, beforeEach, test, type TestContext } from 'node:test'
import { call, task } from 'skein'
import { connect, type DurableQueue, work } from 'skein/queue'
import { describeRedis, freshRedis, type RedisServer } from '../support/redis-server.ts'
import { type Ended, skein, workplace } from './skein.ts'

const add = task(import.meta, (a: number, b: number) => a + b, { name: 'redis.add' })

const fail = task(
  import.meta,
  () => {
    throw new RangeError('too far')
  },
  { name: 'redis.fail' },
)

const parsed = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Record<string, unknown>)

describeRedis('skein on the command line, on a store on Redis', () => {
  let server: RedisServer
  before(async () => void (server = await freshRedis()))
  after(() => server.stop())
  beforeEach(async () => void (await server.text('FLUSHDB')))

  /** A queue, and the command with the store of it. */
  async function bed(
    t: TestContext,
  ): Promise<{ queue: DurableQueue; folder: string; run: (...args: string[]) => Promise<Ended> }> {
    const folder = workplace(t)
    const queue = await connect(server.url)
    t.after(() => queue.close())
    return { queue, folder, run: (...args) => skein(folder, args, { env: { SKEIN_STORE: server.url } }) }
  }

  test('takes nothing in of an export with a job that has a priority, and says why', async t => {
    const { run, folder } = await bed(t)
    const file = `sqlite:${join(folder, 'urgent.db')}`
    await using from = await connect(file)
    await from.submit(call(add, 1, 2).with({ id: 'usual' }))
    await from.submit(call(add, 1, 2).with({ id: 'urgent', priority: 3 }))
    assert.equal((await run('export', 'jobs.jsonl', '--store', file)).code, 0)
    const { code, stderr } = await run('import', 'jobs.jsonl')
    assert.notEqual(code, 0)
    assert.match(stderr, /cannot hand over jobs by their priority/)
    assert.equal(await server.text('EXISTS', 'default'), '0')
  })

  test('lists, cancels, retries and forgets jobs, and counts them', async t => {
    const { queue, run } = await bed(t)
    await queue.submit(call(add, 1, 2).with({ id: 'first', tags: ['x'] }))
    await queue.submit(call(add, 3, 4).with({ id: 'later', delay: '1h' }))
    const job = await queue.submit(call(fail).with({ id: 'failing', queue: 'other' }))
    const worker = await work({ store: server.url, tasks: [fail], queues: 'other', on: 'loop' })
    await assert.rejects(job.result(), /too far/)
    assert.match((await run('stats')).stdout, /1 worker|other/)
    await worker.close()
    const states = async (): Promise<unknown[]> =>
      parsed((await run('jobs', '--json')).stdout).map(({ id, state }) => [id, state])
    assert.deepEqual(await states(), [
      ['failing', 'failed'],
      ['later', 'delayed'],
      ['first', 'ready'],
    ])
    assert.match((await run('jobs', '--tag', 'x')).stdout, /first/)
    assert.match((await run('job', 'failing')).stdout, /too far/)
    assert.equal((await run('cancel', 'later')).code, 0)
    assert.equal((await run('retry', 'failing')).code, 0)
    assert.deepEqual(await states(), [
      ['failing', 'ready'],
      ['later', 'cancelled'],
      ['first', 'ready'],
    ])
    assert.match((await run('pause', 'other')).stdout, /Queue other is paused/)
    const [stats] = parsed((await run('stats', '--json')).stdout) as unknown as [
      { queues: { queue: string; paused: boolean; counts: { ready: number; cancelled: number } }[] },
    ]
    assert.deepEqual(
      stats.queues.map(({ queue: name, paused, counts }) => [name, paused, counts.ready, counts.cancelled]),
      [
        ['default', false, 1, 1],
        ['other', true, 1, 0],
      ],
    )
    assert.equal((await run('purge', '--all')).stdout.trim(), '3 jobs forgotten.')
    assert.deepEqual(await states(), [])
  })

  test('finds out whether the way that jobs go is open', async t => {
    const { run } = await bed(t)
    const { code, stdout } = await run('doctor')
    assert.equal(code, 0, stdout)
    assert.match(stdout, /round trip a job was sent, taken and ended/)
  })

  test('moves what waits to a file of SQLite and back, as it was', async t => {
    const { queue, folder, run } = await bed(t)
    await queue.submit(call(add, 1, 2).with({ id: 'first' }))
    await queue.submit(call(add, 3, 4).with({ id: 'later', delay: '1h', expires: '2h', tags: ['x'] }))
    await queue.pause('mail')
    const jobs = async (): Promise<unknown[]> =>
      (await queue.jobs()).map(({ id, state, args, tags, sentAt, dueAt, expiresAt }) => ({
        id,
        state,
        args,
        tags,
        sentAt,
        dueAt,
        expiresAt,
      }))
    const before = await jobs()
    assert.equal(before.length, 2)
    const [file, there, back] = ['moved.jsonl', 'jobs.db', 'back.jsonl'].map(name => join(folder, name)) as [
      string,
      string,
      string,
    ]
    assert.match((await run('export', file)).stdout, /^2 jobs, 0 schedules, 1 paused queue in /)
    const taken = '2 jobs and 0 schedules taken in, 1 queue paused.\n'
    assert.equal((await run('import', file, '--store', `sqlite:${there}`)).stdout, taken)
    await server.text('FLUSHDB')
    assert.equal((await run('export', back, '--store', `sqlite:${there}`)).code, 0)
    assert.equal((await run('import', back)).stdout, taken)
    assert.deepEqual(await jobs(), before)
    assert.match((await run('import', back)).stdout, /There already, and left as they are: 2 jobs/)
    const worker = await work({ store: server.url, tasks: [add], on: 'loop' })
    assert.equal(await (await queue.job('first'))?.result(), 3)
    await worker.close()
  })
})
