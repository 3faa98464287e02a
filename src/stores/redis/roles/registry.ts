import { checkText } from '../../check.ts'
import { steady } from '../../../core/time/platform.ts'
import type { Announcement, Registry, WorkerRecord } from '../../roles/registry.ts'
import type { Handle } from '../handle.ts'
import { announce } from '../scripts/control.ts'
import { claims, claimsAtOnce, workers } from '../scripts/look.ts'

/** A record that has not changed is written again after so long, in milliseconds: what the server has lost comes back. */
const writtenFor = 240_000
/** So long after a sweep, in milliseconds, a worker need not say itself that it is alive. */
const sweptFor = 20_000

/** A worker that is announced through this store. */
interface Announced {
  readonly text: string
  readonly writtenAt: number
  seenAt: number
}

/**
 * The workers that take calls from a Redis database. A worker says every few seconds that it is alive; that is written where something has
 * changed, and seen with each sweep otherwise, so that an idle worker sends next to nothing.
 */
export class RedisRegistry implements Registry {
  readonly #store: Handle
  readonly #announced = new Map<string, Announced>()

  constructor(store: Handle) {
    this.#store = store
  }

  async announce(worker: string, record: Announcement | undefined): Promise<void> {
    this.#store.mustBeOpen()
    checkText(worker, 'The worker')
    if (record === undefined) {
      this.#announced.delete(worker)
      await this.#store.link.run(announce, [worker, ''])
      return
    }
    const { queues, tasks, concurrency, place } = record
    const text = JSON.stringify({ queues, tasks, concurrency, place })
    const known = this.#announced.get(worker)
    const now = steady()
    if (known?.text === text && now - known.writtenAt < writtenFor && now - known.seenAt < sweptFor) return
    await this.#store.link.run(announce, [worker, text])
    this.#announced.set(worker, { text, writtenAt: now, seenAt: now })
  }

  async workers(): Promise<WorkerRecord[]> {
    this.#store.mustBeOpen()
    const answer = (await this.#store.link.run(workers, [])) as string[]
    const running = new Map<string, number>()
    for (const { worker } of await claimsOf(this.#store)) running.set(worker, (running.get(worker) ?? 0) + 1)
    const found: WorkerRecord[] = []
    for (let at = 0; at + 3 < answer.length; at += 4) {
      const [worker, startedAt, seenAt, record] = answer.slice(at, at + 4) as [string, string, string, string]
      found.push({
        worker,
        ...(JSON.parse(record) as Announcement),
        startedAt: Number(startedAt),
        seenAt: Number(seenAt),
        running: running.get(worker) ?? 0,
      })
    }
    return found.sort((a, b) => (a.worker < b.worker ? -1 : 1))
  }

  /** @internal The workers that are seen with a sweep; to be called when it has been made. */
  seen(): void {
    for (const each of this.#announced.values()) each.seenAt = steady()
  }

  /** @internal */
  get names(): string[] {
    return [...this.#announced.keys()]
  }

  /** @internal The store is closed, so its workers are gone. */
  async leave(): Promise<void> {
    for (const worker of this.names) await this.#store.link.run(announce, [worker, ''])
    this.#announced.clear()
  }
}

/** A call that a worker has, of any store. */
export interface ClaimOf {
  readonly worker: string
  readonly queue: string
}

/** The calls that workers have at this moment. */
export async function claimsOf({ link }: Pick<Handle, 'link'>): Promise<Iterable<ClaimOf>> {
  const found = new Map<string, ClaimOf>()
  for (let before = 0; ; before += claimsAtOnce) {
    const answer = (await link.run(claims, [before])) as string[]
    for (let at = 0; at + 2 < answer.length; at += 3) {
      const [id, worker, queue] = answer.slice(at, at + 3) as [string, string, string]
      found.set(id, { worker, queue })
    }
    if (answer.length < 3 * claimsAtOnce) return found.values()
  }
}
