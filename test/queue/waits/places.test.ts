import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type SkeinEvent } from 'skein'
import { type DurableQueue, queueIn, type QueueWorker, work, type WorkOptions } from 'skein/queue'
import type { InspectableStore } from 'skein/stores'
import { memoryStore } from 'skein/stores/memory'
import { sqliteStore } from 'skein/stores/sqlite'
import { inFolder } from '../../stores/sqlite/folder.ts'
import { jobWhen } from '../worker/rig.ts'
import * as tasks from './tasks.ts'

async function withWorker(
  store: InspectableStore,
  options: Pick<WorkOptions, 'on' | 'concurrency' | 'workers'>,
  body: (queue: DurableQueue, worker: QueueWorker) => Promise<void>,
): Promise<void> {
  const queue = queueIn(store)
  const worker = await work({ store, tasks: tasks.all, ...options })
  try {
    await body(queue, worker)
  } finally {
    await worker.close({ timeout: 0 })
    await queue.close()
    await store.close()
  }
}

for (const on of ['loop', 'threads', 'processes'] as const) {
  const one = on === 'loop' ? {} : { workers: 1 }
  describe(`durable waits of tasks on ${on}, in a file`, () => {
    inFolder('give the place back, and go on with what was waited for', async file => {
      const store = await sqliteStore(`sqlite:${file}`)
      await withWorker(store, { on, concurrency: 1, ...one }, async queue => {
        // One place: the second could not run while the first takes it.
        const [first, second] = [await queue.submit(tasks.asks, 'word'), await queue.submit(tasks.asks, 'word')]
        const held = await jobWhen(store, first.id, job => job.state === 'held')
        assert.equal(held.after, `job:${first.id}`)
        await jobWhen(store, second.id, job => job.state === 'held')
        await queue.signal(first.id, 'word', new Set([1]))
        await queue.signal(second.id, 'word', 2)
        assert.deepEqual(await first.result(), new Set([1]))
        assert.equal(await second.result(), 2)
        assert.equal((await second.status()).attempt, 1)
      })
    })

    inFolder('call others, and have their results and their errors', async file => {
      const store = await sqliteStore(`sqlite:${file}`)
      await withWorker(store, { on, concurrency: 1, ...one }, async queue => {
        const [both, fails] = [await queue.submit(tasks.doubles, 3), await queue.submit(tasks.insists, 7)]
        assert.deepEqual(await both.result(), [6, 8])
        await assert.rejects(fails.result(), { name: 'NonRetryableError', message: 'no 7' })
      })
    })

    inFolder('are over on the spot while a step is being worked on, and when they are short', async file => {
      const store = await sqliteStore(`sqlite:${file}`)
      await withWorker(store, { on, concurrency: 2, ...one }, async queue => {
        const [works, sleeps] = [await queue.submit(tasks.works), await queue.submit(tasks.sleeps, 20)]
        for await (const _line of works.logs()) break
        await queue.signal(works.id, 'word', 'x')
        assert.equal(await works.result(), 'x, long')
        assert.equal(await sleeps.result(), 'awake')
        for (const { id } of [works, sleeps]) {
          const turns = (await store.results.reports(id, 0)).filter(({ kind }) => kind === 'state')
          assert.deepEqual(turns, [], 'neither has given its place back')
        }
      })
    })
  })
}

describe('a worker whose jobs wait', () => {
  test('says what for, and tells of a task that goes on although it was to give its place back', async () => {
    const store = memoryStore()
    await withWorker(store, { on: 'loop' }, async (queue, worker) => {
      const events: SkeinEvent[] = []
      const told = new Promise<void>(resolve =>
        worker.observe(event => {
          events.push(event)
          if (event.type === 'released') resolve()
        }),
      )
      const job = await queue.submit(tasks.swallows)
      await told
      const released = events.find(each => each.type === 'released')
      assert.deepEqual(released?.type === 'released' && released.waits, [`waiting for signal 'word'`])
      const log = events.find(each => each.type === 'log')
      assert.match(log?.type === 'log' ? log.text : '', /The task has returned although its job waits/)
      await queue.signal(job.id, 'word', 'heard')
      assert.equal(await job.result(), 'heard')
      assert.equal(worker.stats().running, 0)
    })
  })
})
