import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { type StandardSchema, task } from 'skein'
import { type QueueWorker, work } from 'skein/queue'
import type { OutgoingCall, Store } from 'skein/stores'
import { memoryStore } from 'skein/stores/memory'

const sum = task(import.meta, (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0), { name: 'mapped.sum' })
const add = task(import.meta, async (x: number, y: number) => x + y, { name: 'mapped.add' })
const number: StandardSchema<number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: value => (typeof value === 'number' ? { value } : { issues: [{ message: 'must be a number' }] }),
  },
}
const checked = task(import.meta, (x: number) => -x, { name: 'mapped.checked', input: [number] })

describe('the messages of Celery that run a task for each item of a list', () => {
  let store: Store
  let worker: QueueWorker

  beforeEach(async () => {
    store = memoryStore()
    worker = await work({ store, tasks: [sum, add, checked], on: 'loop' })
  })
  afterEach(async () => {
    await worker.close()
    await store.close()
  })

  function message(name: string, kwargs: unknown): OutgoingCall {
    return {
      id: 'a',
      queue: 'default',
      task: name,
      headers: JSON.stringify({ lang: 'py', task: name, id: 'a' }),
      body: JSON.stringify([[], kwargs, { callbacks: null, errbacks: null, chain: null, chord: null }]),
      priority: 0,
      delay: 0,
    }
  }

  async function ended(name: string, kwargs: unknown): Promise<readonly [state: string, text: string | undefined]> {
    const over = new Promise<void>(resolve => void store.results.watch('a', { ended: () => resolve() }))
    await store.broker.send([message(name, kwargs)])
    await over
    const { state, result, error } = (await store.results.outcome('a')) as {
      readonly state: string
      readonly result?: string
      readonly error?: string
    }
    return [state, result ?? error]
  }
  const signature = (name: string): object => ({ task: name, args: [], kwargs: {}, options: {}, subtask_type: null })

  test('give it the item, or each value of the item as an argument, and return a list', async () => {
    assert.deepEqual(await ended('celery.map', { task: signature('mapped.sum'), it: [[1, 2], [3]] }), ['done', '[3,3]'])
  })

  test('give it each value of the item as an argument', async () => {
    const call = {
      task: signature('mapped.add'),
      it: [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
    }
    assert.deepEqual(await ended('celery.starmap', call), ['done', '[0,2,4]'])
  })

  test('are held to the schemas of the arguments, item by item', async () => {
    assert.deepEqual(await ended('celery.starmap', { task: signature('mapped.checked'), it: [[1], [2]] }), [
      'done',
      '[-1,-2]',
    ])
  })

  for (const [fault, name, kwargs, told] of [
    [
      'an argument that a schema refuses',
      'celery.map',
      { task: signature('mapped.checked'), it: ['x'] },
      /must be a number/,
    ],
    [
      'a task that is not known',
      'celery.map',
      { task: signature('os.system'), it: [] },
      /No task is known here as 'os.system'/,
    ],
    ['no task at all', 'celery.map', { it: [] }, /must be task, a call, and it, a list/],
    ['items that are no lists', 'celery.starmap', { task: signature('mapped.add'), it: [1] }, /lists of arguments/],
    ['no keyword arguments', 'celery.starmap', {}, /must be task, a call, and it, a list/],
  ] as const) {
    test(`are dead letters with ${fault}`, async () => {
      const [state, text] = await ended(name, kwargs)
      assert.equal(state, 'dead')
      assert.match(text ?? '', told)
    })
  }
})
