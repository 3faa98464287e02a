import { fileURLToPath } from 'node:url'
import type { StoredJob } from '#skein/stores/roles/inspector.js'
import type { InspectableStore } from '#skein/stores/roles/store.js'
import { byItself, type Cell, doom, inTheStore } from './cells.ts'
import { relayViolationsOf } from './check-relay.ts'
import type { Ground } from './ground.ts'
import { relayCall } from './programs/relay-calls.ts'
import type { Random } from './random.ts'
import type { Victim } from './victim.ts'

const program = fileURLToPath(new URL('./programs/relay.js', import.meta.url))
/** So many relays begin with each kill, of so many generations. */
const begun = 2
const generations = 3
/** How long a relay may take to come to its crash point, in milliseconds, and healthy ones for what is left. */
const patience = 8_000
const healing = 120_000

/** What relays need of their round. */
export interface RelayParts {
  readonly ground: Ground
  readonly random: Random
  start(args: readonly string[], environment: Readonly<Record<string, string>>): Victim
  /** A victim has come to grief, or has not come to its crash point. */
  count(cell: Cell, reached: boolean): void
  /** Kills a victim at any moment. */
  harm(victim: Victim, cell: Cell): Promise<void>
  /** Lets a stopped victim come back when its leases are gone. */
  wake(victim: Victim): Promise<void>
  gone(victim: Victim): Promise<void>
  violated(what: string): void
}

/**
 * Programs that settle calls together with what comes next, and are killed meanwhile: before the commit, in it, and when it is
 * written and nobody has heard of it. They have a store of their own.
 */
export class Relays {
  readonly #parts: RelayParts
  readonly #store: InspectableStore
  readonly #roots: string[] = []

  private constructor(parts: RelayParts, store: InspectableStore) {
    this.#parts = parts
    this.#store = store
  }

  static async open(parts: RelayParts): Promise<Relays> {
    return new Relays(parts, await parts.ground.openRelays())
  }

  /** Starts one in this cell, and brings it to grief. */
  async kill(cell: Cell): Promise<void> {
    const { ground, random, start, count, harm, wake, gone } = this.#parts
    await this.#begin()
    const armed = cell.where === 'random' ? '' : `${cell.where}:${1 + random.below(6)}:${cell.how}`
    const victim = start(
      ['--max-old-space-size=64', program, ground.relayUrl],
      armed === '' ? doom(cell, 200 + random.below(800)) : { SKEIN_CRASH_AT: armed },
    )
    await victim.begun()
    if (cell.where === 'random') {
      await victim.endedWithin(random.below(400))
      await harm(victim, cell)
    } else if (ground.hasThread && inTheStore.has(cell.where) && byItself.has(cell.how)) {
      // It goes on with another thread for its store, and works a while.
      const reached = await victim.says(/thread of the store .* has died/, patience * 2)
      count(cell, reached)
      if (reached) await victim.endedWithin(1_000)
    } else count(cell, await victim.grievedWithin(cell.how === 'memory' ? patience * 2 : patience))
    if (victim.stopped) await wake(victim)
    await gone(victim)
  }

  async #begin(): Promise<void> {
    const calls = Array.from({ length: begun }, () => relayCall({ kind: 'spread', index: 0, generation: generations }))
    await this.#store.broker.send(calls)
    this.#roots.push(...calls.map(each => each.id))
  }

  /** A healthy one does what is left; then it is looked at. How many calls there were. */
  async finish(): Promise<readonly StoredJob[]> {
    const { ground, start, gone, violated } = this.#parts
    const healthy = start([program, ground.relayUrl, '100'], {})
    await healthy.ready
    const end = Date.now() + healing
    for (;;) {
      const { queues } = await this.#store.inspector.stats()
      const open = queues.reduce(
        (sum, { counts }) => sum + counts.held + counts.ready + counts.delayed + counts.running,
        0,
      )
      if (open === 0) break
      if (Date.now() > end || healthy.ended) {
        violated(`${open} calls of relays had not ended after ${healing} ms with a healthy one: ${healthy.output}`)
        break
      }
      await healthy.endedWithin(100)
    }
    await gone(healthy)
    const jobs = new Map<string, StoredJob>()
    for (let after: string | undefined; ;) {
      const page = await this.#store.inspector.list({ limit: 1_000, ...(after === undefined ? {} : { after }) })
      for (const job of page) jobs.set(job.id, job)
      after = page.at(-1)?.id
      if (page.length < 1_000) break
    }
    for (const each of relayViolationsOf({ roots: this.#roots, jobs })) violated(each)
    return [...jobs.values()]
  }

  get begun(): number {
    return this.#roots.length
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}
