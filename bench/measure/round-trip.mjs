import { openContestant } from '../contestants/open.mjs'
import { percentile } from '../lib/stats.mjs'

/** There and back with one call in flight, in microseconds. */
export async function measure({ spec, warmupMs, latencyMs }) {
  const pool = await openContestant(spec, 1)
  try {
    if (pool.roundTrips !== undefined) return figures(await pool.roundTrips(warmupMs, latencyMs))
    const run = pool.bind('echo')
    await roundTrips(run, warmupMs)
    return figures(await roundTrips(run, latencyMs))
  } finally {
    await pool.close()
  }
}

async function roundTrips(run, ms) {
  const trips = []
  const end = performance.now() + ms
  for (let id = 0; ; id++) {
    const from = performance.now()
    if (from >= end) return trips
    const result = await run(id)
    trips.push((performance.now() - from) * 1000)
    if (result !== id) throw new Error(`wrong result for call ${id}: ${result}`)
  }
}

const figures = trips => ({ p50: percentile(trips, 0.5), p99: percentile(trips, 0.99) })
