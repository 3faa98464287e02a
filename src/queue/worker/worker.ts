import { setImmediate } from '../../core/time/platform.ts'
import { Entry, type Outcome, patientTerms, type Work } from '../../call/run/entry.ts'
import { isReturnedCall } from '../../call/run/graph/returned-call.ts'
import type { CallSettings } from '../../call/options.ts'
import type { ExecutorSurface } from '../../call/run/surface.ts'
import { dateOf } from '../../core/time/clock.ts'
import { Timer } from '../../core/time/timer.ts'
import { crashPoint } from '../../stores/crash-point.ts'
import type { Claim, Intake, IntakeHealth } from '../../stores/roles/broker.ts'
import type { Allowlist } from './allowlist.ts'
import { Attempt, cancelCause, cancelledFor, interruptedJob, type StopCause } from './attempt.ts'
import type { Decided } from './decided.ts'
import { forgetHeir, restForHeir } from './heir.ts'
import { conclude, concludeStopped, type Ending } from './conclude.ts'
import { Delivery, type DeliveryParts } from './delivery.ts'
import type { InterruptedJob } from './reports.ts'
import { Beginnings } from './beginnings.ts'
import { tellForgotten } from './task/forgotten-steps.ts'
import { ItemFlow } from './task/item-flow.ts'
import { readClaim } from './message.ts'
import type { WorkerRules } from './rules.ts'
import { TaskServices } from './task/services.ts'
import type { WorkerCounts } from './settlement.ts'
import { Solo } from './solo.ts'
import { ClaimWindow } from './window.ts'

/** Jobs that were claimed ahead go back when none has ended for so many horizons of the window. */
const patience = 5
/** The pause of a worker whose threads or processes cannot be started, in milliseconds; it grows. */
const firstRest = 1_000
const longestRest = 30_000

/** Everything that a worker works with. */
export interface WorkerParts extends DeliveryParts {
  readonly worker: string
  readonly executor: ExecutorSurface
  readonly tasks: Allowlist
  readonly queues: readonly string[]
  readonly lease: number
  readonly rates: Readonly<Record<string, { readonly count: number; readonly per: number }>>
  /** The part of what it does that is said from outside; absent where nobody can. */
  readonly rules?: WorkerRules
}

/**
 * Claims, runs, settles: the heart of a worker.
 *
 * Invariants: `#held` counts the claims whose place is not free again. An attempt is in `#attempts` from its launch until its
 * settlement was answered. One that has lost its lease leaves `#attempts` at once, since the same job may be claimed
 * again while its old run still ends, but keeps its place until it has really ended.
 */
export class WorkerCore {
  readonly #parts: WorkerParts
  readonly #window: ClaimWindow
  readonly #attempts = new Map<string, Attempt>()
  readonly #delivery: Delivery
  #intake: Intake | undefined
  /** The queues that it takes from. */
  queues: readonly string[]
  #pulse = true
  /** Claims whose message is being read, and what was said of them meanwhile. */
  readonly #reading = new Map<Claim, StopCause | undefined>()
  /** Set while it waits because what it had taken could not be started. */
  #restTimer: Timer | undefined
  #held = 0
  /** Attempts that have ended, and whose result is being checked or whose reports are being written first. */
  #concluding = 0
  #ends = 0
  #rest = 0
  #stallTimer: Timer | undefined
  #stopping = false
  readonly #solo: Solo
  readonly #beginnings: Beginnings
  /** Jobs that a shutdown broke off. */
  readonly interrupted: InterruptedJob[] = []
  /** Called when a job has ended or a settlement was answered. */
  onChange: (() => void) | undefined

  constructor(parts: WorkerParts) {
    this.#parts = parts
    this.queues = parts.queues
    this.#window = new ClaimWindow(parts.executor.capacity)
    this.#delivery = new Delivery(parts, {
      settled: claim => this.#settled(claim),
      stop: (attempt, cause) => this.stop(attempt, cause),
    })
    this.#solo = new Solo({
      // One whose end is not written yet would be lost with the program, as if it had not ended.
      others: () => Math.max(this.#held, this.#attempts.size) - this.#solo.aside,
      blame: (attempt, blamed) => this.#delivery.blame([attempt], blamed),
      hasBegun: ({ entry }) => entry !== undefined && this.#hasBegun(entry),
      launch: attempt => this.#launch(attempt),
      free: () => this.#ask(),
    })
    this.#beginnings = new Beginnings(
      () => this.#attempts.values(),
      entry => this.#hasBegun(entry),
      attempts => void this.#delivery.blame(attempts, true),
    )
  }

  /** @param pulse whether the store may look now and then although nothing was signalled */
  start(pulse: boolean): void {
    this.#pulse = pulse
    this.#intake = this.#takes()
    this.#ask()
  }

  /** Takes calls from these queues from now on, and from no others. */
  takeFrom(queues: readonly string[]): void {
    this.queues = queues
    const before = this.#intake
    if (before === undefined || this.#stopping) return
    this.#intake = this.#takes()
    before.want(0)
    // What was under way is handed over yet.
    before
      .stop()
      .catch((error: unknown) => this.#parts.teller.trouble('claim', error))
      .finally(() => before.close())
    this.#ask()
  }

  #takes(): Intake {
    const { store, worker, lease, tasks, rates } = this.#parts
    const limits = Object.keys(rates).length > 0 ? { rates } : {}
    return store.broker.intake(
      { worker, queues: this.queues, lease, tasks: tasks.taken, pulse: this.#pulse, ...limits },
      {
        claims: (claims, took) => this.#onClaims(claims, took),
        cancelling: (id, reason) => this.#onCancelling(id, cancelledFor(reason)),
        lost: (id, token) => this.#onLost(id, token),
        trouble: error => this.#parts.teller.trouble('claim', error),
      },
    )
  }

  /** Stops listening to the store. Called once, when nothing is held any more. */
  release(): void {
    this.#intake?.close()
    this.#stallTimer?.clear()
    this.#restTimer?.clear()
    this.#solo.close()
    this.#beginnings.close()
  }

  /** The health of the intake; undefined before there is one. */
  get intake(): IntakeHealth | undefined {
    return this.#intake?.health
  }

  /** True while it waits because what it had taken could not be started. */
  get resting(): boolean {
    return this.#restTimer !== undefined
  }

  /** Claims whose place is not free again. */
  get held(): number {
    return this.#held
  }

  /** Jobs that have ended and whose end the store has not answered. */
  get unsettled(): number {
    return this.#concluding + this.#delivery.unsettled
  }

  /** The reason why what was done cannot be written; undefined while it can. */
  get blocked(): unknown {
    return this.#delivery.blocked
  }

  get counts(): Readonly<WorkerCounts> {
    return this.#delivery.counts
  }

  /** The number of the held jobs that have begun. */
  get running(): number {
    let running = 0
    for (const { entry } of this.#attempts.values()) if (entry && this.#hasBegun(entry)) running++
    return running
  }

  get attempts(): Iterable<Attempt> {
    return this.#attempts.values()
  }

  // ---------------------------------------------------------------- claiming

  /** Says how many more jobs it takes. To be called whenever that may have changed. */
  #ask(): void {
    const wanted = this.#stopping || this.resting || this.#solo.isWaiting ? 0 : this.#window.room(this.#held)
    const places = Math.max(0, this.#parts.executor.capacity - this.#held)
    this.#intake?.want(wanted, Math.max(0, wanted - places))
  }

  #onClaims(claims: readonly Claim[], took: number | undefined): void {
    if (claims.length > 0) crashPoint('after-claim')
    if (took !== undefined) this.#window.claimed(took)
    for (const claim of claims) this.#take(claim)
    this.#ask()
    this.#watchStalls()
    if (claims.length > 0) setImmediate(passMidRun, this, claims[0] as Claim)
  }

  #take(claim: Claim): void {
    // It can only be here again once its lease was lost; the word of that may come later.
    const before = this.#attempts.get(claim.id)
    if (before && before.claim.token !== claim.token) this.stop(before, lostLease)
    this.#held++
    const read = readClaim(claim, this.#parts.tasks.find(claim.task), this.#parts)
    if (!(read instanceof Promise)) return this.#taken(read)
    this.#reading.set(claim, undefined)
    read.then(
      result => {
        const said = this.#reading.get(claim)
        this.#reading.delete(claim)
        this.#taken(result, said)
      },
      (error: unknown) => this.#unread(claim, error),
    )
  }

  /** The store could not be asked for what the message needs: it goes back. */
  #unread(claim: Claim, error: unknown): void {
    this.#reading.delete(claim)
    this.#held--
    this.#parts.teller.trouble('claim', error)
    this.#delivery.settle(claim, { kind: 'release', interrupted: false, blocked: asError(error) })
    this.#ask()
  }

  /**
   * A claim whose message was read: into the executor with it, or straight back to the store.
   *
   * @param said what was said of it while it was being read
   */
  #taken(read: Attempt | Decided, said?: StopCause): void {
    const { claim } = read
    if (!(read instanceof Attempt)) {
      this.#held--
      const { ending, attempt } = read
      return this.#delivery.settle(claim, ending, attempt)
    }
    forgetHeir(read, this.#delivery)
    // All has been undone, and it was not written any more that it has ended.
    if (read.undo?.ends !== undefined && read.undo.steps.size === 0) {
      this.#held--
      return this.#delivery.settle(claim, { kind: 'failed', error: undefined }, read)
    }
    const stop = said ?? (this.#stopping ? handBack : this.#parts.rules?.isRevoked(read) === true ? revoked : undefined)
    if (stop) {
      this.#held--
      return this.#delivery.settle(claim, concludeStopped(read, stop), read)
    }
    this.#attempts.set(claim.id, read)
    this.#parts.teller.watcher?.received(read)
    if (claim.alone === undefined) this.#launch(read)
    else this.#solo.add(read)
  }

  #launch(attempt: Attempt): void {
    const { claim, known, message } = attempt
    const { timeout, grace } = this.#parts.rules?.limitsOf(attempt) ?? message
    const options: CallSettings =
      timeout === undefined ? noOptions : { timeout, ...(grace === undefined || grace === 0 ? {} : { grace }) }
    const entry = new Entry(
      { task: known.identity, fn: known.fn, args: attempt.args, options },
      message.kind,
      outcome => this.#ended(attempt, outcome),
      {
        ...patientTerms,
        services: new TaskServices(attempt, this.#delivery, this.#parts.teller),
        deadline: claim.deadline === undefined ? Number.POSITIVE_INFINITY : dateOf(attempt.endsAt),
      },
    )
    attempt.entry = entry
    entry.attempt = claim.attempt
    if (message.kind === 'stream') new ItemFlow(attempt, entry, this.#parts.executor, this.#delivery)
    if (claim.deadline !== undefined) {
      attempt.deadlineTimer = new Timer(
        claim.deadline,
        () => this.stop(attempt, { kind: 'deadline' }),
        undefined,
        false,
      )
    }
    this.#parts.executor.launch(entry)
    if (attempt.ahead) this.#beginnings.watch()
  }

  // ---------------------------------------------------------------- stopping an attempt

  #onCancelling(id: string, cause: StopCause): void {
    const attempt = this.#attempts.get(id)
    if (attempt) this.stop(attempt, cause)
    for (const [claim, said] of this.#reading) if (claim.id === id && !said) this.#reading.set(claim, cause)
  }

  /** Compared by token: the job may be here again under a newer one. */
  #onLost(id: string, token: number): void {
    const attempt = this.#attempts.get(id)
    if (attempt?.claim.token === token) this.stop(attempt, lostLease)
    for (const claim of this.#reading.keys()) {
      if (claim.id === id && claim.token === token) this.#reading.set(claim, lostLease)
    }
  }

  /** Stops an attempt through the cancel ladder; what is written of it follows from the cause. */
  stop(attempt: Attempt, cause: StopCause): void {
    const { entry, claim } = attempt
    if (cause.kind === 'lost') this.#attempts.delete(claim.id)
    if (attempt.stopping && cause.kind !== 'lost') return
    attempt.stopping = cause
    if (!entry && this.#solo.withdraw(attempt)) {
      this.#held--
      this.#delivery.settle(claim, concludeStopped(attempt, cause), attempt)
    }
    if (entry && entry.state !== 'ended') this.#parts.executor.stop(entry, cancelCause(attempt, cause))
  }

  /** Hands back all that waits for a place: no work is lost by it, and the attempt does not count. */
  handBack(): void {
    for (const attempt of this.#attempts.values()) {
      const state = attempt.entry?.state ?? 'waiting'
      // Only what the executor holds in its queue: it can be taken out of there without a race with its start.
      if (state === 'waiting' || state === 'launched') this.stop(attempt, handBack)
    }
  }

  /** From here on nothing more is claimed, and what comes in is handed back. */
  async stopClaiming(): Promise<void> {
    this.#stopping = true
    // It stops because somebody has asked for it: what runs is not to blame if that is done by force before it has ended.
    const running = [...this.#attempts.values()].filter(({ entry }) => entry !== undefined)
    if (running.length > 0) void this.#delivery.blame(running, false)
    await this.#intake?.stop()
    this.handBack()
  }

  /** Gives up what could not be written; the leases run out. How many settlements that were. */
  giveUp(): number {
    return this.#concluding + this.#delivery.giveUp()
  }

  /**
   * Jobs that were claimed ahead and do not get their turn must not wait here while other workers are free: when nothing
   * has ended for a while, they go back.
   */
  #watchStalls(): void {
    if (this.#stallTimer || this.#stopping || this.#held <= this.#parts.executor.capacity) return
    const ends = this.#ends
    const wait = this.#window.horizon * patience
    this.#stallTimer = new Timer(
      wait,
      () => {
        this.#stallTimer = undefined
        if (this.#ends === ends) {
          this.#window.stalled(wait)
          this.handBack()
        }
        this.#watchStalls()
      },
      undefined,
      false,
    )
  }

  // ---------------------------------------------------------------- the end of an attempt

  #ended(attempt: Attempt, outcome: Outcome): void {
    const entry = attempt.entry as Entry
    this.#held--
    this.#concluding++
    this.#ends++
    this.#solo.ended(attempt)
    attempt.deadlineTimer?.clear()
    attempt.waits?.close()
    if (entry.started > 0) this.#window.ran(entry.duration)
    this.#ask()
    if (outcome.state === 'done') {
      crashPoint('after-effect')
      // One that is there to undo ends as was decided before.
      if (isReturnedCall(outcome.value) && attempt.undo?.ends === undefined)
        return void this.#hasHeir(attempt, outcome.value)
      if (attempt.known.checkResult && attempt.message.kind === 'run') return this.#check(attempt, outcome.value)
    }
    this.#conclude(attempt, outcome)
    this.onChange?.()
  }

  /** Its task has returned a call, whose result is to be that of the job. */
  async #hasHeir(attempt: Attempt, call: Work): Promise<void> {
    try {
      const rest = await restForHeir(attempt, call, this.#delivery)
      this.#settle(attempt, { kind: 'wait', rest })
    } catch (error) {
      this.#conclude(attempt, { state: 'failed', error })
    }
    this.onChange?.()
  }

  #check(attempt: Attempt, value: unknown): void {
    let checked: unknown
    try {
      checked = attempt.known.checkResult?.(value)
    } catch (error) {
      return this.#conclude(attempt, { state: 'failed', error })
    }
    if (checked instanceof Promise) void this.#checkLater(attempt, checked)
    else this.#conclude(attempt, { state: 'done', value: checked })
  }

  async #checkLater(attempt: Attempt, checked: Promise<unknown>): Promise<void> {
    let outcome: Outcome
    try {
      outcome = { state: 'done', value: await checked }
    } catch (error) {
      outcome = { state: 'failed', error }
    }
    this.#conclude(attempt, outcome)
  }

  #conclude(attempt: Attempt, outcome: Outcome): void {
    this.#settle(attempt, conclude(attempt, outcome))
  }

  #settle(attempt: Attempt, ending: Ending): void {
    if (ending.kind === 'release' && ending.blocked) this.#block(ending.blocked)
    else if (ending.kind === 'done') {
      this.#rest = 0
      if (attempt.undo?.ends === undefined) tellForgotten(attempt, this.#delivery, this.#parts.teller)
    }
    const { claim } = attempt
    if (ending.kind === 'release' && ending.interrupted) this.interrupted.push(interruptedJob(attempt, ending.ended))
    const settle = (): void => {
      this.#concluding--
      this.#delivery.settle(claim, attempt.lost ? lost : ending, attempt)
    }
    // A settlement ends the claim, so what the attempt has reported must be there before it.
    if (attempt.unwritten > 0 && ending.kind !== 'lost') attempt.onWritten = settle
    else settle()
  }

  /** The store has answered, or nothing was to be written. */
  #settled(claim: Claim): void {
    // The same job may be here again by now, under a newer token.
    if (this.#attempts.get(claim.id)?.claim.token === claim.token) this.#attempts.delete(claim.id)
    this.#solo.changed()
    this.onChange?.()
  }

  /** The threads or processes cannot be started: the job is not to blame. It goes back, and the worker waits a little. */
  #block(error: Error): void {
    this.#rest = Math.min(longestRest, this.#rest === 0 ? firstRest : this.#rest * 2)
    this.#restTimer?.clear()
    this.#restTimer = new Timer(
      this.#rest,
      () => {
        this.#restTimer = undefined
        this.#ask()
      },
      undefined,
    )
    this.#ask()
    this.#parts.teller.trouble('run', error)
    this.handBack()
  }

  /** True for an attempt whose task has begun to run. */
  hasBegun({ entry }: Attempt): boolean {
    return entry !== undefined && this.#hasBegun(entry)
  }

  #hasBegun(entry: Entry): boolean {
    return entry.state === 'sent' && this.#parts.executor.hasStarted(entry)
  }

  /** @internal For the crash point in the middle of a run. */
  passMidRun(claim: Claim): void {
    const entry = this.#attempts.get(claim.id)?.entry
    if (entry && this.#hasBegun(entry)) crashPoint('mid-run')
  }
}

const noOptions: CallSettings = {}
const handBack: StopCause = { kind: 'release' }
const revoked: StopCause = { kind: 'cancelled', reason: 'revoked' }
const lostLease: StopCause = { kind: 'lost' }
const lost: Ending = { kind: 'lost' }

/** Once the batch that was just claimed has had a chance to start: a task runs and has not ended. */
function passMidRun(core: WorkerCore, claim: Claim): void {
  core.passMidRun(claim)
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
