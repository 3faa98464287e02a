// The calls of a relay: each is sent by the settlement of the one before it.
import { randomUUID } from 'node:crypto'
import type { StoreOptions } from '#skein/stores/index.js'
import type { OutgoingCall } from '#skein/stores/roles/calls.js'

export const relayQueue = 'relay'

/** So many workers die here that all calls would soon be dead, and all of them are looked at in the end. */
export const relayStoreOptions: StoreOptions = {
  maxDeaths: 1_000_000,
  retention: { done: { count: 10_000_000 }, failed: { count: 10_000_000 }, cancelled: { count: 10_000_000 } },
}

/**
 * What a call is. A `spread` is followed by three links, and a `gather` that waits for them; a gather by the next spread, as
 * long as there are generations left. Link 1 fails, and a note follows; link 2 waits for two notes that it sends, then goes on.
 */
export interface RelayLeg {
  readonly kind: 'spread' | 'link' | 'gather' | 'note'
  /** Which one it is of those that its parent sends. */
  readonly index: number
  /** How many more there are of this and the following ones. */
  readonly generation: number
  /** The call whose settlement has sent it, and under which token; absent for the first. */
  readonly parent?: string
  readonly token?: number
}

/** The legs that follow a leg, in words: kind and index. */
export function followersOf({ kind, index, generation }: RelayLeg): string[] {
  if (kind === 'spread') return ['link 0', 'link 1', 'link 2', 'gather 3']
  if (kind === 'gather') return generation > 1 ? ['spread 0'] : []
  if (kind === 'note' || index === 0) return []
  return index === 1 ? ['note 0'] : ['note 0', 'note 1']
}

/** A call with a new id. */
export function relayCall(leg: RelayLeg, more: Partial<OutgoingCall> = {}): OutgoingCall {
  return {
    id: randomUUID(),
    queue: relayQueue,
    task: leg.kind,
    headers: '{}',
    body: JSON.stringify([[leg], {}, {}]),
    priority: 0,
    delay: 0,
    ...more,
  }
}
