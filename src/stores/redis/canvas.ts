import {
  type Aftermath,
  aftermathOf,
  aftermathOfChord,
  type CallEnd,
  type EndedCall,
  leavesOf,
} from '../../celery/canvas/aftermath.ts'
import { newCallId } from '../call-id.ts'
import { checkCalls } from '../check.ts'
import { Writing } from './arguments.ts'
import type { Link } from './connection/link.ts'
import { documents, endChord, lookAtChord } from './scripts/chord.ts'
import { changedOf } from './scripts/script.ts'

/**
 * Makes what follows a call that no worker has ended, or none of skein's could have run.
 *
 * @param knows true for the tasks of workers that take calls here
 */
export function aftermathInStore(
  call: EndedCall,
  end: CallEnd,
  knows: (task: string) => boolean,
): Aftermath | undefined {
  try {
    const aftermath = aftermathOf(call, end, { newId: newCallId, knows })
    checkCalls(aftermath.calls.map(each => ({ ...each, priority: 0 })))
    return aftermath
  } catch {
    return undefined // a worker would have refused it before it ran
  }
}

/** Sends the bodies of chords that are complete. */
export class Chords {
  readonly #link: Link
  readonly #handle: string

  constructor(link: Link, handle: string) {
    this.#link = link
    this.#handle = handle
  }

  /** Sends them, as far as that can be done now: the rest is done by the next one that looks. Never rejects. */
  async end(groups: readonly string[]): Promise<void> {
    const due = [...groups]
    for (let group = due.shift(); group !== undefined; group = due.shift()) {
      try {
        due.push(...(await this.#endOne(group)))
      } catch {
        // It stays noted.
      }
    }
  }

  async #endOne(group: string): Promise<readonly string[]> {
    const [waiting, record, ...entries] = (await this.#link.run(lookAtChord, [group])) as string[]
    if (waiting === undefined) return []
    const saved = record === '' || record === undefined ? undefined : await this.#savedOf(record)
    const aftermath = this.#aftermathOf(waiting, entries, saved)
    const given = new Writing(this.#handle).aftermath(aftermath)
    const answer = await this.#link.run(endChord, [group, aftermath?.failed === false ? '' : 1, ...given])
    return changedOf(answer).complete
  }

  #aftermathOf(
    waiting: string,
    entries: readonly string[],
    saved: Parameters<typeof aftermathOfChord>[3],
  ): (Aftermath & { readonly failed: boolean }) | undefined {
    try {
      return aftermathOfChord(waiting, entries, { newId: newCallId }, saved)
    } catch {
      return undefined // it was read before the first of its members ran, so somebody has changed it since
    }
  }

  async #savedOf(record: string): Promise<NonNullable<Parameters<typeof aftermathOfChord>[3]>> {
    const ids = leavesOf(record)
    const found = (await this.#link.run(documents, ids)) as string[]
    return { record, results: new Map(ids.map((id, at) => [id, found[at] ?? ''])) }
  }
}
