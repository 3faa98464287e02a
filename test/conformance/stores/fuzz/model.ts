import {
  type AwaitedCounter,
  firstSignal,
  type IntakeRequest,
  jobCounter,
  type Membership,
  type OutgoingCall,
  type SendOutcome,
  type Settlement,
  type StoredState,
  type WriteOutcome,
} from 'skein/stores'

/** A call as the model knows it. */
export interface ModelCall {
  readonly call: OutgoingCall
  readonly sequence: number
  state: StoredState
  place: number
  dueAt: number
  expiresAt: number
  deadlineAt: number
  attempt: number
  deaths: number
  /** It has begun. */
  blamed: boolean
  /** A worker has died that held it: it had begun (`alone`) or not (`early`). */
  suspect: 'alone' | 'early' | undefined
  token: number
  leaseUntil: number
  cancelling: boolean
  readonly counts: Membership[]
  after: AwaitedCounter | undefined
  /** The moment at which its counter lets it go in any case. */
  letGoAt: number
  /** The number of signals to it. */
  signals: number
  /** It has failed because of a member. */
  dropped: boolean
  readonly reports: { readonly kind: 'progress' | 'step'; readonly value: string }[]
}

interface ModelMember {
  readonly id: string
  readonly counter: string
  readonly member: number
  readonly owned: boolean
  readonly tolerated: boolean
  state: StoredState | undefined
}

/** What a settlement may carry beside its kind. */
export interface ModelFollowing {
  readonly delay: number
  readonly after?: AwaitedCounter | undefined
  readonly next?: readonly OutgoingCall[]
}

/**
 * What a store should do, written down as plainly as possible: one list, searched from end to end. It shares no code with any
 * store.
 */
export class Model {
  readonly calls: ModelCall[] = []
  readonly paused = new Set<string>()
  readonly #members: ModelMember[] = []
  #uncounted: { readonly id: string; readonly counts: readonly Membership[]; readonly state: StoredState }[] = []
  readonly #starts: { readonly key: string; readonly time: number }[] = []
  /** The counters of those that have ended, and the members of counters that are forgotten. */
  readonly #over: string[] = []
  readonly #left: ModelMember[] = []
  #now = 0
  #sequence = 0
  #place = 0
  #token = 0

  find(id: string): ModelCall | undefined {
    return this.calls.find(each => each.call.id === id)
  }

  send(calls: readonly OutgoingCall[]): SendOutcome[] {
    const outcomes = calls.map(each => this.#send(each))
    this.#wake()
    return outcomes
  }

  #send(call: OutgoingCall): SendOutcome {
    const outcome = this.#keep(call)
    const counts = call.counts ?? []
    const isNew = outcome.outcome === 'accepted' || outcome.outcome === 'replaced'
    if (isNew) for (const each of call.inner ?? []) this.#send(each)
    const id = outcome.outcome === 'rejected' ? call.id : outcome.id
    const kept = outcome.outcome === 'rejected' ? undefined : this.find(id)
    for (const { counter, member, owned = false, tolerated = false } of counts) {
      const there = this.#members.find(each => each.counter === counter && each.member === member)
      if (there && there.id !== id) continue
      const isMember = kept?.counts.some(each => each.counter === counter && each.member === member)
      if (there && isMember) continue
      if (!there) this.#members.push({ id, counter, member, owned: owned && isNew, tolerated, state: undefined })
      if (!isMember) kept?.counts.push({ counter, member })
      if (kept && ended(kept)) this.#uncounted.push({ id, counts: [{ counter, member }], state: kept.state })
    }
    if (outcome.outcome === 'rejected') this.#uncounted.push({ id, counts, state: 'cancelled' })
    return outcome
  }

  #keep(call: OutgoingCall): SendOutcome {
    const { id, unique, limit } = call
    if (this.find(id)) return { outcome: 'joined', id }
    const ofKey = this.calls.filter(each => unique && each.call.unique?.key === unique.key && !ended(each))
    const holder = ofKey.find(each => !each.cancelling)
    const leaving = ofKey.find(each => each.cancelling)
    if (unique && holder) {
      if (unique.conflict === 'join') return { outcome: 'joined', id: holder.call.id }
      if (unique.conflict === 'reject' || holder.state === 'running') {
        return { outcome: 'rejected', reason: 'unique', existing: holder.call.id }
      }
    }
    if (leaving && call.after) return { outcome: 'rejected', reason: 'unique', existing: leaving.call.id }
    if (limit && limit.strategy !== 'wait') {
      for (;;) {
        const sharing = this.calls.filter(each => each.call.limit?.key === limit.key && !ended(each) && each !== holder)
        const waiting = sharing.filter(each => each.state !== 'running')
        const staying = sharing.filter(each => each.state === 'running' && !each.cancelling)
        const crowded = limit.concurrency !== undefined && waiting.length + staying.length >= limit.concurrency
        const frequent = limit.rate !== undefined && waiting.length + this.#startsOf(limit) >= limit.rate.count
        if (!crowded && !frequent) break
        if (limit.strategy === 'drop') return { outcome: 'rejected', reason: 'limit' }
        const runs = limit.concurrency !== undefined && staying.length >= limit.concurrency ? staying[0] : undefined
        const oldest = waiting[0] ?? runs
        if (oldest === undefined) break
        if (oldest.state === 'running') oldest.cancelling = true
        else this.#end(oldest, 'cancelled')
      }
    }
    if (holder) this.#end(holder, 'cancelled')
    const entry: ModelCall = {
      call,
      sequence: ++this.#sequence,
      state: call.delay > 0 ? 'delayed' : 'ready',
      place: ++this.#place,
      dueAt: this.#now + call.delay,
      expiresAt: this.#now + (call.expires ?? Infinity),
      deadlineAt: this.#now + (call.deadline ?? Infinity),
      attempt: 0,
      deaths: 0,
      blamed: false,
      suspect: undefined,
      token: 0,
      leaseUntil: 0,
      cancelling: false,
      counts: [],
      after: leaving ? this.#endOf(leaving) : call.after,
      letGoAt: Infinity,
      signals: 0,
      dropped: false,
      reports: [],
    }
    this.calls.push(entry)
    if (entry.after) this.#await(entry)
    return holder ? { outcome: 'replaced', id, replaced: holder.call.id } : { outcome: 'accepted', id }
  }

  /** Counted in a counter of its own, for one that has its unique key and is to start only then. */
  #endOf(leaving: ModelCall): AwaitedCounter {
    const { id } = leaving.call
    const counter = `end of ${id}`
    if (!this.#members.some(each => each.counter === counter)) {
      this.#members.push({ id, counter, member: 0, owned: false, tolerated: false, state: undefined })
      leaving.counts.push({ counter, member: 0 })
    }
    return { counter, members: 1, failure: 'release' }
  }

  /** The ids that must be claimed, in order. */
  claim(request: IntakeRequest, limit: number): string[] {
    const claimed: string[] = []
    for (const queue of request.queues) {
      if (this.paused.has(queue)) continue
      const line = this.calls
        .filter(each => each.state === 'ready' && each.call.queue === queue && request.tasks.includes(each.call.task))
        .sort((a, b) => b.call.priority - a.call.priority || a.place - b.place)
      for (const each of line) {
        if (claimed.length === limit) break
        const { limit: shared, task } = each.call
        const rate = request.rates?.[task]
        if (rate && this.#startsWithin(`task ${task}`, rate.per) >= rate.count) continue
        if (shared && !this.#admits(shared)) continue
        each.state = 'running'
        each.token = ++this.#token
        each.attempt++
        each.blamed = each.suspect !== 'alone'
        each.leaseUntil = this.#now + request.lease
        if (rate) this.#starts.push({ key: `task ${task}`, time: this.#now })
        if (shared?.rate) this.#starts.push({ key: `key ${shared.key}`, time: this.#now })
        claimed.push(each.call.id)
      }
    }
    return claimed
  }

  /** `current` says whether the token that is used is the latest one of the call. */
  settle(id: string, current: boolean, kind: Settlement['kind'], { delay, after, next }: ModelFollowing): WriteOutcome {
    const entry = this.find(id)
    if (!current || entry?.state !== 'running') return 'lost'
    if (kind === 'retry') {
      entry.expiresAt = Infinity
      entry.suspect = undefined
    }
    if ((kind === 'retry' || kind === 'release') && entry.cancelling) this.#end(entry, 'cancelled')
    else if (kind === 'retry') this.#wait(entry, delay, true)
    else if (kind === 'release') {
      entry.attempt--
      this.#wait(entry, delay, delay > 0)
      if (after && !ended(entry)) {
        const before = entry.after
        entry.after = after
        this.#await(entry)
        if (before && before.counter !== jobCounter(id)) this.#leave(before.counter)
      }
    } else this.#end(entry, kind)
    entry.cancelling = false
    const instead = (kind === 'retry' || kind === 'release') && (entry.state as StoredState) === 'cancelled'
    if (kind === 'done' && entry.call.ignoreResult) this.#forget(entry)
    if (!instead) for (const each of next ?? []) this.#send(each)
    this.#wake()
    return 'ok'
  }

  blame(id: string, current: boolean, blamed: boolean): WriteOutcome {
    const entry = this.find(id)
    if (!current || entry?.state !== 'running') return 'lost'
    entry.blamed = blamed
    return 'ok'
  }

  renew(id: string, current: boolean, lease: number): WriteOutcome {
    const entry = this.find(id)
    if (!current || entry?.state !== 'running') return 'lost'
    entry.leaseUntil = this.#now + lease
    return 'ok'
  }

  report(
    id: string,
    current: boolean,
    kind: 'progress' | 'step',
    value: string,
    next: readonly OutgoingCall[] = [],
  ): WriteOutcome {
    const entry = this.find(id)
    if (!current || entry?.state !== 'running') return 'lost'
    entry.reports.push({ kind, value })
    if (next.length > 0) this.#attend(entry)
    for (const each of next) this.#send(each)
    this.#wake()
    return 'ok'
  }

  signal(id: string, name: string): 'kept' | 'ended' | 'gone' {
    const entry = this.find(id)
    if (!entry) return 'gone'
    if (ended(entry)) return 'ended'
    this.#attend(entry)
    const [counter, member] = [jobCounter(id), firstSignal + entry.signals++]
    this.#members.push({ id: name, counter, member, owned: false, tolerated: false, state: undefined })
    this.#uncounted.push({ id: name, counts: [{ counter, member }], state: 'done' })
    this.#wake()
    return 'kept'
  }

  /** The counter that belongs to a call is kept as long as that, though nothing waits for it. */
  #attend(entry: ModelCall): void {
    const before = entry.after?.counter
    if (before !== undefined && !(before.startsWith('end of ') && entry.state === 'running')) return
    entry.after = { counter: jobCounter(entry.call.id), members: 0, failure: 'release' }
    if (before !== undefined) this.#leave(before)
  }

  reportsOf(id: string, kind: 'progress' | 'step'): readonly string[] {
    return (this.find(id)?.reports ?? []).filter(each => each.kind === kind).map(each => each.value)
  }

  cancel(id: string): 'cancelled' | 'cancelling' | 'ended' | 'gone' {
    const entry = this.find(id)
    if (!entry) return 'gone'
    if (ended(entry)) return 'ended'
    if (entry.state === 'running') {
      entry.cancelling = true
      return 'cancelling'
    }
    this.#end(entry, 'cancelled')
    this.#wake()
    return 'cancelled'
  }

  retry(id: string): 'ready' | 'pending' | 'taken' | 'gone' {
    const entry = this.find(id)
    if (!entry) return 'gone'
    if (!ended(entry)) return 'pending'
    if (this.#isTaken(entry)) return 'taken'
    const entries = this.#together(entry)
    for (const each of this.#members) if (entries.some(({ call }) => call.id === each.id)) each.state = undefined
    for (const each of entries) this.#again(each)
    return 'ready'
  }

  #isTaken({ call }: ModelCall): boolean {
    const key = call.unique?.key
    return key !== undefined && this.calls.some(each => each.call.unique?.key === key && !ended(each))
  }

  /** A call, what it has waited for that has failed, what was dropped because of it, and so on. */
  #together(first: ModelCall): ModelCall[] {
    const entries = [first]
    const add = (entry: ModelCall | undefined): void => {
      const key = entry?.call.unique?.key
      if (!entry || !ended(entry) || entries.includes(entry) || this.#isTaken(entry)) return
      if (key === undefined || !entries.some(({ call }) => call.unique?.key === key)) entries.push(entry)
    }
    for (const { call, after } of entries) {
      for (const each of this.#failedOf(after?.counter)) {
        if (each.owned || after?.failure === 'drop') add(this.find(each.id))
      }
      const counters = this.#members.filter(each => each.id === call.id && !each.tolerated).map(each => each.counter)
      for (const each of this.calls) if (each.dropped && each.after && counters.includes(each.after.counter)) add(each)
    }
    return entries
  }

  #again(entry: ModelCall): void {
    entry.dropped = false
    entry.state = 'ready'
    entry.place = ++this.#place
    entry.dueAt = this.#now
    entry.attempt = entry.deaths = 0
    entry.suspect = undefined
    if (entry.expiresAt <= this.#now) entry.expiresAt = Infinity
    if (entry.deadlineAt <= this.#now) entry.deadlineAt = Infinity
    entry.letGoAt = Infinity
    if (entry.after && this.#endedOf(entry.after.counter).length < entry.after.members) entry.state = 'held'
  }

  purge(states: readonly StoredState[]): number {
    const gone = this.calls.filter(each => states.includes(each.state) && each.state !== 'running')
    for (const each of gone.reverse()) {
      if (!ended(each)) this.#uncounted.push({ id: each.call.id, counts: each.counts, state: 'cancelled' })
      this.#forget(each)
    }
    this.#wake()
    return gone.length
  }

  /** Milliseconds until something happens by itself; Infinity for never. */
  get untilNext(): number {
    const moments = this.calls.flatMap(({ state, ...each }) => {
      if (state === 'running') return [each.leaseUntil]
      const gives = [each.expiresAt, each.deadlineAt]
      return state === 'delayed'
        ? [...gives, each.dueAt]
        : state === 'held'
          ? [...gives, each.letGoAt]
          : state === 'ready'
            ? gives
            : []
    })
    return Math.min(...moments.filter(each => each > this.#now)) - this.#now
  }

  turn(milliseconds: number): void {
    this.#now += milliseconds
    const due = this.calls.filter(each => each.state === 'delayed' && each.dueAt <= this.#now)
    for (const each of due.sort((a, b) => a.dueAt - b.dueAt || a.sequence - b.sequence)) {
      each.state = 'ready'
      each.place = ++this.#place
    }
    const lost = this.calls.filter(each => each.state === 'running' && each.leaseUntil <= this.#now)
    // All are claimed by one worker.
    const begun = this.calls.filter(each => each.state === 'running' && each.blamed)
    for (const each of lost) {
      const only = begun.filter(({ leaseUntil }) => leaseUntil >= each.leaseUntil).length <= 1
      if (each.blamed || each.cancelling) each.deaths++
      else each.attempt--
      if (each.cancelling) this.#end(each, 'cancelled')
      else if (!each.blamed) {
        each.suspect ??= 'early'
        each.state = 'ready'
      } else if (only && each.deaths >= (each.call.maxDeaths ?? 3)) this.#end(each, 'dead')
      else {
        each.suspect = 'alone'
        each.expiresAt = Infinity
        each.state = 'ready'
      }
      each.cancelling = false
    }
    for (const each of this.calls) {
      const waits = each.state !== 'running' && !ended(each)
      if (waits && Math.min(each.expiresAt, each.deadlineAt) <= this.#now) this.#end(each, 'cancelled')
      else if (each.state === 'held' && each.letGoAt <= this.#now) {
        each.after = { ...(each.after as AwaitedCounter), members: 0 }
        this.#wait(each, 0, true)
      }
    }
    this.#wake()
  }

  /** The members of a counter that have ended, in order. */
  membersOf(counter: string): readonly { readonly member: number; readonly id: string; readonly state: unknown }[] {
    return this.#endedOf(counter)
      .sort((a, b) => a.member - b.member)
      .map(({ member, id, state }) => ({ member, id, state }))
  }

  #endedOf(counter: string): ModelMember[] {
    return this.#members.filter(each => each.counter === counter && each.state !== undefined)
  }

  /** The members of a counter that have failed so that others cannot go on, in order. */
  #failedOf(counter: string | undefined): ModelMember[] {
    return this.#endedOf(counter ?? '')
      .filter(each => each.state !== 'done' && !each.tolerated)
      .sort((a, b) => a.member - b.member)
  }

  #end(entry: ModelCall, state: StoredState): void {
    entry.state = state
    if (entry.after) this.#over.push(entry.after.counter)
    this.#uncounted.push({ id: entry.call.id, counts: [...entry.counts], state })
  }

  #forget(entry: ModelCall): void {
    this.calls.splice(this.calls.indexOf(entry), 1)
    if (!entry.after) return
    this.#leave(entry.after.counter)
    this.#leave(jobCounter(entry.call.id))
  }

  /** Nobody is there any more who has waited for it. */
  #leave(counter: string): void {
    if (this.calls.some(each => each.after?.counter === counter)) return
    this.#left.push(...this.#unended(counter))
    const left = this.#members.filter(each => each.counter !== counter)
    this.#members.splice(0, this.#members.length, ...left)
  }

  #await(entry: ModelCall): void {
    const { counter, members, failure, limit } = entry.after as AwaitedCounter
    const over = this.#endedOf(counter)
    if (failure === 'drop' && this.#failedOf(counter).length > 0) this.#drop(entry)
    else if (over.length < members) {
      entry.state = 'held'
      entry.letGoAt = this.#now + (limit ?? Infinity)
    }
  }

  #drop(entry: ModelCall): void {
    entry.dropped = true
    this.#end(entry, 'failed')
  }

  /** The members that are there for those who wait for a counter, and have not ended. */
  #unended(counter: string): ModelMember[] {
    return this.#members
      .filter(each => each.counter === counter && each.state === undefined)
      .filter(({ id }) => this.#members.some(each => each.id === id && each.owned))
      .sort((a, b) => a.member - b.member)
  }

  #isAwaited(counter: string): boolean {
    return this.calls.some(each => !ended(each) && each.after?.counter === counter)
  }

  /** Counts what has ended, when all else is over, and then stops what was there for it. */
  #wake(): void {
    do {
      this.#count()
      for (let counter = this.#over.shift(); counter; counter = this.#over.shift()) {
        if (!this.#isAwaited(counter)) {
          for (const each of this.#unended(counter)) this.#withdraw(each.id)
        }
      }
      for (const each of this.#left.splice(0)) this.#withdraw(each.id)
    } while (this.#uncounted.length > 0)
  }

  #withdraw(id: string): void {
    const entry = this.find(id)
    if (!entry || ended(entry)) return
    if (this.#members.some(each => each.id === id && this.#isAwaited(each.counter))) return
    if (entry.state === 'running') entry.cancelling = true
    else this.#end(entry, 'cancelled')
  }

  #count(): void {
    for (let next = this.#uncounted.shift(); next; next = this.#uncounted.shift()) {
      const { id, state } = next
      for (const { counter, member } of next.counts) {
        const known = this.#members.find(each => each.counter === counter && each.member === member && each.id === id)
        if (!known) continue
        known.state = state
        const held = this.calls.filter(each => each.state === 'held' && each.after?.counter === counter)
        for (const each of held) {
          const { members, failure } = each.after as AwaitedCounter
          if (failure === 'drop' && state !== 'done' && !known.tolerated) this.#drop(each)
          else if (members <= this.#endedOf(counter).length) {
            // What waits for the end of the call that has its key is due at the time that was asked for.
            this.#wait(each, counter === `end of ${id}` ? Math.max(0, each.dueAt - this.#now) : 0, true)
          }
        }
      }
    }
  }

  /** What can be seen of all calls, newest first. */
  seen(): unknown[] {
    return [...this.calls]
      .reverse()
      .map(({ call, state, attempt, deaths, cancelling }) => ({ id: call.id, state, attempt, deaths, cancelling }))
  }

  #wait(entry: ModelCall, delay: number, toTheEnd: boolean): void {
    entry.dueAt = this.#now + delay
    entry.state = delay > 0 ? 'delayed' : 'ready'
    if (toTheEnd) entry.place = ++this.#place
    if (Math.min(entry.expiresAt, entry.deadlineAt) <= this.#now) this.#end(entry, 'cancelled')
  }

  #admits(limit: NonNullable<OutgoingCall['limit']>): boolean {
    const running = this.calls.filter(each => each.state === 'running' && each.call.limit?.key === limit.key).length
    if (limit.concurrency !== undefined && running >= limit.concurrency) return false
    return limit.rate === undefined || this.#startsOf(limit) < limit.rate.count
  }

  #startsOf({ key, rate }: NonNullable<OutgoingCall['limit']>): number {
    return this.#startsWithin(`key ${key}`, rate?.per ?? 0)
  }

  #startsWithin(key: string, per: number): number {
    return this.#starts.filter(each => each.key === key && each.time > this.#now - per).length
  }
}

function ended({ state }: ModelCall): boolean {
  return state !== 'held' && state !== 'delayed' && state !== 'ready' && state !== 'running'
}
