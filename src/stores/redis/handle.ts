import type { Listeners } from '../listeners.ts'
import type { StoreSettings } from '../options.ts'
import type { Lacking } from '../roles/need.ts'
import type { Link } from './connection/link.ts'
import type { Listening } from './connection/listening.ts'
import type { Held } from './held.ts'
import type { Keeper } from './keeper.ts'
import type { RedisPlace } from './url.ts'

/** One who has a Redis database open, as far as its roles need it. */
export interface Handle extends Lacking {
  readonly place: RedisPlace
  readonly settings: Pick<StoreSettings, 'maxBytes' | 'maxDeaths'>
  /** The name by which the server knows it. */
  readonly name: string
  readonly link: Link
  readonly listening: Listening
  readonly listeners: Listeners
  readonly held: Held
  readonly keeper: Keeper
  mustBeOpen(): void
}
