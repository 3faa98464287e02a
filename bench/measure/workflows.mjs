import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

/** One figure of durable functions: `what` says which. Client and worker are one program. */
export async function measure({ peer, setting, what, ...request }) {
  const directory = mkdtempSync(join(tmpdir(), 'skein-bench-'))
  const { openWorkflows } = await import(`../workflows/${peer}.mjs`)
  const workflows = await openWorkflows({ directory, setting })
  try {
    return await figures[what](workflows, request)
  } finally {
    await workflows.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

const figures = { steps, sleepers }

const warmUpMs = 2_000

/**
 * Durable functions of many steps, so many at once: finished steps per second, from the first submit to the last result. Before that they
 * ran for a while, so that code which has not been compiled yet is measured on neither side: a worker runs for days.
 */
async function steps(workflows, { chains, length }) {
  await workflows.startWorker(chains)
  const all = () => Promise.all(Array.from({ length: chains }, () => workflows.runChain(length)))
  const warm = performance.now() + warmUpMs
  do await all()
  while (performance.now() < warm)
  const from = performance.now()
  const results = await all()
  const took = performance.now() - from
  for (const result of results) if (result !== length) throw new Error(`wrong result: ${result} of ${length} steps`)
  return { rate: (chains * length * 1000) / took }
}

/**
 * Many that sleep for a month: how long until all of them do, what a worker that starts beside them needs until it has done
 * something else, and the processor's time that it takes while nothing happens.
 */
async function sleepers(workflows, { count, idleMs }) {
  await workflows.startWorker(10)
  const from = performance.now()
  if (count > 0) await workflows.submitSleepers(count)
  while ((await workflows.sleeping()) < count) await sleep(20)
  const asleepMs = performance.now() - from
  await workflows.stopWorker()
  const started = performance.now()
  await workflows.startWorker(10)
  await workflows.runChain(1)
  const startMs = performance.now() - started
  await sleep(1_000) // what was begun comes to rest
  const before = process.cpuUsage()
  await sleep(idleMs)
  const { user, system } = process.cpuUsage(before)
  return { perSleeper: count > 0 ? asleepMs / count : NaN, startMs, idleCpu: (user + system) / idleMs / 10 }
}
