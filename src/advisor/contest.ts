import type { TaskIdentity } from '../call/define/identity.ts'
import { messageOf } from '../core/errors/foreign.ts'
import type { Comparison, FailureCount, PlaceKind, PlaceMeasurement, Scaling, Timeline } from './comparison.ts'
import { type AnyTask, type Contender, openContender, type Width } from './contender.ts'
import { decide } from './decide.ts'
import { type Round, type RoundLimit, runRound, sizeOf } from './round.ts'
import { median, repeatableRandom, shuffled, spreadOf } from './spread.ts'
import { memoryOf, thisMachine } from './system-usage.ts'
import { traceRound } from './timeline.ts'
import { tryOut } from './trial.ts'

/** All that a comparison needs to know, with the defaults filled in. */
export interface ContestOptions {
  readonly identity: TaskIdentity
  readonly title: string
  readonly rounds: number
  readonly workers: number
  readonly concurrency: number
  readonly budget: number
  readonly places: readonly PlaceKind[]
  readonly onProgress: (step: string, done: number) => void
  readonly signal?: AbortSignal
}

/** The results of a place while the contest goes on. */
interface Entry {
  readonly place: Contender
  readonly rounds: Round[]
  startUp?: number
  memoryPerWorker?: number | undefined
  broken?: string
}

/** One comparison: opens the places, lets them take turns, closes them, decides. */
export class Contest {
  readonly #task: AnyTask
  readonly #inputs: readonly unknown[]
  readonly #options: ContestOptions
  readonly #random = repeatableRandom(20_260_101)
  readonly #begun = performance.now()
  readonly #entries: Entry[] = []
  readonly #skipped: PlaceMeasurement[] = []
  #width: Width
  #perCall = 0
  #busyShare: number | undefined

  constructor(task: AnyTask, inputs: readonly unknown[], options: ContestOptions) {
    this.#task = task
    // In the order given, a sample of the first inputs could be all the small ones.
    this.#inputs = shuffled(inputs, this.#random)
    this.#options = options
    this.#width = { workers: options.workers, concurrency: 1 }
  }

  async run(): Promise<Comparison> {
    const { budget, rounds, workers, concurrency, onProgress, signal } = this.#options
    const measuredAt = Date.now()
    try {
      onProgress('trying it out in a process', 0)
      const unsafe = await tryOut(this.#task, this.#inputs, budget)
      signal?.throwIfAborted()
      if (unsafe === undefined) await this.#lookAtWork()
      // A pool of a task that waits runs as many calls at once as the loop does; of one that keeps its thread busy, one a worker.
      this.#width = { workers, concurrency: this.#waits ? Math.max(1, Math.round(concurrency / workers)) : 1 }
      await this.#open(unsafe)
      await this.#warmUp(this.#limits(rounds + 1.2))
      let timing = this.#limits(rounds + 0.6)
      for (let round = 0; round < rounds && !(round > 0 && this.#late); round++) {
        timing = this.#limits(rounds - round + 0.6)
        for (const entry of shuffled(this.#entries, this.#random)) {
          this.#report(`round ${round + 1} of ${rounds}: ${entry.place.kind}`)
          await this.#take(entry, async () => {
            entry.rounds.push(await runRound(entry.place, this.#inputs, timing))
          })
        }
      }
      const timelines = this.#late ? [] : await this.#trace(timing)
      const inProcesses = this.#entries.find(entry => entry.place.kind === 'processes')
      if (inProcesses) this.#measureProcessMemory(inProcesses)
      const scaling = await this.#scale(this.#limits(0.2))
      onProgress('done', 1)
      return this.#result({ timelines, scaling, measuredAt })
    } finally {
      await Promise.all(this.#entries.map(entry => entry.place.close()))
    }
  }

  #report(step: string): void {
    this.#options.signal?.throwIfAborted()
    this.#options.onProgress(step, Math.min(0.99, (performance.now() - this.#begun) / this.#options.budget))
  }

  /**
   * Sees how long a call takes, and whether it keeps its thread busy or waits. The event loop knows how long it had nothing
   * to do; CPU time would count as waiting what other programs on a busy machine took away.
   */
  async #lookAtWork(): Promise<void> {
    const place = await openContender('sequential', this.#task, this.#width)
    const enough = Math.min(this.#options.budget * 0.03, 500)
    // The first calls compile code and open connections, which the others find done.
    for await (const settled of place.run(untilPassed(this.#inputs, enough / 2))) void settled
    const before = performance.eventLoopUtilization()
    const begun = performance.now()
    let calls = 0
    for await (const settled of place.run(untilPassed(this.#inputs, enough))) {
      void settled
      calls++
    }
    this.#perCall = (performance.now() - begun) / calls
    this.#busyShare = performance.eventLoopUtilization(before).utilization
  }

  /** Of a task that keeps its thread busy, more than the next one under way at once would only make the last ones wait. */
  get #atOnceOnLoop(): number {
    return this.#waits ? this.#options.concurrency : Math.min(this.#options.concurrency, 2)
  }

  get #waits(): boolean {
    return this.#busyShare !== undefined && this.#busyShare < 0.75
  }

  /** True where a single call takes so much of the budget that none may be made only to warm up. */
  get #isDear(): boolean {
    return this.#perCall > this.#options.budget / 50
  }

  /** True once the time for the whole comparison has passed: what is left is done shortly, or left out. */
  get #late(): boolean {
    return performance.now() - this.#begun >= this.#options.budget
  }

  /** Opens the places that the trial has not ruled out; pools are timed on their first call. */
  async #open(unsafe: string | undefined): Promise<void> {
    for (const kind of this.#options.places) {
      this.#report(`starting ${kind}`)
      if (unsafe !== undefined && kind !== 'processes') {
        this.#skip(kind, unsafe)
        continue
      }
      const before = process.memoryUsage.rss()
      const place = await openContender(kind, this.#task, {
        workers: this.#width.workers,
        concurrency: kind === 'loop' ? this.#atOnceOnLoop : this.#width.concurrency,
      })
      const entry: Entry = { place, rounds: [] }
      this.#entries.push(entry)
      if (!place.executor) continue
      await this.#take(entry, async () => {
        const first = this.#inputs.slice(0, 1)
        if (kind === 'loop' && this.#isDear) return
        const cold = await timed(place, first)
        if (kind === 'loop') return
        const warm = this.#isDear ? this.#perCall : Math.min(await timed(place, first), await timed(place, first))
        entry.startUp = Math.max(0, cold - warm)
        // All workers, not only the one that had the first call.
        await timed(
          place,
          Array.from(
            { length: place.workers * (this.#isDear ? 1 : 4) },
            (_, at) => this.#inputs[at % this.#inputs.length],
          ),
        )
        if (kind === 'threads') entry.memoryPerWorker = Math.max(0, process.memoryUsage.rss() - before) / place.workers
      })
    }
  }

  #measureProcessMemory(entry: Entry): void {
    const pids = entry.place.pids()
    const sum = memoryOf(pids)
    entry.memoryPerWorker = sum === undefined || pids.length === 0 ? undefined : sum / pids.length
  }

  /** The limit of a round: what is left of the budget, shared out among so many more turns of each place. */
  #limits(turnsEach: number): RoundLimit {
    const { budget, signal } = this.#options
    // The smaller pools that show the scaling have to start, too.
    const starts = this.#entries.reduce((sum, entry) => sum + (entry.startUp ?? 0), 0) * this.#scalingSizes().length
    const left = Math.max(budget * 0.02, budget - (performance.now() - this.#begun) - starts)
    const scalingTurns = this.#late ? 0 : this.#scalingSizes().length * 2 * 1.4
    const turns = Math.max(1, this.#entries.length) * turnsEach + scalingTurns
    const share = left / turns
    // Going over all inputs says more than a sample; the pools, being faster, make up for what that takes longer.
    const pass = this.#perCall * this.#inputs.length
    const inAll = this.#entries.reduce((sum, { place }) => sum + pass / (this.#waits ? place.atOnce : place.workers), 0)
    const slot = pass > share && pass < share * 2.5 && inAll * turnsEach < left ? pass * 4 : share
    const long = this.#perCall > slot / 16
    return { slot, least: 1, refill: Math.min(share, 250), long, ...(signal ? { signal } : {}) }
  }

  async #warmUp(limit: RoundLimit): Promise<void> {
    if (this.#isDear) return
    for (const entry of this.#entries) {
      this.#report(`warming up ${entry.place.kind}`)
      await this.#take(entry, async () => {
        await runRound(entry.place, this.#inputs, { ...limit, slot: limit.slot * 0.4, refill: limit.refill * 0.4 })
      })
    }
  }

  async #trace(limit: RoundLimit): Promise<Timeline[]> {
    const timelines: Timeline[] = []
    for (const entry of this.#entries) {
      this.#report(`recording a timeline: ${entry.place.kind}`)
      await this.#take(entry, async () => {
        const slot = Math.min(400, limit.slot * 0.4)
        timelines.push(await traceRound(entry.place, this.#inputs, { ...limit, slot, refill: Math.min(slot, 100) }))
      })
    }
    return timelines
  }

  #scalingSizes(): number[] {
    const sizes: number[] = []
    for (let size = 1; size < this.#options.workers; size *= 2) sizes.push(size)
    return sizes
  }

  /** The pools with fewer workers; with all of them they have been measured already. */
  async #scale(limit: RoundLimit): Promise<Scaling[]> {
    const scaling: Scaling[] = []
    for (const entry of this.#entries) {
      const kind = entry.place.kind
      if ((kind !== 'threads' && kind !== 'processes') || entry.broken !== undefined || entry.rounds.length === 0)
        continue
      const points: { workers: number; perInput: number }[] = []
      for (const workers of this.#late ? [] : this.#scalingSizes()) {
        if (this.#late) break
        this.#report(`scaling: ${workers} ${kind}`)
        const place = await openContender(kind, this.#task, { workers, concurrency: this.#width.concurrency })
        try {
          await runRound(place, this.#inputs, { ...limit, slot: limit.slot * 0.3, refill: limit.refill * 0.3 })
          const round = await runRound(place, this.#inputs, limit)
          points.push({ workers, perInput: round.wall / round.calls })
        } catch {
          this.#options.signal?.throwIfAborted()
          continue
        } finally {
          await place.close()
        }
      }
      points.push({ workers: entry.place.workers, perInput: median(perInputs(entry.rounds)) })
      scaling.push({ kind, points })
    }
    return scaling
  }

  /** Does something with a place; when that fails, the place is out and the others go on. */
  async #take(entry: Entry, work: () => Promise<void>): Promise<void> {
    if (entry.broken !== undefined) return
    try {
      await work()
    } catch (error) {
      this.#options.signal?.throwIfAborted()
      entry.broken = messageOf(error)
    }
  }

  #skip(kind: PlaceKind, reason: string): void {
    this.#skipped.push(
      emptyMeasurement(kind, kind === 'sequential' || kind === 'loop' ? 1 : this.#width.workers, reason),
    )
  }

  #result(parts: { timelines: Timeline[]; scaling: Scaling[]; measuredAt: number }): Comparison {
    const { identity, title } = this.#options
    const measured = this.#entries.map(entry => this.#measurement(entry))
    const places = this.#options.places.flatMap(kind =>
      [...measured, ...this.#skipped].filter(place => place.kind === kind),
    )
    const busyShare = this.#busyShare
    const machine = thisMachine()
    const inputs = this.#inputs.length
    return {
      task: identity,
      title,
      inputs,
      repeated: this.#entries.some(entry => entry.rounds.some(round => round.calls > inputs)),
      busyShare,
      places,
      scaling: parts.scaling,
      timelines: parts.timelines,
      decision: decide({ inputs, cores: machine.cores, busyShare, places }),
      machine,
      measuredAt: parts.measuredAt,
      took: performance.now() - this.#begun,
    }
  }

  #measurement(entry: Entry): PlaceMeasurement {
    const { place, rounds } = entry
    if (rounds.length === 0 || rounds.every(round => round.calls === 0)) {
      return emptyMeasurement(place.kind, place.workers, entry.broken ?? 'no call of it ended')
    }
    const calls = rounds.reduce((sum, round) => sum + round.calls, 0)
    const sample = rounds.find(round => round.sample !== undefined)?.sample
    const crosses = place.kind === 'threads' || place.kind === 'processes'
    const sizes = this.#inputs.slice(0, 50).map(input => sizeOf(input))
    return {
      kind: place.kind,
      workers: place.workers,
      atOnce: place.atOnce,
      rounds: rounds.length,
      calls,
      complete: rounds.every(round => round.calls >= this.#inputs.length),
      perInput: spreadOf(perInputs(rounds)),
      coresBusy: shareOf(rounds),
      startUp: entry.startUp,
      memoryPerWorker: entry.memoryPerWorker,
      longestStall: Math.max(...rounds.map(round => round.stall)),
      bytesPerInput: crosses ? sizes.reduce((a, b) => a + b, 0) / sizes.length + sizeOf(sample) : 0,
      failed: rounds.reduce((sum, round) => sum + round.failed, 0),
      failures: failuresOf(rounds),
      crashed: place.executor?.stats().crashed ?? 0,
    }
  }
}

function* untilPassed(inputs: readonly unknown[], ms: number): Generator<unknown> {
  const begun = performance.now()
  for (let at = 0; at === 0 || performance.now() - begun < ms; at++) yield inputs[at % inputs.length]
}

function emptyMeasurement(kind: PlaceKind, workers: number, skipped: string): PlaceMeasurement {
  return {
    kind,
    workers,
    skipped,
    atOnce: 0,
    rounds: 0,
    calls: 0,
    complete: false,
    perInput: { median: Number.NaN, low: Number.NaN, high: Number.NaN },
    coresBusy: undefined,
    startUp: undefined,
    memoryPerWorker: undefined,
    longestStall: 0,
    bytesPerInput: undefined,
    failed: 0,
    failures: [],
    crashed: 0,
  }
}

function perInputs(rounds: readonly Round[]): number[] {
  return rounds.filter(round => round.calls > 0).map(round => round.wall / round.calls)
}

function shareOf(rounds: readonly Round[]): number | undefined {
  let cpu = 0
  let wall = 0
  for (const round of rounds) {
    if (round.cpu === undefined) return undefined
    cpu += round.cpu
    wall += round.wall
  }
  return wall === 0 ? undefined : cpu / wall
}

function failuresOf(rounds: readonly Round[]): FailureCount[] {
  const counts = new Map<string, FailureCount>()
  for (const error of rounds.flatMap(round => round.errors)) {
    const { code, name, message } = (
      typeof error === 'object' && error !== null ? error : { message: String(error) }
    ) as {
      code?: unknown
      name?: unknown
      message?: unknown
    }
    const kind = String(code ?? name ?? 'Error')
    const text = String(message).split('\n')[0] ?? ''
    const key = `${kind}\n${text}`
    counts.set(key, { code: kind, message: text, count: (counts.get(key)?.count ?? 0) + 1 })
  }
  return [...counts.values()].sort((a, b) => b.count - a.count).slice(0, 5)
}

async function timed(place: Contender, inputs: readonly unknown[]): Promise<number> {
  const begun = performance.now()
  for await (const settled of place.run(inputs, { chunk: 1 })) {
    if (settled.state === 'failed' && isFatal(settled.error)) throw settled.error
  }
  return performance.now() - begun
}

/** Failures of the place, not of the task: no other input would fare better. */
function isFatal(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return (
    code === 'SKEIN_WORKER_START' ||
    code === 'SKEIN_TASK_MODULE' ||
    code === 'SKEIN_TASK_NOT_FOUND' ||
    code === 'SKEIN_TYPESCRIPT_LOADER' ||
    code === 'SKEIN_NESTED_START'
  )
}
