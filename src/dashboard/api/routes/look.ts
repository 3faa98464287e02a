import { entryAsJson, storyOf } from '../../../inspect/story.ts'
import { readGraph } from '../../../inspect/graph.ts'
import { iso, readJobAsJson } from '../../../inspect/job-json.ts'
import { failureOf } from '../../../inspect/read-job.ts'
import { scheduleAsJson } from '../../../inspect/schedule-json.ts'
import { now } from '../../../core/time/clock.ts'
import { JobGoneError, ScheduleError } from '../../../core/errors/errors.ts'
import type { Schedule } from '../../../queue/client/schedule.ts'
import type { Inspector, StoredJob } from '../../../stores/roles/inspector.ts'
import { inspecting } from '../../../stores/roles/need.ts'
import { isClonable } from '../../jobs/clone.ts'
import { hidden } from '../../jobs/redaction.ts'
import { rowOf } from '../../jobs/row.ts'
import { shownEntry } from '../../jobs/shown-job.ts'
import { findJobs } from '../../search/find-jobs.ts'
import { searchKeys, searchOf } from '../../search/search.ts'
import { toJson } from '../../../inspect/to-json.ts'
import { answer, answerText } from '../../answers.ts'
import { wholeIn } from '../body.ts'
import type { Asked, Route } from '../context.ts'

/** A search answers after so many milliseconds at the latest, with what it has found so far. */
const budget = 300
/** So many entries of a story are shown: the last ones. */
const mostEntries = 1_000

/** The routes that look into a store and change nothing. */
export const lookRoutes: readonly Route[] = [
  { method: 'GET', path: '/api/about', answer: about },
  { method: 'GET', path: '/api/overview', answer: async ({ pulse }) => answer(await pulse.overview()) },
  { method: 'GET', path: '/api/jobs', answer: shared(listJobs) },
  { method: 'GET', path: '/api/jobs/{id}', answer: shared(showJob) },
  { method: 'GET', path: '/api/jobs/{id}/graph', answer: shared(showGraph) },
  { method: 'GET', path: '/api/running', answer: shared(listRunning) },
  { method: 'GET', path: '/api/schedules', answer: shared(listSchedules) },
  { method: 'GET', path: '/api/schedules/{name}', answer: shared(showSchedule) },
]

/** Makes an answer that is the same for all once for those who ask at the same time. */
function shared(look: (asked: Asked) => Promise<unknown>): Route['answer'] {
  return async asked => {
    const { pathname, searchParams } = asked.url
    searchParams.sort()
    return answerText(await asked.answers.text(`${pathname}?${searchParams}`, async () => toJson(await look(asked))))
  }
}

/** The methods of an inspector that the page asks for before it offers them. */
const methods = ['find', 'list', 'cancel', 'retry', 'purge', 'pause', 'resume', 'stats', 'ended'] as const

function about({ store, visitor }: Asked): Response {
  const { url, broker, inspector = {}, schedules, registry } = store
  return answer({
    store: url,
    durability: broker.durability,
    ...(visitor.name === undefined ? {} : { visitor: visitor.name }),
    may: [...visitor.may],
    can: [
      ...methods.filter((method: keyof Inspector) => inspector[method] !== undefined),
      ...(schedules === undefined ? [] : ['schedules']),
      ...(registry === undefined ? [] : ['workers']),
    ],
    search: searchKeys,
  })
}

async function listJobs({ store, url, shown, pulse }: Asked): Promise<unknown> {
  const search = searchOf(url.searchParams.get('q') ?? '', now())
  const limit = wholeIn(url, 'limit', 1, 500, 50)
  const cursor = url.searchParams.get('cursor') ?? undefined
  const { jobs, looked, cursor: next } = await findJobs(store, search, { limit, budget, cursor }, shown)
  // Those that can be meant at all: it says how far a search has got.
  const of = await countOf(pulse, search.filter)
  return {
    jobs: jobs.map(rowOf),
    looked,
    ...(of === undefined ? {} : { of }),
    ...(next === undefined ? {} : { cursor: next }),
  }
}

async function countOf(
  pulse: Asked['pulse'],
  filter: ReturnType<typeof searchOf>['filter'],
): Promise<number | undefined> {
  const { states, queue, task, tag, ids } = filter
  if (ids !== undefined || tag !== undefined || task !== undefined) return undefined
  try {
    const { queues } = await pulse.overview()
    return queues
      .filter(each => queue === undefined || each.queue === queue)
      .flatMap(({ counts }) => (states ?? (Object.keys(counts) as (keyof typeof counts)[])).map(state => counts[state]))
      .reduce((sum, each) => sum + each, 0)
  } catch {
    // A store that cannot count has jobs all the same.
    return undefined
  }
}

async function showJob({ store, params, shown, redact }: Asked): Promise<unknown> {
  const stored = await found(store, params['id'] as string)
  const job = shown(stored)
  const all = await storyOf(store, stored.id)
  const story = all.slice(-mostEntries).map(entry => entryAsJson(shownEntry(entry, job.task, redact, failureIn)))
  return {
    ...readJobAsJson(job),
    clonable: isClonable(stored),
    story,
    ...(all.length > story.length ? { omitted: all.length - story.length } : {}),
  }
}

/** A failure in a story: text, or already read. */
function failureIn(error: unknown): ReturnType<typeof failureOf> {
  try {
    return failureOf(typeof error === 'string' ? error : JSON.stringify(error))
  } catch {
    return { name: 'Error', message: '(damaged)' }
  }
}

async function showGraph({ store, params, redact }: Asked): Promise<unknown> {
  const id = params['id'] as string
  const graph = await readGraph(store, id)
  if (graph === undefined) throw gone(id)
  const jobs = graph.all.map(({ why, ...job }) => {
    const text =
      why === undefined ? undefined : redact({ name: 'Error', message: why }, { task: job.task ?? '', part: 'error' })
    const { message = hidden } = (text ?? {}) as { readonly message?: unknown }
    return { ...job, ...(why === undefined ? {} : { why: typeof message === 'string' ? message : hidden }) }
  })
  return { root: graph.id, jobs: jobs.slice(0, mostNodes), count: jobs.length }
}

/** So many jobs of a graph are shown. */
const mostNodes = 2_000

async function listRunning({ store, shown }: Asked): Promise<unknown> {
  const jobs = await inspecting(store, 'list').list({ states: ['running'], limit: 500 })
  return { jobs: jobs.map(job => rowOf(shown(job))) }
}

async function listSchedules({ queue, redact }: Asked): Promise<unknown> {
  const all = await queue.schedules()
  return { schedules: all.map(each => shownSchedule(scheduleAsJson(each), redact)) }
}

async function showSchedule({ queue, params, redact }: Asked): Promise<unknown> {
  const schedule = await foundSchedule(queue, params['name'] as string)
  const status = await schedule.status()
  const next = status.state === 'unreadable' ? [] : await schedule.next(10)
  const times = next.map(each => iso(each.getTime()))
  return { ...shownSchedule(scheduleAsJson(status), redact), times }
}

/** The schedule of that name. **Errors**: `SKEIN_SCHEDULE_GONE`. */
export async function foundSchedule(queue: Asked['queue'], name: string): Promise<Schedule> {
  const schedule = await queue.schedule(name)
  if (schedule !== undefined) return schedule
  throw new ScheduleError('SKEIN_SCHEDULE_GONE', `The store knows no schedule ${name.slice(0, 150)}, or not any more.`)
}

function shownSchedule(status: Record<string, unknown>, redact: Asked['redact']): Record<string, unknown> {
  const { args, times, runs, ...rest } = status
  const task = String(status['task'])
  const shown = args === undefined ? undefined : redact(args, { task, part: 'args' })
  return {
    ...rest,
    ...(times === undefined ? {} : { most: times }),
    ...(shown === undefined ? {} : { args: Array.isArray(shown) ? shown : [shown] }),
    runs,
  }
}

/** The job of that id. **Errors**: `SKEIN_JOB_GONE`. */
export async function found(store: Asked['store'], id: string): Promise<StoredJob> {
  const job = await inspecting(store, 'find').find(id)
  if (job === undefined) throw gone(id)
  return job
}

function gone(id: string): JobGoneError {
  return new JobGoneError(
    `The store knows no job ${id.slice(0, 80)}: it was never there, was purged, or ended so long ago that it was forgotten.`,
  )
}
