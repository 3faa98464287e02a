import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { randomUUID } from 'node:crypto'
import { sqliteStore } from '../../dist/stores/sqlite/index.js'
import { claimNow } from '../lib/claim-now.mjs'

const headers = JSON.stringify({
  lang: 'js',
  task: 't',
  id: 'x',
  retries: 0,
  timelimit: [null, null],
  origin: 'gen@host',
})
const body = '[[1,2],{},{}]'

const own = randomUUID().slice(-10)
let made = 0

/** An id as a client gives it, a UUID of version 7: they come in their order, which the index of a store is quick with. */
function newId() {
  const stamp = Date.now().toString(16).padStart(12, '0')
  const count = (made++).toString(16).padStart(8, '0')
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7${count.slice(0, 3)}-8${count.slice(3, 6)}-${count.slice(6)}${own}`
}

/** A call of some two hundred bytes. */
export function call(extra = {}) {
  return { id: newId(), queue: 'q', task: 't', headers, body, priority: 4, delay: 0, ...extra }
}

export const claimRequest = { worker: `bench:${process.pid}`, queues: ['q'], tasks: ['t'], limit: 200, lease: 10_000 }

/** The store alone: `fair` with several processes on one file, `flat` with many calls in line. */
export async function measure(request) {
  const folder = mkdtempSync(join(tmpdir(), 'skein-bench-store-'))
  try {
    const url = `sqlite:${folder}/jobs.db?durability=${request.spec.durability}`
    return request.what === 'fair' ? await fair(url, request) : await flat(url, request)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Producers and workers, each a process: what all of them did together in a second, and what the slowest did. */
async function fair(url, { producers, workers, ms }) {
  const script = fileURLToPath(new URL('../workers/store-process.mjs', import.meta.url))
  const roles = [...Array(producers).fill('producer'), ...Array(workers).fill('worker')]
  const children = roles.map(role => fork(script, [role, url, String(ms)]))
  const heard = children.map(child => new Promise(resolve => child.once('message', resolve)))
  await Promise.all(heard)
  const answers = children.map(child => new Promise(resolve => child.once('message', resolve)))
  for (const child of children) child.send('go')
  const counts = await Promise.all(answers)
  const rate = count => (count / ms) * 1_000
  const sent = counts.slice(0, producers)
  const done = counts.slice(producers)
  const sum = list => list.reduce((total, each) => total + each, 0)
  return {
    sentPerSecond: rate(sum(sent)),
    donePerSecond: rate(sum(done)),
    total: rate(sum(sent) + sum(done)),
    slowest: Math.min(
      ...sent.map(count => count / (sum(sent) / sent.length)),
      ...done.map(count => count / (sum(done) / done.length)),
    ),
  }
}

/** What claiming and ending a hundred calls takes with `queued` calls in line, among them those of a task nobody knows. */
async function flat(url, { queued }) {
  const store = await sqliteStore(url)
  try {
    const pieces = Math.ceil(queued / 2_000)
    for (let piece = 0; piece < pieces; piece++) {
      const known = Array.from({ length: 1_000 }, () => call())
      const unknown = Array.from({ length: 1_000 }, () => call({ task: 'unknown', priority: 9 }))
      await store.broker.send([...known, ...unknown])
    }
    const times = []
    for (let round = 0; round < 60; round++) {
      const from = performance.now()
      const claims = await claimNow(store, { ...claimRequest, limit: 100 })
      times.push(performance.now() - from)
      await store.broker.settle(claims.map(({ id, token }) => ({ id, token, kind: 'done', result: 'null' })))
    }
    times.sort((a, b) => a - b)
    return { claimMs: times[times.length >> 1] }
  } finally {
    await store.close()
  }
}
