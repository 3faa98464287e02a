import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { call, StoreRefusedError } from 'skein'
import { type DurableQueue, queueIn, work, type QueueWorker } from 'skein/queue'
import type { Store } from 'skein/stores'
import { memoryStore } from 'skein/stores/memory'
import { sqliteStore } from 'skein/stores/sqlite'
import * as tasks from './hostile-tasks.ts'
import { bystander, chatty, echo, large, oddReasons } from './hostile-tasks.ts'

const allTasks = Object.values(tasks).filter(each => typeof each === 'function')

/** The most that the stores of these tests take. */
const maxBytes = 300_000

const folder = mkdtempSync(join(tmpdir(), 'skein-hostile-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const stores: Readonly<Record<string, () => Promise<Store>>> = {
  memory: async () => memoryStore({ maxBytes }),
  'a file': () => sqliteStore(`sqlite:${join(folder, 'jobs.db')}?durability=relaxed`, { maxBytes }),
}

for (const [place, on] of [
  ['memory', 'loop'],
  ['a file', 'loop'],
  ['a file', 'threads'],
  ['a file', 'processes'],
] as const) {
  describe(`a worker on ${on}, of a store in ${place},`, { timeout: 60_000 }, () => {
    let store: Store
    let queue: DurableQueue
    let worker: QueueWorker

    before(async () => {
      store = await (stores[place] as () => Promise<Store>)()
      queue = queueIn(store)
      const workers = on === 'loop' ? {} : { workers: 1 }
      worker = await work({ store, tasks: allTasks, on, concurrency: 4, ...workers })
    })
    after(async () => {
      await worker.close({ timeout: 0 })
      await queue.close()
      await store.close()
    })

    /** Sends a message as any other program may. */
    const sent = async (
      argument: string,
    ): Promise<{ result(): Promise<unknown>; state(): Promise<string | undefined> }> => {
      const id = randomUUID()
      const headers = JSON.stringify({ lang: 'py', task: 'hostile-tasks.echo', id })
      await store.broker.send([
        {
          id,
          queue: 'default',
          task: 'hostile-tasks.echo',
          headers,
          body: `[[${argument}],{},{}]`,
          priority: 0,
          delay: 0,
        },
      ])
      const job = await queue.job(id)
      assert.ok(job)
      return { result: () => job.result(), state: async () => (await store.results.outcome(id)).state }
    }

    const isAlive = async (): Promise<void> => {
      assert.equal(await queue.run(echo, 'alive'), 'alive')
      assert.equal(worker.health().consuming, true)
      assert.equal(({} as { polluted?: unknown }).polluted, undefined)
    }

    const taken: readonly (readonly [name: string, json: string, value: unknown])[] = [
      ['NaN and the infinities', '[NaN, Infinity, -Infinity]', [NaN, Infinity, -Infinity]],
      ['an integer of thirty digits', '123456789012345678901234567890', 123456789012345678901234567890n],
      ['a number that is too large for one', '1e999', Infinity],
      ['a name that occurs twice', '{"a":1,"a":2}', { a: 2 }],
      ['half of a pair of characters', String.raw`"\ud800 and \udc00"`, '\ud800 and \udc00'],
      [
        'characters that end other texts',
        String.raw`"\u0000\u2028\u2029'; DROP TABLE skein_call; --"`,
        "\0\u2028\u2029'; DROP TABLE skein_call; --",
      ],
      [
        'what looks like the wrapping of a value',
        '{"__skein__":{"a":1},"marks":[["map",[]]]}',
        { __skein__: { a: 1 }, marks: [['map', []]] },
      ],
      [
        'names that objects inherit',
        '{"constructor":{"prototype":1},"toString":2,"hasOwnProperty":3}',
        JSON.parse('{"constructor":{"prototype":1},"toString":2,"hasOwnProperty":3}'),
      ],
    ]
    for (const [name, json, value] of taken) {
      test(`takes ${name} for what it says, and gives it back`, async () => {
        const job = await sent(json)
        assert.deepEqual(await job.result(), value)
        await isAlive()
      })
    }

    test('takes a tagged value of no known type, but cannot give it back, since it would not come back as it was', async () => {
      const job = await sent('{"__type__":"eval","__value__":"process.exit()"}')
      await assert.rejects(job.result(), { code: 'SKEIN_UNSENDABLE' })
      await isAlive()
    })

    test('takes __proto__ for a name like any other', async () => {
      const result = (await (await sent('{"__proto__":{"polluted":1},"a":{"__proto__":5}}')).result()) as object
      assert.deepEqual(Object.keys(result), ['__proto__', 'a'])
      assert.equal(Object.getPrototypeOf(result), Object.prototype)
      await isAlive()
    })

    const refused: Readonly<Record<string, string>> = {
      'is nested a hundred thousand levels deep': `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      'opens what it never closes': '['.repeat(250_000),
      'has an integer of ten thousand digits': '9'.repeat(10_000),
      'has a comment': '1 /* one */',
      'has a character that must be escaped': '"\u0001"',
    }
    for (const [name, json] of Object.entries(refused)) {
      test(`makes a message dead that ${name}`, async () => {
        const job = await sent(json)
        await assert.rejects(job.result(), { code: 'SKEIN_MALFORMED_MESSAGE' })
        assert.equal(await job.state(), 'dead')
        await isAlive()
      })
    }

    test('is not reached by a call that is larger than the store takes, which says how large that is', async () => {
      await assert.rejects(queue.submit(echo, 'x'.repeat(maxBytes)), {
        code: 'SKEIN_INVALID_ARGUMENT',
        message: /has 30\d{4} bytes, and the store takes 300000/,
      })
      await isAlive()
    })

    test('fails a job alone whose result is larger than the store takes', async () => {
      const [job, neighbour] = await Promise.all([queue.submit(large, maxBytes + 1), queue.submit(large, 5)])
      await assert.rejects(job.result(), (error: unknown) => {
        assert.ok(error instanceof StoreRefusedError)
        assert.match(error.message, /bytes, and the store takes up to 300000/)
        return true
      })
      assert.equal(await neighbour.result(), 'xxxxx')
      await isAlive()
    })

    test('fails a job alone whose error is larger than the store takes, with that error, cut', async () => {
      const job = await queue.submit(call(large, -maxBytes).with({ retries: { times: 2, backoff: '1ms' } }))
      await assert.rejects(job.result(), { name: 'Error', message: /^x+… \(cut: [\d,]+ of [\d,]+ characters\)$/ })
      await isAlive()
    })

    test('goes on without a line or a progress that is larger than the store takes', async () => {
      const job = await queue.submit(chatty, maxBytes)
      assert.equal(await job.result(), 'done')
      const lines: string[] = []
      for await (const line of job.logs()) lines.push(line.text)
      assert.deepEqual(lines, ['begins', 'ends'])
      await isAlive()
    })

    for (const kind of tasks.unkeptKinds) {
      test(`fails a job alone that reports, logs, keeps, returns, throws or streams what ${kind}`, async () => {
        const gate = join(folder, `${on} ${place} ${kind}`)
        const beside = await queue.submit(bystander, gate)
        for (const job of [
          await queue.submit(tasks.reportsUnkept, kind),
          await queue.submit(tasks.logsUnkept, kind),
          await queue.submit(tasks.keepsUnkept, kind),
          await queue.submit(tasks.returnsUnkept, kind),
        ]) {
          await assert.rejects(job.result(), { message: /cannot be sent|the getter threw/ })
          assert.equal((await job.status()).state, 'failed')
        }
        await assert.rejects(queue.run(tasks.throwsUnkept, kind), { name: 'RangeError', message: 'thrown' })
        const given: unknown[] = []
        const reading = (async () => {
          for await (const value of queue.stream(tasks.streamsUnkept, kind)) given.push(value)
        })()
        await assert.rejects(reading, { message: /cannot be sent|the getter threw/ })
        assert.deepEqual(given, ['before'])
        writeFileSync(gate, '')
        assert.equal(await beside.result(), 'unharmed')
        assert.equal((await beside.status()).deaths, 0)
        await isAlive()
      })
    }

    test('takes hostile reasons of a cancellation', async () => {
      for (const reason of ['\ud800', { __proto__: { polluted: 1 } }, NaN, 2n ** 70n, new Error('no')]) {
        const job = await queue.submit(oddReasons)
        for await (const line of job.logs()) if (line.text === 'runs') break
        await job.cancel(reason)
        await assert.rejects(job.result(), { code: 'SKEIN_CANCELLED' })
      }
      await isAlive()
    })
  })
}
