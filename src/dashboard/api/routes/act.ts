import { checkQueueName } from '../../../call/queue-options.ts'
import { JobRejectedError, StoreRefusedError } from '../../../core/errors/errors.ts'
import { inspecting } from '../../../stores/roles/need.ts'
import type { SendOutcome } from '../../../stores/roles/calls.ts'
import { type CloneChange, cloneOf } from '../../jobs/clone.ts'
import { type Chosen, doToMany, type ManyAction, type ManyProgress } from '../../jobs/many-jobs.ts'
import { answer, Refusal, refusalOf, streamed } from '../../answers.ts'
import { bodyOf, idsIn, textIn } from '../body.ts'
import type { Asked, Route } from '../context.ts'
import type { Writing } from '../streams.ts'
import { found, foundSchedule } from './look.ts'

/** The routes that change something. */
export const actRoutes: readonly Route[] = [
  { method: 'POST', path: '/api/jobs/retry', right: 'retry', answer: asked => many(asked, 'retry') },
  { method: 'POST', path: '/api/jobs/cancel', right: 'cancel', answer: asked => many(asked, 'cancel') },
  { method: 'POST', path: '/api/jobs/purge', right: 'purge', answer: asked => many(asked, 'purge') },
  { method: 'POST', path: '/api/jobs/{id}/clone', right: 'submit', answer: clone },
  { method: 'POST', path: '/api/queues/{queue}/pause', right: 'pause', answer: asked => pauseQueue(asked, 'pause') },
  { method: 'POST', path: '/api/queues/{queue}/resume', right: 'pause', answer: asked => pauseQueue(asked, 'resume') },
  { method: 'POST', path: '/api/schedules/{name}/run', right: 'run', answer: runSchedule },
  {
    method: 'POST',
    path: '/api/schedules/{name}/pause',
    right: 'pause',
    answer: asked => pauseSchedule(asked, 'pause'),
  },
  {
    method: 'POST',
    path: '/api/schedules/{name}/resume',
    right: 'pause',
    answer: asked => pauseSchedule(asked, 'resume'),
  },
]

/** So many ids are told of an action. */
const mostTold = 100

async function many(asked: Asked, action: ManyAction): Promise<Response> {
  const { store, request, shown, tell, streams, visitor } = asked
  const body = await bodyOf(request, action === 'cancel' ? ['ids', 'search', 'reason'] : ['ids', 'search'])
  const chosen = chosenIn(body)
  const steps = doToMany(store, action, chosen, textIn(body, 'reason'), shown)
  // What is wrong with it is answered as such, not in the stream.
  const first = await steps.next()
  let last: ManyProgress | undefined = first.value ?? undefined
  const told = (): void => {
    tell({
      action,
      to: 'jobs',
      ...(visitor.name === undefined ? {} : { visitor: visitor.name }),
      ...('ids' in chosen ? { ids: chosen.ids.slice(0, mostTold) } : { search: chosen.search }),
      outcomes: last?.outcomes ?? {},
    })
  }
  const write = async (writing: Writing): Promise<void> => {
    try {
      for (let step = first; !step.done; step = await steps.next()) {
        last = step.value
        writing.write(line(step.value))
        await writing.taken()
        // Who has left has stopped it.
        if (writing.signal.aborted) break
      }
      if (!writing.signal.aborted) writing.write(line({ end: true, ...(last ?? nothing) }))
    } catch (error) {
      const { code, message } = refusalOf(error)
      writing.write(line({ error: { code, message } }))
    } finally {
      told()
      writing.end()
    }
  }
  const stream = streams.begin(writing => void write(writing))
  return streamed(stream, 'application/x-ndjson; charset=utf-8')
}

const nothing: ManyProgress = { looked: 0, found: 0, isFoundAll: true, outcomes: {} }

function line(value: object): string {
  return `${JSON.stringify(value)}\n`
}

function chosenIn(body: Readonly<Record<string, unknown>>): Chosen {
  const ids = idsIn(body)
  const search = textIn(body, 'search')
  if (ids !== undefined && search === undefined) return { ids }
  if (ids === undefined && search !== undefined) return { search }
  throw new Refusal(400, 'wrong-request', 'Say which jobs: ids, or search (an empty one means all), and not both.')
}

async function clone({ store, request, params, redact, tell, visitor }: Asked): Promise<Response> {
  const body = await bodyOf(request, ['args', 'kwargs', 'queue'])
  const { args, kwargs } = body
  const queue = textIn(body, 'queue')
  if (args !== undefined && !Array.isArray(args)) throw new Refusal(400, 'wrong-request', 'args must be a list.')
  if (kwargs !== undefined && (typeof kwargs !== 'object' || kwargs === null || Array.isArray(kwargs)))
    throw new Refusal(400, 'wrong-request', 'kwargs must be an object.')
  if (queue !== undefined) checkQueueName(queue)
  const change: CloneChange = {
    ...(args === undefined ? {} : { args: args as unknown[] }),
    ...(kwargs === undefined ? {} : { kwargs: kwargs as Record<string, unknown> }),
    ...(queue === undefined ? {} : { queue }),
  }
  const job = await found(store, params['id'] as string)
  const call = cloneOf(job, change, redact)
  const [sent] = await store.broker.send([call])
  const id = idOf(sent as SendOutcome)
  tell({
    action: 'submit',
    to: `queue ${call.queue}`,
    ...(visitor.name === undefined ? {} : { visitor: visitor.name }),
    ids: [id],
  })
  return answer({ id }, 201)
}

function idOf(sent: SendOutcome): string {
  if (sent.outcome !== 'rejected') return sent.id
  if (sent.reason === 'size')
    throw new StoreRefusedError(`The job has ${sent.bytes} bytes, and the store takes ${sent.limit}.`)
  throw new JobRejectedError(
    sent.reason === 'unique' ? 'SKEIN_DUPLICATE_JOB' : 'SKEIN_LIMIT_REACHED',
    'The store has not taken the job: its key is taken.',
  )
}

async function pauseQueue(
  { store, request, params, tell, visitor }: Asked,
  verb: 'pause' | 'resume',
): Promise<Response> {
  await bodyOf(request, [])
  const queue = params['queue'] as string
  checkQueueName(queue)
  const inspector = inspecting(store, verb)
  await (verb === 'pause' ? inspector.pause?.(queue) : inspector.resume?.(queue))
  tell({
    action: 'pause',
    to: `queue ${queue}, ${verb}`,
    ...(visitor.name === undefined ? {} : { visitor: visitor.name }),
  })
  return answer({ queue, paused: verb === 'pause' })
}

async function runSchedule({ queue, request, params, tell, visitor }: Asked): Promise<Response> {
  await bodyOf(request, [])
  const name = params['name'] as string
  const { id } = await (await foundSchedule(queue, name)).run()
  tell({
    action: 'run',
    to: `schedule ${name}`,
    ...(visitor.name === undefined ? {} : { visitor: visitor.name }),
    ids: [id],
  })
  return answer({ id }, 201)
}

async function pauseSchedule(
  { queue, request, params, tell, visitor }: Asked,
  verb: 'pause' | 'resume',
): Promise<Response> {
  await bodyOf(request, [])
  const name = params['name'] as string
  const schedule = await foundSchedule(queue, name)
  await schedule[verb]()
  tell({
    action: 'pause',
    to: `schedule ${name}, ${verb}`,
    ...(visitor.name === undefined ? {} : { visitor: visitor.name }),
  })
  const { state } = await schedule.status()
  return answer({ name, state })
}
