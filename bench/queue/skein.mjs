import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { connect } from '../../dist/queue/index.js'
import { noop, total } from './tasks.mjs'

const workerFile = fileURLToPath(new URL('skein-worker.mjs', import.meta.url))

/**
 * @param setting durability of the file: `full` or `relaxed`
 * @param on where the worker runs the jobs
 */
export const openQueue = ({ directory, setting, on }) => openAt(`sqlite:${directory}/jobs.db?durability=${setting}`, on)

/** The same in any store. */
export async function openAt(url, on = 'loop') {
  const queue = await connect(url)
  const workers = []
  return {
    url,
    add: n => queue.submit(noop, n),
    addMany: numbers => Promise.all(numbers.map(n => queue.submit(noop, n))),
    async addChord(numbers) {
      // What `--before` names may be from when there was none.
      const { call, chord } = await import('../../dist/index.js')
      const members = numbers.map(n => call(noop, n))
      return queue.submit(chord(members, total))
    },
    result: job => job.result(),
    async startWorker(concurrency) {
      const worker = fork(workerFile, [url, String(concurrency), on])
      workers.push(worker)
      await once(worker, 'message')
    },
    // Not how many are done: of those only the latest are kept.
    async left() {
      // What `--before` names may be from when it was called so.
      const { queues } = await (queue.storeStats?.() ?? queue.status())
      return queues.reduce((sum, { counts }) => sum + counts.ready + counts.running, 0)
    },
    async close() {
      for (const worker of workers) worker.kill('SIGKILL')
      await queue.close()
    },
  }
}
