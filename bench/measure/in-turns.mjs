import { openContestant } from '../contestants/open.mjs'
import { median, percentile } from '../lib/stats.mjs'
import { computing, rate, warmUp } from './curve.mjs'

/**
 * Two pools in one program, of which only one has work at a time: what the machine does meanwhile, and what V8 has still to compile,
 * meets both alike. Their calls per second, and how many times as many the first one had each time.
 */
export async function measure({ specs, workers, inFlight, turns, warmupMs, rateMs, pairs }) {
  const pools = []
  try {
    for (const spec of specs) pools.push(await openContestant(spec, workers))
    const work = computing(turns)
    for (const pool of pools) await warmUp(pool, work, inFlight, warmupMs)
    const rates = [[], []]
    for (let pair = 0; pair < pairs; pair++) {
      for (const at of pair % 2 === 0 ? [0, 1] : [1, 0]) rates[at].push(await rate(pools[at], work, inFlight, rateMs))
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
