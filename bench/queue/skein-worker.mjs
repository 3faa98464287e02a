import { availableParallelism } from 'node:os'
import { work } from '../../dist/queue/index.js'
import { heapAndRss } from '../lib/heap.mjs'
import { noop, total } from './tasks.mjs'

const [, , store, concurrency, on] = process.argv
// On threads it is said for each of them, and there is one for each core.
const each = on === 'loop' ? Number(concurrency) : Math.ceil(Number(concurrency) / availableParallelism())
await work({ store, tasks: [noop, total], on, concurrency: each })
process.on('message', () => {
  void heapAndRss().then(memory => process.send(memory))
})
process.send?.('ready')
