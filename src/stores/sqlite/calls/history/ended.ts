import type { EndedCall, EndedFilter } from '../../../roles/inspector.ts'
import { countIn, numberIn, textIn } from '../../file/columns.ts'
import { keyed, parts } from '../../file/schema.ts'
import { stateName } from '../looking.ts'
import type { Turn } from '../turn.ts'

/** So many are read at once. */
const page = 500

/** Calls that have ended, the last first. Each part of history is read from its end, as far as it goes back. */
export function ended(turn: Turn, { since, limit }: EndedFilter): EndedCall[] {
  const found = [...parts, keyed].flatMap(part => endedOf(turn, part, since, limit))
  return found.sort((a, b) => b.endedAt - a.endedAt).slice(0, limit)
}

function endedOf(turn: Turn, part: number, since: number, limit: number): EndedCall[] {
  const found: EndedCall[] = []
  for (let below = Number.MAX_SAFE_INTEGER; found.length < limit;) {
    const rows = turn.database.all(
      `SELECT ended, id, line, state, sent_at, due_at, started_at, ended_at FROM skein_call
         WHERE ended IS NOT NULL AND history = ? AND ended < ? ORDER BY ended DESC LIMIT ${page}`,
      part,
      below,
    )
    for (const [ended, id, line, state, sentAt, dueAt, startedAt, endedAt] of rows) {
      const at = countIn(endedAt)
      // The clock may have been turned back: what ended before may seem to be later. Few are, and a count may be off by as many.
      if (at < since) return found
      const { queue, task } = turn.keeper.lines.at(line as number)
      const started = numberIn(startedAt) ?? undefined
      found.push({
        id: textIn(id),
        queue,
        task,
        state: stateName(state) ?? 'dead',
        sentAt: countIn(sentAt),
        dueAt: countIn(dueAt),
        ...(started === undefined ? {} : { startedAt: started }),
        endedAt: at,
      })
      below = countIn(ended)
    }
    if (rows.length < page) break
  }
  return found
}
