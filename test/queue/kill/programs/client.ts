// Submits jobs until it is killed, and writes down those that were accepted.
import { appendFileSync } from 'node:fs'
import { type Call, call } from 'skein'
import { connect } from 'skein/queue'
import './doom.ts'
import { blocking, flaky, inStore, plain, slow, stepped } from './tasks.ts'

const [url = '', accepted = '', seed = '1', most = 'Infinity'] = process.argv.slice(2)
let state = Number(seed)
const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
const below = (n: number): number => Math.floor(random() * n)
/** So many ready jobs are enough for the workers: the queue must not grow without end. */
const enough = 200

function next(n: number): Call<unknown> {
  const retries = { times: 50, backoff: 20, maxBackoff: 200 }
  switch (below(8)) {
    case 0:
      return call(slow, 100 + below(400)).with({ retries })
    case 1:
      return call(stepped, n).with({ retries })
    case 2:
      return call(inStore, n).with({ retries, limit: { key: 'two at once', concurrency: 2 } })
    case 3:
      return call(plain, n).with({ unique: `only ${below(3)}`, retries })
    case 4:
      return call(flaky, n).with({ retries })
    case 5:
      return call(blocking, 10 + below(100)).with({ retries, priority: below(10) })
    default:
      return call(inStore, n).with({ retries })
  }
}

const queue = await connect(url)
process.stdout.write('ready\n')
for (let n = 0; n < Number(most);) {
  const { queues } = await queue.storeStats()
  const ready = queues.reduce((sum, each) => sum + each.counts.ready, 0)
  if (ready > enough) {
    await new Promise(resolve => setTimeout(resolve, 20))
    continue
  }
  const calls = Array.from({ length: 1 + below(20) }, () => next(n++))
  await Promise.all(
    calls.map(async each => {
      const job = await queue.submit(each)
      appendFileSync(accepted, `${JSON.stringify({ job: job.id, task: each.task.name })}\n`)
    }),
  )
}
await queue.close()
