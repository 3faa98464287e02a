import { InvalidArgumentError, ScheduleError } from '../../../core/errors/errors.ts'
import { nearest } from '../../../core/errors/nearest.ts'
import type { Schedule } from '../../../queue/client/schedule.ts'
import type { DurableQueue } from '../../../queue/client/durable-queue.ts'
import { needSchedules } from '../../../stores/roles/need.ts'
import type { Store } from '../../../stores/roles/store.ts'
import type { Arguments, CommandBody } from '../../command.ts'
import { exitCodes, UsageError } from '../../exit-codes.ts'
import type { Output } from '../../output.ts'
import { scheduleAsJson } from '../../../inspect/schedule-json.ts'
import { errorToJson, toJson } from '../../../inspect/to-json.ts'
import { storeOption, withStore } from '../store-option.ts'
import { short } from '../words.ts'
import { addOptions, addSchedule } from './adding.ts'
import { listText, momentText, showText } from './text.ts'

/** `skein schedules`: the jobs that come again and again. */
export const schedulesCommand: CommandBody = {
  usage: [
    'skein schedules [list] [--store URL] [--json]',
    'skein schedules show|next|pause|resume|run|remove NAME... [--store URL]',
    'skein schedules add NAME TASK [ARGUMENT...] --cron LINE [--zone ZONE] | --every TIME | --at MOMENT [OPTIONS]',
  ],
  examples: [
    ['skein schedules', 'all of them, with their next and last runs'],
    [
      "skein schedules add daily work.report '\"sales\"' --cron '0 8 * * mon-fri' --zone Europe/Berlin",
      'the task by its name, its arguments as JSON',
    ],
    ['skein schedules add poll work.poll --every 5m --overlap skip', 'not while the one before runs'],
    ['skein schedules next daily --limit 10', 'the next ten times'],
    ['skein schedules run daily', 'a job at once; its times stay as they are'],
    ['skein schedules pause daily poll', 'nothing is submitted until resume'],
    ['skein schedules remove daily', 'for good; a program that declares it makes it again'],
  ],
  about: [
    'A schedule submits the same call again and again. It is kept in the store, and any worker of the store submits its jobs: one for each time, under the id NAME@TIME. Programs declare schedules with work({ schedules }) or make them with queue.schedule(); those that are added here are the same.',
  ],
  options: {
    limit: { value: 'N', short: 'n', help: 'show, next: so many of the next times (default: 5)' },
    ...addOptions,
    ...storeOption,
  },
  run: runSchedules,
}

/** The things that can be done to a schedule, and the words for them. */
const acts: Readonly<Record<string, readonly [act: (schedule: Schedule) => Promise<unknown>, became: string]>> = {
  pause: [schedule => schedule.pause(), 'is paused'],
  resume: [schedule => schedule.resume(), 'goes on'],
  remove: [schedule => schedule.remove(), 'is removed'],
  run: [schedule => schedule.run(), 'has submitted job'],
}

const verbs = ['list', 'show', 'next', 'add', ...Object.keys(acts)]

async function runSchedules(args: Arguments, output: Output): Promise<number> {
  const [verb = 'list', ...names] = args.positionals
  if (!verbs.includes(verb)) {
    const near = nearest(verb, verbs)
    throw new UsageError(
      `Unknown: skein schedules ${short(verb, 60)}. ${near === undefined ? '' : `Did you mean ${near}? `}There are: ${verbs.join(', ')}`,
      'schedules',
    )
  }
  const meant = verb === 'add' ? undefined : Object.keys(addOptions).find(each => args.has(each))
  if (meant !== undefined)
    throw new UsageError(`--${meant} goes with add: skein schedules add NAME TASK --${meant} …`, 'schedules')
  if (verb === 'list' && names.length > 0) {
    throw new UsageError(
      `skein schedules list shows all of them; of one: skein schedules show ${names[0]}`,
      'schedules',
    )
  }
  if (verb !== 'list' && names.length === 0)
    throw new UsageError(`Say which schedule: skein schedules ${verb} NAME`, 'schedules')
  return withStore(args, `skein schedules ${verb}`, async store => {
    const { queueIn } = await import('../../../queue/client/connect.ts')
    const queue = queueIn(store)
    if (verb === 'list') return list(queue, args, output)
    if (verb === 'add') return add(store, queue, args, output)
    let code: number = exitCodes.fine
    for (const name of names) {
      const schedule = await found(queue, name, args, output)
      if (schedule === undefined || !(await see(schedule, verb, args, output))) code = exitCodes.someFailed
    }
    return code
  })
}

async function list(queue: DurableQueue, args: Arguments, output: Output): Promise<number> {
  const all = await queue.schedules()
  if (args.has('json')) for (const each of all) await output.json(toJson(scheduleAsJson(each)))
  else await output.lines(listText(all, output.style, Date.now()))
  return exitCodes.fine
}

async function add(store: Store, queue: DurableQueue, args: Arguments, output: Output): Promise<number> {
  const schedule = await queue.schedule(await addSchedule(needSchedules(store), args))
  if (schedule !== undefined) await tell(schedule, 'show', args, output)
  return exitCodes.fine
}

/** The schedule of that name; says so where there is none. */
async function found(
  queue: DurableQueue,
  name: string,
  args: Arguments,
  output: Output,
): Promise<Schedule | undefined> {
  let schedule: Schedule | undefined
  try {
    schedule = await queue.schedule(name)
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw new UsageError(error.message, 'schedules')
    throw error
  }
  if (schedule !== undefined) return schedule
  const names = (await queue.schedules()).map(each => each.name)
  const near = nearest(name, names)
  const message = `There is no schedule ${short(name, 60)}.${near === undefined ? '' : ` Did you mean ${near}?`}`
  if (args.has('json')) await failed(name, new ScheduleError('SKEIN_SCHEDULE_GONE', message), args, output)
  else await output.lines([`${message} skein schedules lists them.`])
  return undefined
}

/** Says why nothing could be done with a schedule; what was asked of others goes on. */
async function failed(name: string, error: ScheduleError, args: Arguments, output: Output): Promise<void> {
  if (args.has('json')) await output.json(toJson({ name, error: errorToJson(error) }))
  else await output.lines([error.message])
}

/** Does what was asked with one schedule; false where that could not be done. */
async function see(schedule: Schedule, verb: string, args: Arguments, output: Output): Promise<boolean> {
  try {
    if (verb === 'show' || verb === 'next') await tell(schedule, verb, args, output)
    else await act(schedule, verb, args, output)
    return true
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error
    await failed(schedule.name, error, args, output)
    return false
  }
}

async function tell(schedule: Schedule, verb: 'show' | 'next', args: Arguments, output: Output): Promise<void> {
  const status = await schedule.status()
  // What is unreadable can be shown, with the reason.
  const next =
    verb === 'show' && status.state === 'unreadable'
      ? []
      : await schedule.next(Math.min(1_000, args.integer('limit', 1) ?? 5))
  if (args.has('json'))
    await output.json(toJson(verb === 'next' ? { name: status.name, next } : { ...scheduleAsJson(status), next }))
  else if (verb === 'show') await output.lines(showText(status, next, output.style, Date.now()))
  else
    await output.lines(
      next.length === 0 ? [`Schedule ${status.name} does not come due any more.`] : next.map(momentText),
    )
}

async function act(schedule: Schedule, verb: string, args: Arguments, output: Output): Promise<void> {
  const [perform, became] = acts[verb] as (typeof acts)[string]
  const { name } = schedule
  const job = (await perform(schedule)) as { readonly id: string } | undefined
  if (args.has('json')) await output.json(toJson({ name, done: verb, ...(job === undefined ? {} : { job: job.id }) }))
  else await output.lines([`Schedule ${name} ${became}${job === undefined ? '.' : ` ${job.id}.`}`])
}
