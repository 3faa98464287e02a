import { connect, work } from '../../dist/queue/index.js'
import { asleep, chain } from './tasks.mjs'

/** @param setting durability of the file: `full` or `relaxed` */
export async function openWorkflows({ directory, setting }) {
  const url = `sqlite:${directory}/jobs.db?durability=${setting}`
  const queue = await connect(url)
  let worker
  return {
    async startWorker(concurrency) {
      worker = await work({ store: url, tasks: [chain, asleep], on: 'loop', concurrency })
    },
    async stopWorker() {
      await worker?.close()
      worker = undefined
    },
    runChain: async steps => (await queue.submit(chain, steps)).result(),
    submitSleepers: count => Promise.all(Array.from({ length: count }, () => queue.submit(asleep))),
    async sleeping() {
      const { queues } = await queue.storeStats()
      return queues.reduce((sum, { counts }) => sum + counts.held + counts.delayed, 0)
    },
    async close() {
      await worker?.close()
      await queue.close()
    },
  }
}
