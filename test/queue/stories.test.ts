import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { call, type SkeinEvent, sleep } from 'skein'
import { openStore, queueIn, work } from 'skein/queue'
import { memoryStore } from 'skein/stores/memory'
import type { Store } from 'skein/stores'
import { faultsInStories, storiesOf } from '../support/stories.ts'
import { countTo, double, failTwice, refuse, refuseForGood, report, silent, waitForever } from './client-tasks.ts'

const folder = mkdtempSync(join(tmpdir(), 'skein-stories-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const stores: readonly (readonly [name: string, open: () => Promise<Store>])[] = [
  ['memory', async () => memoryStore()],
  ['a file', () => openStore(`sqlite:${join(folder, 'jobs.db')}?durability=relaxed`)],
]

for (const [name, open] of stores) {
  for (const on of ['loop', 'threads'] as const) {
    describe(`the events of durable calls, in ${name}, run on ${on}`, () => {
      test('tell the whole story of each, to the client and to the worker', async () => {
        const store = await open()
        const queue = queueIn(store)
        const heard: SkeinEvent[] = []
        queue.observe(event => heard.push(event))
        const tasks = [double, report, failTwice, refuse, refuseForGood, countTo, silent, waitForever]
        const worker = await work({ store, tasks, on, concurrency: 4 })
        const worked: SkeinEvent[] = []
        worker.observe(event => worked.push(event))
        try {
          const running = await queue.submit(silent)
          const waiting = await queue.submit(call(double, 1).with({ delay: '1h' }))
          const late = call(waitForever).with({ timeout: 50 })
          const outcomes = Promise.allSettled([
            queue.run(report, 3),
            queue.run(call(failTwice).with({ retries: { times: 3, backoff: 1 } })),
            queue.run(call(refuse, 3).with({ retries: { times: 1, backoff: 0 } })),
            queue.run(refuseForGood),
            queue.run(late),
            queue.stream(countTo, 20).next(),
            queue.map(double, [1, 2, 3, 4, 5]).toArray(),
            ...Array.from({ length: 30 }, (_, n) => queue.run(double, n)),
          ])
          while (!heard.some(event => 'id' in event && event.id === running.id && event.type === 'started'))
            await sleep(0)
          await running.cancel('enough')
          await waiting.cancel('not needed')
          await outcomes
          const ids = [...storiesOf(heard).keys()]
          assert.ok(ids.length >= 42)
          const isOver = (events: readonly SkeinEvent[], id: string): boolean =>
            events.some(event => event.type === 'ended' && event.id === id)
          while (!ids.every(id => isOver(heard, id) && (id === waiting.id || isOver(worked, id)))) await sleep(0)
          assert.deepEqual(faultsInStories(heard), [])
          assert.deepEqual(faultsInStories(worked, 'started'), [])
          // Both tell the same end of the same attempt of each job.
          for (const id of ids.filter(each => each !== waiting.id)) {
            const [one, two] = [heard, worked].map(events => storiesOf(events).get(id)?.at(-1))
            assert.ok(one?.type === 'ended' && two?.type === 'ended')
            assert.deepEqual([one.outcome, one.attempt, one.task], [two.outcome, two.attempt, two.task])
          }
        } finally {
          await worker.close({ timeout: 0 })
          await queue.close({ cancel: true })
          await store.close()
        }
        const states = worked.filter(event => event.type === 'worker').map(event => event.state)
        assert.deepEqual(states.slice(-2), ['leaving', 'gone'])
      })
    })
  }
}
