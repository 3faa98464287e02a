import { describe } from '../../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../../core/errors/errors.ts'
import type { Fields } from '../../../celery/fields.ts'
import type { ControlCommand } from '../../../celery/remote/control.ts'
import {
  callsReply,
  clockReply,
  confReply,
  errorReply,
  helloReply,
  pingReply,
  queryReply,
  queuesReply,
  registeredReply,
  reportReply,
  revokedReply,
  statsReply,
  type HeldCall,
} from '../../../celery/remote/control-replies.ts'
import { wallTime } from '../../../core/time/clock.ts'
import type { Remote } from '../../../stores/roles/remote.ts'
import type { Attempt } from '../attempt.ts'
import type { FleetClock } from './clock.ts'
import { hasStamp, listOf, type Revoked } from './revoked.ts'
import { software } from './teller.ts'

/** The worker, as far as commands look into it and change it. */
export interface Commanded {
  readonly name: string
  readonly url: string
  readonly tasks: readonly string[]
  readonly queues: readonly string[]
  readonly capacity: number
  readonly attempts: Iterable<Attempt>
  /** The number of calls that it has got so far, by task. */
  readonly totals: Readonly<Record<string, number>>
  hasBegun(attempt: Attempt): boolean
  revoke(attempt: Attempt, reason: string): void
  /** Takes calls from these queues from now on, and from no others. */
  takeFrom(queues: readonly string[]): void
  /** The limits of calls of a task that bring none: undefined takes them away. Milliseconds. */
  limitTime(task: string, limits: { readonly timeout: number; readonly grace: number } | undefined): void
  /** Says whether events of calls are told; returns false where that was so already. */
  tellEvents(on: boolean): boolean
  beat(): void
  close(): void
}

/** Carries out the commands of Celery's remote control, and makes the answers that Celery would give. */
export class Commands {
  readonly #worker: Commanded
  readonly #remote: Remote
  readonly #clock: FleetClock
  readonly #revoked: Revoked
  readonly #startedAt = wallTime()

  constructor(worker: Commanded, remote: Remote, clock: FleetClock, revoked: Revoked) {
    this.#worker = worker
    this.#remote = remote
    this.#clock = clock
    this.#revoked = revoked
  }

  /** Does what is asked, and returns the answer; undefined for none. What cannot be done is answered with an error. */
  run({ method, arguments: given }: ControlCommand): unknown {
    const name = aliases[method] ?? method
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined
    // As Python shows a key that is not there.
    if (command === undefined) return errorReply(`KeyError('${method}')`)
    try {
      return command(this, given)
    } catch (error) {
      return errorReply((error as Error).message)
    }
  }

  /** @internal */
  report(): Fields {
    const { name, version } = software()
    const { transport } = this.#remote.server
    return reportReply(
      `\nsoftware -> ${name}:${version} node:${process.versions.node}\n` +
        `platform -> system:${process.platform} arch:${process.arch}\ntransport:${transport} results:${this.#worker.url}\n`,
    )
  }

  /** @internal */
  conf(): Fields {
    const { url } = this.#worker
    return confReply({ brokerUrl: url, resultBackend: url, include: [] })
  }

  /** @internal */
  stats(): Fields {
    const { capacity, totals } = this.#worker
    return statsReply({
      total: totals,
      pid: process.pid,
      clock: this.#clock.value,
      uptime: (wallTime() - this.#startedAt) / 1_000,
      concurrency: capacity,
      processes: [process.pid],
      prefetch: capacity,
      broker: this.#remote.server,
      usage: process.resourceUsage(),
    })
  }

  /** @internal */
  held(which: 'active' | 'reserved'): readonly Fields[] {
    const calls = this.#attempts().filter(attempt => this.#worker.hasBegun(attempt) === (which === 'active'))
    return callsReply(
      this.#worker.name,
      calls.map(each => this.#heldCall(each)),
    )
  }

  /** @internal */
  query(given: Fields): Fields {
    const calls = this.#attempts().map(each => this.#heldCall(each))
    return queryReply(this.#worker.name, namesIn(given, 'ids'), calls)
  }

  /** @internal */
  registered(): string[] {
    return registeredReply(this.#worker.tasks.map(name => ({ name })))
  }

  /** @internal */
  queues(): readonly Fields[] {
    return queuesReply(this.#worker.queues.map(name => ({ name, exchange: name, routingKey: name })))
  }

  /** @internal */
  hello(given: Fields): Fields | undefined {
    if (given['from_node'] === this.#worker.name) return undefined
    const { revoked } = given
    // Older workers send an object with the ids as its keys.
    const ids = Array.isArray(revoked) ? (revoked as unknown[]) : Object.keys((revoked ?? {}) as object)
    this.#revoked.add(ids.filter(id => typeof id === 'string'))
    return helloReply(this.#revoked.ids(), this.#clock.forward())
  }

  /** @internal */
  revoke(given: Fields): Fields {
    const ids = namesIn(given, 'task_id')
    this.#revoked.add(ids)
    const isForced = given['terminate'] === true
    const stopped: string[] = []
    for (const attempt of this.#attempts()) {
      const { id } = attempt.claim
      if (!ids.includes(id)) continue
      const hasBegun = this.#worker.hasBegun(attempt)
      // What runs is left alone, unless it is to be terminated.
      if (hasBegun && !isForced) continue
      this.#worker.revoke(attempt, hasBegun ? 'terminated' : 'revoked')
      stopped.push(id)
    }
    if (!isForced) return ok(`tasks {${ids.map(id => `'${id}'`).join(', ')}} flagged as revoked`)
    return ok(stopped.length === 0 ? 'terminate: tasks unknown' : `terminate: ${stopped.join(', ')}`)
  }

  /** @internal */
  revokeStamped(given: Fields): Fields {
    const headers = stampsIn(given['headers'])
    this.#revoked.addStamps(headers)
    const shown = JSON.stringify(headers)
    const isForced = given['terminate'] === true
    const wanted = new Map(Object.entries(headers).map(([name, values]) => [name, new Set(listOf(values))]))
    let stopped = 0
    for (const attempt of this.#attempts()) {
      if (!hasStamp(attempt.message.stamps, wanted)) continue
      const hasBegun = this.#worker.hasBegun(attempt)
      if (hasBegun && !isForced) continue
      this.#worker.revoke(attempt, hasBegun ? 'terminated' : 'revoked')
      stopped++
    }
    if (!isForced) return ok(`headers ${shown} flagged as revoked, but not terminated`)
    return ok(stopped === 0 ? `headers ${shown} were not terminated` : `headers ${shown} revoked`)
  }

  /** @internal */
  limitTime(given: Fields): Fields {
    const { task_name: task, hard, soft } = given
    if (typeof task !== 'string' || !this.#worker.tasks.includes(task)) return errorReply('unknown task')
    const [first, last] = [secondsIn(soft, 'soft'), secondsIn(hard, 'hard')]
    const timeout = first ?? last
    this.#worker.limitTime(
      task,
      timeout === undefined ? undefined : { timeout, grace: last === undefined ? 0 : Math.max(0, last - timeout) },
    )
    return ok('time limits set successfully')
  }

  /** @internal */
  events(on: boolean): Fields {
    const changed = this.#worker.tellEvents(on)
    return ok(`task events ${changed ? '' : 'already '}${on ? 'enabled' : 'disabled'}`)
  }

  /** @internal */
  consume(given: Fields): Fields {
    const queue = nameIn(given, 'queue')
    const { exchange_type: type } = given
    if (type !== undefined && type !== null && type !== 'direct') {
      return errorReply(`skein takes calls from queues of the exchange type 'direct', got ${describe(type)}`)
    }
    const { queues } = this.#worker
    if (queues.includes(queue)) return ok(`already consuming from ${queue}`)
    this.#worker.takeFrom([...queues, queue])
    return ok(`add consumer ${queue}`)
  }

  /** @internal */
  cancelConsumer(given: Fields): Fields {
    const queue = nameIn(given, 'queue')
    this.#worker.takeFrom(this.#worker.queues.filter(each => each !== queue))
    return ok(`no longer consuming from ${queue}`)
  }

  /** @internal */
  beat(): void {
    this.#worker.beat()
  }

  /** @internal */
  shutDown(): void {
    this.#worker.close()
  }

  /** @internal */
  clock(): Fields {
    return clockReply(this.#clock.value)
  }

  /** @internal */
  revokedIds(): string[] {
    return revokedReply(this.#revoked.ids())
  }

  #attempts(): Attempt[] {
    return [...this.#worker.attempts]
  }

  #heldCall(attempt: Attempt): HeldCall {
    const { message, entry, claim } = attempt
    return {
      message,
      ...(this.#worker.hasBegun(attempt) ? { startedAt: entry?.started ?? 0, pid: process.pid } : {}),
      acknowledged: false,
      exchange: '',
      routingKey: claim.queue,
      priority: 0,
      redelivered: claim.deaths > 0,
    }
  }
}

type Command = (all: Commands, given: Fields) => unknown

const never =
  (why: string): Command =>
  () =>
    errorReply(why)

/** Other names of commands. */
const aliases: Readonly<Record<string, string>> = {
  dump_conf: 'conf',
  dump_active: 'active',
  dump_reserved: 'reserved',
  dump_schedule: 'scheduled',
  dump_revoked: 'revoked',
  dump_tasks: 'registered',
}

const ofPool = 'the number of threads and processes of a worker of skein is set when it is started'

const commands: Readonly<Record<string, Command>> = {
  ping: pingReply,
  report: all => all.report(),
  conf: all => all.conf(),
  stats: all => all.stats(),
  registered: all => all.registered(),
  active_queues: all => all.queues(),
  active: all => all.held('active'),
  reserved: all => all.held('reserved'),
  // What is due later waits on the server, and not in a worker.
  scheduled: () => [],
  revoked: all => all.revokedIds(),
  query_task: (all, given) => all.query(given),
  clock: all => all.clock(),
  hello: (all, given) => all.hello(given),
  memsample: () => memory(),
  memdump: () => `- rss: ${memory()}.\n`,
  objgraph: never('objgraph is a library of Python'),
  revoke: (all, given) => all.revoke(given),
  terminate: (all, given) => all.revoke({ ...given, terminate: true }),
  revoke_by_stamped_headers: (all, given) => all.revokeStamped(given),
  rate_limit: never(
    'rates are counted over all workers of skein, and set when they are started: skein worker --rate TASK=N/TIME',
  ),
  time_limit: (all, given) => all.limitTime(given),
  enable_events: all => all.events(true),
  disable_events: all => all.events(false),
  heartbeat: all => all.beat(),
  // skein's workers elect nobody.
  election: () => undefined,
  shutdown: all => all.shutDown(),
  pool_grow: never(ofPool),
  pool_shrink: never(ofPool),
  pool_restart: never('Pool restarts not enabled'),
  autoscale: never('Autoscale not enabled'),
  add_consumer: (all, given) => all.consume(given),
  cancel_consumer: (all, given) => all.cancelConsumer(given),
}

function memory(): string {
  return `${(process.memoryUsage.rss() / 1_048_576).toFixed(2)}MB`
}

function ok(text: string): Fields {
  return { ok: text }
}

function nameIn(given: Fields, name: string): string {
  const value = given[name]
  if (typeof value === 'string' && value !== '') return value
  throw new InvalidArgumentError(`${name} must be a string that is not empty, got ${describe(value)}`)
}

function namesIn(given: Fields, name: string): string[] {
  const values = listOf(given[name])
  if (values.every(each => typeof each === 'string')) return values as string[]
  throw new InvalidArgumentError(`${name} must be a string or a list of strings, got ${describe(given[name])}`)
}

/** As an object, or as `name=value` in a list. */
function stampsIn(headers: unknown): Fields {
  if (Array.isArray(headers)) {
    return Object.fromEntries(headers.map(each => String(each).split('=', 2) as [string, string]))
  }
  if (typeof headers === 'object' && headers !== null) return headers as Fields
  throw new InvalidArgumentError(`headers must be an object or a list of name=value, got ${describe(headers)}`)
}

/** In milliseconds. */
function secondsIn(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined
  const seconds = Number(value)
  if (seconds > 0 && seconds < 1e9) return seconds * 1_000
  throw new InvalidArgumentError(`${name} must be seconds above 0, got ${describe(value)}`)
}
