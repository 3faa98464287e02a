// The long run: good messages of Celery with something changed in them, a million times.
//   npm run mutate -- [--seed 1] [--times 1000000]
import { parseArgs } from 'node:util'
import { randomInt } from 'node:crypto'
import { randomOf } from './random.ts'
import { faultOf, subjects, trial } from './trial.ts'

const { values } = parseArgs({
  options: { seed: { type: 'string' }, times: { type: 'string', default: '1000000' } },
})

const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed)
const times = Number(values.times)
process.stdout.write(`seed ${seed}\n`)
const all = subjects()
const random = randomOf(seed)
let faults = 0
for (let number = 1; number <= times; number++) {
  const { subject, parts } = trial(all, random)
  const fault = faultOf(subject, parts)
  if (fault !== undefined && ++faults <= 10) {
    process.stdout.write(
      `trial ${number}, ${subject.name}: ${fault}\n  ${parts.map(part => part.slice(0, 2_000)).join('\n  ')}\n`,
    )
  }
  if (number % 100_000 === 0) process.stderr.write(`${number} trials, ${faults} with faults\n`)
}
process.stdout.write(`${times} trials with seed ${seed}, ${faults} with faults\n`)
process.exitCode = faults === 0 ? 0 : 1
