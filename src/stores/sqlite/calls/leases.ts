import { state } from '../file/schema.ts'
import { crashPoint } from '../../crash-point.ts'
import type { KeptLeases } from './claiming.ts'
import type { Turn } from './turn.ts'

interface Kept {
  readonly lease: number
  readonly length: number
  until: number
}

/**
 * The leases that this store renews. All claims of one length share one lease, so that a thousand claims cost one row to
 * renew, and a process that dies loses them together.
 */
export class Leases implements KeptLeases {
  readonly #kept = new Map<number, Kept>()
  /** The leases that were opened in a transaction that has not been committed yet. */
  #opened: { readonly turn: Turn; readonly byLength: Map<number, number> } | undefined

  /** The moment at which the next one has to be renewed: a third of its length after the last time. */
  get nextRenewal(): number {
    let next = Infinity
    for (const { until, length } of this.#kept.values()) next = Math.min(next, until - (length * 2) / 3)
    return next
  }

  of(turn: Turn, length: number): number {
    const opened = this.#opened?.turn === turn ? this.#opened.byLength.get(length) : undefined
    if (opened !== undefined) return opened
    const known = this.#kept.get(length)
    // Asked of the file, not of memory: it may have been dropped a moment ago, in this very transaction.
    if (known !== undefined && isThere(turn, known.lease)) {
      if (known.until > turn.time) return known.lease
      // Its renewal has failed so far. What is held under it is renewed with this.
      turn.schedules = true
      const renewed = Math.ceil(turn.time + length)
      turn.database.run('UPDATE skein_lease SET until = ? WHERE lease = ?', renewed, known.lease)
      turn.after(() => (known.until = renewed))
      return known.lease
    }
    turn.schedules = true
    const lease = turn.next()
    if (this.#opened?.turn !== turn) this.#opened = { turn, byLength: new Map() }
    this.#opened.byLength.set(length, lease)
    const until = Math.ceil(turn.time + length)
    turn.database.run('INSERT INTO skein_lease VALUES (?, ?, ?)', lease, length, until)
    turn.after(() => {
      this.#kept.set(length, { lease, length, until })
      turn.keeper.ownLeases.add(lease)
    })
    return lease
  }

  /** Goes on with the claims of these workers, which a thread has left behind. Those that are lost already are not held. */
  adopt(turn: Turn, workers: readonly string[]): void {
    const { database, keeper } = turn
    const rows = database.all(
      `SELECT c.id, c.call, c.token, l.lease, l.length, l.until FROM skein_call c JOIN skein_lease l ON l.lease = c.lease
       WHERE c.state = ${state.running} AND c.lease IS NOT NULL AND c.worker IN (SELECT value FROM json_each(?))`,
      JSON.stringify(workers),
    ) as [string, number, number, number, number, number][]
    for (const [id, call, token, lease, length, until] of rows) {
      keeper.held.set(id, { call, token, lease, shortWay: undefined })
      keeper.ownLeases.add(lease)
      this.#kept.set(length, { lease, length, until })
    }
  }

  /** Renews what is due, and drops what nobody needs any more. */
  renew(turn: Turn): void {
    const { database, keeper, time } = turn
    const used = new Set([...keeper.held.values()].map(each => each.lease))
    for (const kept of this.#kept.values()) {
      const { lease, length } = kept
      if (kept.until - (length * 2) / 3 > time) continue
      if (!used.has(lease)) {
        database.run('DELETE FROM skein_lease WHERE lease = ?', lease)
        turn.after(() => this.#drop(turn, kept))
        continue
      }
      const until = Math.ceil(time + length)
      if (database.run('UPDATE skein_lease SET until = ? WHERE lease = ?', until, lease) === 0) {
        turn.after(() => this.#drop(turn, kept))
        this.#lost(turn, lease)
      } else turn.after(() => (kept.until = until))
    }
    crashPoint('during-renew')
  }

  /** Looks whether somebody has taken leases away. */
  check(turn: Turn): void {
    for (const kept of this.#kept.values()) {
      if (isThere(turn, kept.lease)) continue
      this.#drop(turn, kept)
      this.#lost(turn, kept.lease)
    }
  }

  #drop(turn: Turn, { lease, length }: Kept): void {
    if (this.#kept.get(length)?.lease === lease) this.#kept.delete(length)
    turn.keeper.ownLeases.delete(lease)
  }

  #lost(turn: Turn, lease: number): void {
    for (const [id, held] of turn.keeper.held) {
      if (held.lease !== lease) continue
      turn.tell('lost', id, held.token)
      turn.after(() => void turn.keeper.held.delete(id))
    }
  }
}

function isThere(turn: Turn, lease: number): boolean {
  return turn.database.get('SELECT 1 FROM skein_lease WHERE lease = ?', lease) !== undefined
}
