import * as story from '../../story.ts'
import { heldByNothing } from './due.ts'
import { condemn, endOrUndo, endOverdue, fail, isOverdue, left, load, type Loaded, loadWhere } from './ending.ts'
import { forgetIdle } from './counters/counters.ts'
import { freeKeys, limitsOf, trim } from './history/history.ts'
import { notNumbers, open } from './limits.ts'
import { reportKind, write } from './reports/writing.ts'
import { listedByKind, state } from '../file/schema.ts'
import { spanOf, wait } from './settling.ts'
import type { Turn } from './turn.ts'
import { letGo } from './waking.ts'

/** The most that is done in one transaction, so that others need not wait long. */
const most = 1_000
/** So many numbers back, other processes still hear of what is gone. */
const memory = 100_000

/** The results of a sweep. */
export interface Swept {
  recovered: number
  dead: number
  expired: number
  forgotten: number
  /** There is more to do than fits into one transaction. */
  more: boolean
}

/** The calls that a promotion has found whose time was over: how many have ended, and how many there were. */
interface Over {
  readonly ended: number
  readonly found: number
}

/** Puts those in line that have come to be due or have waited for as long as they were to, and ends those whose time is over. */
export function promote(turn: Turn): Over {
  const { database, now } = turn
  const over = loadWhere(turn, `gives_up_at <= ? LIMIT ${most}`, now)
  let ended = 0
  for (const loaded of over) {
    if (loaded.state === state.held && !isOverdue(turn, loaded)) letGo(turn, loaded, true)
    else {
      endOverdue(turn, loaded)
      ended++
    }
  }
  const result = { ended, found: over.length }
  if (
    database.get(`SELECT 1 FROM skein_call WHERE state = ${state.delayed} AND due_at <= ? LIMIT 1`, now) === undefined
  )
    return result
  const first = turn.take(most)
  const lines = database.all(
    `UPDATE skein_call SET state = ${state.ready}, place = due.place FROM (
       SELECT call, row_number() OVER (ORDER BY due_at, call) + ? AS place FROM (
         SELECT call, due_at FROM skein_call WHERE state = ${state.delayed} AND due_at <= ? ORDER BY due_at, call LIMIT ${most})
     ) AS due WHERE skein_call.call = due.call RETURNING line`,
    first - 1,
    now,
  )
  for (const line of new Set(lines.map(([each]) => each as number)))
    turn.tell('claimable', turn.keeper.lines.at(line).queue)
  return result
}

/** Puts things right. */
export function sweep(turn: Turn): Swept {
  const { database, keeper, time } = turn
  const over = promote(turn)
  const swept: Swept = { recovered: 0, dead: 0, expired: over.ended, forgotten: 0, more: over.found === most }
  open(turn)
  // A lease that is not there any more is over, no matter who took it away.
  const leases = database.all(
    `SELECT lease, length, until FROM skein_lease WHERE until <= ? OR until >= ? UNION
     SELECT lease, 0, ? FROM skein_call WHERE lease IS NOT NULL AND lease NOT IN (SELECT lease FROM skein_lease)
     ORDER BY 3`,
    time,
    notNumbers,
    time,
  ) as [number, number, unknown][]
  let company = new Company(turn)
  let moment: unknown
  for (const [lease, length, until] of leases) {
    if (typeof until === 'number' && until >= 0 && time < keeper.overFrom(length)) continue
    if (until !== moment) company = new Company(turn)
    moment = until
    // It was renewed each time that a third of it was over.
    const silence = typeof until !== 'number' || until < 0 ? 0 : Math.max(0, time - until + (length * 2) / 3)
    const running = loadWhere(turn, `lease = ? ORDER BY blamed DESC LIMIT ${most}`, lease)
    for (const { worker } of running) company.of(worker)
    for (const loaded of running) {
      if (loaded.state !== state.running) database.run('UPDATE skein_call SET lease = NULL WHERE call = ?', loaded.call)
      else if (bury(turn, loaded, silence, company.of(loaded.worker) === 1)) swept.dead++
      else swept.recovered++
    }
    if (running.length < most) {
      database.run('DELETE FROM skein_lease WHERE lease = ?', lease)
      turn.after(() => void keeper.ownLeases.delete(lease))
    } else swept.more = true
  }
  const astray = loadWhere(turn, `${heldByNothing} LIMIT ${most}`)
  for (const each of astray) {
    const why = 'it waits for others, and for none'
    if (typeof each.id === 'string') fail(turn, each, state.dead, story.damagedStory(why))
    else condemn(turn, each.call, why)
  }
  swept.dead += astray.length
  // What was recovered may have expired meanwhile.
  if (swept.recovered > 0) swept.expired += promote(turn).ended
  const freed = freeKeys(turn)
  swept.forgotten = trim(turn, most)
  const counters = forgetIdle(turn, turn.now - limitsOf(keeper, 0).age, most)
  if ([swept.forgotten, freed, counters, astray.length].includes(most)) swept.more = true
  database.run('DELETE FROM skein_start WHERE until <= ? OR until >= ?', time, notNumbers)
  database.run('DELETE FROM skein_gone WHERE gone < ?', turn.sequence - memory)
  database.run('DELETE FROM skein_worker WHERE until <= ? OR until >= ?', time, notNumbers)
  return swept
}

/** Counts the calls that had begun at each worker, as of when it is first asked: those of one worker may have leases of their own. */
class Company {
  readonly #turn: Turn
  readonly #sizes = new Map<string | null, number>()

  constructor(turn: Turn) {
    this.#turn = turn
  }

  of(worker: string | null): number {
    let size = this.#sizes.get(worker)
    if (size === undefined) {
      const row = this.#turn.database.get(
        'SELECT count(*) FROM skein_call WHERE lease IS NOT NULL AND worker IS ? AND blamed = 1',
        worker,
      )
      this.#sizes.set(worker, (size = row?.[0] as number))
    }
    return size
  }
}

/**
 * Its worker has died. True when that was once too often.
 *
 * @param silence how long nothing was heard of the worker, in milliseconds
 * @param only nothing else had begun there, so that it is clear which call it was
 */
function bury(turn: Turn, loaded: Loaded, silence: number, only: boolean): boolean {
  const { call, id, attempt, cancelling, blamed } = loaded
  const worker = loaded.worker ?? ''
  const held = turn.keeper.held.get(id)
  if (held) turn.tell('lost', id, held.token)
  turn.control++
  if (!blamed && cancelling === null) {
    write(turn, call, id, reportKind.state, `{"state":"released","attempt":${attempt}}`)
    wait(turn, loaded, { delay: 0, uncounted: true, ...(loaded.alone === null ? { alone: -1 } : {}) })
    return false
  }
  write(turn, call, id, reportKind.state, JSON.stringify({ state: 'died', worker, attempt }))
  const deaths = loaded.deaths + 1
  turn.database.run('UPDATE skein_call SET deaths = ? WHERE call = ?', deaths, call)
  if (cancelling !== null) {
    endOrUndo(turn, loaded, story.stoppedStory(cancelling), spanOf(turn, loaded, silence))
    return false
  }
  if (only && deaths >= (loaded.maxDeaths ?? turn.keeper.settings.maxDeaths)) {
    fail(turn, loaded, state.dead, story.deathsStory(deathsOf(turn, call, deaths)))
    return true
  }
  wait(turn, { ...loaded, deaths, expiresAt: null }, { delay: 0, alone: spanOf(turn, loaded, silence) })
  return false
}

function deathsOf(turn: Turn, call: number, count: number): story.Death[] {
  const rows = turn.database.all(
    `SELECT value, time_at FROM skein_report WHERE call = ? AND kind = ${reportKind.state} AND ${listedByKind}
       AND value LIKE '{"state":"died"%' ORDER BY sequence DESC LIMIT ?`,
    call,
    count,
  ) as [string, number][]
  return rows.reverse().flatMap(([value, at]) => {
    try {
      const { worker, attempt } = JSON.parse(value) as story.Death
      return [{ worker, attempt, at }]
    } catch {
      return []
    }
  })
}

/** Lets go of all claims that this store holds. */
export function releaseAll(turn: Turn, release: (turn: Turn, loaded: Loaded, delay: number) => void): void {
  const { database, keeper } = turn
  turn.durable = true
  for (const [id, { token }] of keeper.held) {
    const loaded = load(turn, id)
    if (loaded?.state === state.running && loaded.token === token) release(turn, loaded, 0)
    else if (loaded) left(turn, loaded)
  }
  for (const lease of keeper.ownLeases) database.run('DELETE FROM skein_lease WHERE lease = ?', lease)
}
