import { work } from '../../dist/queue/index.js'
import { noop } from './tasks.mjs'

const [, , store, concurrency] = process.argv
await work({ store, tasks: [noop], on: 'loop', concurrency: Number(concurrency) })
process.send?.('ready')
