import type { Arguments, CommandBody } from '../command.ts'
import { CompareProgress } from '../compare-progress.ts'
import { comparisonText } from '../comparison-text.ts'
import { durationOf } from '../duration-option.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import type { Output } from '../output.ts'
import { placeTableText } from '../place-table-text.ts'
import { toJson } from '../../inspect/to-json.ts'
import { count, plural, time } from '../ui/amount.ts'
import { wrap } from '../ui/style.ts'

/** So many source files make the work of the tour. */
const wantedFiles = 2000
const mostFiles = 2000
/** Pages that the site has. */
const pages = 2000

/** `skein tour`: three real jobs in every place, and what each place can do on this machine. */
export const tourCommand: CommandBody = {
  usage: ['skein tour [--budget TIME] [--report FILE]'],
  examples: [
    ['skein tour', 'about two minutes; ends with the table and report.html'],
    ['skein tour --budget 30s', 'shorter and rougher'],
  ],
  about: [
    'Compares a task that waits (requests to a web server that the tour starts on this machine, with delays of 5 to 35 ms), one that computes (word statistics over at least 2,000 source files found here) and one that does both. Then it measures what cooperative tasks, threads and processes can do on this machine: nothing is quoted.',
  ],
  options: {
    budget: { value: 'TIME', help: 'about how long the three comparisons may take in all (default: 70s)' },
    workers: { value: 'N', short: 'w', help: 'how many threads and processes (default: one for each core)' },
    report: { value: 'FILE', help: 'where the report goes (default: report.html)' },
  },
  run: runTour,
}

async function runTour(args: Arguments, output: Output): Promise<number> {
  if (args.positionals.length > 0)
    throw new UsageError(`The tour takes no inputs, got '${args.positionals[0]}'`, 'tour')
  const budget = durationOf(args, 'budget') ?? 70_000
  const workers = args.integer('workers', 1)
  const { compare } = await import('../../advisor/compare.ts')
  const { findSourceFiles } = await import('../tour/source-files.ts')
  const { openSite } = await import('../tour/site.ts')
  const { fetchAndCount, fetchPage, readAll, wordStatistics } = await import('../tour/tasks.ts')
  const { probePlaces } = await import('../tour/probe-places.ts')
  const { tryToWriteReport } = await import('../write-report.ts')

  const json = args.has('json')
  const quiet = json || args.has('quiet')
  const { style } = output
  const say = async (...lines: string[]): Promise<void> => {
    if (!json) await output.lines(lines)
  }
  const begun = performance.now()
  const { files, folders } = findSourceFiles(wantedFiles, mostFiles)
  if (files.length === 0)
    throw new UsageError(
      'There are no source files to work on, in node_modules, beside Node, or in this folder',
      'tour',
    )
  const size = await readAll(files)
  await say(`${style.bold('skein tour')}: three real jobs, each in every place, on this machine.`)
  const input = `Over ${plural(files.length, 'source file')} (${(size / 1e6).toFixed(0)} MB) from ${folders.join(' and ')}; and a web server that the tour runs, whose ${count(pages)} pages take 5 to 35 ms each.`
  await say(...wrap(input, 78))
  if (files.length < wantedFiles) await say(`(Fewer files than the ${count(wantedFiles)} hoped for were found here.)`)

  const site = await openSite(files)
  const onExit = (): void => void site.close()
  process.once('exit', onExit)
  try {
    const urls = Array.from({ length: pages }, (_, at) => `${site.url}/${at}`)
    const shared = workers === undefined ? {} : { workers }
    const jobs = [
      {
        title: 'Waiting: requests to a web server',
        share: 0.28,
        run: (options: object) => compare(fetchPage, urls, options),
      },
      {
        title: 'Computing: word statistics over source files',
        share: 0.44,
        run: (options: object) => compare(wordStatistics, files, options),
      },
      {
        title: 'Both: fetch a source file, then its statistics',
        share: 0.28,
        run: (options: object) => compare(fetchAndCount, urls, options),
      },
    ]
    const comparisons = []
    for (const [at, job] of jobs.entries()) {
      const progress = new CompareProgress(process.stderr, `${at + 1}/4`, quiet)
      try {
        comparisons.push(
          await job.run({ ...shared, budget: budget * job.share, title: job.title, onProgress: progress.listener }),
        )
      } finally {
        progress.stop()
      }
      const last = comparisons.at(-1)
      if (last) await say('', ...comparisonText(last, style))
    }
    const progress = new CompareProgress(process.stderr, '4/4', quiet)
    let places
    try {
      places = await probePlaces(progress.listener)
    } finally {
      progress.stop()
    }
    const page = tryToWriteReport(args.text('report') ?? 'report.html', {
      comparisons,
      places,
      title: 'One function, three places to run it',
    })
    const report = page.path
    if (json) await output.json(toJson({ comparisons, places, ...(report === undefined ? {} : { report }) }))
    await say(
      '',
      style.bold('What each place can do on this machine, measured'),
      '',
      ...placeTableText(places, style),
      '',
      `Done in ${time(performance.now() - begun)}.`,
      ...(report === undefined ? [] : ['The whole picture, with charts and timelines:', style.cyan(report)]),
      '',
      `Now your own function: ${style.cyan('npx skein compare FILE.ts:task INPUT...')}`,
    )
    if (page.error) throw page.error
    return comparisons.some(({ places: all }) => all.some(place => place.failed > 0))
      ? exitCodes.someFailed
      : exitCodes.fine
  } finally {
    process.off('exit', onExit)
    await site.close()
  }
}
