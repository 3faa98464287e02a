import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CapacityLimiter, channel, type Job, Queue, RWLock, scope, type Scope } from 'skein'
import { lockers } from './lockers.ts'

/** What a random task does: how many turns it waits before it asks, and how many before it gives back. */
const task = fc.record({ before: fc.nat(3), inside: fc.nat(3), cancelAfter: fc.option(fc.nat(8), { nil: undefined }) })
const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise<void>(resolve => setImmediate(resolve))
}
const options = { numRuns: 25 }

/** Cancels some of the tasks at random moments, and waits until all have ended. */
async function disturb(jobs: readonly Job<unknown>[], tasks: readonly { readonly cancelAfter?: number | undefined }[]) {
  await Promise.all(
    jobs.map(async (job, index) => {
      const after = tasks[index]?.cancelAfter
      if (after !== undefined) {
        await turns(after)
        void job.cancel()
      }
      await job.result().catch(() => {})
    }),
  )
}

for (const [name, make] of Object.entries(lockers)) {
  test(`${name}: whatever is cancelled whenever, one is inside at a time, in the order of asking, and it is free at the end`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(task, { minLength: 1, maxLength: 8 }), async tasks => {
        const lock = make()
        const asked: number[] = []
        const served: number[] = []
        let inside = 0
        await scope(async s => {
          const jobs = tasks.map(({ before, inside: length }, index) =>
            s.spawn(async s => {
              await turns(before)
              s.checkpoint()
              asked.push(index)
              await lock.acquire(s)
              served.push(index)
              assert.equal(++inside, 1)
              await turns(length)
              inside--
              lock.release(s)
            }),
          )
          await disturb(jobs, tasks)
          assert.equal(lock.tryAcquire(s), true)
          lock.release(s)
        })
        assert.deepEqual(
          served,
          asked.filter(index => served.includes(index)),
        )
        for (const [index, { cancelAfter }] of tasks.entries()) {
          assert.ok(cancelAfter !== undefined || served.includes(index))
        }
      }),
      options,
    )
  })
}

test('RWLock: whatever is cancelled whenever, a writer is alone, and it is free at the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(task, fc.boolean()), { minLength: 1, maxLength: 10 }), async both => {
      const lock = new RWLock()
      let readers = 0
      let writers = 0
      await scope(async s => {
        const jobs = both.map(([{ before, inside }, writes]) =>
          s.spawn(async s => {
            await turns(before)
            if (writes) {
              await lock.write.hold(async () => {
                assert.deepEqual([++writers, readers], [1, 0])
                await turns(inside)
                writers--
              }, s)
            } else {
              await lock.read.hold(async () => {
                readers++
                assert.equal(writers, 0)
                await turns(inside)
                readers--
              }, s)
            }
          }),
        )
        const tasks = both.map(([each]) => each)
        await disturb(jobs, tasks)
        for (const [index, { cancelAfter }] of tasks.entries()) {
          if (cancelAfter === undefined) assert.equal(jobs[index]?.state, 'done')
        }
        assert.equal(lock.write.tryAcquire(s), true)
        lock.write.release(s)
      })
    }),
    options,
  )
})

test('CapacityLimiter: whatever is cancelled and resized whenever, no token is lost and none is made', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(task, { minLength: 1, maxLength: 10 }),
      fc.array(fc.nat(4), { minLength: 1, maxLength: 5 }),
      async (tasks, totals) => {
        const limiter = new CapacityLimiter(totals[0] ?? 1)
        let inside = 0
        await scope(async s => {
          const jobs = tasks.map(({ before, inside: length }) =>
            s.spawn(async s => {
              await turns(before)
              await limiter.hold(async () => {
                inside++
                assert.ok(limiter.borrowed >= inside)
                await turns(length)
                inside--
              }, s)
            }),
          )
          s.spawn(async () => {
            for (const total of totals) {
              const before = limiter.borrowed
              limiter.total = total
              assert.ok(limiter.borrowed <= Math.max(before, total))
              await turns(1)
            }
            limiter.total = 1
          })
          await disturb(jobs, tasks)
        })
        assert.deepEqual([limiter.borrowed, limiter.stats().waiting, inside], [0, 0, 0])
      },
    ),
    options,
  )
})

/** Producers and consumers that are cancelled at random: each value that was sent is received once, or still there. */
async function conserves(
  capacity: number,
  producers: readonly { readonly before: number; readonly cancelAfter?: number | undefined }[],
  consumers: readonly { readonly before: number; readonly cancelAfter?: number | undefined }[],
  send: (value: number, s: Scope) => Promise<void>,
  receive: (s: Scope) => Promise<number>,
  rest: () => number[],
): Promise<void> {
  const sent: number[] = []
  const received: number[] = []
  await scope(async s => {
    const sending = producers.map(({ before }, index) =>
      s.spawn(async s => {
        for (let i = 0; i < 5; i++) {
          await turns(before)
          await send(index * 5 + i, s)
          sent.push(index * 5 + i)
        }
      }),
    )
    const receiving = consumers.map(({ before }) =>
      s.spawn(async s => {
        for (;;) {
          await turns(before)
          received.push(await receive(s))
        }
      }),
    )
    const all = [...sending, ...receiving]
    const ended = disturb(all, [...producers, ...consumers])
    await turns(40)
    for (const job of all) void job.cancel()
    await ended
  })
  const seen = [...received, ...rest()]
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    [...sent].sort((a, b) => a - b),
    `capacity ${capacity}`,
  )
  for (const [index] of producers.entries()) {
    const own = seen.filter(value => Math.floor(value / 5) === index)
    if (consumers.length === 1)
      assert.deepEqual(
        own,
        [...own].sort((a, b) => a - b),
      )
  }
}

const someone = fc.array(task, { minLength: 1, maxLength: 4 })

test('channel: whatever is cancelled whenever, each value that was sent is received once or still held, in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(0, 1, 3, Infinity), someone, someone, async (capacity, producers, consumers) => {
      const [sender, receiver] = channel<number>({ capacity })
      await conserves(
        capacity,
        producers,
        consumers,
        (value, s) => sender.send(value, s),
        s => receiver.receive(s),
        () => {
          const rest: number[] = []
          for (let next = receiver.tryReceive(); next !== undefined; next = receiver.tryReceive()) rest.push(next)
          return rest
        },
      )
      assert.deepEqual([sender.stats().waitingSends, sender.stats().waitingReceives], [0, 0])
    }),
    options,
  )
})

test('Queue: whatever is cancelled whenever, each item that was put is got once or still held, in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(1, 3, Infinity), someone, someone, async (capacity, producers, consumers) => {
      const queue = new Queue<number>({ capacity })
      await conserves(
        capacity,
        producers,
        consumers,
        (value, s) => queue.put(value, s),
        s => queue.get(s),
        () => queue.close({ immediate: true }),
      )
    }),
    options,
  )
})
