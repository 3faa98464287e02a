import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { call, CancelledError, type CallOptions, errorsOf, TimeoutError } from 'skein'
import { type DurableQueue, queueIn, work, type WorkOptions } from 'skein/queue'
import { type InspectableStore, together } from 'skein/stores'
import { memoryStore } from 'skein/stores/memory'
import { sqliteStore } from 'skein/stores/sqlite'
import { type TestQueue, testQueue } from 'skein/testing'
import { messageOf } from '#skein/core/errors/foreign.js'
import { openDriver } from '#skein/stores/sqlite/file/driver.js'
import { linesOf } from '../../conformance/files.ts'
import { inFolder } from '../../stores/sqlite/folder.ts'
import { jobWhen, logged } from './rig.ts'
import { asksForMore, contract, type End, inTables, journey, manySteps, stubborn, tasks } from './undo-tasks.ts'

const stores: Readonly<Record<string, (file: string) => Promise<InspectableStore>>> = {
  'in memory': async () => memoryStore(),
  'in a file': file => sqliteStore(`sqlite:${file}`),
}

const booked = ['attempt 1', 'book train', 'book hotel']
const cancelled = ['cancel hotel 1', 'cancel train 1']

for (const [where, open] of Object.entries(stores)) {
  describe(`the steps of a job of a store ${where}`, () => {
    interface Bed {
      readonly queue: DurableQueue
      readonly store: InspectableStore
      readonly notes: string
      readonly file: string
      /** Runs a journey to its end, and returns the error with which it has ended. */
      travel(end: End, options?: CallOptions): Promise<unknown>
    }
    const on = (title: string, body: (bed: Bed) => Promise<void>, options: Partial<WorkOptions> = {}): void =>
      inFolder(title, async file => {
        const store = await open(file)
        const queue = queueIn(store)
        const notes = `${file}.notes`
        const worker = await work({ store, tasks, on: 'loop', ...options } as WorkOptions)
        const travel = (end: End, given: CallOptions = {}): Promise<unknown> =>
          queue.run(call(journey, notes, end).with(given)).catch((error: unknown) => error)
        try {
          await body({ queue, store, notes, file, travel })
        } finally {
          await worker.close({ timeout: 0 })
          await queue.close({ cancel: true })
          await store.close()
        }
      })

    for (const place of ['loop', 'threads', 'processes'] as const) {
      on(
        `are undone when it fails for good, in a run that does nothing else (${place})`,
        async ({ travel, notes, queue }) => {
          const error = await travel('fails')
          assert.deepEqual([error instanceof RangeError, messageOf(error)], [true, 'no money'])
          assert.deepEqual(linesOf(notes), [...booked, 'attempt 2', ...cancelled])
          const [job] = await queue.jobs()
          assert.deepEqual([job?.state, job?.attempt], ['failed', 2])
        },
        { on: place },
      )
    }

    on('stay while another attempt follows', async ({ travel, notes }) => {
      const error = await travel('fails twice', { retries: { times: 2, backoff: 0 } })
      assert.equal(messageOf(error), 'no money')
      assert.deepEqual(linesOf(notes), [...booked, 'attempt 2', 'attempt 3', 'attempt 4', ...cancelled])
    })

    on('stay when it is done', async ({ travel, notes }) => {
      assert.deepEqual(await travel('well'), ['train 1', 'hotel 1'])
      assert.deepEqual(linesOf(notes), [...booked, 'pay'])
    })

    on('are undone when its result cannot be kept', async ({ travel, notes }) => {
      assert.equal(((await travel('cannot be kept')) as { code?: string }).code, 'SKEIN_UNSENDABLE')
      assert.deepEqual(linesOf(notes).slice(-2), cancelled)
    })

    on('are undone also if the run that is for that ends well, and the job has failed', async ({ travel, notes }) => {
      assert.equal(messageOf(await travel('hides what has failed')), 'no money')
      assert.deepEqual(linesOf(notes), [...booked, 'attempt 2', ...cancelled])
    })

    on('are undone when it is cancelled while it runs, and the reason stays', async ({ queue, store, notes }) => {
      const job = await queue.submit(journey, notes, 'waits')
      await logged(store, job.id)
      await job.cancel({ why: 'ill' })
      await assert.rejects(
        job.result(),
        error => error instanceof CancelledError && (error.reason as { why: string }).why === 'ill',
      )
      assert.deepEqual(linesOf(notes).slice(-2), cancelled)
      assert.equal((await store.inspector.find(job.id))?.state, 'cancelled')
    })

    on('are undone when it is cancelled while it waits for another attempt', async ({ queue, store, notes }) => {
      const again = { retries: { times: 1, backoff: '1h' } } as const
      const job = await queue.submit(call(journey, notes, 'fails').with(again))
      await jobWhen(store, job.id, ({ state }) => state === 'delayed')
      await job.cancel('ill')
      await assert.rejects(job.result(), { code: 'SKEIN_CANCELLED', reason: 'ill' })
      assert.deepEqual(linesOf(notes), [...booked, 'attempt 2', ...cancelled])
    })

    on('are undone when its time is over', async ({ travel, notes }) => {
      assert.ok((await travel('waits', { deadline: 300 })) instanceof TimeoutError)
      assert.deepEqual(linesOf(notes).slice(-2), cancelled)
    })

    on('are undone when a run takes too long, and have time for that', async ({ travel, notes }) => {
      const error = await travel('waits', { timeout: 100 })
      assert.ok(error instanceof TimeoutError)
      assert.deepEqual(linesOf(notes).slice(-2), cancelled)
    })

    on(
      'are undone each, and what cannot be is told beside the error and in the log',
      async ({ queue, notes, store }) => {
        const error: unknown = await queue.run(stubborn, notes).catch((error: unknown) => error)
        assert.deepEqual(linesOf(notes), ['last is undone in run 3', 'first is undone'])
        assert.deepEqual(errorsOf(error).map(messageOf), ['no money', 'too late'])
        assert.ok(errorsOf(error)[1] instanceof TypeError)
        const [{ id } = { id: '' }] = await queue.jobs()
        const reports = await store.results.reports(id, 0)
        assert.deepEqual(
          reports
            .filter(({ kind }) => kind === 'undone')
            .map(({ value }) => {
              const { name, value: failure } = JSON.parse(value) as {
                name: string
                value: { exc_message: string[] } | null
              }
              return [name, failure?.exc_message[0]]
            }),
          [
            ['last', undefined],
            ['never', 'too late'],
            ['first', undefined],
          ],
        )
      },
    )

    on(
      'are undone once each, though the process dies in between',
      async ({ travel, notes }) => {
        assert.equal(messageOf(await travel('dies while it undoes')), 'no money')
        // The undo of the hotel had not been kept when its process died.
        assert.deepEqual(linesOf(notes), [
          ...booked,
          'attempt 2',
          'cancel hotel 1',
          'attempt 3',
          'cancel hotel 1',
          'cancel train 1',
        ])
      },
      { on: 'processes', workers: 1 },
    )

    on('that were undone are done again when it is made to run by hand', async ({ travel, notes, queue }) => {
      await travel('fails')
      const [{ id } = { id: '' }] = await queue.jobs()
      assert.deepEqual(await queue.retry(id), ['ready'])
      await assert.rejects(async () => (await queue.job(id))?.result(), { message: 'no money' })
      assert.deepEqual(linesOf(notes).slice(6), [...booked, 'attempt 2', ...cancelled])
    })

    on('are refused what another run could not find again', async ({ queue }) => {
      for (const [what, message] of [
        ['a step', /'more' was begun inside another one, 'book'/],
        ['a call', /submitNext was called while step 'book' is being worked on/],
      ] as const) {
        const error: unknown = await queue.run(asksForMore, what).catch((error: unknown) => error)
        assert.match(messageOf(errorsOf(error)[1]) ?? '', message)
      }
    })

    on('are told in the log if they are gone in the attempt that is done', async ({ queue, store, notes }) => {
      const again = { retries: { times: 1, backoff: 0 } }
      assert.deepEqual(await queue.run(call(journey, notes, 'forgets').with(again)), [])
      const [{ id } = { id: '' }] = await queue.jobs()
      const lines = (await store.results.reports(id, 0)).filter(({ kind }) => kind === 'log')
      assert.deepEqual(
        lines.map(({ value }) => (JSON.parse(value) as { fields: unknown }).fields),
        [{ steps: ['train', 'hotel'], count: 2 }],
      )
    })

    // Each is a commit of its own, which in a file takes its time.
    const many = where === 'in memory' ? 10_000 : 300
    on(`may be ${many}`, async ({ queue }) => {
      await assert.rejects(queue.run(manySteps, many), { message: 'once' })
    })

    if (where === 'in a file') {
      on('commit an effect of their undo with it', async ({ queue, file }) => {
        const driver = await openDriver(file)
        driver.exec('CREATE TABLE booked (thing TEXT)')
        await assert.rejects(queue.run(inTables), { message: 'no money' })
        assert.deepEqual(driver.prepare('SELECT * FROM booked').all(), [])
        driver.close()
      })
    }
  })
}

describe('on the clock of a test', () => {
  const on = (title: string, body: (bed: TestQueue, notes: string) => Promise<void>): void =>
    inFolder(title, async file => {
      const bed = await testQueue({ tasks })
      try {
        await body(bed, `${file}.notes`)
      } finally {
        await bed.close()
      }
    })

  on('a run that does not come to the steps is made again, and then says so', async (bed, notes) => {
    const job = await bed.queue.submit(journey, notes, 'comes to nothing')
    await bed.drain()
    const error: unknown = await job.result().catch((error: unknown) => error)
    const [first, second] = errorsOf(error) as { code?: string; message: string; cause?: Error }[]
    assert.deepEqual(
      [first?.message, second?.code, second?.cause?.message],
      ['no money', 'SKEIN_NOT_UNDONE', 'the connection is gone'],
    )
    assert.match(second?.message ?? '', /Steps 'train', 'hotel' of job/)
    assert.deepEqual(linesOf(notes), [...booked, 'attempt 2', 'attempt 3', 'attempt 4'])
  })

  on('a month of sleep and an approval lie between the steps and their undo', async (bed, notes) => {
    const job = await bed.queue.submit(contract, notes, false)
    await bed.queue.signal(job.id, 'approval', { ok: true })
    await bed.drain()
    await assert.rejects(job.result(), { message: 'no money' })
    assert.deepEqual(linesOf(notes), ['reserve', 'invite', 'sign true', 'tear up', 'send regrets', 'release'])
  })

  on('one that is cancelled in its sleep is undone at once, and waits for nothing more', async (bed, notes) => {
    const job = await bed.queue.submit(contract, notes, false)
    await bed.waitFor(job, 'delayed')
    const before = bed.clock.now()
    await bed.queue.cancel(job.id, 'changed my mind')
    await bed.drain()
    await assert.rejects(job.result(), { code: 'SKEIN_CANCELLED', reason: 'changed my mind' })
    assert.deepEqual(linesOf(notes), ['reserve', 'release'])
    assert.ok(bed.clock.now() - before < 60_000)
  })

  // The points that a job passes that fails.
  for (const label of ['after-claim', 'mid-run', 'before-ack', 'during-ack', 'after-ack'] as const) {
    on(
      `whichever worker dies ${label}, each step is undone, the last one first, and none is done again`,
      async (bed, notes) => {
        for (let passage = 1; passage <= 12; passage++) {
          const file = `${notes}.${passage}`
          const disarm = bed.crash.at(label, { time: passage })
          const job = await bed.queue.submit(contract, file, false)
          await bed.queue.signal(job.id, 'approval', { ok: true })
          await bed.drain()
          disarm()
          await assert.rejects(job.result(), { message: 'no money' })
          const lines = linesOf(file)
          // What had not been written when a worker died is done, or undone, once more.
          const once = lines.filter((line, at) => line !== lines[at - 1])
          assert.deepEqual(
            once,
            ['reserve', 'invite', 'sign true', 'tear up', 'send regrets', 'release'],
            `${label}, passage ${passage}: ${lines.join(', ')}`,
          )
        }
        assert.ok(bed.crash.count > 1, `${bed.crash.count} workers have died`)
      },
    )
  }

  on('one that nobody has approved in time is undone', async (bed, notes) => {
    const job = await bed.queue.submit(contract, notes, false)
    await bed.drain()
    await assert.rejects(job.result(), { code: 'SKEIN_TIMEOUT' })
    assert.deepEqual(linesOf(notes), ['reserve', 'invite', 'send regrets', 'release'])
  })

  on('one that is cancelled while it waits for another takes that with it, and is undone', async (bed, notes) => {
    const job = await bed.queue.submit(contract, notes, true)
    await bed.queue.signal(job.id, 'approval', { ok: true })
    const child = async (): Promise<string | undefined> =>
      (await bed.queue.jobs({ task: 'undo-tasks.waitsLong' }))[0]?.id
    while ((await child()) === undefined) await bed.drain({ limit: '10d' }).catch(() => {})
    await bed.queue.cancel(job.id, 'changed my mind')
    await bed.drain()
    await assert.rejects(job.result(), { code: 'SKEIN_CANCELLED', reason: 'changed my mind' })
    assert.deepEqual(linesOf(notes).slice(2), ['sign true', 'tear up', 'send regrets', 'release'])
    assert.equal((await bed.store.inspector.find((await child()) ?? ''))?.state, 'cancelled')
  })
})

test('where calls and results are kept apart a step that can be undone is refused', async () => {
  const store = together(memoryStore(), memoryStore())
  const queue = queueIn(store)
  const worker = await work({ store, tasks, on: 'loop' })
  try {
    await assert.rejects(queue.run(asksForMore, 'a step'), { code: 'SKEIN_STORE_UNSUPPORTED', message: /undo/ })
  } finally {
    await worker.close()
    await queue.close()
    await store.close()
  }
})
