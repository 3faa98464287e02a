import * as story from '../../story.ts'
import type { JobFilter } from '../../roles/inspector.ts'
import type { Announcement } from '../../roles/registry.ts'
import { tooLarge } from '../../refusals.ts'
import type { Signalled } from '../../roles/counters.ts'
import { addSignal } from './counters/counters.ts'
import { forgetWhere, load, noteEnd } from './ending.ts'
import { refill } from './limits.ts'
import { conditionOf } from './looking.ts'
import { pending } from './retrying.ts'
import { countIn, numberIn, textIn } from '../file/columns.ts'
import { state } from '../file/schema.ts'
import { changedRetention } from '../../options.ts'
import type { Retention, RetentionChange } from '../../roles/retention.ts'
import type { Purged } from './requests.ts'
import type { Turn } from './turn.ts'

/** The time for which a worker that is not heard of counts as alive, in milliseconds. */
const aliveFor = 20_000

/** Keeps a signal for a call that has not ended. */
export function signal(turn: Turn, id: string, name: string, value: string): Signalled {
  turn.durable = true
  const large = tooLarge(value, turn.keeper.settings.maxBytes)
  if (large) return large
  const loaded = load(turn, id)
  if (loaded === undefined || loaded.foreign) return 'gone'
  if (!pending.has(loaded.state)) return 'ended'
  addSignal(turn, loaded, name, value)
  turn.tell('reported', id) // the attempt that runs may wait for it
  return 'kept'
}

/** So far apart, at most, are the numbers of the calls that one transaction looks at: where few match, it ends soon all the same. */
const reach = 100_000

/**
 * Forgets calls that match and don't run, the newest first, up to `limit`.
 *
 * @param below the `next` of the time before; undefined at the beginning
 */
export function purge(turn: Turn, filter: JobFilter, limit: number, below: number = Number.MAX_SAFE_INTEGER): Purged {
  turn.durable = true
  const { database } = turn
  const top = numberIn(database.get('SELECT max(call) FROM skein_call WHERE call < ?', below)?.[0])
  if (top === null) return { count: 0, next: undefined }
  const { where, parameters } = conditionOf(turn, filter)
  const these = `${where} AND state <> ${state.running} AND call BETWEEN ? AND ?`
  const [last] = database.get(
    `SELECT call FROM skein_call WHERE ${these} ORDER BY call DESC LIMIT 1 OFFSET ?`,
    ...parameters,
    top - reach,
    top,
    limit - 1,
  ) ?? [top - reach]
  const range = [...parameters, last as number, top]
  const waiting = database.all(
    `SELECT call, id, counts, limit_key FROM skein_call
     WHERE ${these} AND NOT (typeof(state) IN ('integer', 'real') AND state >= ${state.done})
     ORDER BY call DESC`,
    ...range,
  )
  const count = forgetWhere(turn, these, ...range)
  const limits = new Set<string>()
  if (waiting.length > 0) {
    const ids = JSON.stringify(waiting.map(([, id]) => textIn(id)))
    database.run('INSERT INTO skein_gone SELECT ? + key, value FROM json_each(?)', turn.take(waiting.length), ids)
  }
  for (const [call, id, counts, limitKey] of waiting) {
    noteEnd(turn, { call: call as number, counts: countIn(counts) }, state.cancelled, { error: story.purgedStory })
    turn.tell('ended', textIn(id))
    if (limitKey !== null) limits.add(textIn(limitKey))
  }
  for (const key of limits) refill(turn, key)
  return { count, next: last as number }
}

/** Changes how much of the past is kept. The retention that is in force then. */
export function retain(turn: Turn, change: RetentionChange): Retention {
  const { database, keeper } = turn
  const retention = changedRetention(keeper.kept.retention, change)
  const text = JSON.stringify(retention)
  if (text === JSON.stringify(keeper.kept.retention)) return retention
  turn.durable = true
  database.run('UPDATE skein_meta SET retention = ?', text)
  turn.after(() => (keeper.kept = { text, retention }))
  return retention
}

export function pause(turn: Turn, queue: string, paused: boolean): void {
  turn.durable = true
  turn.database.run(
    'INSERT INTO skein_queue VALUES (?, ?) ON CONFLICT (queue) DO UPDATE SET paused = excluded.paused',
    queue,
    paused ? 1 : 0,
  )
  if (!paused) turn.tell('claimable', queue)
}

export function announce(turn: Turn, worker: string, record: Announcement | undefined): void {
  const { database, now, time } = turn
  if (record === undefined) {
    database.run('DELETE FROM skein_worker WHERE worker = ?', worker)
    return
  }
  database.run(
    `INSERT INTO skein_worker VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (worker) DO UPDATE SET queues = excluded.queues,
       tasks = excluded.tasks, concurrency = excluded.concurrency, place = excluded.place, seen_at = excluded.seen_at,
       until = excluded.until`,
    worker,
    JSON.stringify(record.queues),
    JSON.stringify(record.tasks),
    record.concurrency,
    record.place,
    now,
    now,
    time + aliveFor,
  )
}
