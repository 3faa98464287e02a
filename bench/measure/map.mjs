import { openContestant } from '../contestants/open.mjs'
import { alternating } from '../lib/alternating.mjs'
import { mix } from '../work.mjs'

/** The same items through a loop in this thread and through the pool. */
export async function measure({ spec, workers, items: count, repeats }) {
  const pool = await openContestant(spec, workers)
  try {
    const items = Array.from({ length: count }, (_, n) => n)
    const here = () => {
      const results = []
      for (const item of items) results.push(mix(item))
      return results
    }
    const there = () => pool.mapAll?.('mix', items) ?? pool.map('mix', items).toArray()
    const expected = here()
    const check = results => {
      if (results.length !== count || results.some((result, n) => result !== expected[n])) {
        throw new Error(`wrong results, ${results.length} of them`)
      }
    }
    check(await there())
    return await alternating({ here, there, check, repeats })
  } finally {
    await pool.close()
  }
}
