// A worker in a process of its own, on its event loop: node program.js STORE
import { work } from 'skein/queue'

const [store = ''] = process.argv.slice(2)
const started = work({ store, modules: [new URL('./tasks.js', import.meta.url)], on: 'loop', lease: 1_000 })
process.once('SIGTERM', () => void started.then(worker => worker.close({ timeout: '1h' })))
await started
