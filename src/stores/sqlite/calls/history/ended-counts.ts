import { countIn } from '../../file/columns.ts'
import { keyed, parts, state } from '../../file/schema.ts'
import type { Turn } from '../turn.ts'
import type { CountedPart } from './counted-part.ts'

/** The number of calls of one line that have ended in one state. */
export type EndedCount = readonly [line: number, state: number, count: number]

/** So many lines are counted side by side, which takes half as long as to group by them. */
const mostSideBySide = 40
/** So long, in milliseconds, what was counted is believed. */
const belief = 600_000

/**
 * Counts the calls that have ended, by their lines and states. A million take most of a second, so they are counted once: from then on only what
 * has ended since is, as long as the number of all shows that none of the others is gone.
 */
export function endedCounts(turn: Turn): EndedCount[] {
  const odd = `ended IS NOT NULL AND (history < 0 OR history > ${keyed} OR history IS NULL)`
  return [...[...parts, keyed].flatMap(part => flat(countsOf(turn, part))), ...flat(grouped(turn, odd))]
}

function countsOf(turn: Turn, part: number): CountedPart['counts'] {
  const { keeper, time, history } = turn
  const all = part === keyed ? undefined : history.count(part)
  const known = keeper.counted.get(part)
  if (known !== undefined && all !== undefined && time < known.until) {
    const since = countAfter(turn, part, known.upTo)
    if (known.total + since.total === all) {
      const counts = merged(known.counts, since.counts)
      keeper.counted.set(part, { ...known, upTo: since.upTo, total: all, counts })
      return counts
    }
  }
  const counted = countAfter(turn, part, 0)
  if (all === counted.total) keeper.counted.set(part, { ...counted, until: time + belief })
  else keeper.counted.delete(part)
  return counted.counts
}

function countAfter(turn: Turn, part: number, after: number): Omit<CountedPart, 'until'> {
  const where = `ended IS NOT NULL AND history = ${part} AND ended > ${after}`
  const [last] = turn.database.get(`SELECT max(ended) FROM skein_call WHERE ${where}`) ?? []
  const upTo = Math.max(after, countIn(last ?? 0))
  const counts = sideBySide(turn, part, where) ?? grouped(turn, where)
  return { upTo, total: flat(counts).reduce((sum, [, , count]) => sum + count, 0), counts }
}

/** The counts of calls that are done; undefined where there are too many lines, or something else is among them. */
function sideBySide(turn: Turn, part: number, where: string): CountedPart['counts'] | undefined {
  const lines = turn.keeper.lines.all()
  if (part !== 0 || lines.length > mostSideBySide) return undefined
  const columns = lines.map(({ line }) => `count(*) FILTER (WHERE line = ${line} AND state = ${state.done})`)
  const row = turn.database.get(`SELECT ${['count(*)', ...columns].join(', ')} FROM skein_call WHERE ${where}`) ?? []
  const [all = 0, ...found] = row.map(countIn)
  if (found.reduce((sum, each) => sum + each, 0) !== all) return undefined
  return new Map(lines.map(({ line }, at) => [line, new Map([[state.done as number, found[at] as number]])]))
}

function grouped(turn: Turn, where: string): CountedPart['counts'] {
  const counts = new Map<number, Map<number, number>>()
  const rows = turn.database.all(`SELECT line, state, count(*) FROM skein_call WHERE ${where} GROUP BY line, state`)
  for (const [line, number, count] of rows as [number, number, number][]) {
    const states = counts.get(line)
    if (states === undefined) counts.set(line, new Map([[number, count]]))
    else states.set(number, count)
  }
  return counts
}

function merged(one: CountedPart['counts'], other: CountedPart['counts']): CountedPart['counts'] {
  const all = new Map([...one].map(([line, states]) => [line, new Map(states)]))
  for (const [line, number, count] of flat(other)) {
    const states = all.get(line) ?? new Map<number, number>()
    states.set(number, (states.get(number) ?? 0) + count)
    all.set(line, states)
  }
  return all
}

function flat(counts: CountedPart['counts']): EndedCount[] {
  return [...counts].flatMap(([line, states]) =>
    [...states].flatMap(([number, count]): EndedCount[] => (count === 0 ? [] : [[line, number, count]])),
  )
}
