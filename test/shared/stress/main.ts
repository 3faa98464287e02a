// npm run stress-shared [-- --minutes 10] [--seed N] [--threads 4]
//
// Threads of a program's own that lock, send and count together, of which one is terminated at random every few milliseconds. Prints how much was done; exits
// with 1 where two were in one lock, something was lost that must not be, somebody hung, or memory grew.
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { stress } from './run.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    threads: { type: 'string', default: '4' },
  },
})
const minutes = Number(values.minutes)
const seed = Number(values.seed ?? randomInt(2 ** 31))
const threads = Number(values.threads)
if (!(minutes > 0) || !Number.isSafeInteger(seed) || !Number.isInteger(threads) || threads < 1 || threads > 64) {
  console.error('npm run stress-shared -- --minutes 10 --seed 1 --threads 4')
  process.exit(2)
}
console.log(`stress of shared memory: ${minutes} minutes, ${threads} threads, seed ${seed}`)
const result = await stress({ duration: minutes * 60_000, seed, threads })
console.log(
  `${result.rounds} rounds, ${result.terminated} threads terminated, ${result.repairs} locks mended that they had left; ` +
    `the heap has grown by ${(result.grown / 1024 / 1024).toFixed(1)} MB since a fifth of the time`,
)
for (const fault of result.faults) console.error(`FAULT with the seed ${seed}: ${fault}`)
if (result.grown > 32 * 1024 * 1024) console.error('the heap has grown by more than 32 MB')
if (result.faults.length > 0 || result.grown > 32 * 1024 * 1024) process.exitCode = 1
