import { jobStates } from '../../../inspect/states.ts'
import { argumentsText } from '../../../inspect/reason.ts'
import type { Overview } from '../../../dashboard/live/overview.ts'
import type { TaskNumbers } from '../../../dashboard/live/throughput.ts'
import { bytes, count } from '../../ui/amount.ts'
import { clip, type Style } from '../../ui/style.ts'
import { table } from '../../ui/table.ts'
import { warningText } from '../stats.ts'
import { short, span } from '../words.ts'
import { type Moment, mostRunning } from './moment.ts'
import { sparkline } from './sparkline.ts'
import { keys, type Section, sections, type View } from './view.ts'

/** The room for a picture, in characters. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

/** A part of the picture: a heading, and lines of which as many are shown as there is room for. */
interface Part {
  readonly title: string
  readonly head: readonly string[]
  readonly lines: readonly string[]
}

/** The lines of a picture, no more and none longer than there is room for. */
export function picture(moment: Moment, view: View, size: Size, style: Style): string[] {
  const top = head(moment, view, size, style)
  const lines = view.isHelp ? helpLines(style) : partLines(moment, view, size.rows - top.length, style)
  return [...top, ...lines].slice(0, Math.max(1, size.rows)).map(line => clip(line, size.columns))
}

/** The line of what is shown where the store cannot be looked into. */
export function troubleLine(message: string, style: Style): string {
  return style.red(`The store cannot be looked into; it is tried again: ${short(message, 300)}`)
}

function head({ store, overview }: Moment, view: View, size: Size, style: Style): string[] {
  const time = new Date(overview.at).toTimeString().slice(0, 8)
  const state = view.isPaused ? style.yellow('  held still') : ''
  const lines = [`${style.bold(store)}  ${style.dim(`${bytes(overview.bytes)}  ${time}`)}${state}`]
  // Where there is no end to the lines, nobody presses keys.
  if (size.rows !== Infinity) lines.push(filterLine(view, style))
  lines.push(endedLine(overview, size, style))
  const warnings = overview.warnings.flatMap(warningText)
  const shown = size.rows < 20 ? 1 : 3
  lines.push(...warnings.slice(0, shown).map(each => `${style.yellow('!')} ${each}`))
  if (warnings.length > shown) lines.push(style.dim(`  and ${warnings.length - shown} more: skein stats`))
  return lines
}

function filterLine({ filter, typing }: View, style: Style): string {
  if (typing !== undefined) return `${style.bold('/')}${short(typing, 100)}${style.cyan('▏')}`
  const keyed = style.dim('q quit  / filter  1 queues  2 running  3 tasks  s order  ? help')
  return filter === '' ? keyed : `${style.cyan(`only with '${short(filter, 60)}'`)}  ${style.dim('Esc all again')}`
}

function endedLine({ minutes, at }: Overview, { columns }: Size, style: Style): string {
  if (minutes === undefined) return style.dim('This store does not say what has ended.')
  const last = minutes.slice(-Math.max(10, Math.min(60, columns - 60)))
  const failed = last.reduce((sum, each) => sum + each.failed, 0)
  const [before, now] = last.slice(-2)
  // The minute that has just begun says little by itself.
  const passed = 60_000 + Math.max(0, at - (now?.at ?? at))
  const rate = last.length < 2 ? 0 : ((sumOf(before) + sumOf(now)) * 1_000) / passed
  const failures = failed === 0 ? '' : `, ${style.red(`${count(failed)} failed`)}`
  return `${style.green(sparkline(last.map(sumOf)))}  ${rate.toFixed(rate < 10 ? 1 : 0)}/s ended; in ${last.length} min ${count(
    last.reduce((sum, each) => sum + sumOf(each), 0),
  )}${failures}`
}

function sumOf(minute: { done: number; failed: number; cancelled: number } | undefined): number {
  return minute === undefined ? 0 : minute.done + minute.failed + minute.cancelled
}

function helpLines(style: Style): string[] {
  return ['', ...keys.map(([key, meaning]) => `  ${style.bold(key.padEnd(14))}  ${meaning}`), '', '  Any key: back']
}

const partOf: Readonly<Record<Section, (moment: Moment, view: View, style: Style) => Part>> = {
  queues: queuesPart,
  running: runningPart,
  tasks: tasksPart,
}

function partLines(moment: Moment, view: View, rows: number, style: Style): string[] {
  const shown = view.section === undefined ? sections : [view.section]
  const parts = shown.map(section => partOf[section](moment, view, style))
  const rooms = roomsOf(parts, rows)
  return parts.flatMap((part, at) =>
    linesOf(part, rooms[at] as number, view.section === undefined ? 0 : view.from, style),
  )
}

/** The lines that each part may have: none more than it needs, and what one leaves is for the others. */
function roomsOf(parts: readonly Part[], rows: number): number[] {
  const fixed = (part: Part): number => 2 + part.head.length
  const rooms = parts.map(() => 0)
  let left = rows - parts.reduce((sum, part) => sum + fixed(part), 0)
  const waiting = new Set(parts.keys())
  while (left > 0 && waiting.size > 0) {
    const share = Math.max(1, Math.floor(left / waiting.size))
    for (const at of waiting) {
      const more = Math.min(share, left, (parts[at] as Part).lines.length - (rooms[at] as number))
      rooms[at] = (rooms[at] as number) + more
      left -= more
      if (rooms[at] === (parts[at] as Part).lines.length) waiting.delete(at)
    }
  }
  return rooms
}

function linesOf({ title, head, lines }: Part, room: number, from: number, style: Style): string[] {
  const first = Math.max(0, Math.min(from, lines.length - room))
  const shown = lines.slice(first, first + room)
  const rest = lines.length - shown.length
  const range = first === 0 ? `${rest} more` : `${first + 1} to ${first + shown.length} of ${lines.length}`
  const more = rest === 0 ? '' : style.dim(`  ${range}`)
  return ['', `${style.bold(title)}${more}`, ...head, ...shown]
}

function isMeantBy(view: View, ...names: readonly (string | undefined)[]): boolean {
  const wanted = (view.typing ?? view.filter).toLowerCase()
  return wanted === '' || names.some(name => name?.toLowerCase().includes(wanted))
}

function partFrom(title: string, all: readonly string[]): Part {
  return { title, head: all.slice(0, 2), lines: all.slice(2) }
}

function queuesPart({ overview }: Moment, view: View, style: Style): Part {
  const found = overview.queues.filter(({ queue }) => isMeantBy(view, queue))
  if (found.length === 0) return { title: 'Queues', head: [style.dim('none')], lines: [] }
  const rows = found.map(({ queue, paused, counts, oldest }) => [
    `${short(queue, 30)}${paused ? style.yellow(' (paused)') : ''}`,
    ...jobStates.map(state => {
      const text = count(counts[state])
      if (counts[state] === 0) return style.dim('0')
      return state === 'failed' || state === 'dead' ? style.red(text) : state === 'running' ? style.cyan(text) : text
    }),
    oldest === 0 ? style.dim('-') : span(oldest),
  ])
  const right = 'right' as const
  const columns = [...jobStates, 'oldest waits'].map(title => ({ title, align: right }))
  return partFrom('Queues', table([{ title: 'queue' }, ...columns], rows))
}

/** Each worker with its lanes, and below it what runs there. */
function runningPart({ overview, running }: Moment, view: View, style: Style): Part {
  const lines: string[] = []
  const jobs = (running ?? []).toReversed()
  const known = new Set(overview.workers.map(({ worker }) => worker))
  const line = (id: string, task: string, text: string, startedAt: number | undefined): string =>
    `  ${style.cyan((startedAt === undefined ? '-' : span(overview.at - startedAt)).padStart(8))}  ${short(task, 40)}${style.dim(`${short(text, 80)}  ${short(id, 36)}`)}`
  const below = (worker: string | undefined, all: boolean): string[] =>
    jobs
      .filter(job => job.worker === worker && (all || isMeantBy(view, job.task, job.queue, job.id)))
      .map(job => line(job.id, job.task, argumentsText(job), job.startedAt))
  for (const { worker, place, concurrency, running: places, queues } of overview.workers) {
    const isMeant = isMeantBy(view, worker, ...queues)
    const own = below(worker, isMeant)
    if (!isMeant && own.length === 0) continue
    lines.push(
      `${style.bold(short(worker, 40))}  ${place}  ${bar(places, concurrency, style)}  ${style.dim(short(queues.join(', '), 40))}`,
    )
    lines.push(...own)
  }
  const lost = jobs.filter(job => job.worker === undefined || !known.has(job.worker))
  const others = lost.filter(job => isMeantBy(view, job.task, job.queue, job.id))
  if (others.length > 0) lines.push(style.yellow('workers that are not there any more, or have not said who they are'))
  lines.push(...others.map(job => line(job.id, job.task, argumentsText(job), job.startedAt)))
  if (jobs.length === mostRunning) lines.push(style.dim(`Only the newest ${mostRunning} are listed.`))
  if (running === undefined) lines.push(style.dim('This store does not list what runs.'))
  return {
    title: 'Running',
    head: lines.length === 0 ? [style.dim('no worker is there, and nothing runs')] : [],
    lines,
  }
}

function bar(full: number, all: number, style: Style): string {
  const width = Math.min(20, Math.max(1, all))
  const filled = Math.min(width, Math.round((full / Math.max(1, all)) * width))
  return `${style.cyan('█'.repeat(filled))}${style.dim('░'.repeat(width - filled))} ${full}/${all}`
}

const inOrder: Readonly<Record<View['order'], (task: TaskNumbers) => number>> = {
  ended: ({ ended }) => ended,
  failed: ({ failed }) => failed,
  run: ({ run }) => run?.p95 ?? 0,
  wait: ({ wait }) => wait?.p95 ?? 0,
}

const orderTitles = { ended: 'most ended', failed: 'most failed', run: 'slowest', wait: 'longest wait' } as const

function tasksPart({ overview }: Moment, view: View, style: Style): Part {
  const title = `Tasks in the last hour, ${orderTitles[view.order]} first`
  const by = inOrder[view.order]
  const found = (overview.tasks ?? []).filter(({ task }) => isMeantBy(view, task)).toSorted((a, b) => by(b) - by(a))
  if (found.length === 0) return { title, head: [style.dim('none')], lines: [] }
  const length = (ms: number | undefined): string => (ms === undefined ? style.dim('-') : span(ms))
  const rows = found.map(({ task, ended, failed, run, wait }) => [
    short(task, 40),
    count(ended),
    failed === 0 ? style.dim('0') : style.red(count(failed)),
    length(run?.p50),
    length(run?.p95),
    length(run?.most),
    length(wait?.p95),
  ])
  const columns = ['ended', 'failed', 'run p50', 'p95', 'longest', 'wait p95'].map(name => ({
    title: name,
    align: 'right' as const,
  }))
  return partFrom(title, table([{ title: 'task' }, ...columns], rows))
}
