import { mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { InspectableStore } from '#skein/stores/roles/store.js'
import { root } from '../../support/paths.ts'
import { byItself, type Cell, cells, doom, inTheStore, isMeant, nameOf } from './cells.ts'
import { violationsNow, violationsOf } from './check.ts'
import { evidenceOf } from './evidence.ts'
import { fileGround, type Ground } from './ground.ts'
import { Random } from './random.ts'
import { type Persistence, redisGround } from './redis-ground.ts'
import { Relays } from './relays.ts'
import { beginSchedules, endSchedules } from './scheduled.ts'
import { type Mark, waitsQueue } from './programs/marks.ts'
import { Victim } from './victim.ts'

/** How much is to be killed, and how. */
export interface MatrixOptions {
  readonly kills: number
  readonly seed: number
  /** Only these cells, by name or by how their names begin. */
  readonly only?: readonly string[]
  /** A file unless it says otherwise. */
  readonly store?: 'sqlite' | 'redis'
  /** `durability` of a file. */
  readonly durability?: 'full' | 'relaxed'
  /** Of a Redis server: `always` unless it says otherwise. With `everysec` the server itself is not killed: it may lose a second. */
  readonly persistence?: Persistence
  readonly onProgress?: (progress: Progress) => void
}

/** How far it has come. */
interface Progress {
  readonly kills: number
  readonly accepted: number
  readonly violations: number
}

/** What came of it. */
export interface MatrixReport {
  readonly seed: number
  readonly kills: number
  /** By the name of the cell: how often a process came to grief there, and how often it had not come to that point. */
  readonly cells: ReadonlyMap<string, { readonly kills: number; readonly missed: number }>
  readonly accepted: number
  readonly attempts: number
  /** Relays that were begun. */
  readonly relays: number
  /** Jobs that ended, by state. */
  readonly ended: Readonly<Record<string, number>>
  readonly violations: readonly string[]
  readonly milliseconds: number
}

/** The shortest that there is, so that the dead are found soon. */
const lease = 1_000
/** How many workers are at work, and in danger, at the same time; how many of jobs that wait; and how many relays. */
const slots = 5
const waiterSlots = 2
const relaySlots = 4
/** A point that was not reached after so long, in milliseconds, is not on the way of what runs. */
const patience = 8_000
/** How long healthy workers may take for what is left, in milliseconds. */
const healing = 120_000

const programs = fileURLToPath(new URL('./programs/', import.meta.url))
const places = ['loop', 'threads', 'processes'] as const

/**
 * The whole matrix, in rounds that have a store each: a store forgets the oldest of its history in time, and what is to be
 * checked must still be there.
 */
export class KillMatrix {
  readonly #options: MatrixOptions
  #round: Round | undefined
  #stopped = false

  constructor(options: MatrixOptions) {
    this.#options = options
  }

  /** Kills no more; the run ends as if it had been done. */
  stop(): void {
    this.#stopped = true
    this.#round?.stop()
  }

  async run(): Promise<MatrixReport> {
    const { kills, seed, onProgress } = this.#options
    const begun = performance.now()
    const all = {
      kills: 0,
      accepted: 0,
      attempts: 0,
      relays: 0,
      violations: [] as string[],
      ended: {} as Record<string, number>,
    }
    const counts = new Map<string, { kills: number; missed: number }>()
    for (let round = 0; all.kills < kills && !this.#stopped; round++) {
      const before = { ...all }
      this.#round = new Round({
        ...this.#options,
        kills: Math.min(killsInARound, kills - all.kills),
        seed: seed + round,
        counts,
        onProgress: progress =>
          onProgress?.({
            kills: before.kills + progress.kills,
            accepted: before.accepted + progress.accepted,
            violations: before.violations.length + progress.violations,
          }),
      })
      const report = await this.#round.run()
      all.kills += report.kills
      all.accepted += report.accepted
      all.attempts += report.attempts
      all.relays += report.relays
      all.violations = [...all.violations, ...report.violations.map(each => `${each} (seed ${seed + round})`)]
      for (const [state, n] of Object.entries(report.ended)) all.ended[state] = (all.ended[state] ?? 0) + n
    }
    return { seed, cells: counts, ...all, milliseconds: performance.now() - begun }
  }
}

/** So many kills have one store, which then holds some thousand jobs. */
const killsInARound = 200

/** What is to be done in one round. */
interface RoundOptions extends MatrixOptions {
  /** Counted on from round to round, so that each round goes on with the next cell. */
  readonly counts: Map<string, { kills: number; missed: number }>
}

/** Kills workers and clients of one store, again and again, then lets a healthy worker end what is left, and checks it all. */
class Round {
  readonly #options: RoundOptions
  readonly #random: Random
  readonly #cells: readonly Cell[]
  readonly #folder = mkdtempSync(join(tmpdir(), 'skein-kill-'))
  readonly #violations = new Set<string>()
  readonly #victims = new Set<Victim>()
  #turn = 0
  #kills = 0
  #stopped = false
  #ground: Ground | undefined
  #store: InspectableStore | undefined
  #relays: Relays | undefined

  constructor(options: RoundOptions) {
    this.#options = options
    // Each round goes on where the one before has ended.
    for (const { kills, missed } of options.counts.values()) this.#turn += kills + missed
    this.#random = new Random(options.seed)
    const all = cells.filter(
      each => each.who !== 'server' || (options.store === 'redis' && options.persistence !== 'everysec'),
    )
    this.#cells = options.only ? all.filter(each => options.only?.some(name => isMeant(each, name))) : all
  }

  /** Kills no more; the run ends as if it had been done. */
  stop(): void {
    this.#stopped = true
  }

  /** False where only relays come to grief, which have a store of their own. */
  get #hasWorkers(): boolean {
    return this.#cells.some(({ who }) => who !== 'relay')
  }

  get #going(): boolean {
    return !this.#stopped && this.#kills < this.#options.kills
  }

  async run(): Promise<Omit<MatrixReport, 'cells' | 'seed' | 'milliseconds'>> {
    try {
      await this.#prepare()
      const sampling = this.#sample()
      await Promise.all([
        ...Array.from({ length: slots }, () => this.#workers('worker')),
        ...Array.from({ length: waiterSlots }, () => this.#workers('waiter')),
        ...Array.from({ length: relaySlots }, () => this.#relaying()),
        this.#clients(),
        this.#restarting(),
      ])
      await this.#heal()
      sampling.stop()
      return await this.#report()
    } finally {
      for (const each of this.#victims) each.signal('SIGKILL')
      await Promise.all([...this.#victims].map(each => each.exit))
      await this.#store?.close()
      await this.#relays?.close()
      await this.#ground?.close()
      rmSync(this.#folder, { recursive: true, force: true })
    }
  }

  // ---------------------------------------------------------------- killing

  /** One place for workers: starts one, brings it to grief, and starts the next. */
  async #workers(who: 'worker' | 'waiter'): Promise<void> {
    while (this.#going) {
      const cell = this.#next(who)
      if (!cell) return
      await this.#killWorker(cell)
    }
  }

  async #killWorker(cell: Cell): Promise<void> {
    // The signals themselves are sent from here when it is to be at any moment.
    // What many jobs pass together is not passed as often as what each passes by itself.
    const passage = 1 + this.#random.below(cell.where === 'mid-run' || cell.where === 'after-effect' ? 6 : 3)
    const armed = cell.where === 'random' ? '' : `${cell.where}:${passage}:${cell.how}`
    const after = 500 + this.#random.below(1_000)
    const queues = cell.who === 'waiter' ? waitsQueue : 'default'
    const worker = this.#startWorker(this.#random.of(places), queues, {
      ...(armed === '' ? {} : { SKEIN_CRASH_AT: armed }),
      ...doom(cell, after),
    })
    await worker.begun()
    if (cell.where === 'random') {
      await worker.endedWithin(this.#random.below(400))
      await this.#harm(worker, cell)
    } else if (this.#hasThread && inTheStore.has(cell.where) && byItself.has(cell.how)) {
      // It goes on with another thread for its store, and works a while.
      const reached = await worker.says(/thread of the store .* has died/, patience * 2)
      this.#count(cell, reached)
      if (reached && (await worker.endedWithin(1_500)))
        this.#violations.add(`a worker did not outlive the thread of its store (${nameOf(cell)}): ${worker.output}`)
    } else if (!(await worker.grievedWithin(cell.how === 'memory' ? patience * 2 : patience))) {
      this.#count(cell, false)
      worker.signal('SIGKILL')
    } else {
      this.#count(cell, true)
    }
    if (worker.stopped) await this.#wake(worker)
    if (cell.how === 'term' && !(await worker.endedWithin(20_000))) {
      this.#violations.add(`a worker did not end within 20 s of its second SIGTERM (${nameOf(cell)}): ${worker.output}`)
    }
    await this.#gone(worker)
  }

  async #gone(victim: Victim): Promise<void> {
    victim.signal('SIGKILL')
    await victim.exit
    this.#victims.delete(victim)
  }

  /** One place for relays. */
  async #relaying(): Promise<void> {
    while (this.#going) {
      const cell = this.#next('relay')
      if (!cell) return
      await this.#relays?.kill(cell)
    }
  }

  #openRelays(): Promise<Relays> {
    return Relays.open({
      ground: this.#ground as Ground,
      random: this.#random,
      start: (args, environment) => this.#start(args, environment),
      count: (cell, reached) => this.#count(cell, reached),
      harm: (victim, cell) => this.#harm(victim, cell),
      wake: victim => this.#wake(victim),
      gone: victim => this.#gone(victim),
      violated: what => void this.#violations.add(what),
    })
  }

  async #harm(victim: Victim, cell: Cell): Promise<void> {
    if (byItself.has(cell.how)) return this.#count(cell, await victim.endedWithin(patience * 2))
    if (victim.ended) return this.#count(cell, false)
    this.#count(cell, true)
    if (cell.how === 'kill') victim.signal('SIGKILL')
    else if (cell.how === 'stop') {
      victim.signal('SIGSTOP')
      await this.#wake(victim)
    } else {
      victim.signal('SIGTERM')
      await victim.endedWithin(this.#random.below(60))
      victim.signal('SIGTERM')
    }
  }

  /** Lets a stopped process come back when its leases are gone, and work on for a while. */
  async #wake(victim: Victim): Promise<void> {
    await victim.endedWithin(lease + 300 + this.#random.below(500))
    victim.signal('SIGCONT')
    await victim.endedWithin(300)
  }

  async #clients(): Promise<void> {
    // Relays need none.
    if (!this.#hasWorkers) return
    while (this.#going) {
      const cell = this.#next('client')
      const client = this.#start(
        [
          '--max-old-space-size=64',
          join(programs, 'client.js'),
          this.#url,
          this.#file('accepted'),
          String(this.#random.below(1e9)),
        ],
        cell ? doom(cell, 500 + this.#random.below(1_000)) : {},
      )
      await client.begun()
      if (!cell || !byItself.has(cell.how)) {
        // On a slow machine it comes to its first job late.
        const before = this.#lines('accepted').length
        for (let waits = 0; waits < 50 && !client.ended && this.#lines('accepted').length === before; waits++)
          await client.endedWithin(100)
        await client.endedWithin(cell ? 300 + this.#random.below(800) : 1_500)
        if (client.ended && !this.#wasRefused(client))
          this.#violations.add(`a client ended by itself: ${client.output}`)
      }
      if (cell) await this.#harm(client, cell)
      await this.#gone(client)
    }
  }

  /** The server dies with all that it has in its hands, and is started again. */
  async #restarting(): Promise<void> {
    const cell = this.#next('server')
    for (let kills = 1; cell && this.#going; kills++) {
      do {
        await new Promise(resolve => setTimeout(resolve, 500 + this.#random.below(1_000)))
        // The others are to come to something between, unless there are none.
      } while (this.#going && this.#cells.length > 1 && this.#kills < 8 * kills)
      await this.#ground?.restart?.()
      this.#count(cell, true)
    }
  }

  /** True for a program that came while the server was not there: it says so at once. */
  #wasRefused({ output }: Victim): boolean {
    return this.#cells.some(({ who }) => who === 'server') && /The Redis server at .* cannot be used/.test(output)
  }

  get #hasThread(): boolean {
    return this.#ground?.hasThread === true
  }

  get #url(): string {
    return this.#ground?.url ?? ''
  }

  #next(who: Cell['who']): Cell | undefined {
    const mine = this.#cells.filter(each => each.who === who)
    return mine[this.#turn++ % Math.max(1, mine.length)]
  }

  #count(cell: Cell, reached: boolean): void {
    const name = nameOf(cell)
    const count = this.#options.counts.get(name) ?? { kills: 0, missed: 0 }
    if (reached) {
      count.kills++
      this.#kills++
    } else count.missed++
    this.#options.counts.set(name, count)
    this.#options.onProgress?.({
      kills: this.#kills,
      accepted: this.#lines('accepted').length,
      violations: this.#violations.size,
    })
  }

  #startWorker(on: string, queues: string, environment: Readonly<Record<string, string>>): Victim {
    const capacity = on === 'loop' ? ['--concurrency', '8'] : ['--workers', '2']
    const main = join(root, 'dist/cli/main.js')
    const options = [
      '--on',
      on,
      '--queues',
      queues,
      ...capacity,
      '--lease',
      '1s',
      '--grace',
      '100ms',
      '--stop-timeout',
      '3s',
      '--json',
    ]
    // A small heap runs full soon; the pools hand the option on to their threads and processes.
    return this.#start(
      ['--max-old-space-size=64', main, 'worker', join(programs, 'tasks.js'), '--store', this.#url, ...options],
      environment,
    )
  }

  #start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Victim {
    const victim = new Victim(args, { SKEIN_KILL_LOG: this.#file('marks'), ...environment })
    this.#victims.add(victim)
    return victim
  }

  // ---------------------------------------------------------------- looking

  async #prepare(): Promise<void> {
    const { store, durability = 'full', persistence = 'always' } = this.#options
    this.#ground = store === 'redis' ? await redisGround(persistence) : await fileGround(this.#folder, durability)
    this.#store = await this.#ground.open()
    if (this.#hasWorkers) await beginSchedules(this.#store)
    if (this.#cells.some(({ who }) => who === 'relay')) this.#relays = await this.#openRelays()
  }

  /** Looks again and again whether limits and unique keys hold. */
  #sample(): { stop: () => void } {
    let going = true
    const look = async (): Promise<void> => {
      while (going) {
        const jobs = await (this.#store as InspectableStore).inspector.list({
          states: ['ready', 'delayed', 'running'],
          limit: 5_000,
        })
        for (const each of violationsNow(jobs, Date.now())) this.#violations.add(each)
        await this.#ground?.spare(jobs)
        await new Promise(resolve => setTimeout(resolve, 150))
      }
    }
    look().catch((error: unknown) => {
      if (going) this.#violations.add(`the store could not be looked into: ${String(error)}`)
    })
    return { stop: () => void (going = false) }
  }

  /** Healthy workers end all that is left; then no lease may be left. */
  async #heal(): Promise<void> {
    if (!this.#hasWorkers) return
    const healthy = this.#startWorker('loop', `default,${waitsQueue}`, {})
    // Where nothing is left it is told to end at once, and a SIGTERM before it listens for one would end it otherwise than it should.
    await healthy.ready
    const end = Date.now() + healing
    const store = this.#store as InspectableStore
    for (const each of await endSchedules(store, healing)) this.#violations.add(each)
    for (;;) {
      const { queues } = await store.inspector.stats()
      const open = queues.reduce(
        (sum, { counts: { held, ready, delayed, running } }) => sum + held + ready + delayed + running,
        0,
      )
      if (open === 0) break
      await this.#signalAll()
      if (Date.now() > end || healthy.ended) {
        this.#violations.add(`${open} jobs had not ended after ${healing} ms with a healthy worker: ${healthy.output}`)
        break
      }
      await healthy.endedWithin(100)
    }
    healthy.signal('SIGTERM')
    if (!(await healthy.endedWithin(10_000)))
      this.#violations.add('a healthy worker did not end within 10 s of SIGTERM')
    else if (healthy.ended?.code !== 0)
      this.#violations.add(`a healthy worker ended with ${healthy.ended?.code}: ${healthy.output}`)
    for (const each of await store.registry.workers())
      if (each.running > 0) this.#violations.add(`worker ${each.worker} still holds a lease`)
  }

  /** The clients that were to send these signals may be dead. */
  async #signalAll(): Promise<void> {
    const { inspector, counters } = this.#store as InspectableStore
    for (const { id, memo = '' } of await inspector.list({ states: ['held'], queue: waitsQueue, limit: 5_000 }))
      if (memo.includes('"signal"')) await counters.signal(id, 'word', '"healed"')
  }

  async #report(): Promise<Omit<MatrixReport, 'cells' | 'seed' | 'milliseconds'>> {
    const evidence = await evidenceOf(
      this.#store as InspectableStore,
      this.#ground as Ground,
      this.#lines('accepted').map(line => JSON.parse(line) as { job: string; task: string }),
      this.#lines('marks').map(line => JSON.parse(line) as Mark),
    )
    const relayed = (await this.#relays?.finish()) ?? []
    for (const each of violationsOf(evidence)) this.#violations.add(each)
    const ended: Record<string, number> = {}
    for (const { state } of [...evidence.jobs.values(), ...relayed]) ended[state] = (ended[state] ?? 0) + 1
    return {
      kills: this.#kills,
      accepted: evidence.accepted.length,
      attempts: evidence.marks.filter(each => each.what === 'begin').length,
      relays: this.#relays?.begun ?? 0,
      ended,
      violations: [...this.#violations],
    }
  }

  #file(name: string): string {
    return join(this.#folder, name)
  }

  #lines(name: string): string[] {
    const file = this.#file(name)
    if (!existsSync(file)) return []
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter(line => line.endsWith('}'))
  }
}
