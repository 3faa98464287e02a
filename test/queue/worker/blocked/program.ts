// A worker in a process of its own, whose event loop its job blocks: node program.js STORE LEASE
import { work } from 'skein/queue'

const [store = '', lease = ''] = process.argv.slice(2)
const worker = await work({
  store,
  modules: [new URL('./tasks.js', import.meta.url)],
  queues: 'blocked',
  on: 'loop',
  concurrency: 1,
  lease: Number(lease),
})
process.once('SIGTERM', () => void worker.close({ timeout: 0 }))
