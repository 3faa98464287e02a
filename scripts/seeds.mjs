// npm run seeds [-- PATTERN...] [--runs 100] [--seed N] [--all] [--node MAJOR] [--no-build]
//
// Runs the suite many times, each time with another seed, so that nothing passes only because of the order in which it
// happens to run: what skein wakes at the same moment goes on in a shuffled order, the random programs and inputs of the
// property tests are others, and so is the order of the files. A run that fails is told with its seed and the command that
// repeats it. The last line is `N runs, N failed`.
//
// Without patterns it runs the files in which an order or a random input takes part within one process: scopes and
// primitives, the event loop as an executor, the store in memory. Threads, processes, SQLite files and whole programs get
// their orders from the operating system, which no seed sets; they take minutes a run. Formats of data have no order; their
// random inputs are new ones in every ordinary run. --all has them all.
import { randomInt } from 'node:crypto'
import { relative, join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildLibrary, buildTests } from './build.mjs'
import { compiledTests } from './compiled-tests.mjs'
import { nodeBinary } from './nodes.mjs'
import { runWithSeeds } from './seeded-runs.mjs'
import { installIfNeeded, root } from './steps.mjs'

const onTheLoop = [
  'test/core/',
  'test/testing/',
  'test/loop/',
  'test/ambient/',
  'test/call/define/invoke-here',
  'test/call/run/pending-queue',
  'test/call/run/retry',
  'test/conformance/loop',
  'test/conformance/stores/memory',
  'test/stores/memory/',
]
/** Among those: files that do nothing but start programs and threads, or measure memory. */
const apart = new Set(
  [
    'core/debug/deadlock',
    'core/program/main',
    'core/scope/bridge',
    'core/scope/weight',
    'core/system/run-process',
    'core/system/signals',
    'core/time/clock',
    'testing/drain',
  ].map(name => `test/${name}.test.js`),
)

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '100' },
    seed: { type: 'string' },
    all: { type: 'boolean', default: false },
    node: { type: 'string' },
    concurrency: { type: 'string', default: '2' },
    'no-build': { type: 'boolean', default: false },
  },
})
const runs = wholeNumber('--runs', values.runs, 1)
const concurrency = wholeNumber('--concurrency', values.concurrency, 1)
const first = values.seed === undefined ? randomInt(2 ** 31) : wholeNumber('--seed', values.seed, 0)

if (!values['no-build']) {
  for (const step of [installIfNeeded, buildLibrary, buildTests]) {
    if ((await step()) !== 0) process.exit(1)
  }
}
const patterns = positionals.length > 0 || values.all ? positionals : onTheLoop
const files = (await compiledTests(patterns)).filter(
  file => positionals.length > 0 || values.all || !apart.has(relative(join(root, 'build'), file)),
)
if (files.length === 0) {
  console.error(`no test file matches ${positionals.join(' ')}`)
  process.exit(1)
}

const node = values.node ? await nodeBinary(values.node) : process.execPath
const skipped = new Map()
const begun = performance.now()
let done = 0
let broken = 0
console.log(`${files.length} files, ${runs} runs, seeds ${first} to ${first + runs - 1}`)
bar()
const total = await runWithSeeds(files, {
  runs,
  first,
  node,
  concurrency,
  onRun: run => {
    done++
    for (const { file, name, reason } of run.skipped) skipped.set(`${file}: ${name}`, reason)
    if (run.failed > 0) {
      broken++
      clearBar()
      const again = [
        'npm run seeds --',
        '--runs 1',
        `--seed ${run.seed}`,
        ...(values.all ? ['--all'] : []),
        ...positionals,
      ]
      console.log(`FAILED with the seed ${run.seed}: ${run.failures.join('; ')}`)
      console.log(`  all of it again:  ${again.join(' ')}`)
      console.log(run.text)
    }
    bar()
  },
})
clearBar()
for (const [name, reason] of skipped) console.log(`SKIPPED: ${name}${reason ? ` (${reason})` : ''}`)
console.log(`${total.passed} tests passed in ${seconds()} s`)
console.log(`${total.runs} runs, ${total.failed.length} failed`)
process.exitCode = total.failed.length === 0 ? 0 : 1

function seconds() {
  return ((performance.now() - begun) / 1000).toFixed(0)
}

/** On a terminal a bar that moves; elsewhere a line now and then. */
function bar() {
  const tell = `${done}/${runs}, ${broken} failed, ${seconds()} s`
  if (process.stdout.isTTY) {
    const width = 30
    const full = Math.round((done / runs) * width)
    process.stdout.write(`\r[${'#'.repeat(full)}${'.'.repeat(width - full)}] ${tell}`)
  } else if (done > 0 && (done % 10 === 0 || done === runs)) console.log(tell)
}

function clearBar() {
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[2K')
}

function wholeNumber(name, text, least) {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least && number < 2 ** 32) return number
  console.error(`${name} must be a whole number from ${least}, got ${text}`)
  process.exit(1)
}
