// npm run stress [-- --minutes 10] [--seed N] [--place threads|processes|loop]
//
// Calls of every kind and with values of every size, cancelled, timed out, retried, crashed and killed at random, for so long in
// each place. Prints how the calls have ended; exits with 1 when one did not end once, or something is left, or memory grew.
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { endedAsPlanned, isClean, report } from './report.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    place: { type: 'string', multiple: true, default: ['threads', 'processes'] },
  },
})
const minutes = Number(values.minutes)
const seed = Number(values.seed ?? randomInt(2 ** 31))
if (!(minutes > 0) || !Number.isSafeInteger(seed)) {
  console.error('npm run stress -- --minutes 10 --seed 1 --place threads')
  process.exit(2)
}
const seconds = Math.max(1, Math.round((minutes * 60) / values.place.length))
console.log(`stress: ${seconds} s on each of ${values.place.join(', ')}, seed ${seed}`)
for (const place of values.place) {
  const bar = showTime(place, seconds)
  try {
    const result = await report('mixture.js', place, `${seconds}s`, { seed, limit: seconds * 1_000 + 120_000 })
    bar()
    const counts = Object.entries(result.outcomes).map(([outcome, count]) => `${count} ${outcome}`)
    console.log(`${place}: ${result.submitted} calls, each ended once; ${counts.join(', ')}`)
    const grown = (result.end.heap - result.warm.heap) / 1024 / 1024
    console.log(
      `  the heap has grown by ${grown.toFixed(1)} MB since a fifth of the time; threads ${result.before.threads} before, ${result.after.threads} after`,
    )
    isClean(result)
    endedAsPlanned(result, place)
  } catch (error) {
    bar()
    console.error(`${place} FAILED with the seed ${seed}:`, error)
    process.exitCode = 1
  }
}

/** Shows how much of the time is over, where somebody looks; returns what takes it away. */
function showTime(place: string, most: number): () => void {
  if (!process.stdout.isTTY) return () => {}
  const begun = performance.now()
  const timer = setInterval(() => {
    const gone = Math.min(most, (performance.now() - begun) / 1_000)
    const full = Math.round((gone / most) * 30)
    process.stdout.write(`\r${place} [${'#'.repeat(full)}${'.'.repeat(30 - full)}] ${Math.round(gone)}/${most} s`)
  }, 500)
  return () => {
    clearInterval(timer)
    process.stdout.write('\r\u001b[2K')
  }
}
