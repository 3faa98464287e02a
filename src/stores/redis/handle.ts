import type { Listeners } from '../listeners.ts'
import type { StoreSettings } from '../options.ts'
import type { Lacking } from '../roles/need.ts'
import type { Results } from '../roles/results.ts'
import type { Writing } from './arguments.ts'
import type { Chords } from './canvas.ts'
import type { Argument, Link } from './connection/link.ts'
import type { Listening } from './connection/listening.ts'
import type { Held, OwnClaim } from './leases/held.ts'
import type { Keeper } from './leases/keeper.ts'
import type { Script } from './scripts/script.ts'
import type { RedisPlace } from './url.ts'

/** Results that know of which calls nothing is heard yet, though somebody waits for them. */
interface HeardResults extends Results {
  unheard(ids: readonly string[]): readonly string[]
  /** Has those look who wait for such calls: they may have ended before anything was heard of them. */
  missed(ids: readonly string[]): Promise<void>
}

/** One who has a Redis database open, as far as its roles need it. */
export interface Handle extends Lacking {
  readonly place: RedisPlace
  readonly settings: StoreSettings
  /** The name by which the server knows it. */
  readonly name: string
  readonly results: HeardResults
  readonly link: Link
  readonly listening: Listening
  readonly listeners: Listeners
  readonly held: Held
  readonly keeper: Keeper
  /** Holds claims from now on, whose leases are to be renewed. */
  keep(claims: readonly OwnClaim[]): void
  /** Asks what has become of the claims that are held, where that may not have been heard. */
  heed(): Promise<void>
  readonly chords: Chords
  /**
   * Runs a script that changes calls, and all that follows from it, however much that is. Resolves to its outcome for each of those that
   * were asked for.
   *
   * @param writing what lies aside, if anything does, and is to be there before the script is run
   */
  change<T>(script: Script, args: readonly Argument[], writing?: Writing): Promise<readonly T[]>
  mustBeOpen(): void
}
