// Blocks a worker for longer than its lease and shows what came of it. In seconds:
//   npm run build:test && node build/test/queue/worker/blocked/main.js --blocked 40 --lease 10
import { parseArgs } from 'node:util'
import { runBlocked } from './blocked.ts'

const { values } = parseArgs({
  options: { blocked: { type: 'string', default: '40' }, lease: { type: 'string', default: '10' } },
})
process.stdout.write(`blocking the event loop of a worker for ${values.blocked} s under a lease of ${values.lease} s\n`)
const report = await runBlocked(Number(values.lease) * 1_000, Number(values.blocked) * 1_000)
process.stdout.write(`${JSON.stringify(report)}\n`)
process.exitCode = report.begun === 1 && report.recovered === 0 ? 0 : 1
