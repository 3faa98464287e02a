import { median } from './stats.mjs'

/** The same work in this thread and through a pool, in turns; the results of both are checked. */
export async function alternating({ here, there, check, repeats }) {
  const sequentialMs = []
  const parallelMs = []
  for (let r = 0; r < repeats; r++) {
    let from = performance.now()
    let results = here()
    sequentialMs.push(performance.now() - from)
    check(results)
    from = performance.now()
    results = await there()
    parallelMs.push(performance.now() - from)
    check(results)
  }
  return {
    sequentialMs: median(sequentialMs),
    parallelMs: median(parallelMs),
    speedup: median(sequentialMs.map((ms, r) => ms / parallelMs[r])),
  }
}
