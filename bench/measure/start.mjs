import { loadContestant, openContestant } from '../contestants/open.mjs'
import { memoryOfTree } from './memory.mjs'

/** From creating a pool of one to its first answer; then the memory that each of `workers` workers takes. */
export async function measure({ spec, workers, processes }) {
  await loadContestant(spec)
  const from = performance.now()
  const one = await openContestant(spec, 1)
  await one.bind('whoAmI')(0)
  const startMs = performance.now() - from
  await one.close()

  const before = memoryOfTree()
  const pool = await openContestant(spec, workers)
  try {
    const run = pool.bind('whoAmI')
    const seen = new Set()
    for (let tries = 0; seen.size < workers && tries < 20; tries++) {
      for (const name of await Promise.all(Array.from({ length: workers }, () => run(50)))) seen.add(name)
    }
    if (seen.size < workers) throw new Error(`only ${seen.size} of ${workers} workers answered`)
    const after = memoryOfTree()
    if (!processes) return { startMs, rss: (after.rss - before.rss) / workers }
    if (process.platform !== 'linux') return { startMs }
    return { startMs, rss: after.childrenRss / workers, pss: after.childrenPss / workers }
  } finally {
    await pool.close()
  }
}
