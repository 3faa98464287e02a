import { checkArguments, definitionOf } from '../call/define/definition.ts'
import type { Work } from '../call/run/entry.ts'
import { checkInteger, describe } from '../core/errors/checks.ts'
import type { CallSettings } from '../call/options.ts'
import { encodeMessage, type MessageRetries, type OutgoingMessage } from '../celery/message.ts'
import { durableName } from '../call/define/task-name.ts'
import { checkWhole } from '../core/errors/checks.ts'
import { carrier } from '../core/events/carrier.ts'
import type { RetrySettings } from '../core/flow/retry-policy.ts'
import { now } from '../core/time/clock.ts'
import { longestSpan } from '../core/time/duration.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import type { OutgoingCall, StoredLimit } from '../stores/roles/calls.ts'
import { isElsewhere } from '../call/define/elsewhere.ts'
import { newCallId } from '../stores/call-id.ts'
import { argumentsOf, queueOfContract } from './contract.ts'
import { embedOf } from './signatures.ts'

/** The part that a call has in a graph. */
export interface GraphPart {
  readonly id: string
  /** Says what is written in the place of a Call or a Job among its arguments. */
  readonly edge: OutgoingMessage['edge']
  /** The headers that a message of a graph has, beside others. */
  readonly headers: Pick<OutgoingMessage, 'rootId' | 'parentId' | 'group' | 'groupIndex' | 'path'>
  readonly call: Pick<OutgoingCall, 'counts' | 'after' | 'ignoreResult'>
}

/**
 * A call as it goes into a store. Answers at once, unless a schema of the task takes its time.
 *
 * @param queue the queue of calls that name none
 * @param part its part in a graph; without one its arguments are values
 * **Errors**: `SKEIN_UNSENDABLE`, `SKEIN_INVALID_ARGUMENT`; `SKEIN_VALIDATION` when the arguments do not fit the task's schema.
 */
export function outgoingCall(
  work: Work,
  kind: 'run' | 'stream',
  queue: string,
  part?: GraphPart,
): OutgoingCall | Promise<OutgoingCall> {
  const input = definitionOf(work.fn)?.input
  // Those of a call that needs others are there only in the end.
  const checked = input && part?.edge === undefined ? checkArguments(input, work.task.name, work.args) : undefined
  // What is sent are the arguments as they were passed: the worker checks them again, and a schema that changes a value
  // must do so once.
  return checked instanceof Promise
    ? checked.then(() => encode(work, kind, queue, part))
    : encode(work, kind, queue, part)
}

function encode(work: Work, kind: 'run' | 'stream', queue: string, part?: GraphPart): OutgoingCall {
  const { options } = work
  const time = now()
  const { id = part?.id ?? newCallId() } = options
  const task = durableName(work.task)
  checkWhole(task, 'The name of a task')
  const delay = delayOf(options, time)
  const expires = expiryOf(options, time)
  const deadline = finite(options.deadline)
  const timeout = finite(options.timeout)
  const grace = finite(options.grace)
  const retries = retriesOf(options.retries)
  const embed = embedOf(options, retriesOf)
  const limit = limitOf(options)
  const { priority = 0, ignoreResult = false, tags, unique } = options
  const to = options.queue ?? queueOfContract(work.fn) ?? queue
  const carried = carrier.headersFor?.({ id, task, queue: to })
  const headers = carried === undefined ? options.headers : { ...carried, ...options.headers }
  checkInteger(priority, 'priority (on a queue)', 0, 9)
  if (isElsewhere(work.task)) checkContract(task, kind, part)
  const message = encodeMessage({
    id,
    task,
    ...argumentsOf(work),
    kind,
    ignoreResult,
    ...part?.headers,
    ...(embed ? { embed } : {}),
    ...(part?.edge ? { edge: part.edge } : {}),
    ...(delay > 0 ? { eta: time + delay } : {}),
    ...(expires === undefined ? {} : { expires: time + expires }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(grace === undefined ? {} : { grace }),
    ...(retries ? { retries } : {}),
    ...(headers ? { headers } : {}),
  })
  return {
    id,
    queue: to,
    task,
    headers: message.headers,
    body: message.body,
    priority,
    delay,
    ...(expires === undefined ? {} : { expires }),
    ...(deadline === undefined ? {} : { deadline }),
    ...(options.id === undefined ? {} : { once: true }),
    ...(unique === undefined ? {} : { unique }),
    ...(limit ? { limit } : {}),
    ...(ignoreResult ? { ignoreResult } : {}),
    ...part?.call,
    ...(tags && tags.length > 0 ? { tags } : {}),
  }
}

/** Refuses what only a worker of skein's would do for a call. */
function checkContract(task: string, kind: 'run' | 'stream', part: GraphPart | undefined): void {
  if (kind === 'stream') {
    throw new InvalidArgumentError(
      `Task ${task} is a contract, and a task in another language has no values to stream: submit it.`,
    )
  }
  if (part?.edge === undefined) return
  throw new InvalidArgumentError(
    `A call or a job is among the arguments of task ${task}, which is a contract: its worker cannot fill in a result. Await the result ` +
      `and pass it, or let a task of yours submit it with submitNext.`,
  )
}

function delayOf({ delay, eta }: CallSettings, time: number): number {
  if (delay !== undefined) return delay
  if (eta === undefined) return 0
  return Math.max(0, Number(eta) - time)
}

function expiryOf({ expires }: CallSettings, time: number): number | undefined {
  if (expires instanceof Date) return Math.max(0, expires.getTime() - time)
  return finite(expires)
}

/** Infinity means no limit, and so does leaving it out. */
function finite(duration: number | undefined): number | undefined {
  return duration === Number.POSITIVE_INFINITY ? undefined : duration
}

function retriesOf(retries: CallSettings['retries']): MessageRetries | undefined {
  if (retries === undefined || retries === 0) return undefined
  if (typeof retries === 'number') return { times: countOf(retries) }
  const { times, backoff, factor, maxBackoff, jitter, never, retryIf } = retries
  if (retryIf) {
    throw new InvalidArgumentError(
      `retries.retryIf is a function, which cannot travel with a call to a queue. Put it at the task, as in ` +
        `task(import.meta, fn, { retryIf }), or list codes and names of errors in retries.never.`,
    )
  }
  return {
    times: countOf(times),
    ...(backoff === undefined ? {} : { backoff: waitsOf(backoff) }),
    ...(factor === undefined ? {} : { factor }),
    // There is no Infinity in a message; a thousand years are as good.
    ...(maxBackoff === undefined ? {} : { maxBackoff: Math.min(longestSpan, maxBackoff) }),
    ...(jitter === undefined ? {} : { jitter }),
    ...(never === undefined ? {} : { never }),
  }
}

/** JSON knows no Infinity; so many attempts nobody makes. */
function countOf(times: number): number {
  return Math.min(times, Number.MAX_SAFE_INTEGER)
}

/** The wait before the second attempt, or all of them. */
function waitsOf(backoff: NonNullable<RetrySettings['backoff']>): number | readonly number[] {
  if (typeof backoff !== 'function') return backoff
  throw new InvalidArgumentError(
    'retries.backoff is a function, which cannot travel with a call to a queue. Give the waits as a list, of which the last ' +
      "one is used again and again: backoff: ['1s', '10s', '1m'].",
  )
}

/** `key` is a limit of one, which keeps the order in which calls came. */
function limitOf({ key, limit }: CallSettings): StoredLimit | undefined {
  if (key !== undefined && limit !== undefined) {
    throw new InvalidArgumentError(
      `key (${describe(key)}: one at a time, in order) and limit (${describe(limit.key)}) cannot go together on a queue: a ` +
        `call has one limit. Give one of them; key is the same as { limit: { key, concurrency: 1 } }.`,
    )
  }
  if (key !== undefined) checkWhole(key, 'key')
  if (key !== undefined) return { key: `key:${key}`, concurrency: 1, strategy: 'wait' }
  if (limit === undefined) return undefined
  const { concurrency, rate, strategy = 'wait' } = limit
  return {
    key: limit.key,
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(rate === undefined ? {} : { rate: { count: rate.count, per: Math.ceil(rate.per) } }),
    strategy,
  }
}
