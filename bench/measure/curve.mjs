import { openContestant } from '../contestants/open.mjs'
import { keepInFlight } from '../lib/in-flight.mjs'

/** Calls per second of tasks that take so many turns, or of arguments of so many bytes. */
export async function measure({ spec, workers, inFlight, turns, bytes, warmupMs, rateMs }) {
  const pool = await openContestant(spec, workers)
  try {
    const { name, argument, check } = bytes === undefined ? lengthOfTask(turns) : payloadOf(bytes)
    const run = pool.bind(name)
    const rate = ms => keepInFlight({ run, argument, check, inFlight, ms })
    await rate(warmupMs)
    return { rate: await rate(rateMs) }
  } finally {
    await pool.close()
  }
}

function lengthOfTask(turns) {
  return {
    name: 'turns',
    argument: id => ({ id, turns }),
    check: (result, id) => {
      if (result?.id !== id) throw new Error(`wrong result for call ${id}: ${JSON.stringify(result)}`)
    },
  }
}

function payloadOf(bytes) {
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
