// A pipeline of three steps that never holds more than a few items: lines are produced, parsed on threads, written.
import { setTimeout as wait } from 'node:timers/promises'
import { main } from 'skein'
import { threads } from 'skein/threads'
import { parse } from './tasks.ts'

const lines = 2000

await main(import.meta, async () => {
  const pool = threads({ workers: 2 })
  let produced = 0
  let written = 0
  let furthestAhead = 0

  /** The producer: makes a line only when somebody has room for it. */
  async function* produce() {
    for (let at = 0; at < lines; at++) {
      produced++
      furthestAhead = Math.max(furthestAhead, produced - written)
      yield `${at};user-${at % 17};${(at * 37) % 1000}`
    }
  }

  /** The consumer: slow, one batch at a time, as a database would be. */
  const batches: number[] = []
  let batch = 0
  let sum = 0
  for await (const order of pool.map(parse, produce(), { chunk: 10, lookAhead: 100 })) {
    written++
    sum += order.amount
    if (++batch === 500) {
      await wait(20)
      batches.push(batch)
      batch = 0
    }
  }
  await pool.close()

  console.log(
    `${produced} lines produced, ${written} orders written in ${batches.length} batches, in order: sum ${sum}`,
  )
  console.log(`the producer was never more than 101 lines ahead: ${furthestAhead <= 101}`)
})
