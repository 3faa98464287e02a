import { loadContestant, openContestant } from '../contestants/open.mjs'
import { eachWorker } from '../lib/each-worker.mjs'

/** From creating a pool until each of its workers has answered; what the calls themselves took is not counted. */
export async function measure({ spec, workers }) {
  await loadContestant(spec)
  const from = performance.now()
  const pool = await openContestant(spec, workers)
  try {
    const answers = await eachWorker(pool, workers)
    return { startMs: Math.max(...answers.map(({ at, tookMs }) => at - tookMs)) - from }
  } finally {
    await pool.close()
  }
}
