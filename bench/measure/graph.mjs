import { openPool } from '../contestants/skein.mjs'
import { median } from '../lib/stats.mjs'
import { add, increment, total } from '../tasks.mjs'
import { call } from '../../dist/index.js'

/** The outermost call, how many nodes there are, and what it comes to. */
function graphOf(shape, nodes) {
  if (shape === 'chain') {
    let last = call(increment, 0)
    for (let n = 1; n < nodes; n++) last = call(increment, last)
    return [last, nodes, nodes]
  }
  const leaves = shape === 'wide' ? nodes : Math.ceil(nodes / 2)
  let level = Array.from({ length: leaves }, (_, n) => call(increment, n))
  const expected = (leaves * (leaves + 1)) / 2
  if (shape === 'wide') return [call(total, level), nodes + 1, expected]
  let count = leaves
  while (level.length > 1) {
    const pairs = []
    for (let i = 0; i + 1 < level.length; i += 2) pairs.push(call(add, level[i], level[i + 1]))
    count += pairs.length
    level = level.length % 2 === 1 ? [...pairs, level.at(-1)] : pairs
  }
  return [level[0], count, expected]
}

/** Microseconds for each node of a graph whose tasks do next to nothing. The graph is made before. */
export async function measure({ spec, workers, shape, nodes, repeats }) {
  const pool = await openPool(spec.place, workers)
  try {
    const [last, count, expected] = graphOf(shape, nodes)
    const times = []
    for (let n = 0; n <= repeats; n++) {
      const start = performance.now()
      const value = await pool.run(last)
      times.push(performance.now() - start)
      if (value !== expected) throw new Error(`${value} instead of ${expected}`)
    }
    // The first has started the workers, and had the code compiled.
    return { us: (median(times.slice(1)) * 1000) / count }
  } finally {
    await pool.close()
  }
}
