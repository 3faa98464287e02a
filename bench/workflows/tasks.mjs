import { current, task } from '../../dist/index.js'
import { sleepStep } from '../../dist/queue/index.js'

/** Steps one after the other, each of which needs the value of the one before. */
export const chain = task(
  import.meta,
  async function chain(steps) {
    const s = current()
    let n = 0
    for (let at = 0; at < steps; at++) {
      const before = n
      n = await s.step(`step ${at}`, () => before + 1)
    }
    return n
  },
  { name: 'bench.chain' },
)

/** Sleeps for a month, and has nothing else to do. */
export const asleep = task(
  import.meta,
  async function asleep() {
    await sleepStep(current(), 'a month', '30d')
    return 1
  },
  { name: 'bench.asleep' },
)
