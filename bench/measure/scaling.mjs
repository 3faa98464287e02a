import { openContestant } from '../contestants/open.mjs'
import { alternating } from '../lib/alternating.mjs'
import { kernels } from '../work.mjs'

/** The same CPU-bound calls one after another in this process and then through the pool. */
export async function measure({ spec, workers, kernel, arg, calls, repeats }) {
  const pool = await openContestant(spec, workers)
  try {
    const run = pool.bind(kernel)
    const expected = kernels[kernel](arg)
    const here = () => Array.from({ length: calls }, () => kernels[kernel](arg))
    const parallel = count => Promise.all(Array.from({ length: count }, () => run(arg)))
    const check = results => {
      for (const result of results) {
        if (result !== expected) throw new Error(`${kernel}(${arg}) gave ${result}, expected ${expected}`)
      }
    }
    check(await parallel(workers * 2))
    return await alternating({ here, there: () => parallel(calls), check, repeats })
  } finally {
    await pool.close()
  }
}
