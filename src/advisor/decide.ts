import type { Decision, PlaceKind, PlaceMeasurement, WorkKind } from './comparison.ts'
import { bytes, percent, placeName, plural, significant, time } from './words.ts'

/** The evidence that a decision rests on. */
export interface Evidence {
  /** The number of inputs that the user passed. */
  readonly inputs: number
  readonly cores: number
  /** Share of its time that the task keeps its thread busy when its calls run one after another, from 0 to 1. */
  readonly busyShare: number | undefined
  readonly places: readonly PlaceMeasurement[]
}

/** The simplest place first: where two are equally fast, the earlier one is taken. */
const simplestFirst: readonly PlaceKind[] = ['sequential', 'loop', 'threads', 'processes']

/** Two places this close count as equal, however steady the rounds were. */
const leastNoise = 0.08
/** Rounds that lie further apart than this say nothing about the difference of two places. */
const mostNoise = 0.35
/** A worker that takes this much memory is better off in a process with a limit of its own. */
const heavy = 512 * 1024 * 1024
/** The factor by which processes may be slower and still be taken for their isolation. */
const priceOfIsolation = 1.5
/** Only for calls shorter than this many milliseconds can handing them over be the reason that workers don't help. */
const shortCall = 0.2
/** Busy workers that got less than this share of their cores had to share them with other programs. */
const starved = 0.75
/** A main thread that is blocked for longer makes servers and screens stutter. */
const noticeable = 50

/**
 * Picks the place for a task from what was measured, with the reasons in words.
 *
 * It is a pure function: the same evidence leads to the same decision. Differences within the noise of the rounds do not
 * count, and then the simplest place wins.
 */
export function decide(evidence: Evidence): Decision {
  const work = workOf(evidence.busyShare)
  const ran = evidence.places.filter(place => place.skipped === undefined && place.calls > place.failed)
  if (ran.length === 0) return noDecision(evidence, work)
  const leastFailing = Math.min(...ran.map(place => place.failed / place.calls))
  // A place where more calls fail isn't faster, it does less.
  const sound = ran.filter(place => place.failed / place.calls <= leastFailing + 0.01)
  const fastest = sound.reduce((a, b) => (b.perInput.median < a.perInput.median ? b : a))
  const equals = sound.filter(place => isEqual(place, fastest))
  const simplest = simplestFirst.flatMap(kind => equals.filter(place => place.kind === kind))[0] ?? fastest
  const { pick, because } = safest(simplest, ran)
  const reasons = [
    ...because,
    ...aboutWork(work, evidence, pick),
    ...aboutSpeed(pick, ran, evidence),
    ...aboutEquals(pick, equals, because.length > 0),
    ...aboutOthers(pick, ran, work),
  ]
  return {
    pick: pick.kind,
    work,
    headline: headlineOf(pick, ran, evidence),
    reasons,
    notes: notesOf(pick, ran, evidence),
  }
}

/** The kind of work that a share of busy time makes. */
function workOf(busyShare: number | undefined): WorkKind {
  if (busyShare === undefined) return 'unknown'
  return busyShare >= 0.75 ? 'computing' : busyShare <= 0.25 ? 'waiting' : 'mixed'
}

/** True when the difference of two places is no larger than what their own rounds differ by. */
function isEqual(a: PlaceMeasurement, b: PlaceMeasurement): boolean {
  const [slow, fast] = a.perInput.median >= b.perInput.median ? [a, b] : [b, a]
  return slow.perInput.median / fast.perInput.median - 1 <= noiseOf(a, b)
}

function noiseOf(a: PlaceMeasurement, b: PlaceMeasurement): number {
  const half = ({ perInput }: PlaceMeasurement): number => (perInput.high - perInput.low) / 2 / perInput.median
  return Math.min(mostNoise, Math.max(leastNoise, half(a) + half(b)))
}

/** Moves the work into processes where it kills its worker or fills its memory, and says so. */
function safest(
  best: PlaceMeasurement,
  ran: readonly PlaceMeasurement[],
): { pick: PlaceMeasurement; because: string[] } {
  const processes = ran.find(place => place.kind === 'processes')
  if (!processes || best.kind === 'processes') {
    const died = best.kind === 'processes' && best.crashed > 0
    return { pick: best, because: died ? [crashReason(best.crashed)] : [] }
  }
  const crashed = ran.reduce((sum, place) => sum + place.crashed, 0)
  if (crashed > 0) return { pick: processes, because: [crashReason(crashed)] }
  const memory = best.memoryPerWorker ?? 0
  if (
    best.kind === 'threads' &&
    memory >= heavy &&
    processes.perInput.median <= best.perInput.median * priceOfIsolation
  ) {
    return {
      pick: processes,
      because: [
        `A worker takes ${bytes(memory)}: in a process of its own it has its own memory limit, and running out of it fails one call instead of the program.`,
      ],
    }
  }
  return { pick: best, because: [] }
}

function crashReason(crashed: number): string {
  return `The task ended ${plural(crashed, 'worker')}: a process takes only itself down, while on the loop it would end your program.`
}

function headlineOf(pick: PlaceMeasurement, ran: readonly PlaceMeasurement[], evidence: Evidence): string {
  const gain = gainOf(pick, ran)
  const times = gain === undefined ? '' : `, ${significant(gain)} times as fast as one call after another`
  switch (pick.kind) {
    case 'sequential':
      return 'Just call it: no executor makes this task faster here.'
    case 'loop':
      return `Run it on the event loop, ${pick.atOnce} at once${times}.`
    case 'threads':
      return `Run it on ${plural(pick.workers, 'thread')}${atOnceOf(pick)}${gain !== undefined && gain > 1 ? times : ''}${evidence.cores < pick.workers ? ' (more than there are cores)' : ''}.`
    case 'processes':
      return `Run it in ${plural(pick.workers, 'process', 'processes')}${atOnceOf(pick)}${gain !== undefined && gain > 1 ? times : ''}.`
  }
}

function atOnceOf(place: PlaceMeasurement): string {
  const each = Math.round(place.atOnce / place.workers)
  return each > 1 ? `, ${each} calls at once in each` : ''
}

function gainOf(place: PlaceMeasurement, ran: readonly PlaceMeasurement[]): number | undefined {
  const sequential = ran.find(each => each.kind === 'sequential')
  return sequential && place !== sequential ? sequential.perInput.median / place.perInput.median : undefined
}

function aboutWork(work: WorkKind, evidence: Evidence, pick: PlaceMeasurement): string[] {
  const computes = Math.min(1, evidence.busyShare ?? 0)
  const share = percent(computes)
  const rest = percent(1 - computes)
  switch (work) {
    case 'computing':
      return pick.kind === 'sequential' || pick.kind === 'loop'
        ? [`It keeps its thread busy ${share} of its time, so there is no waiting to overlap.`]
        : [
            `It keeps its thread busy ${share} of its time: only more threads on more cores make it faster (this machine has ${plural(evidence.cores, 'core')}).`,
          ]
    case 'waiting':
      return pick.kind === 'threads' || pick.kind === 'processes'
        ? [
            `One by one it waits ${rest} of its time. With ${pick.atOnce} calls at once the waits overlap, and the work between them is what is left to share out.`,
          ]
        : [`It waits ${rest} of its time: waits overlap on one thread, as many as you like.`]
    case 'mixed':
      return [
        `It keeps its thread busy ${share} of its time and waits the rest: overlapping the waits helps, and so do more cores.`,
      ]
    case 'unknown':
      return []
  }
}

function aboutSpeed(pick: PlaceMeasurement, ran: readonly PlaceMeasurement[], evidence: Evidence): string[] {
  const sequential = ran.find(place => place.kind === 'sequential')
  if (!sequential) return []
  if (pick !== sequential) {
    const all = evidence.inputs
    return [
      `${capital(placeName(pick))}: ${time(pick.perInput.median * all)} for ${plural(all, 'input')}; one by one: ${time(sequential.perInput.median * all)}.`,
    ]
  }
  const pools = ran.filter(place => place.kind === 'threads' || place.kind === 'processes')
  const dearer = pools.filter(place => place.perInput.median > sequential.perInput.median * (1 + leastNoise))
  if (dearer.length > 0 && sequential.perInput.median < shortCall) {
    return [
      `A call takes only ${time(sequential.perInput.median)}: handing it to another worker costs more than the work (${dearer
        .map(place => `${placeName(place)}: ${time(place.perInput.median)}`)
        .join(', ')}).`,
    ]
  }
  return []
}

function aboutEquals(pick: PlaceMeasurement, equals: readonly PlaceMeasurement[], moved: boolean): string[] {
  if (moved || !equals.includes(pick)) return []
  const others = equals.filter(place => place !== pick)
  if (others.length === 0) return []
  const names = others.map(place => placeName(place)).join(' and ')
  return [
    `${capital(names)} ${others.length > 1 || /s$/.test(names) ? 'were' : 'was'} no faster beyond the noise of the rounds, so the simpler place is taken.`,
  ]
}

function aboutOthers(pick: PlaceMeasurement, ran: readonly PlaceMeasurement[], work: WorkKind): string[] {
  const reasons: string[] = []
  const loop = ran.find(place => place.kind === 'loop')
  if (loop && (pick.kind === 'threads' || pick.kind === 'processes')) {
    if (loop.longestStall >= noticeable) {
      reasons.push(
        `On the loop it blocks everything else in the program for up to ${time(loop.longestStall)} at a time.`,
      )
    }
    if (work !== 'computing' && (loop.coresBusy ?? 0) > 0.85) {
      reasons.push(`The loop was at its limit: its one core was ${percent(Math.min(1, loop.coresBusy ?? 0))} busy.`)
    }
  }
  const threads = ran.find(place => place.kind === 'threads')
  const processes = ran.find(place => place.kind === 'processes')
  if (
    pick === threads &&
    processes?.memoryPerWorker &&
    threads.memoryPerWorker !== undefined &&
    processes.memoryPerWorker > threads.memoryPerWorker
  ) {
    reasons.push(
      `A process takes ${bytes(processes.memoryPerWorker)} of memory, a thread ${bytes(threads.memoryPerWorker)}.`,
    )
  }
  if (
    pick === processes &&
    threads &&
    !isEqual(threads, processes) &&
    threads.perInput.median > processes.perInput.median
  ) {
    reasons.push(
      `Threads share one memory and one process, and took ${significant(threads.perInput.median / processes.perInput.median)} times as long.`,
    )
  }
  if (pick.kind === 'loop') {
    for (const pool of [threads, processes]) {
      if (pool && pool.perInput.median > loop!.perInput.median && !isEqual(pool, loop!)) {
        reasons.push(
          `${capital(placeName(pool))} took ${significant(pool.perInput.median / loop!.perInput.median)} times as long as the loop.`,
        )
      }
    }
  }
  return reasons
}

function notesOf(pick: PlaceMeasurement, ran: readonly PlaceMeasurement[], evidence: Evidence): string[] {
  const notes: string[] = []
  const pooled = pick.kind === 'threads' || pick.kind === 'processes'
  if (pooled && evidence.inputs < pick.workers) {
    notes.push(
      `One call runs on one worker: ${plural(evidence.inputs, 'input')} cannot keep ${pick.workers} of them busy. The times are those of many such inputs.`,
    )
  }
  if (pooled && pick.startUp !== undefined) {
    const sequential = ran.find(place => place.kind === 'sequential')
    const saved = sequential ? sequential.perInput.median - pick.perInput.median : 0
    const repaid = saved > 0 ? Math.ceil(pick.startUp / saved) : undefined
    if (repaid !== undefined && repaid > evidence.inputs) {
      notes.push(
        `Starting the workers takes ${time(pick.startUp)}, more than ${plural(evidence.inputs, 'input')} save: keep the executor open and use it again.`,
      )
    }
  }
  if (!pooled && evidence.busyShare !== undefined && evidence.busyShare > 0.25 && pick.longestStall >= noticeable) {
    notes.push(
      `It blocks the main thread for up to ${time(pick.longestStall)} at a time. If the program has anything else to do, such as serving requests, run it on threads all the same.`,
    )
  }
  if ((evidence.busyShare ?? 0) >= 0.75) {
    for (const pool of ran.filter(place => place.kind === 'threads' || place.kind === 'processes')) {
      const cores = Math.min(pool.workers, evidence.cores)
      const short = pool.perInput.median < shortCall
      if (pool.coresBusy === undefined || short || pool.coresBusy >= cores * starved) continue
      notes.push(
        `${capital(placeName(pool))} got only ${pool.coresBusy.toFixed(1)} of ${plural(cores, 'core')}: other programs were at work on this machine. Measure again when it is quiet.`,
      )
    }
  }
  if (evidence.cores === 1) notes.push('This machine has a single core: more workers cannot compute faster here.')
  notes.push(...skippedNotes(evidence.places))
  for (const place of ran) {
    if (place.failed > 0)
      notes.push(
        `${capital(placeName(place))}: ${plural(place.failed, 'call')} of ${place.calls} failed; their times count, their results do not.`,
      )
  }
  return notes
}

function noDecision(evidence: Evidence, work: WorkKind): Decision {
  return {
    pick: undefined,
    work,
    headline: 'No place can be recommended: no call of the task succeeded.',
    reasons: ['Look at the failures first; a task that fails at once looks fast everywhere.'],
    notes: skippedNotes(evidence.places),
  }
}

/** The reasons why places were left out; those with the same reason in one sentence. */
function skippedNotes(places: readonly PlaceMeasurement[]): string[] {
  const byReason = new Map<string, string[]>()
  for (const place of places) {
    if (place.skipped !== undefined)
      byReason.set(place.skipped, [...(byReason.get(place.skipped) ?? []), placeName(place)])
  }
  return [...byReason].map(([reason, names]) => `Not measured: ${names.join(', ')}; ${reason}`)
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
