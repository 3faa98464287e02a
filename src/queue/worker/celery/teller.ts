import { hostname, loadavg } from 'node:os'
import { readFileSync } from 'node:fs'
import { encodeFailure } from '../../../celery/result.ts'
import { readJson } from '../../../celery/read-json.ts'
import {
  eventMessage,
  type EventStamp,
  taskEvent,
  type TaskNews,
  type WireEvent,
  workerEvent,
} from '../../../celery/remote/events.ts'
import { setImmediate } from '../../../core/time/platform.ts'
import { wallTime } from '../../../core/time/clock.ts'
import type { Claim } from '../../../stores/roles/broker.ts'
import type { Remote } from '../../../stores/roles/remote.ts'
import type { Attempt } from '../attempt.ts'
import type { Ending } from '../conclude.ts'
import type { FleetClock } from './clock.ts'

/** The most events in one message, and the most that wait while the server cannot be reached: nobody needs old ones. */
const mostTogether = 1_000
const mostWaiting = 10_000

/** The numbers of a worker that a heartbeat has. */
export interface HeartbeatNumbers {
  readonly active: number
  readonly processed: number
}

/** Tells those who watch a fleet what becomes of a worker and its calls. What cannot be sent is lost, as in Celery. */
export class FleetTeller {
  readonly #remote: Remote
  readonly #name: string
  readonly #clock: FleetClock
  #waiting: WireEvent[] = []
  #sending = false

  constructor(remote: Remote, name: string, clock: FleetClock) {
    this.#remote = remote
    this.#name = name
    this.#clock = clock
  }

  /** @param frequency seconds from one heartbeat to the next */
  async worker(
    type: 'worker-online' | 'worker-heartbeat' | 'worker-offline',
    { active, processed }: HeartbeatNumbers,
    frequency: number,
  ): Promise<void> {
    const event = workerEvent(type, this.#stamp(), {
      frequency,
      active,
      processed,
      load: loadavg().map(each => Math.round(each * 100) / 100),
      software: software(),
    })
    await this.#remote.tell([eventMessage(this.#name, event)]).catch(() => {})
  }

  received({ message }: Attempt): void {
    this.#add({ type: 'task-received', message })
  }

  started({ claim: { id } }: Attempt): void {
    this.#add({ type: 'task-started', id })
  }

  ended({ id }: Claim, ending: Ending, attempt: Attempt | undefined): void {
    const entry = attempt?.entry
    switch (ending.kind) {
      case 'done':
        return this.#add({
          type: 'task-succeeded',
          id,
          result: valueOf(ending.result),
          runtime: (entry?.duration ?? 0) / 1_000,
        })
      case 'failed':
      case 'dead':
        return this.#add({ type: 'task-failed', id, error: ending.text ?? encodeFailure(ending.error) })
      case 'retry':
        return this.#add({ type: 'task-retried', id, error: encodeFailure(ending.error) })
      case 'cancelled': {
        const terminated = entry !== undefined && entry.started > 0
        return this.#add({ type: 'task-revoked', id, terminated, signal: null, expired: false })
      }
      default:
    }
  }

  /** Resolves once all that was told has gone out, or could not. */
  async flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const events = this.#waiting.splice(0, mostTogether)
      await this.#remote.tell([eventMessage(this.#name, events)]).catch(() => {})
    }
    // At once: what is added from here on has to be sent anew.
    this.#sending = false
  }

  #add(news: TaskNews): void {
    this.#waiting.push(taskEvent(this.#stamp(), news))
    if (this.#waiting.length > mostWaiting) this.#waiting.splice(0, this.#waiting.length - mostWaiting)
    if (this.#sending) return
    this.#sending = true
    // Those of one turn together.
    setImmediate(() => void this.flush())
  }

  #stamp(): EventStamp {
    return {
      hostname: this.#name,
      pid: process.pid,
      clock: this.#clock.forward(),
      time: wallTime(),
      // As Python has it: what is to be added to come to UTC.
      utcOffset: new Date().getTimezoneOffset() / 60,
    }
  }
}

function valueOf(result: string): unknown {
  try {
    const value = readJson(result)
    const isWrapped = typeof value === 'object' && value !== null && Object.hasOwn(value, '__skein__')
    return isWrapped ? (value as { readonly __skein__: unknown }).__skein__ : value
  } catch {
    return result
  }
}

let own: { readonly name: string; readonly version: string; readonly system: string } | undefined

/** The program, its version, and the system that it runs on. */
export function software(): { readonly name: string; readonly version: string; readonly system: string } {
  own ??= { name: 'skein', version: versionOf(), system: process.platform === 'linux' ? 'Linux' : process.platform }
  return own
}

function versionOf(): string {
  try {
    const text = readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')
    const { name, version } = JSON.parse(text) as { readonly name?: unknown; readonly version?: unknown }
    if (name === 'skein' && typeof version === 'string') return version
  } catch {
    // In a bundle it is not there.
  }
  return '0'
}

/** The name of a worker in a fleet where it has none of its own. */
export function defaultName(): string {
  return `skein-${process.pid}-${Math.random().toString(36).slice(2, 8)}@${hostname()}`
}
