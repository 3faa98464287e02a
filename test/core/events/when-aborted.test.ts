import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, test } from 'node:test'
import { Event, Queue, scope, sleep } from 'skein'
import { whenAborted } from '#skein/core/events/when-aborted.js'

describe('waiting for a signal to abort', () => {
  test('takes one listener, however many wait, and none when nobody does any more', () => {
    const { signal } = new AbortController()
    const forgets = Array.from({ length: 20_000 }, () => whenAborted(signal, () => {}))
    assert.equal(getEventListeners(signal, 'abort').length, 1)
    for (const forget of forgets) forget()
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  })

  test('tells all in the order of their coming, and not those that have gone', () => {
    const controller = new AbortController()
    const told: string[] = []
    whenAborted(controller.signal, () => told.push('first'))
    whenAborted(controller.signal, () => last())
    whenAborted(controller.signal, () => told.push('second'))()
    whenAborted(controller.signal, () => told.push('third'))
    const last = whenAborted(controller.signal, () => told.push('gone meanwhile'))
    controller.abort()
    assert.deepEqual(told, ['first', 'third'])
  })

  test('is what all kinds of waits do: a hundred of each under one signal are one listener', async () => {
    const controller = new AbortController()
    const { signal } = controller
    const queue = new Queue<number>()
    const event = new Event()
    const ended: Promise<unknown>[] = []
    for (let i = 0; i < 100; i++) {
      ended.push(sleep('1h', signal), queue.get(signal), event.wait(signal))
      ended.push(scope(s => s.sleep('1h'), { signal }))
    }
    const all = Promise.allSettled(ended)
    assert.equal(getEventListeners(signal, 'abort').length, 1)
    controller.abort('enough')
    assert.ok((await all).every(each => each.status === 'rejected'))
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  })
})
