// Submits jobs until it is killed, and writes down those that were accepted.
import { appendFileSync } from 'node:fs'
import { type Call, call, JobEndedError } from 'skein'
import { connect } from 'skein/queue'
import './doom.ts'
import type { StoredState } from 'skein/stores'
import { waitsQueue } from './marks.ts'
import { blocking, flaky, graph, handing, inStore, plain, slow, stepped, undoing, waiting } from './tasks.ts'

const [url = '', accepted = '', seed = '1', most = 'Infinity'] = process.argv.slice(2)
let state = Number(seed)
const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
const below = (n: number): number => Math.floor(random() * n)
/** A server knows neither effects nor, for its own calls, priorities. */
const onServer = url.startsWith('redis:')
const stored = onServer ? plain : inStore
/** So many ready jobs are enough for the workers: the queue must not grow without end. */
const enough = 200

function next(n: number): Call<unknown> {
  const retries = { times: 50, backoff: 20, maxBackoff: 200 }
  switch (below(9)) {
    case 0:
      return call(slow, 100 + below(400)).with({ retries })
    case 1:
      return call(stepped, n).with({ retries })
    case 2:
      return call(stored, n).with({ retries, limit: { key: 'two at once', concurrency: 2 } })
    case 3:
      return call(plain, n).with({ unique: `only ${below(3)}`, retries })
    case 4:
      return call(flaky, n).with({ retries })
    case 5:
      return call(blocking, 10 + below(100)).with({ retries, ...(onServer ? {} : { priority: below(10) }) })
    case 6:
      return call(undoing, n).with({ retries })
    default:
      return call(stored, n).with({ retries })
  }
}

/** A job that waits: by itself, or since it is part of a graph. */
function nextWait(n: number): Call<unknown> {
  const options = { queue: waitsQueue, retries: { times: 50, backoff: 20, maxBackoff: 200 } }
  const which = below(4)
  if (which === 0) return graph(n)
  return which === 1 ? call(handing as never, n as never).with(options) : call(waiting, n).with(options)
}

/** So many jobs that wait are enough, whatever they wait for. */
const enoughWaits = 40
/** Those that have not been sent their signal; all when there are more of them. */
const unsignalled: string[] = []
const mostUnsignalled = 8

const queue = await connect(url)
// A client that is dead may not have sent them.
for (const { id, waits } of await queue.jobs({ states: ['held'], queue: waitsQueue, limit: 1_000 }))
  if (waits?.some(({ kind }) => kind === 'signal')) unsignalled.push(id)
process.stdout.write('ready\n')
for (let n = 0; n < Number(most);) {
  const { queues } = await queue.storeStats()
  const countsOf = (name: string): Partial<Record<StoredState, number>> =>
    queues.find(each => each.queue === name)?.counts ?? {}
  const { ready = 0 } = countsOf('default')
  const { held = 0, delayed = 0, ready: due = 0, running = 0 } = countsOf(waitsQueue)
  const calls = ready > enough ? [] : Array.from({ length: 1 + below(20) }, () => next(n++))
  if (held + delayed + due + running < enoughWaits) {
    for (let left = 1 + below(3); left > 0; left--) calls.push(nextWait(n++))
  }
  if (calls.length === 0) {
    await new Promise(resolve => setTimeout(resolve, 20))
    continue
  }
  await Promise.all(
    calls.map(async each => {
      const job = await queue.submit(each)
      appendFileSync(accepted, `${JSON.stringify({ job: job.id, task: each.task.name })}\n`)
      // Some are cancelled somewhere on their way, also while they are being undone.
      if (each.task.name === 'undoing' && below(3) === 0) setTimeout(cancel, below(400), job.id)
      if (each.options.queue === waitsQueue) unsignalled.push(job.id)
    }),
  )
  // Some before they wait for it, some after, some twice.
  while (unsignalled.length > below(mostUnsignalled)) await signal(unsignalled.shift() as string)
}
await queue.close()

function cancel(id: string): void {
  // A client that is being killed may have closed its store.
  queue.cancel(id, 'changed my mind').catch(() => {})
}

async function signal(id: string): Promise<void> {
  for (let times = 1 + below(2); times > 0; times--) {
    try {
      await queue.signal(id, 'word', times)
    } catch (error) {
      // It may be dead, as many workers as have died under it.
      if (!(error instanceof JobEndedError)) throw error
    }
  }
}
