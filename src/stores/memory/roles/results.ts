import { checkReports, checkSettlements } from '../../check.ts'
import type { WriteOutcome } from '../../roles/broker.ts'
import type { CallOutcome, ForeignResults, Report, Reported, ResultListener, Results } from '../../roles/results.ts'
import { outcomeOf } from '../entry.ts'
import { begin, end } from '../of-other-stores.ts'
import type { Handle } from '../memory.ts'

/** The results of a store in memory. */
export class MemoryResults implements Results {
  readonly #store: Handle

  constructor(store: Handle) {
    this.#store = store
  }

  readonly foreign: ForeignResults = {
    begin: async (claims, worker) => this.#store.write(ledger => claims.map(each => begin(ledger, each, worker))),
    end: async settlements => {
      checkSettlements(settlements, this.#store)
      return this.#store.write(ledger => settlements.map(each => end(ledger, each)))
    },
  }

  async outcome(id: string): Promise<CallOutcome> {
    return this.#store.read(ledger => {
      const entry = ledger.entries.get(id)
      return entry ? outcomeOf(entry) : { state: 'gone' }
    })
  }

  watch(id: string, listener: ResultListener, hold?: boolean): () => void {
    this.#store.mustBeOpen()
    return this.#store.listeners.watch(id, listener, hold)
  }

  async report(reports: readonly Report[]): Promise<WriteOutcome[]> {
    checkReports(reports, this.#store)
    return this.#store.write(ledger => reports.map(each => ledger.report(each)))
  }

  async reports(id: string, after: number): Promise<Reported[]> {
    return this.#store.read(ledger => ledger.reports(id, after))
  }
}
