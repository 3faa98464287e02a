import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClosedError } from 'skein'
import { StoreThread } from '#skein/stores/threaded/store-thread.js'

/** A thread that opens its store, tells of work as soon as somebody listens, and dies of the first thing that it is asked. */
const mortal = `data:text/javascript,${encodeURIComponent(`
  import { parentPort, workerData } from 'node:worker_threads'
  const hear = bits => bits !== 0 && parentPort.postMessage({ told: [['claimable']] })
  parentPort.on('message', ({ requests, listen = 0, close }) => {
    if (requests) process.exit(0)
    hear(listen)
    if (close) parentPort.close()
  })
  parentPort.postMessage({ opened: true })
  hear(workerData.skeinStore.listening)
`)}`

async function deadThread(): Promise<StoreThread<string, undefined>> {
  const thread = await StoreThread.open<string, undefined>({
    module: new URL(mortal),
    name: 'mortal',
    url: 'test:',
    data: () => undefined,
    errorOf: ({ message }) => new ClosedError(message),
  })
  await assert.rejects(thread.ask('anything'), /has died/)
  return thread
}

function timersThatKeepAlive(): number {
  return process.getActiveResourcesInfo().filter(resource => resource === 'Timeout').length
}

test('who begins to wait while another thread is about to take the place of a dead one keeps the program running', async () => {
  const thread = await deadThread()
  const before = timersThatKeepAlive()
  const stop = thread.listeners.on('claimable', () => {})
  assert.equal(timersThatKeepAlive(), before + 1)
  stop()
  assert.equal(timersThatKeepAlive(), before)
  await thread.close()
})

test('who begins to listen while no thread is there is heard by the next one', async () => {
  const thread = await deadThread()
  await new Promise<void>(resolve => thread.listeners.on('claimable', () => resolve()))
  await thread.close()
})
