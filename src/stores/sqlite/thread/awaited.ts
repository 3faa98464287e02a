import type { CallOutcome } from '../../roles/results.ts'
import { outcome } from '../calls/looking.ts'
import { LatestIds } from '../../threaded/latest-ids.ts'
import type { Answer, Ending, Told } from '../../threaded/messages.ts'
import type { Request } from '../calls/requests.ts'
import { idsOf } from '../calls/sent-call.ts'
import type { Turn } from '../calls/turn.ts'

/**
 * The calls whose end this program probably waits for: how they ended is sent along with the news that they have, so
 * that those who wait need not ask for it, which would be another way here and back. Of very many only the latest are known; who
 * waits for one of the others asks for it.
 */
export class Awaited {
  readonly #ids = new LatestIds()

  /** Notes whom the program has sent, or has asked for and found not ended, while it listens to endings. */
  note(requests: readonly Request[], answers: readonly Answer[]): void {
    let values: Map<number, unknown> | undefined
    for (const [number, asked] of requests) {
      if (asked[0] === 'send') for (const id of idsOf(asked[1])) this.#ids.add(id)
      else if (asked[0] === 'outcome') {
        values ??= new Map(answers.map(([of, value]) => [of, value]))
        const found = values.get(number) as CallOutcome | undefined
        if (found?.state === 'pending' || found?.state === 'running') this.#ids.add(asked[1])
      }
    }
  }

  /** Those of the ended calls that are waited for; they are not from here on. */
  take(told: readonly Told[]): string[] {
    const taken: string[] = []
    if (this.#ids.isEmpty) return taken
    for (const [signal, id] of told) if (signal === 'ended' && this.#ids.delete(id as string)) taken.push(id as string)
    return taken
  }

  clear(): void {
    this.#ids.clear()
  }
}

/** The ends of calls. */
export function endingsOf(turn: Turn, ids: readonly string[]): Ending[] {
  return ids.map(id => [id, outcome(turn, id)])
}
