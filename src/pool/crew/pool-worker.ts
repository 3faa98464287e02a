import { steady } from '../../core/time/platform.ts'
import type { Entry } from '../../call/run/entry.ts'
import type { WorkerStats } from '../../call/executor.ts'
import type { Transferable } from '../../call/codec/move.ts'
import type { PutState } from '../../call/codec/put.ts'
import type { Ended } from '../../core/errors/errors.ts'
import { isLoading, loadingSince } from '../wire/ledger.ts'
import type { RealTimer } from '../../core/time/real-timer.ts'
import type { Request } from '../wire/messages.ts'
import type { Transport } from '../wire/transport.ts'
import type { TaskTime } from './task-times.ts'

/** A slot whose call has been withdrawn; it is free again once the worker has come to it and said so. */
export const withdrawn: unique symbol = Symbol('withdrawn')

/** The most calls that may be sent ahead of those that run: what a message can usefully hold. */
export const mostAhead = 255

/** The place of a call that waits in a pool, or is with a worker of it. */
export class Placement {
  /** The times of its task: looked for once, since that takes longer than all that is asked of them. */
  readonly times: TaskTime
  /** The worker that has it, and its slot there; undefined and -1 while it waits. */
  worker: PoolWorker | undefined
  slot = -1
  /** The time that its run is expected to take, in milliseconds. */
  estimate = 0
  /** About how many bytes its arguments take while a worker has them; 0 where they were so small that nobody has looked. */
  weight = 0
  /** The order in which it was sent, compared with others: a counter, not a time. */
  order = 0

  constructor(times: TaskTime) {
    this.times = times
  }
}

/** A call in a pool. It has a placement from the moment at which it waits there to its end, or its next attempt. */
export type PoolEntry = Entry<Placement>

/** The placement of a call that a worker has. */
export function placementOf(entry: PoolEntry): Placement {
  return entry.placement as Placement
}

/** One worker as the pool sees it: its slots, its load and where it is in its life. */
export class PoolWorker {
  /** Its place in the pool, from 0; calls with a key are bound to it. */
  readonly index: number
  readonly name: string
  state: 'starting' | 'ready' | 'leaving' = 'starting'
  transport!: Transport
  /** Thread id or process id; 0 until it is ready. */
  id = 0
  /** The addition to the worker's own clock that makes milliseconds since the epoch. */
  timeOrigin = 0
  readonly slots: (PoolEntry | typeof withdrawn | undefined)[] = []
  readonly #free: number[] = []
  #withdrawn = 0
  /** Slots in use, withdrawn ones included. */
  inFlight = 0
  /** The time that its calls are expected to take together, in milliseconds. */
  load = 0
  /** The weight of the arguments of its calls together, in bytes; small ones are not counted. */
  weight = 0
  /** Tasks that it knows. */
  readonly tasks: Set<number> = new Set()
  /** Those of them of which it may still have to import the module. */
  readonly unloaded: Set<number> = new Set()
  /** Values that were put and that it keeps. */
  readonly puts: Set<PutState> = new Set()
  /** The number of calls that were ahead when its window was full; 0 once it has drained to the half. */
  fullAt = 0
  /** The moment at which it was started, on the clock of `performance`: there its ledger begins to count. */
  readonly born: number = steady()
  /** Calls sent, for `maxTasksPerWorker`. */
  served = 0
  completed = 0
  busy = 0
  #isUnflushed = false
  /**
   * The number of its calls that have ended or been passed over, and that number when `AheadWatch` looked last: the two say
   * if it moves.
   */
  moves = 0
  movesSeen = 0
  /** Milliseconds for which it has not moved, as far as that was looked at. */
  stillFor = 0
  /** True once what had been sent ahead has been called back from it; it gets nothing ahead until it moves. */
  isStuck = false
  /** It has a call that must be alone: it gets no other until that has ended. */
  isReserved = false
  /** Since when it has had no calls, on the clock of `performance`. */
  idleSince = 0
  kept = false
  /** Set once it has been asked to leave: when it will be made to. */
  farewell: RealTimer | undefined
  /** Set when the pool itself ends the worker. */
  ending: Promise<Ended> | undefined
  endedBy: Ended | undefined
  /** Set when it has been ended and does not go: its calls have ended for their callers, and only its place is taken. */
  isGivenUp = false
  /** Called when it has really gone, for the tokens of such calls. */
  readonly onceGone: (() => void)[] = []
  /** The error that it died of, where it said so. */
  lastWords: unknown
  /** The initializer's error. */
  startError: unknown

  constructor(index: number, name: string) {
    this.index = index
    this.name = name
  }

  /** Posts a request, as `Transport.post` does; it leaves with the next `flush`. */
  post(message: Request, json: boolean, moved?: readonly Transferable[]): void {
    this.transport.post(message, json, moved)
    this.#isUnflushed = true
  }

  /** The same for one that is offered as it is. False: it cannot go that way, and nothing has been posted. */
  postPlain(message: Request): boolean {
    if (this.transport.postPlain?.(message) !== true) return false
    return (this.#isUnflushed = true)
  }

  /** Sends what has been posted since the last time, if anything. */
  flush(): void {
    if (!this.#isUnflushed) return
    this.#isUnflushed = false
    this.transport.flush()
  }

  /** Puts an entry into a free slot. */
  take(entry: PoolEntry): number {
    const slot = this.#free.pop() ?? this.slots.length
    this.slots[slot] = entry
    this.inFlight++
    const placement = placementOf(entry)
    this.load += placement.estimate
    placement.worker = this
    placement.slot = slot
    entry.workerName = this.name
    return slot
  }

  /** Frees a slot and returns what was in it. */
  release(slot: number): PoolEntry | undefined {
    const held = this.slots[slot]
    if (held === undefined) return undefined
    this.slots[slot] = undefined
    this.#free.push(slot)
    this.inFlight--
    this.moves++
    this.isStuck = this.isReserved = false
    if (held === withdrawn) {
      this.#withdrawn--
      return undefined
    }
    this.#unload(held)
    return held
  }

  /** Forgets an entry whose slot has to wait for the worker's word. */
  forget(entry: PoolEntry): void {
    this.slots[placementOf(entry).slot] = withdrawn
    this.#withdrawn++
    this.#unload(entry)
  }

  /** The start of a call that has begun, in milliseconds since the epoch; undefined while it has not, or its module is being imported. */
  startOf(entry: PoolEntry): number | undefined {
    const at = this.transport.ledger.startedAt(placementOf(entry).slot)
    return at === undefined || isLoading(at) ? undefined : this.#realTime(at)
  }

  /** As `startOf`, but the import of its module counts as well. */
  claimOf(entry: PoolEntry): number | undefined {
    const at = this.transport.ledger.startedAt(placementOf(entry).slot)
    return at === undefined ? undefined : this.#realTime(isLoading(at) ? loadingSince(at) : at)
  }

  #realTime(at: number): number {
    return performance.timeOrigin + this.born + at
  }

  /** The number of its calls that have not been withdrawn. */
  get calls(): number {
    return this.inFlight - this.#withdrawn
  }

  /** The calls that are with it, in the order in which they were sent. */
  entries(): PoolEntry[] {
    const held = this.slots.filter(each => each !== undefined && each !== withdrawn)
    return (held as PoolEntry[]).sort((a, b) => placementOf(a).order - placementOf(b).order)
  }

  /** True if it was started more than so many milliseconds ago; asks for the time only where there is a limit. */
  isOlderThan(age: number): boolean {
    return age !== Number.POSITIVE_INFINITY && steady() - this.born > age
  }

  /** Its numbers, for people. */
  stats(): WorkerStats {
    const { name, state, id, inFlight, completed, busy } = this
    return { name, state, id, inFlight, completed, busy }
  }

  #unload(entry: PoolEntry): void {
    const placement = placementOf(entry)
    // Sums of fractions drift; an idle worker has no load by definition.
    this.load = this.inFlight === 0 ? 0 : Math.max(0, this.load - placement.estimate)
    this.weight -= placement.weight
    placement.weight = 0
    placement.worker = undefined
    placement.slot = -1
  }
}
