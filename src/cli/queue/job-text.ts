import { waitText } from '../../queue/memo.ts'
import { toJson } from '../../inspect/to-json.ts'
import { printableLines } from '../../core/report/printable.ts'
import type { Style } from '../ui/style.ts'
import { iso } from '../../inspect/job-json.ts'
import { damagedText, type Failure, failureOf, fieldsOf, type ReadEntry, type ReadJob } from '../../inspect/read-job.ts'
import { argumentsText, textOf } from '../../inspect/reason.ts'
import { short, since, stateText } from './words.ts'

/**
 * The lines of a job as a person reads it.
 *
 * @param most how many of its log lines, steps and values are shown, from the end
 */
export function jobText(job: ReadJob, story: readonly ReadEntry[], most: number, style: Style): string[] {
  const now = Date.now()
  const { result, dueAt, sentAt } = job
  const facts: [string, string | undefined][] = [
    ['task', `${job.task}${argumentsText(job)}`],
    ['state', stateLine(job, style)],
    ['waits', job.waits?.map(waitText).join('; ')],
    ['queue', job.priority === 0 ? job.queue : `${job.queue}, priority ${job.priority}`],
    ['attempt', attemptLine(job)],
    ['worker', job.worker],
    ['unique key', job.key],
    ['key until', moment(job.keyUntil, now)],
    ['limit', job.limitKey],
    ['tags', job.tags.length > 0 ? job.tags.join(', ') : undefined],
    ['sent', moment(sentAt, now)],
    ['due', dueAt !== undefined && dueAt > (sentAt ?? -Infinity) ? moment(dueAt, now) : undefined],
    ['started', moment(job.startedAt, now)],
    ['ended', moment(job.endedAt, now)],
    ['expires', moment(job.expiresAt, now)],
    ['deadline', moment(job.deadlineAt, now)],
    ['progress', progressText(story)],
    ['result', result === undefined ? undefined : toJson(result)],
    ['message', job.malformed],
    ['damaged', job.damaged.length === 0 ? undefined : style.red(job.damaged.join(', '))],
  ]
  const lines = [style.bold(`job ${job.id}`), '']
  for (const [name, text] of facts) if (text !== undefined) lines.push(`  ${style.dim(name.padEnd(11))} ${text}`)
  if (job.error !== undefined) lines.push('', ...failureLines(job.error, style))
  if (story.length > 0 && most > 0) {
    const { shown, left } = toldOf(story, most)
    const title =
      left === 0
        ? 'Story'
        : `Story (all that happened to it, and the last ${most} of what it reported; --lines N shows more)`
    if (shown.length > 0) lines.push('', style.bold(title))
    for (const entry of shown) {
      const time = entry.time === undefined ? damagedText : iso(entry.time).slice(11, 23)
      lines.push(`  ${style.dim(time)} ${entryText(entry, style)}`)
    }
  }
  return lines
}

/**
 * The shown part of a story: its turns (attempts, deaths, hand-backs) all of them, of what the task itself has told the last.
 * Progress has a line of its own above, with the latest.
 */
function toldOf(story: readonly ReadEntry[], most: number): { shown: ReadEntry[]; left: number } {
  const told = story.filter(entry => entry.kind !== 'progress' && entry.kind !== 'state')
  const first = told.length > most ? (told.at(-most)?.sequence ?? 0) : 0
  const shown = story.filter(entry => entry.kind === 'state' || (entry.kind !== 'progress' && entry.sequence >= first))
  return { shown, left: Math.max(0, told.length - most) }
}

function progressText(story: readonly ReadEntry[]): string | undefined {
  const last = story.findLast(entry => entry.kind === 'progress')
  return last && short(toJson(last.value), 200)
}

function stateLine({ state, cancelling }: ReadJob, style: Style): string {
  const text = stateText(state, style)
  if (cancelling === undefined || state !== 'running') return text
  return `${text}, ${style.yellow('asked to stop')}: ${short(toJson(cancelling), 60)}`
}

function attemptLine({ attempt, deaths }: ReadJob): string {
  if (deaths === 0) return String(attempt)
  return `${attempt}; ${deaths === 1 ? 'one worker has' : `${deaths} workers have`} died under it`
}

function moment(time: number | undefined, now: number): string | undefined {
  if (time === undefined) return undefined
  const text = iso(time).replace('T', ' ').replace('Z', ' UTC')
  return time <= now ? `${text} (${since(time, now)} ago)` : `${text} (in ${since(now, time)})`
}

function failureLines({ name, message, code, stack, reason, deaths }: Failure, style: Style): string[] {
  const title = code === undefined ? name : `${name} (${code})`
  const [first = '', ...more] = printableLines(message)
  const frames = printableLines(stack ?? '').filter(line => /^\s+(at |---)/.test(line))
  return [
    `${style.red(title)}: ${first}`,
    ...more,
    ...(reason === undefined ? [] : [`  ${style.dim('reason')} ${short(textOf(reason), 200)}`]),
    ...frames.map(style.dim),
    ...(deaths ?? []).map(each => `  worker ${each.worker} died at ${iso(each.at)}, in attempt ${each.attempt}`),
  ]
}

function entryText({ kind, value, damaged }: ReadEntry, style: Style): string {
  if (value === undefined) return `${style.dim(kind)} ${damaged ? damagedText : ''}`
  const fields = fieldsOf(value)
  switch (kind) {
    case 'log':
      return `${textOf(fields['text'] ?? value)}${fields['fields'] === undefined ? '' : ` ${style.dim(toJson(fields['fields']))}`}`
    case 'progress':
      return `${style.dim('progress')} ${toJson(value)}`
    case 'step':
      return `${style.dim('step')} ${toJson(value)}`
    case 'item':
      return `${style.dim('value')} ${toJson(value)}`
    case 'undone':
      return undoneText(fields, style)
    case 'state':
      return turnText(fields, style)
  }
}

function turnText(fields: Readonly<Record<string, unknown>>, style: Style): string {
  const { state, worker, attempt, delay, error, reason, after, into } = fields
  switch (state) {
    case 'retry':
      return `${style.yellow('failed, to be tried again')} in ${textOf(delay ?? 0)} ms: ${short(messageIn(error), 100)}`
    case 'died':
      return `${style.red('its worker died')}: ${textOf(worker)}, in attempt ${textOf(attempt)}`
    case 'released':
      if (after !== undefined) return 'has given its place back, and waits'
      return 'handed back; the attempt does not count'
    case 'cancelling':
      return `${style.yellow('asked to stop')}: ${short(toJson(reason), 100)}`
    case 'undoing':
      return `${style.yellow(`${textOf(into)}, and its steps are undone first`)}: ${short(messageIn(error), 100)}`
    case 'again':
      return 'made to run again by hand'
    default:
      return toJson(fields)
  }
}

function undoneText({ name, value }: Readonly<Record<string, unknown>>, style: Style): string {
  if (value === null) return `${style.dim('undone')} ${textOf(name)}`
  return `${style.red(`step ${textOf(name)} could not be undone`)}: ${short(messageIn(value), 100)}`
}

/** The message of a failure that is in the story, as text or already read. */
function messageIn(error: unknown): string {
  if (error === undefined) return ''
  try {
    return failureOf(typeof error === 'string' ? error : JSON.stringify(error)).message
  } catch {
    return damagedText
  }
}
