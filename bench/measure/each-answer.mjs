import { loadContestant, openContestant } from '../contestants/open.mjs'

/** So long each call keeps its worker, so that no worker takes a second one before the last has started. */
const holdMs = 2_000

/** From creating a pool until each of its workers has answered; what the calls themselves took is not counted. */
export async function measure({ spec, workers }) {
  await loadContestant(spec)
  const from = performance.now()
  const pool = await openContestant(spec, workers)
  try {
    const hold = pool.bind('hold')
    const seen = new Set()
    const times = await Promise.all(
      Array.from({ length: workers }, async () => {
        const { who, tookMs } = await hold(holdMs)
        seen.add(who)
        return performance.now() - from - tookMs
      }),
    )
    if (seen.size < workers) throw new Error(`only ${seen.size} of ${workers} workers answered`)
    return { startMs: Math.max(...times) }
  } finally {
    await pool.close()
  }
}
