import { checkSpan } from '../../check.ts'
import { checkMoved } from '../../moved.ts'
import type { MovedCall, MovedMember, MoveOutcome, Transfer } from '../../roles/transfer.ts'
import type { SqliteThread } from '../calls/requests.ts'

/** Takes calls out of a SQLite file, and into one. */
export class SqliteTransfer implements Transfer {
  readonly #thread: SqliteThread

  constructor(thread: SqliteThread) {
    this.#thread = thread
  }

  async calls(after: number): Promise<MovedCall[]> {
    checkSpan(after, 'The place after which to go on')
    return this.#thread.ask(['moved', after])
  }

  async members(
    { counter, member }: Pick<MovedMember, 'counter' | 'member'> = { counter: '', member: -1 },
  ): Promise<MovedMember[]> {
    return this.#thread.ask(['moved members', counter, member])
  }

  async take({
    calls,
    members,
  }: {
    readonly calls: readonly MovedCall[]
    readonly members: readonly MovedMember[]
  }): Promise<MoveOutcome[]> {
    checkMoved(calls, members)
    return this.#thread.ask(['take', calls, members])
  }
}
