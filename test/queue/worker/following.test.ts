import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { type Call, call, NonRetryableError, task } from 'skein'
import { type DurableQueue, openStore, queueIn, work } from 'skein/queue'
import type { InspectableStore, OutgoingCall, Store } from 'skein/stores'
import { memoryStore } from 'skein/stores/memory'
import { trimmed } from './tasks.ts'

const add = task(import.meta, (a: number, b: number, _more?: number) => a + b, { name: 'proj.add' })
const fail = task(
  import.meta,
  (): number => {
    throw new NonRetryableError('bad')
  },
  { name: 'proj.fail' },
)
const told: unknown[][] = []
const tell = task(import.meta, (...values: unknown[]) => void told.push(values), { name: 'proj.tell' })
const keys = task(import.meta, (n: number, map: Map<string, number>) => void told.push([n, ...map]), {
  name: 'proj.keys',
})
const handOn = task(import.meta, () => call(fail), { name: 'proj.handOn' })
const tasks = [add, fail, tell, keys, handOn, trimmed]

const nothing = '"callbacks": null, "errbacks": null, "chain": null, "chord": null'

/** A message as Celery has written it: the body of a sample, and its headers as far as they matter. */
function celery(id: string, name: string, body: string): OutgoingCall {
  const headers =
    `{"lang": "py", "task": "${name}", "id": "${id}", "shadow": null, "eta": null, "expires": null, "group": null, ` +
    `"group_index": null, "retries": 0, "timelimit": [null, null], "root_id": "${id}", "parent_id": null, "argsrepr": "()", ` +
    '"kwargsrepr": "{}", "origin": "gen3997@vm", "ignore_result": false}'
  return { id, queue: 'default', task: name, headers, body, priority: 0, delay: 0 }
}

function signature(name: string, args: string, more = ''): string {
  return `{"task": "${name}", "args": ${args}, "kwargs": {}, "options": {${more}}, "subtask_type": null, "immutable": false}`
}

const places: Readonly<Record<string, (file: string) => Store | Promise<Store>>> = {
  'in memory': () => memoryStore(),
  'in a file': file => openStore(`sqlite:${file}?durability=relaxed`),
}

for (const [where, open] of Object.entries(places)) {
  describe(`what follows a job, ${where}:`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'skein-following-'))
    after(() => rmSync(folder, { recursive: true, force: true }))
    let files = 0
    const on = (name: string, body: (queue: DurableQueue, store: InspectableStore) => Promise<void>): void => {
      test(name, async () => {
        told.length = 0
        const store = (await open(join(folder, `${++files}.db`))) as InspectableStore
        const queue = queueIn(store)
        const worker = await work({ store, tasks, on: 'loop' })
        try {
          await body(queue, store)
        } finally {
          await worker.close()
          await queue.close()
          await store.close()
        }
      })
    }

    on('onDone has the result, and onError the id of what has failed, in front of their arguments', async queue => {
      const last = call(tell, 'last').with({ id: 'last' })
      const next = call(add, 10, 100).with({ id: 'next', retries: 2, onDone: last })
      const failed = call(tell, 'failed').with({ id: 'failed' })
      assert.equal(await queue.run(call(add, 1, 2).with({ onDone: [next], onError: failed })), 3)
      assert.equal(await (await queue.job('next'))?.result(), 13)
      await (await queue.job('last'))?.result()
      await queue.run(call(add, 2, 2).with({ onDone: tell }))
      await assert.rejects(queue.run(call(fail).with({ id: 'it', onDone: next, onError: failed })), /bad/)
      await (await queue.job('failed'))?.result()
      // The one without an id of its own is not waited for.
      assert.deepEqual(
        told.filter(([first]) => first !== 4),
        [
          [13, 'last'],
          ['it', 'failed'],
        ],
      )
    })

    on(
      'onError is sent for each job that ends as failed or dead: also where another one has failed, or nothing ran',
      async (queue, store) => {
        const tells = (id: string): Call<unknown> => call(tell, id).with({ id })
        const part = call(fail).with({ onError: tells('of-the-part') })
        const between = call(add, part as never, 1).with({ onError: tells('of-what-needs-it') })
        await assert.rejects(
          queue.run(call(add, between, 1).with({ id: 'root', onError: tells('of-the-whole') })),
          /bad/,
        )
        await assert.rejects(
          queue.run(call(trimmed, call(add, 1, 2) as never).with({ onError: tells('of-arguments') })),
          {
            code: 'SKEIN_VALIDATION',
          },
        )
        const returned = call(handOn).with({ id: 'returned', onError: tells('of-what-was-returned') })
        await assert.rejects(queue.run(returned), /bad/)
        const cancelled = await queue.submit(call(add, 1, 2).with({ delay: '1d', onError: tells('of-nothing') }))
        await cancelled.cancel()
        await queue.submit(
          call(add, 1, 2).with({ id: 'expired', delay: '1d', expires: 0, onError: tells('of-nothing') }),
        )
        await assert.rejects((await queue.job('expired'))?.result() as Promise<unknown>, { code: 'SKEIN_CANCELLED' })
        const ids = ['of-the-part', 'of-what-needs-it', 'of-the-whole', 'of-arguments', 'of-what-was-returned']
        for (const id of ids) await (await queue.job(id))?.result()
        assert.deepEqual(new Set(told.map(([, name]) => name)), new Set(ids))
        assert.equal(told.find(([, name]) => name === 'of-the-whole')?.[0], 'root')
        assert.equal(await store.inspector.find('of-nothing'), undefined)
      },
    )

    on('values that JSON has no form for arrive in calls that follow, too', async queue => {
      const follows = call(keys as never, ...([new Map([['a', 1]])] as never[])) as ReturnType<typeof call>
      await queue.run(call(add, 1, 2).with({ onDone: follows.with({ id: 'next' }) }))
      await (await queue.job('next'))?.result()
      assert.deepEqual(told, [[3, ['a', 1]]])
    })

    on('a chain that Celery has written is followed to its end', async (queue, store) => {
      const chain = `[${signature('proj.add', '[8]', '"task_id": "third", "reply_to": "x"')}, ${signature('proj.add', '[4]', '"task_id": "second"')}]`
      const embed = `{"callbacks": null, "errbacks": null, "chain": ${chain}, "chord": null}`
      await store.broker.send([celery('first', 'proj.add', `[[1, 2], {}, ${embed}]`)])
      await (await queue.job('first'))?.result()
      assert.equal(await (await queue.job('second'))?.result(), 7)
      assert.equal(await (await queue.job('third'))?.result(), 15)
      const { headers, body } = (await store.inspector.find('third')) ?? { headers: '{}', body: '' }
      const { root_id: root, parent_id: parent } = JSON.parse(headers) as Record<string, unknown>
      assert.deepEqual([root, parent], ['first', 'second'])
      assert.equal(body, '[[7,8],{},{"callbacks":null,"errbacks":null,"chain":[],"chord":null}]')
    })

    on(
      'links, groups and immutable calls of Celery are sent, and its chords are refused before anything runs',
      async (queue, store) => {
        const still = signature('proj.tell', '["still"]', '"task_id": "still"').replace(
          '"immutable": false',
          '"immutable": true',
        )
        const group = `{"task": "celery.group", "args": [], "kwargs": {"tasks": [${still}, ${signature('proj.tell', '["grouped"]', '"task_id": "grouped"')}]}, "options": {}, "subtask_type": "group", "immutable": false}`
        const nested = `{"task": "celery.chain", "args": [], "kwargs": {"tasks": [${signature('proj.add', '[5]')}, ${signature('proj.tell', '["end"]', '"task_id": "end"')}]}, "options": {}, "subtask_type": "chain", "immutable": false}`
        const embed = `{${nothing.replace('"callbacks": null', `"callbacks": [${group}, ${nested}]`)}}`
        await store.broker.send([celery('a', 'proj.add', `[[1, 2], {}, ${embed}]`)])
        await (await queue.job('a'))?.result()
        for (const id of ['still', 'grouped', 'end']) await (await queue.job(id))?.result()
        assert.deepEqual(new Set(told.map(each => each.join(' '))), new Set(['3 grouped', '8 end', 'still']))
        const chord = `{${nothing.replace('"chord": null', `"chord": ${signature('proj.add', '[]')}`)}}`
        const broken = `{${nothing.replace('"callbacks": null', '"callbacks": [{"args": []}]')}}`
        await store.broker.send([
          celery('chord', 'proj.add', `[[1, 2], {}, ${chord}]`),
          celery('broken', 'proj.add', `[[1, 2], {}, ${broken}]`),
        ])
        await assert.rejects((await queue.job('chord'))?.result() as Promise<unknown>, /part of a chord/)
        await assert.rejects((await queue.job('broken'))?.result() as Promise<unknown>, {
          code: 'SKEIN_MALFORMED_MESSAGE',
          message: /the task of a call that is to follow must be a string/,
        })
      },
    )

    on(
      'what no store could keep is refused before anything runs, and leaves other jobs alone',
      async (queue, store) => {
        const options = [
          '"countdown": 1e300',
          '"task_id": "\\ud800"',
          '"queue": "\\ud800"',
          '"headers": {"skein_retries": {"times": 1}}, "countdown": 9e15',
        ]
        const messages = options.map((more, n) => {
          const embed = `{${nothing.replace('"callbacks": null', `"callbacks": [${signature('proj.tell', '[]', more)}]`)}}`
          return celery(`wrong ${n}`, 'proj.add', `[[1, 2], {}, ${embed}]`)
        })
        await store.broker.send([...messages, celery('right', 'proj.add', `[[1, 2], {}, {${nothing}}]`)])
        assert.equal(await (await queue.job('right'))?.result(), 3)
        for (const { id } of messages) {
          await assert.rejects((await queue.job(id))?.result({ timeout: '10s' }) as Promise<unknown>, {
            code: 'SKEIN_MALFORMED_MESSAGE',
          })
        }
        assert.deepEqual(told, [])
      },
    )

    on('what cannot follow is refused', async queue => {
      const wrong = { code: 'SKEIN_INVALID_ARGUMENT' }
      assert.throws(() => call(add, 1, 2).with({ onDone: 'tell' as never }), wrong)
      assert.throws(() => call(add, 1, 2).with({ onError: [() => 1] as never }), wrong)
      const calls = [call(tell).with({ unique: 'x' }), call(tell, call(add, 1, 2))]
      for (const each of calls) await assert.rejects(queue.submit(call(add, 1, 2).with({ onDone: each })), wrong)
      await assert.rejects(queue.submit(call(add, 1, 2).with({ onDone: call(tell, () => 1) as never })), {
        code: 'SKEIN_UNSENDABLE',
      })
    })
  })
}
