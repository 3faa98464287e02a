import { openContestant } from '../contestants/open.mjs'
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
    await rate(run, inFlight, warmupMs)
    await roundTrips(run, warmupMs / 3)
    const trips = await roundTrips(run, latencyMs)
    return {
      p50: percentile(trips, 0.5),
      p99: percentile(trips, 0.99),
      rate: await rate(run, inFlight, rateMs),
    }
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
    const result = await run(payload(id))
    trips.push((performance.now() - from) * 1000)
    check(result, id)
  }
}

/** Keeps `inFlight` calls on their way: whenever one ends, the next one starts. Every result is checked. */
async function rate(run, inFlight, ms) {
  let next = 0
  let done = 0
  let running = true
  let measured = 0
  const from = performance.now()

  async function lane() {
    while (running) {
      const id = next++
      check(await run(payload(id)), id)
      done++
      if ((done & 63) === 0 && running) {
        const elapsed = performance.now() - from
        if (elapsed >= ms) {
          running = false
          measured = (done / elapsed) * 1000
        }
      }
    }
  }

  await Promise.all(Array.from({ length: inFlight }, lane))
  return measured
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
