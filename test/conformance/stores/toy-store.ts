import { ClosedError } from 'skein'
import { checkCalls, checkIntake, checkReports, checkSettlements, Listeners, PullingIntake, story } from 'skein/stores'
import type { CallOutcome, Claim, ClaimRequest, OutgoingCall, Report } from 'skein/stores'
import type { Reported, SendOutcome, Settlement, Store, WriteOutcome } from 'skein/stores'

/** A call, and how it is doing. */
interface Kept {
  readonly call: OutgoingCall
  readonly steps: Record<string, string>
  readonly reported: Reported[]
  outcome: CallOutcome & { readonly sentAt: number; readonly attempt: number }
  dueAt: number
  place: number // rises in the order in which calls came to be due; 0 before
  token: number
  holder?: Listeners
}

/** An array of calls, and who has it open. Its clock stands still until a test turns it, and looks what is due. */
export class ToyPlace {
  readonly calls: Kept[] = []
  readonly open = new Set<Listeners>()
  now: number = Date.UTC(2026, 0, 1)
  #numbers = 0

  /** Ends what is overdue, and gives a place in line to what is due. */
  look(): void {
    for (const kept of this.#pending(() => true)) {
      const { expires = Infinity, deadline = Infinity } = kept.call
      if (kept.outcome.sentAt + Math.min(expires, deadline) > this.now) continue
      this.#end(kept, { state: 'cancelled', error: deadline < expires ? story.deadlineStory : story.expiredStory })
    }
    const due = this.#pending(each => each.place === 0 && each.dueAt <= this.now)
    for (const kept of due.sort((a, b) => a.dueAt - b.dueAt)) kept.place = ++this.#numbers
    if (due.length > 0) for (const each of this.open) each.tell('claimable')
  }

  #pending(also: (kept: Kept) => boolean): Kept[] {
    return this.calls.filter(each => each.outcome.state === 'pending' && also(each)).sort((a, b) => a.place - b.place)
  }

  claim({ queues, worker, limit }: ClaimRequest, holder: Listeners): Claim[] {
    const line = [...new Set(queues)].flatMap(queue =>
      this.#pending(each => each.place > 0 && each.call.queue === queue),
    )
    return line.slice(0, limit).map(kept => {
      const { id, queue, task, headers, body, deadline, ignoreResult } = kept.call
      const [sentAt, attempt] = [kept.outcome.sentAt, kept.outcome.attempt + 1]
      Object.assign(kept, { holder, outcome: { state: 'running', task, worker, sentAt, startedAt: this.now, attempt } })
      this.#change(kept, {})
      const counts = { token: ++kept.token, attempt, deaths: 0, steps: { ...kept.steps } }
      const left = deadline === undefined ? {} : { deadline: Math.max(0, sentAt + deadline - this.now) }
      return { id, queue, task, headers, body, sentAt, ignoreResult, ...counts, ...left }
    })
  }

  #change(kept: Kept, how: Partial<Kept['outcome']>, what: 'ended' | 'reported' = 'reported'): void {
    kept.outcome = { ...kept.outcome, ...how }
    for (const each of this.open) each.tell(what, kept.call.id)
  }

  #end(kept: Kept, how: Partial<Kept['outcome']>): void {
    if (how.state === 'done' && kept.call.ignoreResult) this.calls.splice(this.calls.indexOf(kept), 1)
    this.#change(kept, { endedAt: this.now, ...how }, 'ended')
  }

  find(id: string, token?: number): Kept | undefined {
    const holds = (each: Kept): boolean => each.outcome.state === 'running' && each.token === token
    return this.calls.find(each => each.call.id === id && (token === undefined || holds(each)))
  }

  keep(call: OutgoingCall): SendOutcome {
    const outcome = { state: 'pending', task: call.task, sentAt: this.now, attempt: 0 } as const
    this.calls.push({ call, steps: {}, reported: [], outcome, dueAt: this.now + call.delay, place: 0, token: 0 })
    return { outcome: 'accepted', id: call.id }
  }

  settle(settlement: Settlement): WriteOutcome {
    const kept = this.find(settlement.id, settlement.token)
    if (kept === undefined) return 'lost'
    if (settlement.kind === 'release') this.release(kept, settlement.delay)
    else if (settlement.kind === 'retry') this.#goBack(kept, { error: settlement.error }, settlement.delay)
    else if (settlement.kind === 'done') this.#end(kept, { state: 'done', result: settlement.result })
    else this.#end(kept, { state: settlement.kind, error: settlement.error })
    return 'ok'
  }

  /** What is handed back at once keeps its place. */
  release(kept: Kept, delay?: number): void {
    this.#goBack(kept, { attempt: kept.outcome.attempt - 1 }, delay || undefined)
    for (const each of this.open) each.tell('claimable')
  }

  #goBack(kept: Kept, how: Partial<Kept['outcome']>, delay: number | undefined): void {
    if (delay !== undefined) Object.assign(kept, { dueAt: this.now + delay, place: 0 })
    this.#change(kept, { state: 'pending', ...how })
  }

  report(report: Report): WriteOutcome {
    const kept = this.find(report.id, report.token)
    if (kept === undefined) return 'lost'
    const value = report.kind === 'log' ? report.line : report.value
    if (report.kind === 'step') kept.steps[report.name] = value
    if (report.kind === 'memo') return 'ok'
    kept.reported.push({ sequence: ++this.#numbers, kind: report.kind, value, time: this.now })
    const passing = kept.reported.filter(each => each.kind === report.kind)
    if ((report.kind === 'progress' || report.kind === 'log') && passing.length > 1_000)
      kept.reported.splice(kept.reported.indexOf(passing[0] as Reported), 1)
    this.#change(kept, {})
    return 'ok'
  }
}

/** Opens an array as a store: a plain broker, results, and nothing else. */
export function toyStore(place: ToyPlace): Store {
  const listeners = new Listeners(() => {})
  place.open.add(listeners)
  const act = <T>(what: () => T): T => {
    if (!place.open.has(listeners)) throw new ClosedError('The toy has been closed')
    const done = what()
    place.look()
    return done
  }
  const claim = async (request: ClaimRequest): Promise<Claim[]> => act(() => place.claim(request, listeners))
  const source = { claim, on: listeners.on.bind(listeners) }
  const store: Store = {
    url: 'toy:',
    broker: {
      can: new Set(),
      durability: 'none',
      send: async calls => act(() => checkCalls(calls, store).map(each => place.keep(each))),
      intake: (request, receiver) => act(() => new PullingIntake(source, checkIntake(request, store), receiver)),
      settle: async settlements => act(() => checkSettlements(settlements, store).map(each => place.settle(each))),
      blame: async claims => act(() => claims.map(({ id, token }) => (place.find(id, token) ? 'ok' : 'lost'))),
      renew: async claims => act(() => claims.map(({ id, token }) => (place.find(id, token) ? 'ok' : 'lost'))),
    },
    results: {
      outcome: async id => act(() => place.find(id)?.outcome ?? { state: 'gone' }),
      watch: (id, listener, hold) => act(() => listeners.watch(id, listener, hold)),
      report: async reports => act(() => checkReports(reports, store).map(each => place.report(each))),
      reports: async (id, after) =>
        act(() => (place.find(id)?.reported ?? []).filter(each => each.sequence > after).slice(0, 1_000)),
    },
    close: async () => {
      if (!place.open.delete(listeners)) return
      for (const each of place.calls)
        if (each.holder === listeners && each.outcome.state === 'running') place.release(each)
      listeners.clear()
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
  return store
}
