import { InvalidArgumentError } from '../../../core/errors/errors.ts'
import { type Driver, driverOver, openBinding } from './driver.ts'

/** More than any program sets, and each program another one. */
const mark = 2 ** 52 + Math.floor(Math.random() * 2 ** 40)

/**
 * Refuses a connection of another copy of SQLite than the one that opens stores in this process.
 *
 * Two copies (`better-sqlite3` beside `node:sqlite`, say) do not know of each other. The locks of a file belong to the process
 * and not to the copy, so each of them believes that nobody else writes: both write at once, and one of two commits is gone.
 * SQLite describes it in "How to corrupt an SQLite database file", 2.2.1.
 *
 * What is set for a whole copy, the limit of its memory, shows whether two connections are of the same one.
 */
export function checkSameCopy(theirs: Driver): void {
  const ours = driverOver(openBinding(':memory:', false))
  try {
    const limit = limitOf(ours)
    ours.exec(`PRAGMA soft_heap_limit = ${mark}`)
    try {
      if (limitOf(theirs) === mark) return
    } finally {
      ours.exec(`PRAGMA soft_heap_limit = ${limit}`)
    }
  } finally {
    ours.close()
  }
  throw new InvalidArgumentError(
    'The connection is of another copy of SQLite than the one that skein uses here, and two copies that have one file open in ' +
      "one process damage it. Open the connection with sqliteConnection(path) of 'skein/stores/sqlite', or with the package " +
      'that skein takes: node:sqlite where Node has it, else libsql.',
  )
}

function limitOf(connection: Driver): number {
  return Number(connection.prepare('PRAGMA soft_heap_limit').get()?.[0])
}
