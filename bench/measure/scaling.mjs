import { openContestant } from '../contestants/open.mjs'
import { median } from '../lib/stats.mjs'
import { kernels } from '../work.mjs'

/** The same CPU-bound calls one after another in this process and then through the pool, alternating. */
export async function measure({ spec, workers, kernel, arg, calls, repeats }) {
  const pool = await openContestant(spec, workers)
  try {
    const run = pool.bind(kernel)
    const here = kernels[kernel]
    const expected = here(arg)
    const check = result => {
      if (result !== expected) throw new Error(`${kernel}(${arg}) gave ${result}, expected ${expected}`)
    }
    const parallel = async count => {
      const results = await Promise.all(Array.from({ length: count }, () => run(arg)))
      results.forEach(check)
    }
    await parallel(workers * 2)
    here(arg)
    const sequentialMs = []
    const parallelMs = []
    for (let r = 0; r < repeats; r++) {
      let from = performance.now()
      for (let i = 0; i < calls; i++) check(here(arg))
      sequentialMs.push(performance.now() - from)
      from = performance.now()
      await parallel(calls)
      parallelMs.push(performance.now() - from)
    }
    return {
      sequentialMs: median(sequentialMs),
      parallelMs: median(parallelMs),
      speedup: median(sequentialMs.map((ms, i) => ms / parallelMs[i])),
    }
  } finally {
    await pool.close()
  }
}
