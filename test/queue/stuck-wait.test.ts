import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { call, current, task } from 'skein'
import { connect, type DurableQueue, openStore, queueIn, type QueueWorker, work } from 'skein/queue'
import type { Inspector, Store, StoredJob } from 'skein/stores'
import { virtualClock } from 'skein/testing'

let queue: DurableQueue
let stores = 0

const child = task(import.meta, async function child(text: string) {
  return text
})
const asks = {
  runs: task(import.meta, async function runs() {
    return queue.run(child, 'a')
  }),
  submits: task(import.meta, async function submits() {
    const job = await queue.submit(child, 'a')
    return job.result()
  }),
  lends: task(import.meta, async function lends() {
    const s = current()
    await Promise.resolve()
    return s.on(queue).run(child, 'a')
  }),
}
const apart = task(import.meta, async function apart() {
  return queue.run(call(child, 'a').with({ queue: 'children' }))
})

/** What is warned of while something goes on. */
async function warned(during: () => Promise<void>): Promise<string[]> {
  const warnings: string[] = []
  const listener = (warning: Error): void => {
    if (warning.name === 'SkeinQueueWarning') warnings.push(warning.message)
  }
  process.on('warning', listener)
  try {
    await during()
    // A warning comes a turn after it was told.
    await new Promise(resolve => setImmediate(resolve))
  } finally {
    process.off('warning', listener)
  }
  return warnings
}

describe('a job that waits for another one', () => {
  let url: string
  let workers: QueueWorker[]

  beforeEach(async () => {
    url = `memory:stuck-${++stores}`
    queue = await connect(url)
    workers = []
  })
  afterEach(async () => {
    await Promise.all(workers.map(each => each.close({ timeout: 0 })))
    await queue.close()
  })

  for (const [how, parent] of Object.entries(asks)) {
    test(`on the only place is warned of, with both names and what to do (it ${how} it)`, async () => {
      const clock = virtualClock()
      try {
        workers.push(await work({ store: url, tasks: [parent, child], on: 'loop', concurrency: 1 }))
        let ids: readonly string[] = []
        const warnings = await warned(async () => {
          const { id } = await queue.submit(parent)
          await clock.advance('1m')
          ids = [id, ...(await queue.jobs({ states: ['ready'] })).map(each => each.id)]
        })
        assert.equal(warnings.length, 1, warnings.join('\n'))
        for (const each of [...ids, parent.name, 'child', 'the only place', 'a queue and a worker of their own'])
          assert.ok(warnings[0]?.includes(each), `${each} is not in: ${warnings[0]}`)
        // Another place is all it takes.
        workers.push(await work({ store: url, tasks: [child], on: 'loop' }))
        await clock.advance('1s')
        assert.equal((await queue.jobs({ states: ['done'] })).length, 2)
      } finally {
        clock[Symbol.dispose]()
      }
    })
  }

  test('is not warned of where there is a place for that one, or no worker knows it', async () => {
    const clock = virtualClock()
    try {
      workers.push(await work({ store: url, tasks: [apart], on: 'loop', concurrency: 1 }))
      const warnings = await warned(async () => {
        await queue.submit(apart)
        await clock.advance('1m')
        workers.push(await work({ store: url, tasks: [child], queues: ['children'], on: 'loop' }))
        await clock.advance('1m')
      })
      assert.deepEqual(warnings, [])
      assert.equal((await queue.jobs({ states: ['done'] })).length, 2)
    } finally {
      clock[Symbol.dispose]()
    }
  })

  test('for thousands of others asks the store about a hundred of them at a time', async () => {
    const clock = virtualClock()
    const store = await openStore(url)
    const inspector = store.inspector as Required<Inspector>
    let asked = 0
    const find = async (id: string): Promise<StoredJob | undefined> => {
      asked++
      return inspector.find(id)
    }
    const counting = Object.create(store, {
      inspector: { value: Object.create(inspector, { find: { value: find } }) },
    }) as Store
    try {
      const many = queueIn(counting)
      const waits = task(import.meta, async function waits() {
        const each = call(child, 'a').with({ delay: '1h' })
        return Promise.all(Array.from({ length: 2_000 }, () => many.run(each)))
      })
      workers.push(await work({ store: url, tasks: [waits, child], on: 'loop', concurrency: 1 }))
      await queue.submit(waits)
      await clock.advance('9s')
      assert.equal((await queue.jobs({ states: ['delayed'], limit: 3_000 })).length, 2_000)
      assert.equal(asked, 100)
      await clock.advance('5s')
      assert.equal(asked, 200)
      await many.close({ cancel: true })
    } finally {
      clock[Symbol.dispose]()
      await store.close()
    }
  })

  test('costs nothing where it is not a job that waits: no timer is set', async () => {
    const clock = virtualClock()
    try {
      const before = clock.waiting
      const waiting = queue.run(child, 'a')
      await clock.advance(0)
      assert.equal(clock.waiting, before)
      workers.push(await work({ store: url, tasks: [child], on: 'loop' }))
      await clock.advance('1s')
      assert.equal(await waiting, 'a')
    } finally {
      clock[Symbol.dispose]()
    }
  })
})
