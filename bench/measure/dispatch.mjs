import { openContestant } from '../contestants/open.mjs'
import { keepInFlight, roundTrips } from '../lib/in-flight.mjs'
import { percentile } from '../lib/stats.mjs'

const payload = id => ({ id, name: 'resize', args: [1, 2, 3] })

function check(result, id) {
  if (result === null || typeof result !== 'object' || result.id !== id || result.args?.length !== 3) {
    throw new Error(`wrong result for call ${id}: ${JSON.stringify(result)}`)
  }
}

/** Round trip with one call in flight, and calls per second with `inFlight` calls in flight. */
export async function measure({ spec, workers, inFlight, warmupMs, latencyMs, rateMs }) {
  const pool = await openContestant(spec, workers)
  try {
    if (pool.map !== undefined) {
      await mapRate(pool, warmupMs)
      return { rate: await mapRate(pool, rateMs) }
    }
    const run = pool.bind('echo')
    const calls = { run, argument: payload, check }
    const rate = ms => keepInFlight({ ...calls, inFlight, ms })
    await rate(warmupMs)
    await roundTrips({ ...calls, ms: warmupMs / 3 })
    const trips = await roundTrips({ ...calls, ms: latencyMs })
    return {
      p50: percentile(trips, 0.5),
      p99: percentile(trips, 0.99),
      rate: await rate(rateMs),
    }
  } finally {
    await pool.close()
  }
}

async function mapRate(pool, ms) {
  const from = performance.now()
  function* items() {
    for (let id = 0; (id & 63) !== 0 || performance.now() - from < ms; id++) yield payload(id)
  }
  let done = 0
  for await (const result of pool.map('echo', items())) check(result, done++)
  return (done / (performance.now() - from)) * 1000
}
