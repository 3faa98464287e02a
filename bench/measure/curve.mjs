import { openContestant } from '../contestants/open.mjs'
import { keepInFlight } from '../lib/in-flight.mjs'

/** Calls per second of tasks that compute for so many turns, or of arguments with a text of so many bytes. */
export async function measure({ spec, workers, inFlight, turns, bytes, warmupMs, rateMs }) {
  const pool = await openContestant(spec, workers)
  try {
    const work = bytes === undefined ? computing(turns) : carrying(bytes)
    if (turns > 0) await warmUp(pool, work, inFlight, warmupMs)
    else await rate(pool, work, inFlight, warmupMs)
    return { rate: await rate(pool, work, inFlight, rateMs) }
  } finally {
    await pool.close()
  }
}

/** Calls that take milliseconds are too few in a second for the pool's own code to become compiled: empty ones come before. */
export async function warmUp(pool, work, inFlight, ms) {
  await rate(pool, computing(0), 1_000, Math.min(ms, 1_000))
  await rate(pool, work, inFlight, ms)
}

/** Calls per second of a pool with this work. */
export function rate(pool, { name, argument, check }, inFlight, ms) {
  return keepInFlight({ run: pool.bind(name), argument, check, inFlight, ms })
}

/** Work that computes for so many turns. */
export function computing(turns) {
  return {
    name: 'compute',
    argument: id => ({ id, turns }),
    check: (result, id) => {
      if (result?.id !== id) throw new Error(`wrong result for call ${id}: ${JSON.stringify(result)}`)
    },
  }
}

function carrying(bytes) {
  // Through a buffer, so that it is one text and not a tree of parts.
  const data = Buffer.alloc(bytes, 'x').toString('latin1')
  return {
    name: 'lengthOf',
    argument: id => ({ id, data }),
    check: (result, id) => {
      if (result?.id !== id || result.length !== bytes) {
        throw new Error(`wrong result for call ${id}: ${JSON.stringify(result)}`)
      }
    },
  }
}
