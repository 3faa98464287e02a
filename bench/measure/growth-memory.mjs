import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from '../../dist/queue/index.js'
import { heapAndRss } from '../lib/heap.mjs'
import { noop } from '../queue/tasks.mjs'

const lot = 1_000

/** The memory of a client that hands jobs over and waits for their results, and of the worker that runs them. */
export async function measure({ jobs, setting }) {
  const folder = mkdtempSync(join(tmpdir(), 'skein-bench-growth-'))
  const url = `sqlite:${folder}/jobs.db?durability=${setting}`
  const queue = await connect(url)
  const worker = fork(fileURLToPath(new URL('../queue/skein-worker.mjs', import.meta.url)), [url, '64', 'loop'])
  try {
    await once(worker, 'message')
    const look = async () => {
      worker.send('memory')
      const [theirs] = await once(worker, 'message')
      return { client: await heapAndRss(), worker: theirs }
    }
    const early = jobs / 10
    await run(queue, early)
    const first = await look()
    for (let done = early; done < jobs; done += early) {
      process.stderr.write(`progress: ${done.toLocaleString('en')} of ${jobs.toLocaleString('en')} jobs\n`)
      await run(queue, early)
    }
    const last = await look()
    return Object.fromEntries(
      ['client', 'worker'].flatMap(who => [
        [`${who}First`, first[who].heap],
        [`${who}Last`, last[who].heap],
        [`${who}Rss`, first[who].rss],
        [`${who}RssLast`, last[who].rss],
        [`${who}Each`, ((last[who].heap - first[who].heap) * 2 ** 20) / (jobs - early)],
      ]),
    )
  } finally {
    worker.kill('SIGKILL')
    await queue.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function run(queue, jobs) {
  for (let n = 0; n < jobs; n += lot) {
    await Promise.all(
      Array.from({ length: lot }, async (_, at) => {
        const job = await queue.submit(noop, n + at)
        const value = await job.result()
        if (value !== n + at) throw new Error(`wrong result: ${value} for ${n + at}`)
      }),
    )
  }
}
