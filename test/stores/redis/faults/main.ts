// npm run broker-faults [-- --restarts 50] [--others 5] [--seed N]
//
// A Redis server that is killed and started again under load, and a way to it that is bad in every way that there is. Prints how long
// workers were silent after each; exits with 1 where something was lost, done twice, left behind, or silent for too long.
import { parseArgs } from 'node:util'
import { harms, runFaults, submitWithout } from './faults.ts'

const { values } = parseArgs({
  options: {
    restarts: { type: 'string', default: '50' },
    others: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const [restarts, others, seed] = [Number(values.restarts), Number(values.others), Number(values.seed)]
if (![restarts, others, seed].every(Number.isSafeInteger)) {
  process.stderr.write('npm run broker-faults -- --restarts 50 --others 5 --seed 1\n')
  process.exit(2)
}
/** The longest that a worker may be silent once all is well again, in milliseconds. */
const most = 5_000
/**
 * The same where answers were lost and no connection was: a worker that asks for nothing, since it waits for a job, does not see that
 * before it looks around, which it does every 15 s.
 */
const mostAfterMute = 20_000

process.stdout.write(`broker faults: ${restarts} restarts, ${others} of each other, seed ${seed}\n`)
let done = 0
const report = await runFaults({
  plan: harms.map(harm => [harm, harm === 'restart' ? restarts : others]),
  seed,
  onHarm: (harm, silence) => process.stderr.write(`${++done} ${harm}: silent for ${Math.round(silence)} ms\n`),
})
for (const { harm, times, silence } of report.harms)
  process.stdout.write(`  ${harm.padEnd(8)} ${times} times, silent for ${Math.round(silence)} ms at most\n`)
const { accepted, refused, answered, longestSubmit, violations } = report
process.stdout.write(
  `${accepted} jobs accepted, ${answered} waited for and answered, ${refused} submits refused, the longest took ${Math.round(longestSubmit)} ms\n`,
)
for (const fault of ['refuses', 'deaf', 'mute'] as const)
  process.stdout.write(
    `  a submit that finds no broker (${fault}) is refused after ${Math.round(await submitWithout(fault))} ms\n`,
  )
const silent = report.harms
  .filter(({ harm, silence }) => silence > (harm === 'mute' ? mostAfterMute : most))
  .map(({ harm }) => `silent for too long after ${harm}`)
const all = [...violations, ...silent]
process.stdout.write(all.length === 0 ? 'no violation\n' : `${all.length} VIOLATIONS:\n  ${all.join('\n  ')}\n`)
process.exitCode = all.length > 0 ? 1 : 0
