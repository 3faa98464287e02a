import { Worker } from 'bullmq'

const [, , port, concurrency] = process.argv
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null }
const worker = new Worker('bench', async job => job.data.n, { connection, concurrency: Number(concurrency) })
await worker.waitUntilReady()
process.send?.('ready')
