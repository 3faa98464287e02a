import { checkWhole, describe } from '../../../core/errors/checks.ts'
import { InvalidArgumentError, TimeoutError } from '../../../core/errors/errors.ts'
import { now } from '../../../core/time/clock.ts'
import { Timer } from '../../../core/time/timer.ts'
import { decodeFailure, decodeValue, encodeFailure } from '../../../celery/result.ts'
import { firstChild, jobCounter } from '../../../stores/job-counter.ts'
import type { OutgoingCall } from '../../../stores/roles/calls.ts'
import { needAbility } from '../../../stores/roles/need.ts'
import type { AskedRest, AskedWait, BegunWait } from '../../inside/asks.ts'
import { inQueue } from '../../graph/in-queue.ts'
import { outcomeOf } from '../../outcome.ts'
import { type AwaitedThing, type Memo, readMemo, type WaitRecord, waitRecordName } from '../../memo.ts'
import type { Attempt } from '../attempt.ts'
import type { ReportBody, TaskBackstage } from './backstage.ts'
import { EndedMembers } from './ended-members.ts'
import type { AttemptWaits, Rest } from './rest.ts'
import { endError } from './undoing.ts'
import { written } from './written.ts'

/** A wait that has begun in this run. */
interface Open {
  readonly name: string
  readonly kind: AskedWait['kind']
  /** The moment at which it is over, or has taken too long; Infinity for never. */
  readonly until: number
  readonly timeout?: number
  /** The member of the counter, and the id of the other job. */
  readonly member?: number
  readonly id?: string
  answer?: (value: unknown) => void
  refuse?: (error: unknown) => void
}

/** A wait that is no longer than this, in milliseconds, is waited for here: to give the place back would cost more. */
const short = 1_000

/**
 * The durable waits of one attempt: sleeps, signals, calls of other jobs.
 *
 * What a wait needs to know when the task runs again from its top is kept with the steps of the job, under a name of its own: the
 * moment at which it is over, the job that was sent for it. What it waits for, other jobs and signals, are members of the counter that
 * belongs to the job. Those that have failed are in the memo of the attempt, so that they fail in the same way for as long as it
 * lasts; another attempt, after a failure of the job, begins them anew.
 */
export class Waits implements AttemptWaits {
  readonly #attempt: Attempt
  readonly #backstage: TaskBackstage
  readonly #members: EndedMembers
  readonly #memo: Memo
  readonly #records = new Map<string, WaitRecord>()
  readonly #open = new Map<string, Open>()
  #nextMember: number | undefined
  /** The members that jobs are to be which have not been sent yet, by the name of the wait. */
  readonly #promised = new Map<string, number>()
  #timer: Timer | undefined
  /** The moment at which that rings. */
  #rings = Infinity
  readonly #stops: (() => void)[] = []
  /** It hears of signals. */
  #hears = false
  /** The task has said that it does nothing but wait, and nothing has been said since. */
  #rests = false
  #isOver = false

  /** **Errors**: `SKEIN_STORE_UNSUPPORTED`. */
  constructor(attempt: Attempt, backstage: TaskBackstage) {
    this.#attempt = attempt
    this.#backstage = backstage
    this.#members = new EndedMembers(backstage.store, attempt.claim.id)
    this.#memo = readMemo(attempt.claim.memo)
  }

  /** The error with which a step has failed in this attempt, before it began to wait; undefined where it has not. */
  failureOf(name: string): { readonly error: unknown } | undefined {
    const text = this.#memo.failures[name]
    return text === undefined ? undefined : { error: decodeFailure(text) }
  }

  /** The task goes on. */
  stir(): void {
    this.#rests = false
  }

  async begin(asked: AskedWait): Promise<BegunWait> {
    checkWhole(asked.name, 'The name of a wait')
    const failure = this.failureOf(asked.name)
    if (failure !== undefined) throw failure.error
    const record = this.#recordOf(asked)
    const { asked: names, undo, claim } = this.#attempt
    names?.add(waitRecordName(asked.name))
    if (undo?.ends !== undefined) return this.#past(asked, record, endError(claim, undo.ends))
    if (this.#memo.since === undefined) {
      // Those of a job that is made to run again by hand run again themselves.
      if (claim.attempt > 1) await this.#members.look()
      this.#noteStale()
    }
    switch (asked.kind) {
      case 'sleep':
        return this.#beginSleep(asked, record)
      case 'signal':
        return this.#beginSignal(asked, record)
      case 'call':
        return this.#beginCall(asked, record)
    }
  }

  /** Notes before the first wait of an attempt what has failed in earlier ones: it is begun anew when it comes to that. */
  #noteStale(): void {
    const memo = this.#memo
    if (memo.since !== undefined) return // another wait began side by side
    memo.since = now()
    memo.stale = this.#members.failedCalls()
  }

  /** The result of a wait that an earlier attempt has begun, where the job is being undone: nothing is waited for any more. */
  async #past({ name, kind }: AskedWait, record: WaitRecord | undefined, end: unknown): Promise<BegunWait> {
    if (record === undefined && kind !== 'signal') throw end
    if (kind !== 'sleep') await this.#members.look()
    const { until = Infinity, member, id } = record ?? {}
    const thing = { ...(member === undefined ? {} : { member }), ...(id === undefined ? {} : { id }) }
    const result = this.#resultOf({ name, kind, until, ...thing })
    if (result !== undefined && 'value' in result) return result
    throw result === undefined ? end : result.error
  }

  async #beginSleep(asked: AskedWait & { readonly kind: 'sleep' }, record?: WaitRecord): Promise<BegunWait> {
    const { name } = asked
    const until = record?.until ?? ('span' in asked ? now() + asked.span : asked.until)
    if (record === undefined) await this.#keep(name, { kind: 'sleep', until })
    return this.#opened({ name, kind: 'sleep', until })
  }

  async #beginSignal(asked: AskedWait & { readonly kind: 'signal' }, record?: WaitRecord): Promise<BegunWait> {
    const { name, timeout } = asked
    let until = record?.until ?? Infinity
    // Listened to before it is looked at, so that nothing comes in between.
    if (!this.#hears) this.#watch(this.#attempt.claim.id, 'reported')
    this.#hears = true
    await this.#members.look()
    const isStale = until <= (this.#memo.since ?? 0) && this.#members.signal(name) === undefined
    if (timeout !== undefined && (record === undefined || isStale)) {
      until = now() + timeout
      await this.#keep(name, { kind: 'signal', until })
    }
    return this.#opened({ name, kind: 'signal', until, ...(timeout === undefined ? {} : { timeout }) })
  }

  async #beginCall({ name, call }: AskedWait & { readonly kind: 'call' }, record?: WaitRecord): Promise<BegunWait> {
    let member = record?.member
    let id = record?.id
    if (call !== undefined) {
      member = this.#promised.get(name) ?? this.#takeMember()
      id = call.id
      await this.#send(name, call, member)
    } else if (member === undefined || id === undefined) return { id: this.#newId(name) }
    else {
      await this.#members.look()
      if (this.#memo.stale.includes(member)) return { id: this.#newId(name) }
    }
    const child = id
    if (this.#members.get(member) === undefined) this.#watch(child, 'ended')
    return this.#opened({ name, kind: 'call', until: Infinity, member, id: child })
  }

  /** Sends the other job in the commit that notes it. */
  async #send(name: string, call: OutgoingCall, member: number): Promise<void> {
    const { store } = this.#backstage
    needAbility(store, 'next')
    const { id, queue } = this.#attempt.claim
    const counts = [...(call.counts ?? []), { counter: jobCounter(id), member, owned: true as const }]
    const child = { ...inQueue(call, queue), counts }
    await this.#keep(name, { kind: 'call', id: call.id, member }, [child])
  }

  /** The id of a job that is to be sent: derived from this one's, so that it is the same job if it is sent twice. */
  #newId(name: string): string {
    const member = this.#takeMember()
    this.#promised.set(name, member)
    return `${this.#attempt.claim.id}/${member - firstChild}/${name}`
  }

  #takeMember(): number {
    if (this.#nextMember === undefined) {
      let last = firstChild - 1
      for (const key of Object.keys(this.#attempt.claim.steps)) {
        const record = key.startsWith(waitRecordName('')) ? this.#readRecord(key) : undefined
        if (record?.member !== undefined) last = Math.max(last, record.member)
      }
      this.#nextMember = last + 1
    }
    return this.#nextMember++
  }

  #opened(open: Open): BegunWait {
    const result = this.#resultOf(open)
    if (result !== undefined && 'value' in result) return result
    this.#open.set(open.name, open)
    return undefined
  }

  /** Resolves once a wait that has begun is over. */
  over(name: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const open = this.#open.get(name)
      if (open === undefined) return reject(new InvalidArgumentError(`No wait of the name ${describe(name)} has begun`))
      open.answer = resolve
      open.refuse = reject
      this.#settleOne(open)
      this.#arm(open.until)
    })
  }

  /** All that the task does is wait. */
  rest({ waits, failed }: AskedRest): void {
    // One that was answered meanwhile lets the task go on.
    if (this.#isOver || !waits.every(name => this.#open.has(name))) return
    // The others it has broken off.
    const names = new Set(waits)
    for (const name of this.#open.keys()) if (!names.has(name)) this.#open.delete(name)
    for (const [name, error] of failed) this.#memo.failures[name] ??= encodeFailure(error)
    this.#rests = true
    this.#settle()
    const soonest = this.#soonest()
    if (!this.#rests || soonest - now() < short) return
    this.#backstage.suspend(this.#attempt)
  }

  /** The wait for which it gives its place back; asked when it does. */
  toRest(): Rest {
    const waits: AwaitedThing[] = []
    for (const { name, kind, until, id } of this.#open.values()) {
      waits.push({ kind, name, ...(until === Infinity ? {} : { until }), ...(id === undefined ? {} : { id }) })
    }
    const left = this.#soonest() - now()
    // Where nothing but time lets it go it is delayed like any other.
    const sleeps = waits.every(({ kind }) => kind === 'sleep')
    const counter = jobCounter(this.#attempt.claim.id)
    const members = sleeps ? 0 : this.#members.size + 1
    const limit = sleeps || left === Infinity ? undefined : Math.max(0, Math.ceil(left))
    return {
      after: { counter, members, failure: 'release', ...(limit === undefined ? {} : { limit }) },
      delay: sleeps ? Math.max(0, Math.ceil(left)) : 0,
      memo: JSON.stringify({ ...this.#memo, waits }),
      waits,
    }
  }

  /** The run is over. */
  close(): void {
    this.#isOver = true
    this.#timer?.clear()
    for (const stop of this.#stops) stop()
    this.#stops.length = 0
  }

  // ---------------------------------------------------------------- looking

  /** Answers those that are over. */
  #settle(): void {
    for (const open of this.#open.values()) this.#settleOne(open)
    this.#timer?.clear()
    this.#rings = Infinity
    this.#arm(this.#soonest())
  }

  #settleOne(open: Open): void {
    const result = open.answer && this.#resultOf(open)
    if (result === undefined) return
    const { name, answer, refuse } = open
    this.#open.delete(name)
    this.stir()
    if ('value' in result) answer?.(result.value)
    else void this.#fail(name, result.error).then(refuse, refuse)
  }

  /** Looks again at a moment, if not before. */
  #arm(moment: number): void {
    if (moment >= this.#rings || this.#isOver) return
    this.#timer?.clear()
    this.#rings = moment
    this.#timer = new Timer(Math.max(0, moment - now()), () => this.#settle(), undefined, false)
  }

  #soonest(): number {
    let soonest = Infinity
    for (const { until } of this.#open.values()) soonest = Math.min(soonest, until)
    return soonest
  }

  /** The result of a wait; undefined while it is not over. */
  #resultOf(open: Open): { readonly value: unknown } | { readonly error: unknown } | undefined {
    const { name, kind, until, timeout, member, id } = open
    if (kind === 'sleep') return until <= now() ? { value: undefined } : undefined
    const ended = kind === 'signal' ? this.#members.signal(name) : this.#members.get(member as number)
    if (ended !== undefined) {
      const outcome = outcomeOf({ id: id ?? name, task: name }, ended)
      return outcome.state === 'done' ? { value: outcome.value } : { error: outcome.error }
    }
    if (until > now()) return undefined
    const message = `No signal '${name}' has come to job ${this.#attempt.claim.id} in time`
    return { error: new TimeoutError(message, { timeout: timeout ?? 0 }) }
  }

  #watch(id: string, signal: 'ended' | 'reported'): void {
    const look = (): void => {
      if (this.#isOver) return
      this.#members.look().then(
        () => this.#settle(),
        () => {}, // it is looked at when the attempt gives its place back, and by the next one
      )
    }
    this.#stops.push(this.#backstage.store.results.watch(id, { [signal]: look }, false))
  }

  // ---------------------------------------------------------------- keeping

  /** Notes durably that a wait has failed. The error with which it has, or with which that could not be noted. */
  async #fail(name: string, error: unknown): Promise<unknown> {
    this.#memo.failures[name] = encodeFailure(error)
    try {
      await this.#write({ kind: 'memo', value: JSON.stringify({ ...this.#memo, waits: [] }) }, name)
    } catch (problem) {
      return problem
    }
    return error
  }

  async #keep(name: string, record: WaitRecord, next?: readonly OutgoingCall[]): Promise<void> {
    const value = JSON.stringify(record)
    await this.#write({ kind: 'step', name: waitRecordName(name), value, ...(next ? { next } : {}) }, name)
    this.#records.set(name, record)
  }

  #write(body: ReportBody, name: string): Promise<void> {
    return written(this.#backstage, this.#attempt, body, `the wait '${name}'`)
  }

  /** The record that an earlier run has kept of a wait. */
  #recordOf({ name, kind }: AskedWait): WaitRecord | undefined {
    const record = this.#records.get(name) ?? this.#readRecord(waitRecordName(name))
    if (record === undefined || record.kind === kind) return record
    throw new InvalidArgumentError(
      `The wait '${name}' of job ${this.#attempt.claim.id} was begun as ${articles[record.kind]}, and is ${articles[kind]} now. A wait ` +
        'is known by its name alone, so give the new one another.',
    )
  }

  #readRecord(key: string): WaitRecord | undefined {
    const { steps } = this.#attempt.claim
    return Object.hasOwn(steps, key) ? (decodeValue(steps[key] as string) as WaitRecord) : undefined
  }
}

const articles: Readonly<Record<AskedWait['kind'], string>> = {
  sleep: 'a sleep',
  signal: 'a wait for a signal',
  call: 'a call of another job',
}
