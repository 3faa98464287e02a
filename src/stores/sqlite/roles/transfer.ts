import { CheckedTransfer } from '../../moved.ts'
import type { Transfer } from '../../roles/transfer.ts'
import type { SqliteThread } from '../calls/requests.ts'

/** Takes calls out of a SQLite file, and into one. */
export function sqliteTransfer(thread: SqliteThread): Transfer {
  return new CheckedTransfer({
    calls: after => thread.ask(['moved', after]),
    members: ({ counter, member }) => thread.ask(['moved members', counter, member]),
    take: (calls, members) => thread.ask(['take', calls, members]),
  })
}
