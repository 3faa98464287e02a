import * as story from '../../story.ts'
import { isEndCounter } from '../../end-counter.ts'
import { numberIn } from '../file/columns.ts'
import type { Row } from '../file/driver.ts'
import { state } from '../file/schema.ts'
import { count } from './counters.ts'
import { end, endOverdue, isOverdue, type Loaded, loadWhere } from './ending.ts'
import { refill } from './limits.ts'
import type { Turn } from './turn.ts'

/**
 * Counts the calls that have ended, and wakes who waited for them. To be called when what was asked has been done, and nothing
 * that was read of the calls is needed any more. One after the other, not one inside the other: a chain of ten thousand calls
 * that wait for each other may come down at once.
 */
export function wake(turn: Turn): void {
  // What ends meanwhile comes to the end of the list.
  for (const ended of turn.ended) {
    for (const { counter, ended: number, by } of count(turn, ended)) {
      if (by.state !== 'done') {
        const error = story.memberStory(by.id, by.member, by.state)
        for (const each of heldBy(turn, counter, 'awaits_drop = 1')) end(turn, each, state.failed, { error })
      }
      for (const each of heldBy(turn, counter, 'awaits_drop IN (0, 1) AND awaits_members <= ?', number))
        letGo(turn, each)
    }
  }
  turn.ended.length = 0
}

/** Those that a counter holds and for which a condition holds, who came first first. */
function heldBy(turn: Turn, counter: string, condition: string, ...parameters: number[]): Loaded[] {
  return loadWhere(
    turn,
    `awaits = ? AND state = ${state.held} AND ${condition} ORDER BY awaits_members, call`,
    counter,
    ...parameters,
  )
}

/** It comes to be due. */
function letGo(turn: Turn, loaded: Loaded): void {
  const { database, now, keeper } = turn
  const { call, line, limitKey, awaits, awaitsDelay } = loaded
  let delay = awaitsDelay
  if (awaits !== null && isEndCounter(awaits)) {
    const [dueAt] = database.get('SELECT due_at FROM skein_call WHERE call = ?', call) as Row
    delay = Math.max(0, (numberIn(dueAt) ?? now) - now)
  }
  database.run(
    'UPDATE skein_call SET state = ?, place = ?, due_at = ? WHERE call = ?',
    delay > 0 ? state.delayed : state.ready,
    turn.next(),
    Math.ceil(now + delay),
    call,
  )
  if (isOverdue(turn, loaded)) return endOverdue(turn, loaded)
  turn.tell('claimable', keeper.lines.at(line).queue)
  if (limitKey !== null) refill(turn, limitKey)
}
