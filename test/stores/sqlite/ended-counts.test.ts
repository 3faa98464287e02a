import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { call, task } from 'skein'
import { type DurableQueue, queueIn, work } from 'skein/queue'
import { sqliteStore } from 'skein/stores/sqlite'

const fine = task(import.meta, (n: number) => n, { name: 'counts.fine' })
const fails = task(
  import.meta,
  (n: number): never => {
    throw new Error(`no ${n}`)
  },
  { name: 'counts.fails' },
)

async function bed(t: TestContext, retention: object = {}): Promise<DurableQueue> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-counts-'))
  const url = `sqlite:${join(folder, 'jobs.db')}?durability=relaxed`
  const store = await sqliteStore(url, { retention })
  const queue = queueIn(store)
  const worker = await work({ store: url, tasks: [fine, fails], queues: ['a', 'b', 'default'], on: 'loop' })
  t.after(async () => {
    await worker.close({ timeout: 0 })
    await queue.close()
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  return queue
}

/** The counts of the queues, as `storeStats` has them and as a list of all jobs gives them. */
async function compared(queue: DurableQueue): Promise<void> {
  const listed: Record<string, number> = {}
  for (const { queue: name, state } of await queue.jobs({ limit: 10_000 })) {
    const key = `${name} ${state}`
    listed[key] = (listed[key] ?? 0) + 1
  }
  const { queues } = await queue.storeStats()
  const counted = queues.flatMap(({ queue: name, counts }) =>
    Object.entries(counts).flatMap(([state, count]) => (count === 0 ? [] : [[`${name} ${state}`, count] as const])),
  )
  assert.deepEqual(Object.fromEntries(counted), listed)
}

describe('the counts of what has ended', () => {
  test('stay right as more ends, runs again and is forgotten', async t => {
    const queue = await bed(t)
    const run = async (n: number, name: string): Promise<void> => {
      const jobs = await Promise.all(
        Array.from({ length: n }, (_, at) =>
          queue.submit(call(at % 3 === 0 ? fails : fine, at).with({ id: `${name}-${at}`, queue: name })),
        ),
      )
      await Promise.allSettled(jobs.map(job => job.result()))
    }
    await run(20, 'a')
    await compared(queue)
    await run(20, 'b')
    await compared(queue)
    await queue.retry(['a-0', 'a-1', 'b-3'])
    await Promise.allSettled(['a-0', 'a-1', 'b-3'].map(async id => (await queue.job(id))?.result()))
    await compared(queue)
    await queue.purge({ ids: ['a-1', 'a-2', 'b-6'] })
    await compared(queue)
    await queue.submit(call(fine, 1).with({ id: 'late', delay: '1h' }))
    await queue.cancel('late')
    await compared(queue)
    await queue.purge({ states: ['failed'] })
    await compared(queue)
    await queue.purge({})
    await compared(queue)
    await run(5, 'a')
    await compared(queue)
  })

  test('are right with more tasks than are counted side by side, and with keys that outlive their jobs', async t => {
    const queue = await bed(t)
    for (let at = 0; at < 45; at++) {
      const job = await queue.submit(
        call(fine, at).with({ queue: at % 2 ? 'a' : 'b', unique: { key: `k${at}`, for: '1h' } }),
      )
      await job.result()
    }
    await compared(queue)
    const many = Array.from({ length: 45 }, (_, at) => `counts-${at}`)
    for (const name of many) await queue.submit(call(fine, 1).with({ queue: name, delay: '1h' }))
    await queue.cancel((await queue.jobs({ states: ['delayed'], limit: 1_000 })).map(({ id }) => id))
    await compared(queue)
    await (await queue.submit(call(fine, 1).with({ queue: 'a' }))).result()
    await compared(queue)
  })
})
