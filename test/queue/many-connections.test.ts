import assert from 'node:assert/strict'
import { renameSync, rmSync } from 'node:fs'
import type { Worker } from 'node:worker_threads'
import { describe } from 'node:test'
import { task } from 'skein'
import { connect, type DurableQueue, work } from 'skein/queue'
import { sqliteConnection } from 'skein/stores/sqlite'
import { inFolder } from '../stores/sqlite/folder.ts'

const twice = task(import.meta, (n: number) => n * 2, { name: 'many.twice' })

/** The threads that are started while something goes on. */
async function startedDuring(action: () => Promise<unknown>): Promise<Worker[]> {
  const started: Worker[] = []
  const note = (worker: Worker): void => void started.push(worker)
  process.on('worker', note)
  try {
    await action()
  } finally {
    process.off('worker', note)
  }
  return started
}

const closed = { code: 'SKEIN_CLOSED' }

describe('connections of one program to one file', () => {
  inFolder('share a thread, however many there are, and it ends with the last of them', async file => {
    const queues: DurableQueue[] = []
    const started = await startedDuring(async () => {
      const opened = Array.from({ length: 50 }, async () => connect(`sqlite:${file}`))
      queues.push(...(await Promise.all(opened)))
      for (let n = 0; n < 50; n++) queues.push(await connect(`sqlite:${file}`))
    })
    assert.equal(started.length, 1)
    const worker = await work({ store: `sqlite:${file}`, tasks: [twice], on: 'loop' })
    assert.deepEqual(
      await Promise.all(queues.map((queue, n) => queue.run(twice, n))),
      queues.map((_, n) => n * 2),
    )
    await worker.close()
    const exited = new Promise<string>(resolve => started[0]?.once('exit', () => resolve('exited')))
    const last = queues.pop()
    await Promise.all(queues.map(queue => queue.close()))
    // It still works for the one that is left.
    await last?.submit(twice, 1)
    await last?.close()
    assert.equal(await exited, 'exited')
  })

  inFolder('close and wait each by itself', async file => {
    const [one, other] = [await connect(`sqlite:${file}`), await connect(`sqlite:${file}`)]
    const job = await one.submit(twice, 4)
    const seen = await other.job<number>(job.id)
    const waits = assert.rejects(seen?.result() ?? Promise.resolve(), closed)
    const accepted = other.submit(twice, 5)
    await other.close()
    await waits
    assert.ok(await one.job((await accepted).id), 'what was submitted before is kept')
    await assert.rejects(other.submit(twice, 6), closed)
    await assert.rejects(other.storeStats(), closed)
    const worker = await work({ store: `sqlite:${file}`, tasks: [twice], on: 'loop' })
    assert.equal(await job.result(), 8)
    await worker.close()
    await one.close()
  })

  inFolder('have threads of their own where their settings or their files differ', async file => {
    const queues: DurableQueue[] = []
    const urls = [`sqlite:${file}`, `sqlite:${file}?durability=relaxed`, `sqlite:${file}-2`, `sqlite:${file}`]
    const started = await startedDuring(async () => {
      for (const url of urls) queues.push(await connect(url))
    })
    assert.equal(started.length, 3)
    await Promise.all(queues.map(queue => queue.close()))
  })

  inFolder('open the file that is there, not one that others still have open and that is gone', async file => {
    const before = await connect(`sqlite:${file}`)
    await before.submit(twice, 1)
    for (const end of ['', '-wal', '-shm']) renameSync(file + end, `${file}-away${end}`)
    const after = await connect(`sqlite:${file}`)
    await after.submit(twice, 2)
    await assert.rejects(before.submit(twice, 3), { code: 'SKEIN_STORE_UNAVAILABLE' })
    await before.close()
    assert.equal((await after.jobs()).length, 1)
    await after.close()
  })

  inFolder('are told alike why a file cannot be opened, and try again the next time', async file => {
    sqliteConnection(file).close()
    const broken = `${file}-missing/jobs.db`
    const opened = await Promise.allSettled(Array.from({ length: 5 }, async () => connect(`sqlite:${broken}`)))
    for (const each of opened) {
      assert.equal(each.status === 'rejected' && (each.reason as { code?: unknown }).code, 'SKEIN_STORE_UNAVAILABLE')
    }
    rmSync(file, { force: true })
    await (await connect(`sqlite:${file}`)).close()
  })

  inFolder('go on when their thread has died and another one has taken its place', async file => {
    const queues: DurableQueue[] = []
    const [thread] = await startedDuring(async () => {
      for (let n = 0; n < 3; n++) queues.push(await connect(`sqlite:${file}`))
    })
    const again = startedDuring(() => new Promise<void>(resolve => process.once('worker', () => resolve())))
    await thread?.terminate()
    // Whoever comes now does not wait for the one that died.
    queues.push(await connect(`sqlite:${file}`))
    await again
    for (const queue of queues) {
      for (;;) {
        try {
          await queue.submit(twice, 1)
          break
        } catch {
          await new Promise(resolve => setImmediate(resolve))
        }
      }
    }
    assert.equal((await queues[0]?.jobs())?.length, 4)
    await Promise.all(queues.map(queue => queue.close()))
  })
})
