import { loadContestant, openContestant } from '../contestants/open.mjs'
import { eachWorker } from '../lib/each-worker.mjs'
import { collectGarbage } from '../lib/heap.mjs'
import { memoryOfTree } from './memory.mjs'

/**
 * The memory that one more worker adds, in MiB, when it has answered a call and has nothing to do. A first pool has brought in and
 * compiled what the program itself needs; what the second one adds is divided by its size. The program's own garbage is collected before
 * each look. In processes it is what no other process shares, and what the program itself has grown by.
 */
export async function measure({ spec, workers, processes }) {
  await loadContestant(spec)
  const pools = []
  try {
    pools.push(await answered(spec, 2))
    const before = await settled()
    pools.push(await answered(spec, workers))
    const after = await settled()
    const known = new Set(before.children.map(({ pid }) => pid))
    const added = after.children.filter(({ pid }) => !known.has(pid))
    if (processes && process.platform === 'linux' && added.length < workers)
      throw new Error(`only ${added.length} of ${workers} processes found`)
    const sum = name => added.reduce((all, child) => all + child[name], 0) / workers
    const host = (after.own - before.own) / workers
    if (!processes) return { added: host }
    if (process.platform !== 'linux') return {}
    return { added: host + sum('own'), rss: sum('rss'), pss: sum('pss') }
  } finally {
    for (const pool of pools) await pool.close()
  }
}

async function answered(spec, workers) {
  const pool = await openContestant(spec, workers)
  await eachWorker(pool, workers)
  return pool
}

/** The memory as soon as two looks in a row are alike. */
async function settled() {
  let last
  for (let look = 0; look < 10; look++) {
    await collectGarbage()
    await new Promise(resolve => setTimeout(resolve, 300))
    const now = memoryOfTree()
    if (last !== undefined && Math.abs(now.own - last.own) < 0.25) return now
    last = now
  }
  return last
}
