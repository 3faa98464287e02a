import type { ScheduleStatus } from '../../../queue/client/schedule.ts'
import type { StoredRule } from '../../../queue/schedules/rule.ts'
import { time } from '../../ui/amount.ts'
import { toJson } from '../../../inspect/to-json.ts'
import type { Style } from '../../ui/style.ts'
import { table } from '../../ui/table.ts'
import { short, since, span } from '../words.ts'

/** A rule as a person reads it. */
function ruleText(rule: StoredRule | undefined): string {
  if (rule === undefined) return '-'
  if ('cron' in rule) return `${rule.cron} ${rule.timeZone}`
  return 'at' in rule ? `once` : `every ${everyText(rule.every)}`
}

/** The largest unit in which it is a whole number. */
function everyText(milliseconds: number): string {
  for (const [unit, length] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ] as const) {
    if (milliseconds % length === 0) return `${milliseconds / length} ${unit}`
  }
  return time(milliseconds)
}

/** Schedules as a table. */
export function listText(all: readonly ScheduleStatus[], style: Style, now: number): string[] {
  if (all.length === 0) return ['There are no schedules.']
  const rows = all.map(each => [
    short(each.name, 36),
    stateText(each, style),
    short(ruleText(each.rule), 40),
    each.next === undefined ? '-' : `${momentText(each.next)}, ${inText(each.next.getTime() - now)}`,
    lastText(each, now),
    String(each.count),
    short(`${each.task}${argsText(each)}`, 50),
  ])
  const heads = ['name', 'state', 'rule', 'next', 'last', 'jobs', 'task'].map(title =>
    title === 'jobs' ? ({ title, align: 'right' } as const) : { title },
  )
  return table(heads, rows)
}

/** All that is known of one schedule. */
export function showText(status: ScheduleStatus, next: readonly Date[], style: Style, now: number): string[] {
  const { name, error, rule, overlap, catchUp, jitter, from, until, times, count, runs, queue, declared } = status
  const facts: (readonly [string, string | undefined])[] = [
    ['state', stateText(status, style)],
    ['why', error?.message],
    ['rule', rule && ('at' in rule ? `once, ${momentText(new Date(rule.at))}` : ruleText(rule))],
    ['task', `${status.task}${argsText(status)}, queue ${queue}`],
    ['overlap', overlap],
    ['catch up', catchUp],
    ['jitter', jitter === 0 ? undefined : time(jitter)],
    ['from', from && momentText(from)],
    ['until', until && momentText(until)],
    ['jobs', times === undefined ? String(count) : `${count} of ${times}`],
    ['declared', declared ? 'by a program, when its worker starts' : undefined],
  ]
  const known = error === undefined ? facts : facts.slice(0, 2)
  return [
    style.bold(name),
    ...known.flatMap(([what, text]) =>
      text === undefined ? [] : [`  ${style.dim(what.padEnd(9))} ${short(text, 200)}`],
    ),
    ...next.map(
      (each, at) =>
        `  ${style.dim((at === 0 ? 'next' : '').padEnd(9))} ${momentText(each)}, ${inText(each.getTime() - now)}`,
    ),
    ...runs.map(({ id, at, outcome, term }, index) => {
      const what =
        outcome === 'submitted' ? id : `${outcome}${term === undefined ? '' : ` (${momentText(new Date(term))})`}`
      return `  ${style.dim((index === 0 ? 'last' : '').padEnd(9))} ${short(what, 200)} ${style.dim(`${since(at, now)} ago`)}`
    }),
  ]
}

/** A moment, to the second. */
export function momentText(moment: Date): string {
  return moment.toISOString().replace(/\.\d+Z$/, 'Z')
}

function inText(milliseconds: number): string {
  return milliseconds < 0 ? 'due' : `in ${span(milliseconds)}`
}

function argsText({ args }: ScheduleStatus): string {
  return args === undefined ? '' : `(${args.map(each => toJson(each)).join(', ')})`
}

function stateText({ state }: ScheduleStatus, style: Style): string {
  if (state === 'unreadable') return style.red(state)
  return state === 'paused' ? style.yellow(state) : state === 'over' ? style.dim(state) : style.green(state)
}

function lastText({ runs }: ScheduleStatus, now: number): string {
  const [last] = runs
  if (last === undefined) return '-'
  return `${since(last.at, now)} ago${last.outcome === 'submitted' ? '' : `, ${last.outcome}`}`
}
