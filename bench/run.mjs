// npm run bench: skein beside its peers, interleaved in one run.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { withBefore } from './lib/before.mjs'
import { aboutMachine, aboutVersions, machine, occasion, versions } from './lib/machine.mjs'
import { drawCurve } from './lib/chart.mjs'
import { goalRows, goalRowsAcross } from './lib/goal-table.mjs'
import { fillPage } from './lib/page.mjs'
import { readPieces } from './lib/pieces.mjs'
import { prepareVenv } from './lib/python.mjs'
import { reportSuite } from './lib/report.mjs'
import { runSuite, stopRunning } from './lib/rounds.mjs'
import { prepare } from './lib/setup.mjs'
import { markdownTable, plainTable } from './lib/table.mjs'
import { nodeBinary, versions as nodeVersions } from '../scripts/nodes.mjs'
import { run as runProgram } from '../scripts/steps.mjs'
import { ofGoals, suites } from './suites/all.mjs'

const help = `npm run bench -- [SUITE...] [options]

Measures skein beside piscina, tinypool, workerpool, poolifier and Python's own pools: all in one run, round by round in
turn, each measurement in a fresh process, every result checked.

Suites (the beginning of a name is enough; default: all)
${suites.map(({ name, about }) => `  ${name.padEnd(20)}${about}`).join('\n')}

Options
  --quick            fewer and shorter rounds: a quarter of an hour for everything instead of an hour and more
  --rounds N         how many rounds, instead of each suite's own number
  --full             with what takes very long: the largest sizes of growth
  --workers N        size of the larger pool (default 2)
  --only TEXT,...    only contestants whose label contains one of the texts; skein's own always run
  --before FOLDER    another checkout of skein, built: its figures stand beside those of this one, each contestant of skein's a
                     second time, measured by the same programs
  --node N,...       on these versions of Node (20, 22, 24, 26), one after the other, and their goals side by side; the figures
                     of each go to bench/results/node-N.json
  --from FILE,...    measures nothing: the tables of earlier runs, from the files that --json made, as if they were one; of a suite that
                     is in several, the last one counts
  --json FILE        where the figures go (default bench/results/latest.json)
  --markdown FILE    the tables as Markdown, too
  --page FILE        puts the tables into a page that has places for them, such as docs/performance.md
  --charts FOLDER    the suites that are curves as pictures, too (SVG)
  --help

Examples
  npm run bench
  npm run bench -- dispatch --quick
  npm run bench -- dispatch-threads --only piscina --rounds 3 --json /tmp/threads.json
  npm run bench -- dispatch queue --before ../skein-1.4 --only before
  npm run bench -- start size --quick --node 20,22,24,26
  npm run bench -- --from start.json,queue.json --page docs/performance.md
`

function fail(text) {
  console.error(`${text}\n\nnpm run bench -- --help shows what there is.`)
  process.exit(2)
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        full: { type: 'boolean', default: false },
        workers: { type: 'string', default: '2' },
        only: { type: 'string' },
        before: { type: 'string' },
        node: { type: 'string' },
        from: { type: 'string' },
        json: { type: 'string' },
        markdown: { type: 'string' },
        page: { type: 'string' },
        charts: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    return fail(error.message)
  }
}

function count(text, option) {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) fail(`--${option} must be an integer from 1 up, got '${text}'`)
  return value
}

const { values, positionals } = readArguments()
if (values.help) {
  console.log(help)
  process.exit(0)
}
const workers = count(values.workers, 'workers')
const askedRounds = values.rounds === undefined ? undefined : count(values.rounds, 'rounds')
const only = values.only
  ?.toLowerCase()
  .split(',')
  .filter(text => text !== '')
const before = values.before === undefined ? undefined : resolve(values.before)
if (before !== undefined && !existsSync(join(before, 'dist/index.js')))
  fail(`--before must be the folder of a checkout that is built, got '${values.before}'`)
const page = values.page === undefined ? undefined : resolve(values.page)
if (page !== undefined && !(existsSync(page) && readFileSync(page, 'utf8').includes('<!-- bench:')))
  fail(`--page must be a file that has places for tables (<!-- bench:NAME -->), got '${values.page}'`)
const majors = values.node?.split(',')
const unknown = majors?.find(major => !Object.hasOwn(nodeVersions, major))
if (unknown !== undefined) fail(`--node knows ${Object.keys(nodeVersions).join(', ')}, got '${unknown}'`)
for (const name of ['json', 'charts', 'from'])
  if (majors !== undefined && values[name] !== undefined) fail(`--${name} is for one version of Node: leave out --node`)
const earlier = values.from?.split(',').map(file => resolve(file))
const missing = earlier?.find(file => !existsSync(file))
if (missing !== undefined) fail(`--from must be files that --json made, got '${missing}'`)
for (const name of positionals) {
  if (!suites.some(suite => suite.name.startsWith(name))) {
    fail(`There is no suite '${name}'. Suites: ${suites.map(suite => suite.name).join(', ')}`)
  }
}
const chosen = suites.filter(({ name }) => positionals.length === 0 || positionals.some(part => name.startsWith(part)))

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    stopRunning()
    process.exit(signal === 'SIGINT' ? 130 : 143)
  })
}

const terminal = process.stderr.isTTY
const say = text => process.stderr.write(terminal ? `\r\x1b[2K${text}\n` : `${text}\n`)

function progress({ suite, round, rounds, at, of, cell, text }) {
  if (terminal) {
    const words = `${suite.name}: round ${round + 1}/${rounds}, ${at + 1}/${of}: ${cell.contestant.label}, ${cell.variant.key}${text === undefined ? '' : `: ${text}`}`
    process.stderr.write(`\r\x1b[2K${words.slice(0, (process.stderr.columns ?? 100) - 1)}`)
  } else if (text !== undefined) {
    say(`${suite.name}: ${cell.contestant.label}, ${cell.variant.key}: ${text}`)
  } else if (at === 0) {
    say(`${suite.name}: round ${round + 1} of ${rounds}`)
  }
}

try {
  await prepare(say)
} catch (error) {
  say(error.message)
  process.exit(1)
}

if (majors !== undefined) process.exit(await onVersions())
if (earlier !== undefined) {
  const parts = readPieces(earlier, suites)
  const nodes = [...new Set(parts.map(({ run }) => run.machine.node))]
  if (nodes.length === 1) present(parts)
  else
    besideEachOther(
      nodes.map(node => ({
        name: `Node ${node.slice(1)}`,
        parts: parts.filter(({ run }) => run.machine.node === node),
      })),
    )
  process.exit()
}

/** Runs this command on other versions of Node, one after the other, and prints what each came to. */
async function onVersions() {
  const args = [...positionals]
  for (const name of ['quick', 'full']) if (values[name]) args.push(`--${name}`)
  for (const [name, value] of Object.entries({
    rounds: values.rounds,
    workers: values.workers,
    only: values.only,
    before,
  }))
    if (value !== undefined) args.push(`--${name}`, value)
  const files = []
  let exitCode = 0
  for (const major of majors) {
    const json = fileURLToPath(new URL(`results/node-${major}.json`, import.meta.url))
    // So that a run which ends early is not taken for the one before it.
    rmSync(json, { force: true })
    const code = await runProgram(await nodeBinary(major), [fileURLToPath(import.meta.url), ...args, '--json', json])
    exitCode ||= code
    if (existsSync(json)) files.push({ name: `Node ${nodeVersions[major]}`, parts: readPieces([json], suites) })
  }
  besideEachOther(files)
  return exitCode
}

/** The goals of several runs side by side. */
function besideEachOther(runs) {
  const rows = goalRowsAcross(runs.map(({ name, parts }) => ({ name, goals: goalsOf(parts) })))
  console.log(plainTable(rows, 9))
  const table = markdownTable(rows, 9)
  if (page !== undefined)
    fill(new Map([['nodes', `${table}\n\n${occasion(runs[0].parts[0].run)}; the other versions one after the other.`]]))
  if (values.markdown !== undefined) writeFileSync(resolve(values.markdown), `${table}\n`)
}

function goalsOf(parts) {
  return parts.flatMap(({ result }) => result.goals)
}

/** Prints the goals of what was measured, and puts all tables where the options say. */
function present(parts) {
  const goals = goalsOf(parts)
  const tables = parts.map(({ suite, result }) => reportSuite(suite, result, { markdown: true }))
  const [{ run }] = parts
  if (values.markdown !== undefined) {
    const head = `${run.date.slice(0, 10)}\n${aboutMachine(run.machine)}\n${aboutVersions(run.versions)}`
    writeFileSync(resolve(values.markdown), [head, markdownTable(goalRows(goals), 4), ...tables].join('\n\n'))
  }
  if (page !== undefined) {
    const sections = new Map(parts.map((part, at) => [part.result.name, `${tables[at]}\n${occasion(part.run)}.`]))
    // Of a run without some of these the table would be a part.
    if (ofGoals.every(prefix => parts.some(({ result }) => result.name.startsWith(prefix))))
      sections.set(
        'goals',
        `${markdownTable(goalRows(goals), 4)}\n\n${aboutMachine(run.machine)}; ${aboutVersions(run.versions)}.`,
      )
    fill(sections)
  }
  if (goals.length === 0) return
  console.log(`${plainTable(goalRows(goals), 4)}\n`)
  console.log(`Goals: ${goals.filter(goal => goal.reached).length} of ${goals.length} reached.`)
}

function fill(sections) {
  writeFileSync(page, fillPage(readFileSync(page, 'utf8'), sections))
}

const began = performance.now()
const host = machine()
const run = {
  date: new Date().toISOString(),
  quick: values.quick,
  full: values.full,
  workers,
  machine: host,
  versions: versions(),
}
console.log(`${aboutMachine(host)}\n${aboutVersions(run.versions)}\n`)
if (host.load > 0.5)
  console.log(`Careful: the load of this machine was ${host.load.toFixed(1)} before the run; figures will suffer.\n`)

async function saveChart(folder, suite, result) {
  mkdirSync(folder, { recursive: true })
  for (const metric of Object.keys(suite.curve.metrics ?? { rate: '' })) {
    const file = join(folder, `${suite.name}${suite.curve.metrics === undefined ? '' : `-${metric}`}.svg`)
    writeFileSync(file, await drawCurve(suite, result.cells, metric))
    say(`Picture: ${file}`)
  }
}

const parts = []
for (const {
  make,
  rounds: [full, quick],
} of chosen) {
  const suite = make({ quick: values.quick, full: values.full, workers })
  if (before !== undefined) suite.contestants = withBefore(suite, before)
  const wanted = contestant =>
    contestant.role === 'skein' ||
    only === undefined ||
    only.some(text => contestant.label.toLowerCase().includes(text))
  if (suite.contestants.some(contestant => contestant.needsVenv && wanted(contestant)) && !prepareVenv(say)) {
    for (const contestant of suite.contestants) contestant.absent ||= contestant.needsVenv
  }
  const absent = suite.contestants.filter(contestant => contestant.absent && wanted(contestant))
  suite.contestants = suite.contestants.filter(contestant => !contestant.absent && wanted(contestant))
  const times = askedRounds ?? (values.quick ? quick : full)
  const cells = await runSuite(suite, { rounds: times, progress })
  for (const { key, label, role } of absent) {
    for (const variant of suite.variants)
      cells.push({ variant: variant.key, key, label, role, metrics: {}, absent: true })
  }
  const result = { name: suite.name, title: suite.title, rounds: times, cells, goals: suite.goals(cells) }
  parts.push({ suite, run, result })
  if (terminal) process.stderr.write('\r\x1b[2K')
  console.log(reportSuite(suite, result))
  if (values.charts !== undefined && suite.curve !== undefined) await saveChart(resolve(values.charts), suite, result)
}

const seconds = (performance.now() - began) / 1000
const file = resolve(values.json ?? fileURLToPath(new URL('results/latest.json', import.meta.url)))
const results = parts.map(({ result }) => result)
mkdirSync(dirname(file), { recursive: true })
writeFileSync(file, `${JSON.stringify({ ...run, seconds, suites: results }, null, 2)}\n`)
present(parts)
console.log(`${seconds.toFixed(0)} s. All figures: ${file}`)

// A contestant of skein's own that fails is a fault of skein; a figure below a goal is a fact about the machine, too.
if (results.some(result => result.cells.some(cell => cell.role === 'skein' && cell.failure !== undefined)))
  process.exitCode = 1
