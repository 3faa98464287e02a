import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { call, type Call, current, loop, task } from 'skein'
import { type DurableQueue, queueIn, submitNext, thisJob, work, type WorkOptions } from 'skein/queue'
import type { InspectableStore } from 'skein/stores'
import { memoryStore } from 'skein/stores/memory'
import { sqliteStore } from 'skein/stores/sqlite'
import { testQueue } from 'skein/testing'
import { inFolder } from '../../stores/sqlite/folder.ts'

const last = task(import.meta, function last(word: string) {
  return `last ${word}`
})

/** Asks for the next one and then ends as it is told to. */
const first = task(import.meta, async function first(how: string) {
  const s = current()
  const id = await submitNext(s, last, `${how} ${s.attempt}`)
  if (how === 'fails') throw new Error('no')
  if (how === 'fails once' && s.attempt === 1) throw new Error('once')
  if (how === 'is stopped') await s.sleep('1h')
  return id
})

const many = task(import.meta, async function many(count: number) {
  const s = current()
  for (let i = 0; i < count; i++) await submitNext(s, call(last, String(i)).with({ queue: 'other', id: `next-${i}` }))
})

const inStep = task(import.meta, async function inStep(where: 'in it' | 'beside it' | 'after one that failed') {
  const s = current()
  if (where === 'after one that failed') {
    await s.step('a', () => Promise.reject(new Error('no'))).catch(() => {})
    return submitNext(s, last, 'after')
  }
  return s.step('a', inner => submitNext(where === 'in it' ? inner : s, last, 'x'))
})

const wrong = task(import.meta, async function wrong(what: 'signal' | 'function' | 'large') {
  const calls: Record<typeof what, () => Call<string>> = {
    signal: () => call(last, 'x').with({ signal: new AbortController().signal }),
    function: () => call(last, (() => 'x') as never),
    large: () => call(last, 'x'.repeat(20_000)),
  }
  return submitNext(current(), calls[what]())
})

const later = task(import.meta, async function later() {
  const s = current()
  const { queue } = await thisJob(s)
  await submitNext(s, call(last, queue).with({ id: 'later', delay: '1h', expires: '2h', priority: 3 }))
})

const graph = task(import.meta, async function graph() {
  return submitNext(current(), call(last, call(last, call(last, 'x').with({ queue: 'other' }))))
})

const tasks = [last, first, many, inStep, wrong, later, graph]

const stores: Readonly<Record<string, (file: string) => Promise<InspectableStore>>> = {
  'in memory': async () => memoryStore({ maxBytes: 10_000 }),
  'in a file': file => sqliteStore(`sqlite:${file}`, { maxBytes: 10_000 }),
}

for (const [where, open] of Object.entries(stores)) {
  describe(`what a job of a store ${where} submits when it is done`, () => {
    const on = (
      title: string,
      body: (queue: DurableQueue, store: InspectableStore) => Promise<void>,
      options: Partial<WorkOptions> = {},
    ): void =>
      inFolder(title, async file => {
        const store = await open(file)
        const queue = queueIn(store)
        const worker = await work({ store, tasks, on: 'loop', ...options } as WorkOptions)
        try {
          await body(queue, store)
        } finally {
          await worker.close({ timeout: 0 })
          await queue.close({ cancel: true })
          await store.close()
        }
      })
    const others = async (queue: DurableQueue): Promise<unknown[]> =>
      (await queue.jobs({ task: 'submit-next.test.last' })).map(job => job.args?.[0])

    on('is there under the id that the task was told, with its result', async queue => {
      const id = await queue.run(first, 'ends well')
      assert.equal(await (await queue.job(id))?.result(), 'last ends well 1')
      assert.deepEqual(await others(queue), ['ends well 1'])
    })

    on('is that of the attempt which has ended well, and of no other', async queue => {
      const again = call(first, 'fails once').with({ retries: { times: 2, backoff: 0 } })
      assert.equal(await (await queue.job(await queue.run(again)))?.result(), 'last fails once 2')
      assert.deepEqual(await others(queue), ['fails once 2'])
    })

    on('is nothing where it fails, or is cancelled', async queue => {
      await assert.rejects(queue.run(first, 'fails'), /no/)
      const job = await queue.submit(first, 'is stopped')
      for await (const event of job.events()) if (event.type === 'started') break
      await job.cancel()
      assert.deepEqual(await others(queue), [])
    })

    on('is in the order and under the ids that were asked for, in its own queue or another', async (queue, store) => {
      await queue.run(many, 500)
      const jobs = await store.inspector.list({ queue: 'other', limit: 1_000 })
      assert.deepEqual(
        jobs.map(job => job.id),
        Array.from({ length: 500 }, (_, i) => `next-${499 - i}`),
      )
    })

    on(
      'goes to the queue of the job, and has all other options of a call',
      async (queue, store) => {
        await queue.run(call(later).with({ queue: 'mails' }))
        const next = await store.inspector.find('later')
        assert.deepEqual([next?.queue, next?.state, next?.priority], ['mails', 'delayed', 3])
        const delay = (next?.dueAt ?? 0) - (next?.sentAt ?? 0)
        assert.ok(delay > 3_000_000 && delay <= 3_600_000, String(delay))
      },
      { queues: ['mails'] },
    )

    on(
      'may be a graph, of which each call goes to the queue of the job unless it names another',
      async queue => {
        const id = await queue.run(graph)
        assert.equal(await (await queue.job(id))?.result(), 'last last last x')
        assert.equal((await queue.job(`${id}#1`))?.name ?? 'gone', 'gone')
      },
      { queues: ['default', 'other'] },
    )

    on('cannot be asked for in a step, which a later attempt does not do again', async queue => {
      const refused = { code: 'SKEIN_INVALID_ARGUMENT', message: /while step 'a' is being worked on/ }
      await assert.rejects(queue.run(inStep, 'in it'), refused)
      await assert.rejects(queue.run(inStep, 'beside it'), refused)
      assert.equal(await (await queue.job(await queue.run(inStep, 'after one that failed')))?.result(), 'last after')
    })

    on('is refused where it asks for what cannot be', async queue => {
      await assert.rejects(queue.run(wrong, 'signal'), {
        code: 'SKEIN_INVALID_ARGUMENT',
        message: /A signal cannot go/,
      })
      await assert.rejects(queue.run(wrong, 'function'), { code: 'SKEIN_UNSENDABLE' })
      await assert.rejects(queue.run(wrong, 'large'), {
        code: 'SKEIN_STORE_REFUSED',
        message: /which was to follow it/,
      })
      assert.deepEqual(await others(queue), [])
    })

    for (const place of ['threads', 'processes'] as const) {
      on(
        `is the same where tasks run on ${place}`,
        async queue => {
          const id = await queue.run(first, 'ends well')
          assert.equal(await (await queue.job(id))?.result(), 'last ends well 1')
          await assert.rejects(queue.run(inStep, 'beside it'), /while step 'a' is being worked on/)
        },
        { on: place, workers: 1 },
      )
    }
  })
}

describe('submitNext', () => {
  test('is refused where no worker of a queue runs the task', async () => {
    await assert.rejects(loop.run(first, 'ends well'), {
      code: 'SKEIN_INVALID_ARGUMENT',
      message: /only in a task that a worker of a queue runs/,
    })
  })

  for (const at of ['after-effect', 'before-ack', 'during-ack', 'after-ack'] as const) {
    test(`is done once where the worker dies ${at}`, async () => {
      const bed = await testQueue({ tasks })
      const job = await bed.queue.submit(first, 'ends well')
      bed.crash.at(at)
      await bed.drain()
      assert.equal(bed.crash.count, 1)
      const next = await bed.queue.jobs({ task: 'submit-next.test.last' })
      assert.deepEqual(
        next.map(each => each.id),
        [await job.result()],
      )
      await bed.close()
    })
  }
})
