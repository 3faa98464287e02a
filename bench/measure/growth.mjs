import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from '../../dist/queue/index.js'
import { sqliteStore } from '../../dist/stores/sqlite/index.js'
import { claimNow } from '../lib/claim-now.mjs'
import { median } from '../lib/stats.mjs'
import { noop } from '../queue/tasks.mjs'
import { call, claimRequest } from './store.mjs'

const lot = 1_000
const say = text => process.stderr.write(`progress: ${text}\n`)

/** How many bytes a job takes in the file, at most, with its entries in all indexes, in the log too. */
const bytesEach = 2_000

/** What a job costs in a file that holds so many already; `what` says which figures. */
export async function measure({ what, jobs, setting, rounds }) {
  const { bavail, bsize } = statfsSync(tmpdir())
  if (bavail * bsize < jobs * bytesEach) throw new Error(`the disk has no room for a file of ${jobs} jobs`)
  const folder = mkdtempSync(join(tmpdir(), 'skein-bench-growth-'))
  try {
    const file = join(folder, 'jobs.db')
    return await figures[what]({ file, url: `sqlite:${file}?durability=${setting}`, jobs, rounds })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const figures = { waiting, ended }

const filled = n => Array.from({ length: n }, () => call())

async function fill(store, jobs) {
  for (let sent = 0; sent < jobs; sent += lot) {
    if (sent % 200_000 === 0 && sent > 0) say(`${sent.toLocaleString('en')} of ${jobs.toLocaleString('en')} jobs sent`)
    await store.broker.send(filled(Math.min(lot, jobs - sent)))
  }
}

/** Jobs that wait: what one more costs to send, to claim and to settle, and how soon a new worker has answered. */
async function waiting({ file, url, jobs, rounds }) {
  let store = await sqliteStore(url)
  await fill(store, jobs)
  // By that, what is in the log is brought into the file.
  await store.close()
  const { size } = statSync(file)

  const openMs = []
  for (let n = 0; n < 3; n++) {
    const from = performance.now()
    store = await sqliteStore(url)
    await store.inspector.find('none')
    openMs.push(performance.now() - from)
    await store.close()
  }
  const workerMs = await firstJob(url)

  await costsOf(url.replace(file, `${file}-warm`), rounds)
  const costs = await costsOf(url, rounds)
  return {
    sendUs: median(costs.send),
    claimUs: median(costs.claim),
    settleUs: median(costs.settle),
    openMs: median(openMs),
    workerMs,
    bytes: size / jobs,
  }
}

/** Processor time of all threads for each job, in microseconds, of a thousand at a time. */
async function costsOf(url, rounds) {
  const store = await sqliteStore(url)
  const costs = { send: [], claim: [], settle: [] }
  const cost = async (name, action) => {
    const before = process.cpuUsage()
    await action()
    const { user, system } = process.cpuUsage(before)
    costs[name].push((user + system) / lot)
  }
  for (let round = 0; round < rounds; round++) {
    const calls = filled(lot)
    await cost('send', () => store.broker.send(calls))
    const claims = []
    await cost('claim', async () => {
      while (claims.length < lot) claims.push(...(await claimNow(store, { ...claimRequest, limit: 200 })))
    })
    const settlements = claims.map(({ id, token }) => ({ id, token, kind: 'done', result: 'null' }))
    await cost('settle', () => store.broker.settle(settlements))
  }
  await store.close()
  return costs
}

/** From the start of a worker's program to the result of a job that waits for it alone. */
async function firstJob(url) {
  const queue = await connect(url)
  const job = await queue.submit(noop, 1)
  const from = performance.now()
  const worker = fork(fileURLToPath(new URL('../queue/skein-worker.mjs', import.meta.url)), [url, '1', 'loop'])
  try {
    await job.result()
    return performance.now() - from
  } finally {
    worker.kill('SIGKILL')
    await once(worker, 'exit')
    await queue.close()
  }
}

/** Jobs that have ended, all of them kept: what each takes in the file, and what is given back when they are purged. */
async function ended({ file, url, jobs }) {
  const options = { retention: { done: { count: Infinity, bytes: Infinity, age: Infinity } } }
  let store = await sqliteStore(url, options)
  await fill(store, jobs)
  for (let left = jobs; left > 0;) {
    const claims = await claimNow(store, { ...claimRequest, limit: lot })
    await store.broker.settle(claims.map(({ id, token }) => ({ id, token, kind: 'done', result: 'null' })))
    left -= claims.length
  }
  await store.close()
  const full = statSync(file).size
  store = await sqliteStore(url, options)
  const before = process.cpuUsage()
  const from = performance.now()
  const purged = await store.inspector.purge({})
  const purgeMs = performance.now() - from
  const { user, system } = process.cpuUsage(before)
  if (purged !== jobs) throw new Error(`${purged} of ${jobs} jobs were purged`)
  await store.close()
  execFileSync(process.execPath, [
    fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url)),
    'purge',
    '--compact',
    '--store',
    `sqlite:${file}`,
    '--quiet',
  ])
  const per = 100_000 / jobs
  return {
    bytes: full / jobs,
    purgeMs: purgeMs * per,
    purgeCpuMs: ((user + system) / 1000) * per,
    backPercent: 100 * (1 - statSync(file).size / full),
  }
}
