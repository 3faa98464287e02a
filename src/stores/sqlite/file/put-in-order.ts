import type { Database } from './database.ts'

/** The tables that know a call by its number; that of the calls is the last. */
const tables = ['skein_message', 'skein_report', 'skein_member', 'skein_call']

/**
 * Gives calls a number that can be worked with: the number of a row that is beyond those that JavaScript has, or none that was ever
 * given out, is one that no statement finds again. Inside a transaction. Returns how many there were.
 *
 * Only at the ends of the order, which SQLite knows without a search: what lies between is in range.
 */
export function renumber(database: Database): number {
  const known = tables.filter(table => hasCalls(database, table))
  if (!known.includes('skein_call')) return 0
  let count = 0
  for (const end of ['min', 'max']) {
    const outermost = `(SELECT ${end}(call) FROM skein_call)`
    const isOut = `SELECT 1 FROM skein_call WHERE call = ${outermost} AND call NOT BETWEEN 1 AND ${Number.MAX_SAFE_INTEGER}`
    while (database.get(isOut) !== undefined) {
      const row = database.get(
        `SELECT 1 + max(coalesce((SELECT max(call) FROM skein_call WHERE call <= ${Number.MAX_SAFE_INTEGER}), 0),
           coalesce((SELECT sequence FROM skein_meta WHERE typeof(sequence) = 'integer'), 0), 0)`,
      )
      const number = row?.[0]
      if (!Number.isSafeInteger(number)) return count
      for (const table of known) {
        database.run(`UPDATE OR REPLACE ${table} SET call = ? WHERE call = ${outermost}`, number as number)
      }
      database.run('UPDATE skein_meta SET sequence = ?', number as number)
      count++
    }
  }
  return count
}

function hasCalls(database: Database, table: string): boolean {
  return database.get(`SELECT 1 FROM pragma_table_info(?) WHERE name = 'call'`, table) !== undefined
}

/**
 * Makes leases that begin in the future begin now: nobody has given them, since the machine has not been started since. Who holds
 * one goes on renewing it; who is not there any more loses it in its time. Inside a transaction.
 *
 * @param time on the clock of leases
 */
export function putLeasesInOrder(database: Database, time: number): void {
  database.run('UPDATE skein_lease SET until = ?1 + length WHERE until - length >= ?1 + 1', Math.floor(time))
}
