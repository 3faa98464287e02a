import { openContestant } from '../contestants/open.mjs'
import { median } from '../lib/stats.mjs'
import { mix } from '../work.mjs'

/** The same items through a loop in this thread and through the pool, alternating. */
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
    const sequentialMs = []
    const parallelMs = []
    for (let r = 0; r < repeats; r++) {
      let from = performance.now()
      here()
      sequentialMs.push(performance.now() - from)
      from = performance.now()
      const results = await there()
      parallelMs.push(performance.now() - from)
      check(results)
    }
    return {
      sequentialMs: median(sequentialMs),
      parallelMs: median(parallelMs),
      speedup: median(sequentialMs.map((ms, r) => ms / parallelMs[r])),
    }
  } finally {
    await pool.close()
  }
}
