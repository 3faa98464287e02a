import type { Settled } from '../../core/combine/map-results.ts'
import { CancelledError } from '../../core/errors/errors.ts'
import type { Arguments, CommandBody } from '../command.ts'
import { durationOf } from '../duration-option.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import { inputsOf } from '../inputs.ts'
import { listenForInterrupt } from '../interrupt.ts'
import { type MapReport, reportAsJson, reportAsText } from '../map-report.ts'
import { FileOutput, type JsonOutput, OutputError, say, sayJson, type Output } from '../output.ts'
import { openPlace } from '../place.ts'
import { checkOtherThanStdout, checkSameTask, readEarlier, taskLabel } from '../resume.ts'
import { errorToJson, toJson } from '../../inspect/to-json.ts'
import { ResultWriter } from '../result-writer.ts'
import { count, plural } from '../ui/amount.ts'
import { Progress } from '../ui/progress.ts'
import { styleOf } from '../ui/style.ts'

/** `skein map`: one task over many inputs, in any place. */
export const mapCommand: CommandBody = {
  usage: ['skein map FILE:TASK INPUT... [OPTIONS]', 'skein map FILE:TASK --from FILE|- [OPTIONS]'],
  examples: [
    ['skein map hash.ts:sha256 "src/**/*.ts"', 'a task over files, on a thread for each core'],
    ['skein map primes.ts:countPrimes 1000000 2000000 --on processes', 'numbers as inputs, in processes'],
    ['skein map fetch.ts:title --from urls.txt --on loop --timeout 5s', 'one input a line; 64 at once, 5 s for each'],
    ['skein map hash.ts:sha256 --from files.txt --resume out.jsonl', 'can be interrupted, and run again to go on'],
    [
      `find . -name '*.png' | skein map thumb.ts:thumbnail - > out.jsonl`,
      'inputs from a pipe, read as fast as they are worked on',
    ],
  ],
  about: [
    'Each input becomes the one argument of a call. What reads as JSON is parsed: 12, true, "12", {"w":320}, [1,2] (an array is one argument); anything else is text. An argument with a * means the files that match it (quote it, so that the shell leaves it alone).',
    'Results are JSON lines on standard output, in the order of the inputs: {"index":0,"task":…,"input":…,"value":…}, or {"index":1,"task":…,"input":…,"error":{"code","name","message"}}. The values of a generator task come as an array. What JSON has no form for is written as {"$type":"Map","value":…}, {"$type":"bigint","value":"12"}, {"$type":"Uint8Array","base64":"…"}. What a task prints goes to standard error.',
    'Ctrl-C cancels what runs, writes what is finished, and says how to go on; a second Ctrl-C ends at once.',
  ],
  options: {
    on: { value: 'PLACE', help: 'loop, threads or processes (default: threads)' },
    workers: { value: 'N', short: 'w', help: 'how many threads or processes (default: one for each core)' },
    concurrency: { value: 'N', short: 'c', help: 'calls at once in each of them (default: 1; on the loop: 64)' },
    timeout: { value: 'TIME', help: 'how long one call may run: 250ms, 5s, 2m (default: no limit)' },
    retries: { value: 'N', help: 'how often to run a failed input again (default: 0)' },
    from: { value: 'FILE', help: 'read the inputs from a file, one a line; - is standard input' },
    glob: { help: 'let ? and {a,b} make a pattern, too, not only *' },
    'no-glob': { help: 'take an argument with * as it is' },
    unordered: { help: 'write results as they come, not in the order of the inputs' },
    resume: {
      value: 'FILE',
      help: 'add the results to FILE instead, and pass over the inputs that FILE has a value for; failed ones run again',
    },
  },
  run: runMap,
}

async function runMap(args: Arguments, stdout: Output): Promise<number> {
  const [reference, ...words] = args.positionals
  if (reference === undefined) throw new UsageError('Say which task to run: skein map FILE:TASK INPUT...', 'map')
  const timeout = durationOf(args, 'timeout')
  const retries = args.integer('retries', 0)
  const resume = args.text('resume')
  const command = process.argv.slice(2)
  if (resume !== undefined) checkOtherThanStdout(resume, command)
  const inputs = inputsOf(args, words)
  // Loaded here, so that --help answers at once.
  const { findTask } = await import('../find-task.ts')
  const { settleEach } = await import('../../advisor/settle-each.ts')
  const { executor, words: placeWords } = await openPlace(args)
  const earlier = resume === undefined ? undefined : await readEarlier(resume, 'map')

  let progress: Progress | undefined
  const interrupt = listenForInterrupt(() =>
    progress?.say('Stopping: cancelling what runs. Ctrl-C again ends at once.'),
  )
  stdout.claim()
  const { task, identity, label } = await findTask(reference, 'map')
    .then(found => {
      const label = taskLabel(found.identity)
      if (resume !== undefined) checkSameTask(resume, earlier, label, 'map')
      return { ...found, label: JSON.stringify(label) }
    })
    .catch((error: unknown) => {
      interrupt.stop()
      stdout.close()
      throw error
    })
  const output: JsonOutput = resume === undefined ? stdout : new FileOutput(resume)
  progress = new Progress(process.stderr, {
    label: `${identity.name} on ${placeWords}`,
    quiet: args.has('quiet') || args.has('json'),
    ...(inputs.total === undefined ? {} : { total: inputs.total }),
  })
  const writer = new ResultWriter(output, { ordered: !args.has('unordered') && resume === undefined })
  interrupt.signal.addEventListener('abort', () => writer.release())
  const report: MapReport = {
    task: identity.name,
    done: 0,
    failed: 0,
    skipped: 0,
    taken: 0,
    total: inputs.total,
    failures: [],
    milliseconds: 0,
  }

  const waiting = new Map<number, { index: number; input: unknown }>()
  async function* unfinished(): AsyncGenerator<unknown> {
    let index = -1
    let position = 0
    for await (const input of untilAborted(inputs.read(), interrupt.signal)) {
      index++
      report.taken++
      if (earlier?.finished.has(index) && earlier.finished.get(index) === toJson(input)) {
        report.skipped++
        progress?.update({ skipped: report.skipped })
        continue
      }
      await writer.room()
      writer.expect(position)
      waiting.set(position++, { index, input })
      yield input
    }
  }

  const begun = performance.now()
  let broken: unknown
  try {
    const settings = {
      signal: interrupt.signal,
      ...(timeout === undefined ? {} : { timeout }),
      ...(retries === undefined ? {} : { retries }),
    }
    for await (const settled of settleEach(executor, task, unfinished(), settings)) {
      const item = waiting.get(settled.index)
      if (!item) continue
      if (settled.state === 'failed' && interrupt.signal.aborted && settled.error instanceof CancelledError) continue
      waiting.delete(settled.index)
      const outcome = outcomeOf(settled)
      if (outcome.error && report.done === 0 && hopeless.has(outcome.error.code ?? '')) {
        broken = outcome.thrown
        break
      }
      await writer.write(
        settled.index,
        `{"index":${item.index},"task":${label},"input":${toJson(item.input)},${outcome.json}}`,
      )
      if (outcome.error) {
        report.failed++
        if (report.failures.length < 10) report.failures.push({ ...item, error: outcome.error })
      } else report.done++
      progress?.update(report)
    }
  } catch (error) {
    if (error instanceof OutputError || !interrupt.signal.aborted) broken = error
  }
  report.milliseconds = performance.now() - begun
  const endings: readonly (() => Promise<void>)[] = [
    async () => {
      if (!(broken instanceof OutputError)) await writer.flush()
    },
    () => executor.close({ cancel: true }),
    async () => output.close(),
  ]
  for (const end of endings) {
    try {
      await end()
    } catch (error) {
      broken ??= error
    }
  }
  stdout.close()
  progress.stop()
  interrupt.stop()

  const unwritten = broken instanceof OutputError
  if (broken !== undefined && (!unwritten || (broken as OutputError).readerGone)) throw broken
  const interrupted = interrupt.exitCode
  if (!args.has('quiet') || report.failed > 0 || interrupted !== undefined || unwritten) {
    const stopped = interrupted !== undefined ? 'Interrupted' : unwritten ? 'Stopped' : undefined
    if (args.has('json')) sayJson(reportAsJson(report, stopped !== undefined))
    else {
      const style = styleOf(process.stderr)
      if (earlier?.repaired) say(`The last line of ${resume} was cut off; it was taken away and its input ran again.`)
      if (earlier && earlier.damaged > 0)
        say(`${plural(earlier.damaged, 'line')} of ${resume} could not be read; their inputs ran again.`)
      say(...reportAsText(report, { stopped, resume, command, style }))
      if (earlier && report.skipped < earlier.finished.size && stopped === undefined) {
        const others = earlier.finished.size - report.skipped
        say(`${count(others)} of the values in ${resume} belong to other inputs or positions; they were left there.`)
      }
    }
  }
  if (broken !== undefined) throw broken
  if (interrupted !== undefined) return interrupted
  return report.failed > 0 ? exitCodes.someFailed : exitCodes.fine
}

/** How an input ended, as its line says it. A value that has no form in JSON is a failure of its own input. */
function outcomeOf(settled: Settled<unknown>): {
  readonly json: string
  readonly error?: MapReport['failures'][number]['error']
  readonly thrown?: unknown
} {
  let thrown: unknown
  try {
    if (settled.state === 'done') return { json: `"value":${toJson(settled.value)}` }
    thrown = settled.error
  } catch (error) {
    thrown = error
  }
  const error = errorToJson(thrown)
  return { json: `"error":${toJson(error)}`, error, thrown }
}

/** Failures that every other input would meet as well: the place cannot load or start the task at all. */
const hopeless: ReadonlySet<string> = new Set([
  'SKEIN_TASK_MODULE',
  'SKEIN_TYPESCRIPT_LOADER',
  'SKEIN_TASK_NOT_FOUND',
  'SKEIN_WORKER_START',
  'SKEIN_NESTED_START',
])

/** The items of a source until the signal aborts, even while the source waits for its next one. */
async function* untilAborted<T>(source: AsyncIterable<T> | Iterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  if (!(Symbol.asyncIterator in source)) {
    for (const item of source) {
      if (signal.aborted) return
      yield item
    }
    return
  }
  const iterator = source[Symbol.asyncIterator]()
  let stop: () => void = () => {}
  const aborted = new Promise<undefined>(resolve => {
    stop = () => resolve(undefined)
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
  })
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted])
      if (!next || next.done || signal.aborted) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', stop)
    // Not awaited: a reader that waits for a line ends only when the next line or the end of the stream comes.
    void iterator.return?.()
  }
}
