import { checkDue, checkScheduleChanges } from '../../check-schedules.ts'
import { checkText } from '../../check.ts'
import { crashPoint } from '../../crash-point.ts'
import { endCounter } from '../../end-counter.ts'
import type { SendOutcome } from '../../roles/calls.ts'
import type {
  DueSchedules,
  ScheduleChange,
  ScheduleOutcome,
  Schedules,
  StoredSchedule,
  TermCall,
} from '../../roles/schedules.ts'
import { hasEnded, sizeOf } from '../entry.ts'
import type { Ledger } from '../ledger.ts'
import type { Handle } from '../memory.ts'

/** The number of schedules that are listed at once. */
const page = 1_000

/** The schedules of a store in memory. */
export class MemorySchedules implements Schedules {
  readonly #store: Handle

  constructor(store: Handle) {
    this.#store = store
  }

  async list(after: string = ''): Promise<StoredSchedule[]> {
    return this.#all()
      .filter(({ name }) => name > after)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .slice(0, page)
  }

  async find(name: string): Promise<StoredSchedule | undefined> {
    checkText(name, 'The name of a schedule')
    this.#store.mustBeOpen()
    return this.#store.memory.schedules.get(name)
  }

  async due(most: number): Promise<DueSchedules> {
    checkDue(most)
    const timed = this.#all().filter((each): each is StoredSchedule & { dueAt: number } => each.dueAt !== undefined)
    const { now } = this.#store.memory.ledger
    const due = timed.filter(({ dueAt }) => dueAt <= now)
    const next = timed.reduce((first, { dueAt }) => (dueAt > now && dueAt < first ? dueAt : first), Infinity)
    due.sort((a, b) => a.dueAt - b.dueAt || (a.name < b.name ? -1 : 1))
    return { now, due: due.slice(0, most), ...(next === Infinity ? {} : { next }) }
  }

  async change(changes: readonly ScheduleChange[]): Promise<ScheduleOutcome[]> {
    checkScheduleChanges(changes, this.#store)
    const hasTerms = changes.some(({ terms = [] }) => terms.length > 0)
    if (hasTerms) crashPoint('during-term')
    const outcomes = this.#store.write(ledger => changes.map(each => this.#change(ledger, each)))
    if (hasTerms) crashPoint('after-term')
    return outcomes
  }

  watch(listener: () => void): () => void {
    this.#store.mustBeOpen()
    return this.#store.listeners.on('scheduled', listener)
  }

  #all(): StoredSchedule[] {
    this.#store.mustBeOpen()
    return [...this.#store.memory.schedules.values()]
  }

  #change(ledger: Ledger, { name, version, to, terms = [] }: ScheduleChange): ScheduleOutcome {
    const { memory } = this.#store
    if ((memory.schedules.get(name)?.version ?? 0) !== version) return { outcome: 'stale' }
    const limit = ledger.settings.maxBytes
    const bytes = to === undefined ? 0 : sizeOf(to.definition) + sizeOf(to.progress)
    if (bytes > limit) return { outcome: 'rejected', bytes, limit }
    const next = to === undefined ? 0 : ++memory.scheduleVersion
    if (to === undefined) memory.schedules.delete(name)
    else {
      const { definition, progress, dueAt } = to
      const due = dueAt === undefined ? {} : { dueAt: Math.ceil(dueAt) }
      memory.schedules.set(name, { name, version: next, definition, progress, ...due })
    }
    memory.tell({ signal: 'scheduled' })
    return { outcome: 'changed', version: next, sent: terms.map(term => sendTerm(ledger, term)) }
  }
}

function sendTerm(ledger: Ledger, { call, behind, cancel }: TermCall): SendOutcome {
  if (behind !== undefined && cancel !== undefined) ledger.cancel(behind, cancel)
  const before = behind === undefined ? undefined : ledger.entries.get(behind)
  if (before === undefined || hasEnded(before)) return ledger.send([{ ...call }])[0] as SendOutcome
  const counter = endCounter(before.call.id)
  // Sent again it is the same call, and a member from now on.
  ledger.send([{ ...before.call, counts: [{ counter, member: 0 }] }])
  return ledger.send([{ ...call, after: { counter, members: 1, failure: 'release' } }])[0] as SendOutcome
}
