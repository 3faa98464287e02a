import { checkReports, checkSettlements } from '../../check.ts'
import type { WriteOutcome } from '../../roles/broker.ts'
import type { CallOutcome, ForeignResults, Report, Reported, ResultListener, Results } from '../../roles/results.ts'
import type { SqliteThread } from '../calls/requests.ts'

/** The results in a SQLite file. */
export class SqliteResults implements Results {
  readonly #thread: SqliteThread

  constructor(thread: SqliteThread) {
    this.#thread = thread
  }

  readonly foreign: ForeignResults = {
    begin: async (claims, worker) => this.#thread.ask(['begin', claims, worker]),
    end: async settlements => {
      checkSettlements(settlements)
      return this.#thread.ask(['conclude', settlements])
    },
  }

  async outcome(id: string): Promise<CallOutcome> {
    return this.#thread.ask(['outcome', id])
  }

  watch(id: string, listener: ResultListener, hold?: boolean): () => void {
    this.#thread.mustBeOpen()
    return this.#thread.listeners.watch(id, listener, hold)
  }

  isUnended(id: string): boolean {
    return this.#thread.unended.has(id)
  }

  async report(reports: readonly Report[]): Promise<WriteOutcome[]> {
    checkReports(reports)
    return this.#thread.ask(['report', reports])
  }

  async reports(id: string, after: number): Promise<Reported[]> {
    return this.#thread.ask(['reports', id, after])
  }
}
