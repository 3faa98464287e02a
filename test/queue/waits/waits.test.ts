import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { call, type SkeinEvent } from 'skein'
import { type CrashLabel, testQueue, type TestQueue } from 'skein/testing'
import * as tasks from './tasks.ts'

const day = 86_400_000

/** A queue on a clock of its own, as the tests use it. */
interface Bench extends Pick<TestQueue, 'queue' | 'clock' | 'crash'> {
  drain(): Promise<void>
  readonly waitFor: TestQueue['waitFor']
}

async function withQueue(body: (bench: Bench) => Promise<void>): Promise<void> {
  const bed = await testQueue({ tasks: tasks.all })
  const { queue, clock, crash } = bed
  tasks.done.length = 0
  try {
    await body({
      queue,
      clock,
      crash,
      drain: () => bed.drain({ limit: '400d' }),
      waitFor: (job, state) => bed.waitFor(job, state),
    })
  } finally {
    await bed.close()
  }
}

describe('a job that sleeps', () => {
  test('is a row in the store meanwhile, and goes on when the time is over', () =>
    withQueue(async ({ queue, clock, drain, waitFor }) => {
      const began = clock.now()
      const job = await queue.submit(tasks.sleeps, 30 * day)
      const status = await waitFor(job, 'delayed')
      assert.equal(status.dueAt - began, 30 * day)
      assert.deepEqual(status.waits, [{ kind: 'sleep', name: 'a while', until: began + 30 * day }])
      assert.equal((await queue.storeStats()).queues[0]?.counts.running, 0)
      await drain()
      assert.equal(await job.result(), 'awake')
      assert.equal(clock.now() - began, 30 * day)
      assert.equal((await job.status()).attempt, 1)
    }))
})

describe('a job with three steps, a sleep and an approval', () => {
  test('does each step once, and returns what it was told', () =>
    withQueue(async ({ queue, clock, drain, waitFor }) => {
      const job = await queue.submit(tasks.order, 'book')
      await waitFor(job, 'held')
      assert.deepEqual(tasks.done, ['reserve book', 'charge book'])
      await queue.signal(job.id, 'approval', { by: 'Ada' })
      await drain()
      assert.deepEqual(await job.result(), ['reserve book', 'charge book', 'send book, Ada', 'Ada'])
      assert.deepEqual(tasks.done, ['reserve book', 'charge book', 'send book, Ada'])
      assert.ok(clock.now() >= 30 * day)
    }))

  test('takes an approval that came before it waited, and the first of two', () =>
    withQueue(async ({ queue, drain }) => {
      const job = await queue.submit(tasks.order, 'book')
      await queue.signal(job.id, 'approval', { by: 'Ada' })
      await queue.signal(job.id, 'approval', { by: 'Grace' })
      await queue.signal(job.id, 'other', 1)
      await drain()
      assert.equal((await job.result())[3], 'Ada')
    }))

  test('goes on without one when nobody has answered in time, and stays so', () =>
    withQueue(async ({ queue, clock, drain }) => {
      const began = clock.now()
      const job = await queue.submit(tasks.order, 'book')
      await drain()
      assert.equal((await job.result())[3], 'nobody')
      assert.equal(clock.now() - began, 33 * day)
      await assert.rejects(queue.signal(job.id, 'approval', { by: 'Ada' }), { code: 'SKEIN_JOB_ENDED' })
      await assert.rejects(queue.signal('nobody', 'approval'), { code: 'SKEIN_JOB_GONE' })
      await assert.rejects(queue.signal(job.id, ''), { code: 'SKEIN_INVALID_ARGUMENT' })
    }))

  test('takes back what it has done, backwards, when it is declined', () =>
    withQueue(async ({ queue, drain }) => {
      const job = await queue.submit(tasks.order, 'book')
      await queue.signal(job.id, 'approval', { by: 'Ada', declined: true })
      await drain()
      await assert.rejects(job.result(), /declined by Ada/)
      assert.deepEqual(tasks.done, ['reserve book', 'charge book', 'refund book', 'release book'])
    }))

  /** How often each point is passed when nobody dies. */
  const passages = {
    approved: { 'after-claim': 2, 'mid-run': 6, 'after-effect': 1, 'before-ack': 2, 'during-ack': 2, 'after-ack': 2 },
    declined: { 'after-claim': 3, 'mid-run': 7, 'before-ack': 3, 'during-ack': 3, 'after-ack': 3 },
  } as const
  for (const [answer, points] of Object.entries(passages)) {
    for (const [label, passed] of Object.entries(points) as [Exclude<CrashLabel, 'during-renew'>, number][]) {
      for (let time = 1; time <= passed; time++) {
        test(`comes to the same end when it is ${answer} and its worker dies at ${label}, the ${time}. time`, () =>
          withQueue(async ({ queue, crash, drain }) => {
            crash.at(label, { time })
            const job = await queue.submit(tasks.order, 'book')
            await queue.signal(job.id, 'approval', { by: 'Ada', declined: answer === 'declined' })
            await drain()
            assert.equal(crash.count, 1)
            // A part that was being worked on when the worker died is worked on again, and so stands there twice.
            const parts = tasks.done.filter((part, at, all) => part !== all[at - 1])
            if (answer === 'declined') {
              await assert.rejects(job.result(), /declined by Ada/)
              assert.deepEqual(parts, ['reserve book', 'charge book', 'refund book', 'release book'])
            } else {
              assert.deepEqual(await job.result(), ['reserve book', 'charge book', 'send book, Ada', 'Ada'])
              assert.deepEqual(parts, ['reserve book', 'charge book', 'send book, Ada'])
            }
            assert.equal((await queue.storeStats()).queues[0]?.counts.held, 0)
          }))
      }
    }
  }
})

describe('a job that waits for a signal', () => {
  test('can be cancelled', () =>
    withQueue(async ({ queue, waitFor }) => {
      const job = await queue.submit(tasks.asks, 'word')
      const status = await waitFor(job, 'held')
      assert.deepEqual(status.waits, [{ kind: 'signal', name: 'word' }])
      await job.cancel('enough')
      await assert.rejects(job.result(), { code: 'SKEIN_CANCELLED', reason: 'enough' })
    }))

  test('gets any value that can be an argument', () =>
    withQueue(async ({ queue, drain }) => {
      const jobs = await Promise.all([1, 2, 3].map(() => queue.submit(tasks.asks, 'word')))
      await queue.signal(jobs[0]!.id, 'word', new Map([[1n, new Date(5)]]))
      await queue.signal(jobs[1]!.id, 'word')
      await queue.signal(jobs[2]!.id, 'word', [Number.NaN, -Infinity])
      await drain()
      assert.deepEqual(await jobs[0]!.result(), new Map([[1n, new Date(5)]]))
      assert.equal(await jobs[1]!.result(), undefined)
      assert.deepEqual(await jobs[2]!.result(), [Number.NaN, -Infinity])
    }))

  test('is told of when it gives its place back', () =>
    withQueue(async ({ queue, drain, waitFor }) => {
      const job = await queue.submit(tasks.asks, 'word')
      await waitFor(job, 'held')
      await queue.signal(job.id, 'word', 1)
      await drain()
      const events: SkeinEvent[] = []
      for await (const event of job.events()) events.push(event)
      assert.deepEqual(
        events.map(({ type }) => type),
        ['submitted', 'started', 'released', 'started', 'ended'],
      )
    }))

  test('waits on when its function swallows the cancellation', () =>
    withQueue(async ({ queue, drain, waitFor }) => {
      const job = await queue.submit(tasks.swallows)
      await waitFor(job, 'held')
      await queue.signal(job.id, 'word', 'heard')
      await drain()
      assert.equal(await job.result(), 'heard')
    }))
})

describe('a job that waits, as jobs are', () => {
  test('gives back its place in a limit, and takes another one when it goes on', () =>
    withQueue(async ({ queue, drain, waitFor }) => {
      const limit = { key: 'one', concurrency: 1 }
      const jobs = []
      for (let n = 0; n < 3; n++) jobs.push(await queue.submit(call(tasks.asks, 'word').with({ limit })))
      for (const job of jobs) await waitFor(job, 'held')
      for (const [n, { id }] of jobs.entries()) await queue.signal(id, 'word', n)
      await drain()
      assert.deepEqual(await Promise.all(jobs.map(job => job.result())), [0, 1, 2])
    }))

  test('keeps its unique key', () =>
    withQueue(async ({ queue, waitFor }) => {
      const job = await queue.submit(call(tasks.asks, 'word').with({ unique: 'order 7' }))
      await waitFor(job, 'held')
      const again = call(tasks.asks, 'word').with({ unique: { key: 'order 7', conflict: 'join' } })
      assert.equal((await queue.submit(again)).id, job.id)
    }))

  test('does not expire any more, and has no longer than its deadline', () =>
    withQueue(async ({ queue, clock, drain, waitFor }) => {
      const began = clock.now()
      const begun = await queue.submit(call(tasks.sleeps, 2 * day).with({ expires: '1h' }))
      const late = await queue.submit(call(tasks.asks, 'word').with({ deadline: '1d' }))
      await waitFor(late, 'held')
      await drain()
      assert.equal(await begun.result(), 'awake')
      await assert.rejects(late.result(), { code: 'SKEIN_TIMEOUT' })
      const { endedAt = 0 } = await late.status()
      assert.equal(endedAt - began, day)
    }))

  test('has its timeout for each run, not for what it waits', () =>
    withQueue(async ({ queue, drain }) => {
      const job = await queue.submit(call(tasks.sleeps, 30 * day).with({ timeout: '10s' }))
      await drain()
      assert.equal(await job.result(), 'awake')
    }))

  test('may be a task that yields values, which come once each', async () => {
    await using bed = await testQueue({ tasks: tasks.all, auto: true })
    const values: string[] = []
    for await (const value of bed.queue.stream(tasks.tells, 3)) values.push(value)
    assert.deepEqual(values, ['0', '1', '2'])
    assert.equal((await bed.queue.jobs())[0]?.attempt, 1)
  })
})

describe('a job that calls others', () => {
  test('may call a whole graph', () =>
    withQueue(async ({ queue, drain }) => {
      const job = await queue.submit(tasks.graph, 5)
      await drain()
      assert.equal(await job.result(), 40)
    }))

  test('waits for their results, and theirs', () =>
    withQueue(async ({ queue, drain, waitFor }) => {
      const job = await queue.submit(tasks.adds, 3)
      const { waits = [] } = await waitFor(job, 'held')
      assert.deepEqual(waits.at(-1), { kind: 'call', name: 'two', id: `${job.id}/1/two` })
      await drain()
      assert.equal(await job.result(), 12)
      const jobs = await queue.jobs()
      assert.deepEqual(jobs.map(({ id, task, state }) => `${id.replace(job.id, 'job')} ${task} ${state}`).sort(), [
        'job tasks.adds done',
        'job/0/one waits.double done',
        'job/1/two tasks.nested done',
        'job/1/two/0/inner waits.double done',
      ])
    }))

  test('has the result of each, also of one with an id of its own that looks like that of another', () =>
    withQueue(async ({ queue, drain }) => {
      const job = await queue.submit(call(tasks.names, 'mine').with({ id: 'mine' }))
      await drain()
      assert.deepEqual(await job.result(), [2, 4, 6])
    }))

  test('takes them with it when it is cancelled', () =>
    withQueue(async ({ queue, waitFor }) => {
      const job = await queue.submit(tasks.adds, 3)
      await waitFor(job, 'held')
      await waitFor(`${job.id}/1/two`, 'delayed')
      await job.cancel('enough')
      await waitFor(`${job.id}/1/two`, 'cancelled')
      await assert.rejects(job.result(), { reason: 'enough' })
    }))

  test('may catch their errors, which stay the same when it goes on after another wait', () =>
    withQueue(async ({ queue, drain }) => {
      const job = await queue.submit(tasks.catches, 7)
      await drain()
      assert.deepEqual(await job.result(), ['a: NonRetryableError no 7 undefined', 'b: Error failed NaN'])
      assert.deepEqual(tasks.done, ['fails 7 in attempt 1', 'failed'])
    }))

  test('may be very many, of which each is sent once', () =>
    withQueue(async ({ queue, drain }) => {
      const job = await queue.submit(tasks.sums, 500)
      await drain()
      assert.equal(await job.result(), 249_500)
      assert.equal((await queue.jobs({ limit: 2_000 })).length, 501)
    }))

  test('sends one anew that has failed, when it is tried again itself, and by hand', () =>
    withQueue(async ({ queue, drain }) => {
      const job = await queue.submit(call(tasks.insists, 7).with({ retries: { times: 1, backoff: '1s' } }))
      await drain()
      await assert.rejects(job.result(), { name: 'NonRetryableError', message: 'no 7' })
      const once = tasks.done.filter(each => each.startsWith('fails')).length
      await queue.retry(job.id)
      await drain()
      assert.equal(tasks.done.filter(each => each.startsWith('fails')).length, once + 1)
    }))
})

describe('another attempt', () => {
  test('begins anew what has failed before it, also where it waits for something else first', () =>
    withQueue(async ({ queue, clock, drain }) => {
      const began = clock.now()
      const job = await queue.submit(call(tasks.keepsAsking).with({ retries: { times: 1, backoff: '1s', jitter: 0 } }))
      await drain()
      assert.deepEqual(await job.result(), ['done', 'TimeoutError'])
      assert.equal(clock.now() - began, day + 1_000 + 3_600_000 + day)
    }))
})

describe('waits and steps side by side', () => {
  for (const [what, kind, apart, runs] of [
    ['calls', 'call', 0, 2],
    ['signals', 'signal', 0, 2],
    ['sleeps', 'sleep', 0, 2],
    ['sleeps that end one after the other', 'sleep', 60_000, 51],
  ] as const) {
    test(`of fifty ${what}, all are taken in one run that are over when it has its place: ${runs} runs at most`, () =>
      withQueue(async ({ queue, drain, waitFor }) => {
        const job = await queue.submit(tasks.waitsForAll, kind, 50, apart)
        if (kind === 'signal') {
          await waitFor(job, 'held')
          await Promise.all(Array.from({ length: 50 }, (_, n) => queue.signal(job.id, `number ${n}`)))
        }
        await drain()
        assert.equal(await job.result(), 50)
        assert.ok(tasks.done.length <= runs, `${tasks.done.length} runs`)
      }))
  }

  test('go on one by one, each when it is over', () =>
    withQueue(async ({ queue, drain, waitFor }) => {
      const job = await queue.submit(tasks.sideBySide)
      const { waits = [] } = await waitFor(job, 'held')
      assert.equal(waits.length, 3)
      await queue.signal(job.id, 'word', 'x')
      await drain()
      assert.deepEqual(await job.result(), ['quick', 'after one hour', 'after x', 'two hours'])
      assert.deepEqual(
        tasks.done.filter(each => each !== 'begins'),
        ['quick', 'after x', 'after one hour', 'two hours'],
      )
      assert.equal(tasks.done.filter(each => each === 'begins').length, 4)
    }))

  test('a wait is over in the place where a step is still being worked on', () =>
    withQueue(async ({ queue, drain, waitFor }) => {
      const job = await queue.submit(tasks.works)
      const drained = drain()
      for await (const _line of job.logs()) break
      await queue.signal(job.id, 'word', 'x')
      await drained
      assert.equal(await job.result(), 'x, long')
      assert.equal((await waitFor(job, 'done')).attempt, 1)
    }))
})

describe('a wait that makes no sense', () => {
  for (const [what, message] of [
    ['twice', /begun twice/],
    ['in a step', /inside another one/],
    ['name', /needs a name/],
    ['half', /half of a character/],
    ['step', /half of a character/],
    ['cut', /the code 0/],
    ['record', /may not begin with/],
    ['signal', /abort signal/],
  ] as const) {
    test(`is refused: ${what}`, () =>
      withQueue(async ({ queue, drain }) => {
        const job = await queue.submit(tasks.wrong, what)
        await drain()
        await assert.rejects(job.result(), { code: 'SKEIN_INVALID_ARGUMENT', message })
      }))
  }

  test('is refused when an earlier version of the program began it as another kind', () =>
    withQueue(async ({ queue, drain, waitFor }) => {
      tasks.deploy(1)
      const job = await queue.submit(tasks.changes)
      await waitFor(job, 'delayed')
      tasks.deploy(2)
      await drain()
      await assert.rejects(job.result(), { code: 'SKEIN_INVALID_ARGUMENT', message: /begun as a sleep/ })
    }))
})
