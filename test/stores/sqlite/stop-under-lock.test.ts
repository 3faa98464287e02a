import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { current, task } from 'skein'
import { connect, work } from 'skein/queue'
import { sqliteConnection, sqliteStore } from 'skein/stores/sqlite'
import { call, inFolder } from './folder.ts'

const waits = task(import.meta, async function waits() {
  await current().sleep('1h')
})

describe('a worker that is to stop while another program keeps its file locked', () => {
  inFolder('stops in its time: it does not wait for the lock with each thing that it has to say', async file => {
    const url = `sqlite:${file}`
    const store = await sqliteStore(url)
    const queue = await connect(url)
    const worker = await work({ store: url, tasks: [waits], on: 'loop', lease: '1s' })
    const lock = sqliteConnection(file)
    try {
      const job = await queue.submit(waits)
      while ((await job.status()).state !== 'running') await new Promise(resolve => setImmediate(resolve))
      while (!lock.inTransaction) {
        try {
          lock.exec('BEGIN IMMEDIATE')
        } catch {
          await new Promise(resolve => setImmediate(resolve))
        }
      }
      // What waits for the lock gives up after ten seconds: the worker is gone by then.
      const order: string[] = []
      const sent = store.broker.send([call('x')]).catch(() => order.push('the lock was waited for'))
      await worker.close({ timeout: '3s' })
      order.push('stopped')
      assert.deepEqual(order, ['stopped'])
      lock.exec('COMMIT')
      await sent
      // What was not written is as if the worker had died: another one has the job when the lease is over.
      const next = await work({ store: url, tasks: [waits], on: 'loop' })
      while ((await job.status()).state !== 'running') await new Promise(resolve => setImmediate(resolve))
      await next.close({ timeout: 0 })
    } finally {
      lock.close()
      await queue.close()
      await store.close()
    }
  })
})
