import { openContestant } from '../contestants/open.mjs'
import { roundTrips } from '../lib/in-flight.mjs'
import { percentile } from '../lib/stats.mjs'

/** There and back with one call in flight, in microseconds. */
export async function measure({ spec, warmupMs, latencyMs }) {
  const pool = await openContestant(spec, 1)
  try {
    const trips = await (pool.roundTrips ?? ofCalls(pool.bind('echo')))(warmupMs, latencyMs)
    return { p50: percentile(trips, 0.5), p99: percentile(trips, 0.99) }
  } finally {
    await pool.close()
  }
}

function ofCalls(run) {
  const trips = ms => roundTrips({ run, argument: id => id, check, ms })
  return async (warmupMs, latencyMs) => {
    await trips(warmupMs)
    return trips(latencyMs)
  }
}

function check(result, id) {
  if (result !== id) throw new Error(`wrong result for call ${id}: ${result}`)
}
