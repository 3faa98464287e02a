import { randomUUID } from 'node:crypto'
import { checkEndedFilter, checkFilter, checkIds, checkReason, checkText } from '../../check.ts'
import { changedRetention, defaultRetention, retentionChange, retentionParts } from '../../options.ts'
import type { StoredState } from '../../roles/calls.ts'
import type {
  Cancelled,
  EndedCall,
  EndedFilter,
  Inspector,
  InspectorStats,
  JobFilter,
  Retried,
  StoredJob,
  StoredQueue,
} from '../../roles/inspector.ts'
import type { KeptLimits, Retention, RetentionChange } from '../../roles/retention.ts'
import type { Argument } from '../connection/link.ts'
import type { Handle } from '../handle.ts'
import { cancel, pause } from '../scripts/control.ts'
import { limitNames, retain, unlimited } from '../scripts/history.ts'
import { retry } from '../scripts/again.ts'
import { ended } from '../scripts/ended.ts'
import { find, list, purge, stats } from '../scripts/inspect.ts'
import { jobOf, type Shown } from '../wire/job.ts'
import { claimsOf } from './registry.ts'

/** More in one script would keep others from the server for too long. */
const mostAtOnce = 250

/** So many calls that have ended are looked at in one script. */
const pageOfEnded = 500

/** A call that has ended, as the script has it. */
type EndedRow = readonly [
  id: string,
  state: StoredState,
  endedAt: string,
  queue: string,
  task: string,
  sent: string,
  due: string,
  started: string,
]

/** The values of a queue, as the script has them that counts. */
type StatsOfQueue = readonly [
  queue: string,
  paused: number,
  ready: number,
  delayed: number,
  done: number,
  failed: number,
  cancelled: number,
  dead: number,
  oldest: number,
  held: number,
]

/** Looks into a store on Redis, and changes what is in it. */
export class RedisInspector implements Inspector {
  readonly #store: Handle

  constructor(store: Handle) {
    this.#store = store
  }

  async find(id: string): Promise<StoredJob | undefined> {
    const { link, settings } = this.#mustBeOpen()
    const shown = (await link.run(find, [id])) as Shown | []
    return shown.length === 0 ? undefined : jobOf(shown, settings.maxBytes)
  }

  async list(filter: JobFilter): Promise<StoredJob[]> {
    const { link, settings } = this.#mustBeOpen()
    checkFilter(filter)
    const { limit = 100 } = filter
    if (filter.states?.length === 0 || filter.ids?.length === 0) return []
    if (filter.ids !== undefined && filter.ids.length > mostAtOnce) return this.#listMany(filter, filter.ids, limit)
    const found: StoredJob[] = []
    let below = ''
    do {
      const given = choice(filter, below, limit - found.length)
      const [next, ...shown] = (await link.run(list, given)) as [string, ...Shown[]]
      for (const each of shown) found.push(jobOf(each, settings.maxBytes))
      below = next
    } while (below !== '' && found.length < limit)
    return found
  }

  async cancel(ids: readonly string[], reason: string): Promise<Cancelled[]> {
    const { listeners } = this.#mustBeOpen()
    checkIds(ids)
    checkReason(reason)
    // On one line, as everything that is told.
    const text = JSON.stringify(JSON.parse(reason))
    const outcomes: Cancelled[] = []
    for (let from = 0; from < ids.length; from += mostAtOnce) {
      const part = ids.slice(from, from + mostAtOnce)
      outcomes.push(...(await this.#store.change<Cancelled>(cancel, [text, ...part])))
    }
    // One who has begun to listen in this program may not be heard of by the server yet.
    for (const [at, id] of ids.entries()) if (outcomes[at] === 'cancelled') listeners.tell('ended', id)
    return outcomes
  }

  async retry(ids: readonly string[]): Promise<Retried[]> {
    this.#mustBeOpen()
    checkIds(ids)
    const outcomes: Retried[] = []
    for (let from = 0; from < ids.length; from += mostAtOnce) {
      const part = ids.slice(from, from + mostAtOnce)
      const given = part.flatMap(id => [id, randomUUID()])
      outcomes.push(...(await this.#store.change<Retried>(retry, given)))
    }
    return outcomes
  }

  async purge(filter: JobFilter): Promise<number> {
    this.#mustBeOpen()
    checkFilter(filter)
    const { limit = Infinity } = filter
    if (filter.states?.length === 0 || filter.ids?.length === 0) return 0
    if (filter.ids !== undefined && filter.ids.length > mostAtOnce) return this.#purgeMany(filter, filter.ids, limit)
    let count = 0
    let below = ''
    do {
      const given = choice(filter, below, Math.min(mostAtOnce, limit - count))
      const [more, next] = await this.#store.change<number | string>(purge, given)
      count += more as number
      below = next as string
    } while (below !== '' && count < limit)
    return count
  }

  async pause(queue: string): Promise<void> {
    await this.#pause(queue, true)
  }

  async resume(queue: string): Promise<void> {
    await this.#pause(queue, false)
  }

  async retain(change: RetentionChange): Promise<Retention> {
    const { link } = this.#mustBeOpen()
    const checked = retentionChange(change)
    const given: Argument[] = []
    for (const part of retentionParts) {
      for (const name of limitNames) {
        const value = checked[part]?.[name]
        if (value !== undefined) given.push(`${part}.${name}`, value === Infinity ? unlimited : value)
      }
    }
    return retentionIn((await link.run(retain, given)) as string[])
  }

  async ended({ since, limit }: EndedFilter): Promise<EndedCall[]> {
    const { link } = this.#mustBeOpen()
    checkEndedFilter({ since, limit })
    const found: EndedCall[] = []
    for (const part of retentionParts) {
      // What ends from now on must not move the pages.
      let until = ''
      for (let at = 0; at < limit;) {
        const size = Math.min(pageOfEnded, limit - at)
        const [now, ...rows] = (await link.run(ended, [part, Math.ceil(since), until, at, size])) as [
          string,
          ...EndedRow[],
        ]
        until = now
        for (const row of rows) found.push(endedOf(row))
        at += size
        if (rows.length < size) break
      }
    }
    return found.sort((a, b) => b.endedAt - a.endedAt).slice(0, limit)
  }

  async stats(): Promise<InspectorStats> {
    const { link } = this.#mustBeOpen()
    const [bytes, ...queues] = (await link.run(stats, [])) as [string, ...StatsOfQueue[]]
    const running = new Map<string, number>()
    for (const { queue } of await claimsOf(this.#store)) running.set(queue, (running.get(queue) ?? 0) + 1)
    return {
      queues: queues
        .map(each => queueOf(each, running.get(each[0]) ?? 0))
        .filter(({ paused, counts }) => paused || Object.values(counts).some(each => each > 0))
        .sort((a, b) => (a.queue < b.queue ? -1 : 1)),
      // A worker gets whatever is in its queues.
      unclaimed: {},
      bytes: Number(bytes),
      retention: await this.retain({}),
    }
  }

  /** Each piece gives the newest of its own. */
  async #listMany(filter: JobFilter, ids: readonly string[], limit: number): Promise<StoredJob[]> {
    const found: StoredJob[] = []
    for (let at = 0; at < ids.length; at += mostAtOnce)
      found.push(...(await this.list({ ...filter, ids: ids.slice(at, at + mostAtOnce), limit })))
    return found.sort((a, b) => b.sentAt - a.sentAt).slice(0, limit)
  }

  async #purgeMany(filter: JobFilter, ids: readonly string[], limit: number): Promise<number> {
    let count = 0
    for (let at = 0; at < ids.length && count < limit; at += mostAtOnce)
      count += await this.purge({ ...filter, ids: ids.slice(at, at + mostAtOnce), limit: limit - count })
    return count
  }

  async #pause(queue: string, isPaused: boolean): Promise<void> {
    const { link } = this.#mustBeOpen()
    checkText(queue, 'The queue')
    await link.run(pause, [queue, isPaused ? 1 : 0])
  }

  #mustBeOpen(): Handle {
    this.#store.mustBeOpen()
    return this.#store
  }
}

/** A filter as the scripts are given it that choose calls. @param below the number below which to go on; empty at the beginning */
function choice(
  { states = [], queue, task, tag, ids = [], after }: JobFilter,
  below: string,
  limit: number,
): Argument[] {
  const words = [queue ?? '', task ?? '', tag ?? '']
  return [below === '' ? (after ?? '') : '', below, limit, ...words, states.length, ...states, ids.length, ...ids]
}

function endedOf([id, state, at, queue, task, sent, due, started]: EndedRow): EndedCall {
  const endedAt = Number(at)
  const sentAt = sent === '' ? endedAt : Number(sent)
  const dueAt = due === '' ? sentAt : Number(due)
  return { id, queue, task, state, sentAt, dueAt, ...(started === '' ? {} : { startedAt: Number(started) }), endedAt }
}

function queueOf(
  [queue, paused, ready, delayed, done, failed, cancelled, dead, oldest, held]: StatsOfQueue,
  running: number,
): StoredQueue {
  const counts = { held, delayed, ready, running, done, failed, cancelled, dead }
  return { queue, paused: paused === 1, counts, oldest }
}

/** The limits of the past, as they are kept. */
function retentionIn(answer: readonly string[]): Retention {
  const change: { -readonly [part in keyof Retention]?: { -readonly [name in keyof KeptLimits]?: number } } = {}
  for (let at = 0; at + 1 < answer.length; at += 2) {
    const [part, name] = (answer[at] as string).split('.') as [keyof Retention, keyof KeptLimits]
    const value = Number(answer[at + 1])
    ;(change[part] ??= {})[name] = value === unlimited ? Infinity : value
  }
  return changedRetention(defaultRetention, change)
}
