// A client and a worker in one process whose files may not grow beyond a limit, until it is lifted: node program.js STORE
import { execFileSync } from 'node:child_process'
import { task, type WorkerEvent } from 'skein'
import { queueIn, work } from 'skein/queue'
import { sqliteStore } from 'skein/stores/sqlite'

const [url = ''] = process.argv.slice(2)
let open = (): void => {}
const opened = new Promise<void>(resolve => (open = resolve))
const hold = task(
  import.meta,
  async (text: string) => {
    await opened
    return text
  },
  { name: 'disk.hold' },
)

const store = await sqliteStore(url)
const queue = queueIn(store)
const worker = await work({ store, tasks: [hold], on: 'loop', concurrency: 1_000 })
const troubles: WorkerEvent[] = []
let tell = (): void => {}
worker.observe(event => {
  if (event.type !== 'trouble') return
  troubles.push(event)
  if (event.doing === 'settle') tell()
})

const jobs = []
let refusal: { code?: unknown; message?: unknown } = {}
for (let n = 0; n < 10_000 && refusal.code === undefined; n++) {
  try {
    jobs.push(await queue.submit(hold, `${n} ${'x'.repeat(20_000)}`))
  } catch (error) {
    refusal = error as typeof refusal
  }
}
const kept = (await queue.jobs({ limit: 10_000 })).length
// Nor can the worker write what its jobs have done.
const inTrouble = new Promise<void>(resolve => (tell = resolve))
open()
if (jobs.length > 0) await inTrouble
const health = worker.health()
execFileSync('prlimit', ['--fsize=unlimited:unlimited', '--pid', String(process.pid)])
let right = 0
for (const [n, job] of jobs.entries()) if ((await job.result()).startsWith(`${n} x`)) right++
const afterwards = await queue.run(hold, 'afterwards')
const stats = worker.stats()
await worker.close()
await queue.close()
await store.close()
process.stdout.write(
  JSON.stringify({
    refusal: { code: refusal.code, message: refusal.message },
    accepted: jobs.length,
    kept,
    consuming: health.consuming,
    troubles: [
      ...new Set(troubles.map(each => (each.type === 'trouble' ? (each.error as { code?: unknown }).code : ''))),
    ],
    right,
    afterwards,
    done: stats.done,
  }),
)
