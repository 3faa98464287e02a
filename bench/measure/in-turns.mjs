import { openContestant } from '../contestants/open.mjs'
import { median, percentile } from '../lib/stats.mjs'
import { computing, rate } from './curve.mjs'

/**
 * Two pools in one program, of which only one has work at a time: what the machine does meanwhile, and what V8 has still to compile,
 * meets both alike. Their calls per second, and how many times as many the first one had in each pair of turns.
 */
export async function measure({ specs, workers, inFlight, turns, warmupMs, turnMs, pairs }) {
  const pools = []
  for (const spec of specs) pools.push(await openContestant(spec, workers))
  try {
    const work = computing(turns)
    for (const pool of pools) {
      await rate(pool, computing(0), 1_000, Math.min(warmupMs, 1_000))
      await rate(pool, work, inFlight, warmupMs)
    }
    const rates = [[], []]
    for (let pair = 0; pair < pairs; pair++) {
      for (const at of pair % 2 === 0 ? [0, 1] : [1, 0]) rates[at].push(await rate(pools[at], work, inFlight, turnMs))
    }
    const ratios = rates[0].map((ours, pair) => ours / rates[1][pair])
    return {
      ours: median(rates[0]),
      theirs: median(rates[1]),
      ratio: median(ratios),
      low: percentile(ratios, 0.25),
      high: percentile(ratios, 0.75),
    }
  } finally {
    for (const pool of pools) await pool.close()
  }
}
