import type { Database } from '../file/database.ts'
import { state } from '../file/schema.ts'
import type { Leases } from '../calls/leases.ts'
import { latestVersion } from '../calls/schedules/looking.ts'
import type { Turn } from '../calls/turn.ts'
import { wants } from '../../threaded/messages.ts'
import { wantsControl } from '../file/turnstile.ts'

/**
 * The work of other processes, passed on as signals. It looks only when the bell has rung or the file has changed, and
 * only for what somebody listens to.
 */
export class Foreign {
  #sequence = 0
  #control = 0
  /** Unknown while nobody listens to reports: to ask for it costs. */
  #report: number | undefined = 0
  /** The version of the schedule that was changed last, when it was looked at. */
  #schedule = 0
  readonly #asked = new Set<string>()

  /** Counts from here on. */
  begin(turn: Turn): void {
    this.#sequence = turn.sequence
    this.#control = turn.control
    this.#report = undefined
  }

  /** Somebody listens to reports from now on, or nobody does. */
  listensToReports(database: Database, does: boolean): void {
    if (!does) this.#report = undefined
    else if (this.#report === undefined) {
      try {
        this.#report = lastReport(database)
      } catch {
        this.#report = 0 // all is told once more
      }
    }
  }

  /** This process has committed: its own doing is not news, as long as nobody else's came in between. */
  own(turn: Turn): void {
    if (this.#sequence === turn.begun) this.#sequence = turn.sequence
  }

  look(turn: Turn, listening: number, leases: Leases): void {
    const { database, keeper } = turn
    if (listening & wants.claimable) turn.tell('claimable')
    if (listening & wants.ended && turn.sequence !== this.#sequence) {
      const ended = database.all(
        `SELECT id FROM skein_call WHERE history IN (0, 1, 2, 3) AND ended > ?
         UNION ALL SELECT id FROM skein_gone WHERE gone > ?`,
        this.#sequence,
        this.#sequence,
      ) as [string][]
      for (const [id] of ended) turn.tell('ended', id)
    }
    if (listening & wants.reported) {
      const last = lastReport(database)
      const reported = database.all(
        `SELECT DISTINCT c.id FROM skein_report r JOIN skein_call c ON c.call = r.call WHERE r.report > ?`,
        this.#report ?? last,
      ) as [string][]
      this.#report = last
      for (const [id] of reported) turn.tell('reported', id)
      if (turn.sequence !== this.#sequence) {
        // A token is a number of the sequence, so that a higher one means a claim since then.
        const begun = database.all(
          `SELECT id FROM skein_call WHERE lease IS NOT NULL AND token > ?
           UNION ALL SELECT id FROM skein_call WHERE place = 0 AND state = ${state.running} AND token > ?`,
          this.#sequence,
          this.#sequence,
        ) as [string][]
        for (const [id] of begun) turn.tell('reported', id)
      }
    }
    if (listening & wants.scheduled) {
      const last = latestVersion(database)
      if (last !== this.#schedule) turn.tell('scheduled')
      this.#schedule = last
    }
    if (turn.control !== this.#control) {
      this.#askedToStop(turn)
      this.#control = turn.control
    }
    leases.check(turn)
    if (keeper.held.size > 0) this.#lostAlone(turn)
    this.#sequence = turn.sequence
  }

  /** Claims of this store that somebody has asked to stop. */
  #askedToStop(turn: Turn): void {
    const { database, keeper } = turn
    for (const id of this.#asked) if (!keeper.held.has(id)) this.#asked.delete(id)
    if (keeper.held.size === 0) return
    const rows = database.all(
      'SELECT id, token, cancelling FROM skein_call WHERE lease IS NOT NULL AND cancelling IS NOT NULL',
    ) as unknown as [string, number, string][]
    for (const [id, token, reason] of rows) {
      if (keeper.held.get(id)?.token !== token || this.#asked.has(id)) continue
      this.#asked.add(id)
      turn.tell('cancelling', id, reason)
    }
  }

  /** Claims with a lease of their own that somebody has taken away. */
  #lostAlone(turn: Turn): void {
    const { database, keeper } = turn
    for (const [id, { call, token, lease }] of keeper.held) {
      if (keeper.ownLeases.has(lease)) continue
      const row = database.get(
        `SELECT 1 FROM skein_call WHERE call = ? AND token = ? AND state = ${state.running}`,
        call,
        token,
      )
      if (row !== undefined) continue
      keeper.held.delete(id)
      turn.tell('lost', id, token)
    }
  }
}

/** The signals that others may want to be woken for after what was done here, as bits. */
export function signalsOf(turn: Turn): number {
  let bits = turn.controlChanged ? wantsControl : 0
  for (const [signal] of turn.told) bits |= signal === 'cancelling' || signal === 'lost' ? wantsControl : wants[signal]
  return bits
}

function lastReport(database: Database): number {
  const row = database.get(`SELECT seq FROM sqlite_sequence WHERE name = 'skein_report'`)
  return (row?.[0] ?? 0) as number
}
