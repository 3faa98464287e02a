import type { Arguments, CommandBody } from '../command.ts'
import { CompareProgress } from '../compare-progress.ts'
import { comparisonText, tookText } from '../comparison-text.ts'
import { durationOf } from '../duration-option.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import { inputsOf } from '../inputs.ts'
import type { Output } from '../output.ts'
import { toJson } from '../../inspect/to-json.ts'
import { count } from '../ui/amount.ts'

/** Inputs beyond these are not read: a comparison is a sample. */
const mostInputs = 100_000

/** `skein compare`: one task in every place, measured, and the place to take. */
export const compareCommand: CommandBody = {
  usage: ['skein compare FILE:TASK INPUT... [OPTIONS]', 'skein compare FILE:TASK --from FILE|- [OPTIONS]'],
  examples: [
    ['skein compare primes.ts:countPrimes 200000 300000 400000', 'a task that computes'],
    ['skein compare fetch.ts:title --from urls.txt --concurrency 100', 'one that waits, 100 calls at once'],
    ['skein compare hash.ts:sha256 "src/**/*.ts" --report out/hash.html', 'over files; the report goes elsewhere'],
    ['skein compare hash.ts:sha256 "src/**/*.ts" --json --no-report', 'the numbers for a program'],
  ],
  about: [
    "The task runs one call after another, on the event loop, on threads and in processes. The places take turns; the table shows the medians of the rounds. It takes about 20 seconds; when that is too short for all inputs, a sample of them is measured. The task really runs, many times: don't compare one with effects that must not be repeated.",
    'The columns: place; time for all inputs; speed-up over calls one by one, ± how far apart the rounds were; cores busy on average; memory that a worker adds; start-up of a cold worker; stall, the longest time for which the main thread could do nothing else; bytes moved for one input.',
    'report.html shows the same with charts, and a timeline of what ran where. It needs no network.',
  ],
  options: {
    rounds: { value: 'N', help: 'turns of each place (default: 3)' },
    workers: { value: 'N', short: 'w', help: 'how many threads and processes (default: one for each core)' },
    concurrency: { value: 'N', short: 'c', help: 'calls at once, where the task waits (default: 64)' },
    budget: { value: 'TIME', help: 'about how long measuring may take (default: 20s)' },
    from: { value: 'FILE', help: 'read the inputs from a file, one a line; - is standard input' },
    glob: { help: 'let ? and {a,b} make a pattern, too, not only *' },
    'no-glob': { help: 'take an argument with * as it is' },
    report: { value: 'FILE', help: 'where the report goes (default: report.html)' },
    'no-report': { help: 'write no report' },
  },
  run: runCompare,
}

async function runCompare(args: Arguments, output: Output): Promise<number> {
  const [reference, ...words] = args.positionals
  if (reference === undefined)
    throw new UsageError('Say which task to compare: skein compare FILE:TASK INPUT...', 'compare')
  const rounds = args.integer('rounds', 1)
  const workers = args.integer('workers', 1)
  const concurrency = args.integer('concurrency', 1)
  const budget = durationOf(args, 'budget')
  if (args.has('report') && args.has('no-report'))
    throw new UsageError('--report and --no-report contradict each other', 'compare')
  const source = inputsOf(args, words)
  // Loaded here, so that --help answers at once.
  const { compare } = await import('../../advisor/compare.ts')
  const { findTask } = await import('../find-task.ts')
  const { tryToWriteReport } = await import('../write-report.ts')
  output.claim()
  let progress: CompareProgress | undefined
  try {
    const { task, identity } = await findTask(reference, 'compare')
    const inputs: unknown[] = []
    for await (const input of source.read()) {
      if (inputs.length === mostInputs) break
      inputs.push(input)
    }
    if (inputs.length === 0) throw new UsageError(`There are no inputs in ${source.source}`, 'compare')
    progress = new CompareProgress(process.stderr, identity.name, args.has('quiet') || args.has('json'))
    if (inputs.length === mostInputs) progress.say(`Only the first ${count(mostInputs)} inputs are looked at.`)
    const comparison = await compare(task, inputs, {
      onProgress: progress.listener,
      ...(rounds === undefined ? {} : { rounds }),
      ...(workers === undefined ? {} : { workers }),
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(budget === undefined ? {} : { budget }),
    })
    progress.stop()
    const page = args.has('no-report')
      ? undefined
      : tryToWriteReport(args.text('report') ?? 'report.html', { comparisons: [comparison] })
    const report = page?.path
    if (args.has('json')) {
      await output.json(toJson({ ...comparison, ...(report === undefined ? {} : { report }) }))
    } else {
      await output.lines([...comparisonText(comparison, output.style), '', tookText(comparison)])
      if (report !== undefined) await output.lines([`The whole picture: ${report}`])
    }
    if (page?.error) throw page.error
    return comparison.places.some(place => place.failed > 0) ? exitCodes.someFailed : exitCodes.fine
  } finally {
    progress?.stop()
    output.close()
  }
}
