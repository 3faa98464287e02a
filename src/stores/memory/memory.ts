import { queueMicrotask } from '../../core/time/platform.ts'
import type { Clock } from '../../core/time/clock-type.ts'
import { Timer } from '../../core/time/timer.ts'
import type { Listeners } from '../listeners.ts'
import type { StoreSettings } from '../options.ts'
import type { Announcement } from '../roles/registry.ts'
import type { StoredSchedule } from '../roles/schedules.ts'
import type { Store } from '../roles/store.ts'
import { type Holder, outcomeOf } from './entry.ts'
import { Ledger } from './ledger.ts'
import type { Signal } from './signal.ts'

/** One who has the memory open, as its roles see it. It holds claims. */
export interface Handle extends Holder, Store {
  readonly memory: Memory
  readonly listeners: Listeners
  /** Changes something, in one transaction: nothing in there waits. */
  write<T>(change: (ledger: Ledger) => T): T
  read<T>(look: (ledger: Ledger) => T): T
  /** **Errors**: `SKEIN_CLOSED`. */
  mustBeOpen(): void
}

/** A worker, and who has announced it. */
export interface Announced {
  readonly owner: Handle
  readonly record: Announcement & { readonly worker: string; readonly startedAt: number }
}

let made = 0

/** The calls that are kept in memory, and the stores that have it open. */
export class Memory {
  readonly location: string = `memory ${++made}`
  readonly ledger: Ledger
  readonly handles: Set<Handle> = new Set()
  readonly workers: Map<string, Announced> = new Map()
  readonly schedules: Map<string, StoredSchedule> = new Map()
  /** The version that was given to a schedule last. */
  scheduleVersion = 0
  #timer: Timer | undefined
  #armed = false

  constructor(settings: StoreSettings, clock: Clock | undefined) {
    this.ledger = new Ledger(settings, clock, signal => this.tell(signal))
  }

  tell(signal: Signal): void {
    for (const { listeners } of this.handles) {
      if (signal.signal === 'ended') listeners.tellEnded(signal.id, signal.entry && outcomeOf(signal.entry))
      else if (signal.signal === 'reported') listeners.tell('reported', signal.id)
      else if (signal.signal === 'scheduled') listeners.tell('scheduled')
      else listeners.tell('claimable', signal.queue)
    }
  }

  /** Something has changed: the next thing that happens by itself may be another one. */
  changed(): void {
    if (this.#armed) return
    this.#armed = true
    queueMicrotask(() => {
      this.#armed = false
      this.#arm()
    })
  }

  #arm(): void {
    this.#timer?.clear()
    this.#timer = undefined
    if (this.handles.size === 0) return
    const delay = this.ledger.untilNext
    if (delay === Infinity) return
    const awaited = [...this.handles].some(handle => handle.listeners.waiting > 0)
    this.#timer = startTimer(this.ledger.clock, delay, awaited, () => {
      this.ledger.sweep()
      this.#arm()
    })
  }
}

/** A timer on a clock that need not be the one in force. */
function startTimer(clock: Clock, delay: number, keepAlive: boolean, ring: () => void): Timer {
  const timer = new Timer(Infinity, ring, undefined, keepAlive)
  clock.start(timer, delay)
  return timer
}
