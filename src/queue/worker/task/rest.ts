import type { AwaitedCounter } from '../../../stores/roles/calls.ts'
import type { AwaitedThing } from '../../memo.ts'

/** The wait for which an attempt gives its place back. */
export interface Rest {
  readonly after: AwaitedCounter
  readonly delay: number
  /** JSON. */
  readonly memo: string
  readonly waits: readonly AwaitedThing[]
}

/** The durable waits of an attempt, as its worker sees them. */
export interface AttemptWaits {
  /** The wait for which it gives its place back. */
  toRest(): Rest
  /** Its run is over. */
  close(): void
}
