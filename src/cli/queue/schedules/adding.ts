import { InvalidArgumentError, ScheduleError } from '../../../core/errors/errors.ts'
import type { Duration } from '../../../core/time/duration.ts'
import { checkScheduleName, definitionOf, type ScheduleOptions } from '../../../queue/schedules/definition.ts'
import { putSchedule } from '../../../queue/schedules/put.ts'
import type { ScheduleRule } from '../../../queue/schedules/rule.ts'
import { storedMessage } from '../../../queue/schedules/term-call.ts'
import type { Schedules } from '../../../stores/roles/schedules.ts'
import type { Arguments, OptionSpec } from '../../command.ts'
import { UsageError } from '../../exit-codes.ts'
import { queueName } from '../queue-names.ts'

/** The options that say what a new schedule does. */
export const addOptions: Readonly<Record<string, OptionSpec>> = {
  cron: { value: 'LINE', help: "add: a cron line, such as '0 8 * * mon-fri'" },
  zone: { value: 'ZONE', help: 'add: the time zone in which the line is read (default: UTC)' },
  every: { value: 'TIME', help: 'add: the time between two jobs, such as 5m' },
  at: { value: 'MOMENT', help: 'add: once, such as 2030-01-31T08:00:00Z' },
  queue: { value: 'NAME', help: 'add: the queue of its jobs (default: default)' },
  overlap: { value: 'WORD', help: 'add: while the job before runs: allow, skip, queue or cancel (default: allow)' },
  'catch-up': { value: 'WORD', help: 'add: what was missed: last, all or none (default: last)' },
  jitter: { value: 'TIME', help: 'add: start up to so much later, another time for each job' },
  from: { value: 'MOMENT', help: 'add: nothing before this moment' },
  until: { value: 'MOMENT', help: 'add: nothing after this moment' },
  times: { value: 'N', help: 'add: so many jobs, then it is over' },
}

/** Makes a schedule of what was written on the command line; its name. */
export async function addSchedule(schedules: Schedules, args: Arguments): Promise<string> {
  const [, name, task, ...values] = args.positionals
  if (name === undefined || task === undefined || task === '') {
    throw new UsageError(
      "Say what it is called, which task, and when: skein schedules add daily work.report '\"sales\"' --cron '0 8 * * *'",
      'schedules',
    )
  }
  const every = args.text('every')
  const at = moment(args, 'at')
  const cron = args.text('cron')
  const zone = args.text('zone')
  const rule = {
    ...(cron === undefined ? {} : { cron }),
    ...(zone === undefined ? {} : { timeZone: zone }),
    ...(every === undefined ? {} : { every: every as Duration }),
    ...(at === undefined ? {} : { at }),
  } as ScheduleRule
  const given = {
    overlap: args.choice('overlap', ['allow', 'skip', 'queue', 'cancel']),
    catchUp: args.choice('catch-up', ['last', 'all', 'none']),
    jitter: args.text('jitter') as Duration | undefined,
    from: moment(args, 'from'),
    until: moment(args, 'until'),
    times: args.integer('times', 1),
  }
  const options = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as ScheduleOptions
  const queue = queueName(args.text('queue') ?? 'default', 'schedules')
  try {
    checkScheduleName(name)
    await putSchedule(schedules, name, definitionOf(rule, storedMessage(task, values.map(valueOf), queue), options))
  } catch (error) {
    if (error instanceof InvalidArgumentError || error instanceof ScheduleError)
      throw new UsageError(error.message, 'schedules')
    throw error
  }
  return name
}

/** An argument of the task: JSON. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(
      `An argument of the task must be JSON, such as 5, true or '"a word"', got '${text}'`,
      'schedules',
    )
  }
}

function moment(args: Arguments, option: string): Date | undefined {
  const text = args.text(option)
  if (text === undefined) return undefined
  const date = new Date(text)
  // Of a day that its month does not have, a Date makes one of the next month.
  const [day] = /^\d{4}-\d\d-\d\d/.exec(text) ?? []
  const isDay = day === undefined || new Date(`${day}T00:00:00Z`).getUTCDate() === Number(day.slice(-2))
  // Without a zone it would be another moment on another machine.
  if (isDay && !Number.isNaN(date.getTime()) && /(?:Z|[+-]\d\d:?\d\d)$/.test(text)) return date
  throw new UsageError(
    `--${option} must be a moment with its time zone, such as 2030-01-31T08:00:00Z, got '${text}'`,
    'schedules',
  )
}
