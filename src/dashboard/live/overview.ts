import type { Warning } from '../../inspect/warnings.ts'
import type { StoredQueue } from '../../stores/roles/inspector.ts'
import type { WorkerRecord } from '../../stores/roles/registry.ts'
import type { KeptLimits, Retention } from '../../stores/roles/retention.ts'
import type { Minute, TaskNumbers } from './throughput.ts'

/** The past that is kept: each part with its limits, null for none. */
export type ShownRetention = Readonly<Record<keyof Retention, Readonly<Record<keyof KeptLimits, number | null>>>>

/** A store at one moment, and what has ended in the hour before. */
export interface Overview {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly queues: readonly StoredQueue[]
  readonly workers: readonly WorkerRecord[]
  readonly warnings: readonly Warning[]
  readonly bytes: number
  readonly retention?: ShownRetention
  /** Absent for a store that does not say what has ended. */
  readonly minutes?: readonly Minute[]
  readonly tasks?: readonly TaskNumbers[]
}

/** Limits in values that JSON has. */
export function shownRetention({ done, failed, cancelled }: Retention): ShownRetention {
  const shown = (limits: KeptLimits): Readonly<Record<keyof KeptLimits, number | null>> => ({
    count: finite(limits.count),
    age: finite(limits.age),
    bytes: finite(limits.bytes),
  })
  return { done: shown(done), failed: shown(failed), cancelled: shown(cancelled) }
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
