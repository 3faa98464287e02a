import { mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dashboard, nodeHandler } from '../../dist/dashboard/index.js'
import { sqliteStore } from '../../dist/stores/sqlite/index.js'
import { claimNow } from '../lib/claim-now.mjs'
import { median } from '../lib/stats.mjs'
import { call, claimRequest } from './store.mjs'

const lot = 1_000
const tasks = Array.from({ length: 20 }, (_, at) => `shop.task${at}`)
const everything = { count: Infinity, bytes: Infinity, age: Infinity }
const error = JSON.stringify({ exc_type: 'RangeError', exc_message: ['no such user'], exc_module: null })
const say = text => process.stderr.write(`progress: ${text}\n`)

/** The dashboard on a file with so many jobs, of which nine of ten have ended: how soon a screen is there, and what a search takes. */
export async function measure({ jobs, rounds }) {
  const folder = mkdtempSync(join(tmpdir(), 'skein-bench-dashboard-'))
  try {
    const url = `sqlite:${join(folder, 'jobs.db')}?durability=relaxed`
    await fill(url, jobs)
    const board = await dashboard({ store: url, authorize: () => true })
    const server = createServer(nodeHandler(board)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = `http://127.0.0.1:${server.address().port}/`
    try {
      return await figures(address, rounds)
    } finally {
      server.close()
      server.closeAllConnections()
      await board.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function fill(url, jobs) {
  const store = await sqliteStore(url, { retention: { done: everything, failed: everything, cancelled: everything } })
  const ending = jobs * 0.9
  for (let sent = 0; sent < jobs; sent += lot) {
    if (sent % 100_000 === 0) say(`${sent.toLocaleString('en')} of ${jobs.toLocaleString('en')} jobs are there`)
    await store.broker.send(
      Array.from({ length: lot }, (_, n) =>
        call({ task: tasks[(sent + n) % tasks.length], body: JSON.stringify([[{ order: `A-${sent + n}` }], {}, {}]) }),
      ),
    )
    for (let left = sent < ending ? lot : 0; left > 0;) {
      const claims = await claimNow(store, { ...claimRequest, tasks, limit: 200 })
      await store.broker.settle(
        claims.map(({ id, token }, n) =>
          n % 45 === 0 ? { id, token, kind: 'failed', error } : { id, token, kind: 'done', result: 'null' },
        ),
      )
      left -= claims.length
    }
  }
  await store.close()
}

async function figures(address, rounds) {
  const coldMs = await took(() => firstScreen(address))
  const times = { first: [], search: [], text: [] }
  for (let round = 0; round < rounds; round++) {
    // A look is kept for half a second.
    await new Promise(resolve => setTimeout(resolve, 600))
    times.first.push(await took(() => firstScreen(address)))
    for (const state of ['failed', 'done', 'ready', 'cancelled'])
      times.search.push(await took(() => found(address, `state:${state} task:${tasks[round % tasks.length]}`)))
    const from = performance.now()
    const { looked } = await found(address, 'no-such-word')
    times.text.push((looked / (performance.now() - from)) * 1_000)
  }
  return {
    coldMs,
    firstMs: median(times.first),
    searchMs: median(times.search),
    slowestMs: Math.max(...times.search),
    textPerSecond: median(times.text),
  }
}

async function took(action) {
  const from = performance.now()
  await action()
  return performance.now() - from
}

/** All that a browser asks for until the first screen is there. */
async function firstScreen(address) {
  await textOf(address)
  await Promise.all(['assets/page.js', 'assets/page.css'].map(path => textOf(address + path)))
  await textOf(`${address}api/about`)
  await textOf(`${address}api/overview`)
}

async function found(address, q) {
  return JSON.parse(await textOf(`${address}api/jobs?${new URLSearchParams({ q })}`))
}

async function textOf(url) {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} was answered with ${response.status}: ${await response.text()}`)
  return response.text()
}
