import type { StoredJob } from '../../stores/roles/inspector.ts'
import { inspecting } from '../../stores/roles/need.ts'
import type { Reported } from '../../stores/roles/results.ts'
import type { Store } from '../../stores/roles/store.ts'
import type { Arguments, Command } from '../command.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import { toJson } from '../to-json.ts'
import { printable, type Style, styleOf } from '../ui/style.ts'
import { findId } from './find-id.ts'
import { iso, jobAsJson, valueOf } from './job-json.ts'
import { storeOption, withStore } from './store-option.ts'
import { showOrWatch, watchOption } from './watch.ts'
import { argumentsText, failureOf, short, since, stateText, valueText } from './words.ts'

/** `skein job`: all that is known of one job. */
export const jobCommand: Command = {
  name: 'job',
  summary: 'all that is known of one job: arguments, result or error, its story',
  usage: ['skein job ID [--store URL] [--watch] [--json]'],
  examples: [
    ['skein job 01a1fcfc-43b9-71e6-8b70-c4fcb5379c52', 'its state, its arguments, what came of it'],
    ['skein job 01a1fcfc-43b9-71e6-8b70-c4fcb5379c52 --watch', 'the same while it runs, with its log'],
  ],
  about: [
    'The story has what happened to the job (attempts that failed, workers that died, hand-backs) and what it left behind: finished steps, values, log lines. Of its progress the latest is shown, with --json all of it.',
    'The beginning of an id will do, where only one job begins so.',
  ],
  options: {
    lines: {
      value: 'N',
      short: 'n',
      help: 'how many of its log lines, steps and values to show, from the end (default: 30)',
    },
    ...storeOption,
    ...watchOption,
  },
  run: runJob,
}

async function runJob(args: Arguments): Promise<number> {
  const [word, ...rest] = args.positionals
  if (word === undefined || rest.length > 0) {
    throw new UsageError(
      word === undefined
        ? 'No id was given. Say which job: skein job ID. skein jobs lists them.'
        : `skein job shows one job, got ${args.positionals.length} ids. skein jobs lists many.`,
      'job',
    )
  }
  const lines = args.integer('lines', 0) ?? 30
  return withStore(args, `skein job ${word}`, async store => {
    const id = await findId(store, word, 'job')
    const inspector = inspecting(store, 'find')
    if (!(await inspector.find(id))) {
      process.stderr.write(
        `${args.has('json') ? JSON.stringify({ error: { code: 'SKEIN_JOB_GONE', message: gone(id) } }) : gone(id)}\n`,
      )
      return exitCodes.someFailed
    }
    await showOrWatch(args, async () => {
      const job = await inspector.find(id)
      if (!job) return `${gone(id)}\n`
      const story = await storyOf(store, id)
      if (args.has('json')) return `${toJson({ ...jobAsJson(job), story: story.map(entryAsJson) })}\n`
      return jobText(job, story, lines)
    })
    return exitCodes.fine
  })
}

function gone(id: string): string {
  return `The store knows no job ${short(id, 60)}: it was never there, was purged, or ended so long ago that it was forgotten.`
}

async function storyOf(store: Store, id: string): Promise<Reported[]> {
  const story: Reported[] = []
  for (;;) {
    const more = await store.results.reports(id, story.at(-1)?.sequence ?? 0)
    story.push(...more)
    if (more.length < 1_000) return story
  }
}

function entryAsJson(entry: Reported): Record<string, unknown> {
  return { sequence: entry.sequence, kind: entry.kind, time: iso(entry.time), value: valueOf(entry.value) }
}

/** A job as a person reads it. */
export function jobText(
  job: StoredJob,
  story: readonly Reported[],
  most: number,
  style: Style = styleOf(process.stdout),
  now: number = Date.now(),
): string {
  const facts: [string, string | undefined][] = [
    ['task', `${job.task}${printable(argumentsText(job))}`],
    ['state', stateLine(job, style)],
    ['queue', job.priority === 0 ? job.queue : `${job.queue}, priority ${job.priority}`],
    ['attempt', attemptLine(job)],
    ['worker', job.worker],
    ['unique key', job.key],
    ['limit', job.limitKey],
    ['tags', job.tags.length > 0 ? job.tags.join(', ') : undefined],
    ['sent', moment(job.sentAt, now)],
    ['due', job.dueAt > job.sentAt ? moment(job.dueAt, now) : undefined],
    ['started', job.startedAt === undefined ? undefined : moment(job.startedAt, now)],
    ['ended', job.endedAt === undefined ? undefined : moment(job.endedAt, now)],
    ['expires', job.expiresAt === undefined ? undefined : moment(job.expiresAt, now)],
    ['deadline', job.deadlineAt === undefined ? undefined : moment(job.deadlineAt, now)],
    ['progress', progressText(story)],
    ['result', job.result === undefined ? undefined : printable(valueText(job.result))],
  ]
  const lines = [style.bold(`job ${job.id}`), '']
  for (const [name, text] of facts) if (text !== undefined) lines.push(`  ${style.dim(name.padEnd(11))} ${text}`)
  if (job.error !== undefined) lines.push('', ...failureLines(job.error, style))
  if (story.length > 0 && most > 0) {
    const { shown, left } = toldOf(story, most)
    const title =
      left === 0
        ? 'Story'
        : `Story (all that happened to it, and the last ${most} of what it told; --lines N shows more)`
    if (shown.length > 0) lines.push('', style.bold(title))
    for (const entry of shown) lines.push(`  ${style.dim(iso(entry.time).slice(11, 23))} ${entryText(entry, style)}`)
  }
  return `${lines.join('\n')}\n`
}

/**
 * The part of a story that is shown: its turns (attempts, deaths, hand-backs) all of them, of the reports of the task
 * itself the last. Progress has a line of its own above, with the latest.
 */
function toldOf(story: readonly Reported[], most: number): { shown: Reported[]; left: number } {
  const told = story.filter(entry => entry.kind !== 'progress' && entry.kind !== 'state')
  const first = told.length > most ? (told.at(-most)?.sequence ?? 0) : 0
  const shown = story.filter(entry => entry.kind === 'state' || (entry.kind !== 'progress' && entry.sequence >= first))
  return { shown, left: Math.max(0, told.length - most) }
}

function progressText(story: readonly Reported[]): string | undefined {
  const last = story.findLast(entry => entry.kind === 'progress')
  return last && short(toJson(valueOf(last.value)), 200)
}

function stateLine(job: StoredJob, style: Style): string {
  const state = stateText(job.state, style)
  if (job.cancelling === undefined || job.state !== 'running') return state
  return `${state}, ${style.yellow('asked to stop')}: ${short(valueText(job.cancelling), 60)}`
}

function attemptLine(job: StoredJob): string {
  if (job.deaths === 0) return String(job.attempt)
  return `${job.attempt}; ${job.deaths === 1 ? 'one worker has' : `${job.deaths} workers have`} died under it`
}

function moment(time: number, now: number): string {
  const text = iso(time).replace('T', ' ').replace('Z', ' UTC')
  return time <= now ? `${text} (${since(time, now)} ago)` : `${text} (in ${since(now, time)})`
}

function failureLines(text: string, style: Style): string[] {
  const { name, message, code, stack, deaths } = failureOf(text)
  const title = code === undefined ? name : `${name} (${code})`
  const frames = (stack ?? '').split('\n').filter(line => /^\s+(at |---)/.test(line))
  return [
    `${style.red(title)}: ${printable(message)}`,
    ...frames.map(line => style.dim(printable(line))),
    ...(deaths ?? []).map(each => `  worker ${each.worker} died at ${iso(each.at)}, in attempt ${each.attempt}`),
  ]
}

function entryText(entry: Reported, style: Style): string {
  const value = valueOf(entry.value)
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  switch (entry.kind) {
    case 'log': {
      const extra = fields['fields'] === undefined ? '' : ` ${style.dim(toJson(fields['fields']))}`
      return `${printable(String(fields['text'] ?? toJson(value)))}${extra}`
    }
    case 'progress':
      return `${style.dim('progress')} ${printable(toJson(value))}`
    case 'step':
      return `${style.dim('step')} ${printable(toJson(value))}`
    case 'item':
      return `${style.dim('value')} ${printable(toJson(value))}`
    case 'state':
      return turnText(fields, style)
  }
}

function turnText(fields: Record<string, unknown>, style: Style): string {
  const { state, worker, attempt, delay, error, reason } = fields
  switch (state) {
    case 'retry':
      return `${style.yellow('failed, to be tried again')} in ${String(delay ?? 0)} ms: ${short(messageIn(error), 100)}`
    case 'died':
      return `${style.red('its worker died')}: ${String(worker)}, in attempt ${String(attempt)}`
    case 'released':
      return 'handed back; the attempt does not count'
    case 'cancelling':
      return `${style.yellow('asked to stop')}: ${short(toJson(reason), 100)}`
    case 'again':
      return 'made to run again by hand'
    default:
      return toJson(fields)
  }
}

/** The message of a failure in the story, as text or already read. */
function messageIn(error: unknown): string {
  if (typeof error === 'string') return failureOf(error).message
  return error === undefined ? '' : failureOf(JSON.stringify(error)).message
}
