import type { Fields } from '../fields.ts'
import type { TaskMessage } from '../message.ts'
import { isoTime } from '../iso-time.ts'

/**
 * The answers of a worker to Celery's inspect commands, in the form that `celery inspect`, `celery status` and Flower read. Flower shows
 * an error in place of its page unless `stats` has a broker and each queue all of its fields, so none of them is left out here.
 *
 * @module
 */

/** A call that a worker has. */
export interface HeldCall {
  readonly message: Pick<TaskMessage, 'id' | 'task' | 'args' | 'kwargs'>
  /** Milliseconds since the epoch at which it began to run; absent for one that waits. */
  readonly startedAt?: number
  /** Its message has been acknowledged, so that nobody else will get it. */
  readonly acknowledged: boolean
  readonly exchange: string
  readonly routingKey: string
  readonly priority: number
  readonly redelivered: boolean
  /** The process in which it runs. */
  readonly pid?: number
}

/** The answer to `ping`. */
export function pingReply(): Fields {
  return { ok: 'pong' }
}

/** The answer to a command that cannot be carried out. */
export function errorReply(text: string): Fields {
  return { error: text }
}

/** The answer to `active` and to `reserved`: the calls that run, and those that wait in the worker. */
export function callsReply(hostname: string, calls: readonly HeldCall[]): readonly Fields[] {
  return calls.map(call => described(hostname, call))
}

/** The answer to `scheduled`: the calls that wait for their time, with that in milliseconds since the epoch. */
export function scheduledReply(
  hostname: string,
  calls: readonly (HeldCall & { readonly eta: number })[],
): readonly Fields[] {
  // 6 is what Celery's own timer gives to all of them.
  return calls.map(call => ({ eta: isoTime(call.eta), priority: 6, request: described(hostname, call) }))
}

/** The answer to `query_task`: those of the calls that are here, each with `active` or `reserved` before it. */
export function queryReply(hostname: string, ids: readonly string[], calls: readonly HeldCall[]): Fields {
  const asked = new Set(ids)
  return Object.fromEntries(
    calls
      .filter(({ message }) => asked.has(message.id))
      .map(call => [
        call.message.id,
        [call.startedAt === undefined ? 'reserved' : 'active', described(hostname, call)],
      ]),
  )
}

function described(hostname: string, call: HeldCall): Fields {
  const { message, exchange, routingKey, priority, redelivered } = call
  return {
    id: message.id,
    name: message.task,
    args: message.args,
    kwargs: message.kwargs,
    type: message.task,
    hostname,
    time_start: call.startedAt === undefined ? null : call.startedAt / 1_000,
    acknowledged: call.acknowledged,
    delivery_info: { exchange, routing_key: routingKey, priority, redelivered },
    worker_pid: call.pid ?? null,
  }
}

/** The answer to `registered`: the tasks that the worker knows, sorted, each with its options behind it. */
export function registeredReply(tasks: readonly { readonly name: string; readonly rateLimit?: string }[]): string[] {
  return tasks
    .map(({ name, rateLimit }) => (rateLimit === undefined ? name : `${name} [rate_limit=${rateLimit}]`))
    .sort()
}

/** The broker of a worker, without its password. */
interface BrokerInfo {
  /** `redis`, `amqp` */
  readonly transport: string
  readonly hostname: string
  readonly port: number
  /** The number of the database, or the name of the virtual host. */
  readonly virtualHost: string
  readonly user?: string
  readonly ssl: boolean
}

/** The numbers of a worker. */
export interface WorkerNumbers {
  /** The number of calls that have begun here, by task. */
  readonly total: Readonly<Record<string, number>>
  readonly pid: number
  readonly clock: number
  /** Seconds. */
  readonly uptime: number
  /** The most calls that run at once, and the processes in which they do. */
  readonly concurrency: number
  readonly processes: readonly number[]
  /** The most messages that it takes before it has acknowledged one. */
  readonly prefetch: number
  readonly broker: BrokerInfo
  /** As `process.resourceUsage()` has it. */
  readonly usage: NodeJS.ResourceUsage
}

/** The answer to `stats`. */
export function statsReply(numbers: WorkerNumbers): Fields {
  const { total, pid, clock, uptime, concurrency, processes, prefetch, broker, usage } = numbers
  return {
    total,
    pid,
    clock: String(clock),
    uptime: Math.floor(uptime),
    pool: {
      implementation: 'skein',
      'max-concurrency': concurrency,
      processes,
      'max-tasks-per-child': 'N/A',
      'put-guarded-by-semaphore': false,
      timeouts: [0, 0],
    },
    broker: {
      hostname: broker.hostname,
      userid: broker.user ?? null,
      virtual_host: broker.virtualHost,
      port: broker.port,
      insist: false,
      ssl: broker.ssl,
      transport: broker.transport,
      connect_timeout: 4,
      transport_options: {},
      login_method: null,
      uri_prefix: null,
      heartbeat: 0,
      failover_strategy: 'round-robin',
      alternates: [],
      credential_provider: null,
    },
    prefetch_count: prefetch,
    rusage: {
      utime: usage.userCPUTime / 1e6,
      stime: usage.systemCPUTime / 1e6,
      maxrss: usage.maxRSS,
      ixrss: usage.sharedMemorySize,
      idrss: usage.unsharedDataSize,
      isrss: usage.unsharedStackSize,
      minflt: usage.minorPageFault,
      majflt: usage.majorPageFault,
      nswap: usage.swappedOut,
      inblock: usage.fsRead,
      oublock: usage.fsWrite,
      msgsnd: usage.ipcSent,
      msgrcv: usage.ipcReceived,
      nsignals: usage.signalsCount,
      nvcsw: usage.voluntaryContextSwitches,
      nivcsw: usage.involuntaryContextSwitches,
    },
  }
}

/** A queue that a worker takes from. */
export interface ConsumedQueue {
  readonly name: string
  readonly exchange: string
  /** `direct`, `topic`, `fanout`. Default: `direct`. */
  readonly exchangeType?: string
  readonly routingKey: string
  /** True where it is gone with the worker. Default: false. */
  readonly autoDelete?: boolean
  readonly exclusive?: boolean
  /** The highest priority that it knows, on RabbitMQ. */
  readonly maxPriority?: number
}

/** The answer to `active_queues`. */
export function queuesReply(queues: readonly ConsumedQueue[]): readonly Fields[] {
  return queues.map(queue => ({
    name: queue.name,
    exchange: {
      name: queue.exchange,
      type: queue.exchangeType ?? 'direct',
      arguments: null,
      durable: true,
      passive: false,
      auto_delete: false,
      delivery_mode: null,
      no_declare: false,
    },
    routing_key: queue.routingKey,
    queue_arguments: null,
    binding_arguments: null,
    consumer_arguments: null,
    durable: true,
    exclusive: queue.exclusive ?? false,
    auto_delete: queue.autoDelete ?? false,
    no_ack: false,
    alias: null,
    bindings: [],
    no_declare: null,
    expires: null,
    message_ttl: null,
    max_length: null,
    max_length_bytes: null,
    max_priority: queue.maxPriority ?? null,
  }))
}

/** The answer to `conf`: the settings of a worker, under the names that they have in Celery. */
export function confReply(settings: {
  readonly brokerUrl: string
  readonly resultBackend: string
  /** The modules in which its tasks are. */
  readonly include: readonly string[]
}): Fields {
  return {
    broker_url: withoutPassword(settings.brokerUrl),
    result_backend: withoutPassword(settings.resultBackend),
    include: settings.include,
    deprecated_settings: null,
    worker_disable_prefetch: false,
  }
}

/** As Celery does: somebody who may look is not somebody who may log in. */
function withoutPassword(url: string): string {
  return url.replace(/^([a-z][a-z\d+.-]*:\/\/[^:@/]*:)[^@/]*@/i, '$1********@')
}

/** The answer to `report`: a string for people. */
export function reportReply(text: string): Fields {
  return { ok: text }
}

/** The answer to `revoked`: the ids of calls that are not to run. */
export function revokedReply(ids: Iterable<string>): string[] {
  return [...ids]
}

/** The answer to `clock`. */
export function clockReply(clock: number): Fields {
  return { clock }
}

/** The answer to `hello`, with which a worker that starts asks the others what it must not run. */
export function helloReply(revoked: Iterable<string>, clock: number): Fields {
  return { revoked: [...revoked], clock }
}
