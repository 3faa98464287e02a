import { StoreRefusedError } from '../../core/errors/errors.ts'
import { crashPoint } from '../../stores/crash-point.ts'
import type { Claim, Settlement, WriteOutcome } from '../../stores/roles/broker.ts'
import type { Report } from '../../stores/roles/results.ts'
import type { Store } from '../../stores/roles/store.ts'
import type { Allowlist } from './allowlist.ts'
import type { Attempt, StopCause } from './attempt.ts'
import type { ReportBody, TaskBackstage } from './task/backstage.ts'
import { Batcher } from './batcher.ts'
import { concludeFailed, type Ending } from './conclude.ts'
import type { JobTeller } from './job-teller.ts'
import { count, settlementOf, type WorkerCounts } from './settlement.ts'
import { withUndo } from './task/undoing.ts'

/** The parts of a worker that a delivery needs: where it goes, and who reports it to observers. */
export interface DeliveryParts {
  readonly store: Store
  readonly tasks: Pick<Allowlist, 'find'>
  readonly teller: JobTeller
}

/** The functions of the worker that are called when the store has answered. */
export interface DeliveryHooks {
  /** The claim is over, written or lost. */
  readonly settled: (claim: Claim) => void
  readonly stop: (attempt: Attempt, cause: StopCause) => void
}

/**
 * The way back from a worker: how attempts ended and what they report, to the store in batches, and to observers as
 * events. Counts the endings.
 */
export class Delivery implements TaskBackstage {
  readonly #parts: DeliveryParts
  readonly #hooks: DeliveryHooks
  readonly #settling: Batcher<Settlement, WriteOutcome>
  readonly #reporting: Batcher<Report, WriteOutcome>
  readonly counts: WorkerCounts = { done: 0, failed: 0, retried: 0, cancelled: 0, dead: 0, released: 0, lost: 0 }
  #unsettled = 0

  constructor(parts: DeliveryParts, hooks: DeliveryHooks) {
    const { store } = parts
    this.#parts = parts
    this.#hooks = hooks
    this.#settling = new Batcher(
      settlements => {
        crashPoint('before-ack')
        return store.broker.settle(settlements)
      },
      error => parts.teller.trouble('settle', error),
    )
    this.#reporting = new Batcher(
      reports => store.results.report(reports),
      error => parts.teller.trouble('report', error),
    )
  }

  get store(): Store {
    return this.#parts.store
  }

  /** Settlements that the store has not answered. */
  get unsettled(): number {
    return this.#unsettled
  }

  /** The reason why what was done cannot be written; undefined while it can. */
  get blocked(): unknown {
    return this.#settling.trouble ?? this.#reporting.trouble
  }

  /** Ends a claim. */
  settle(claim: Claim, ending: Ending, attempt?: Attempt): void {
    this.#settle(claim, attempt === undefined ? ending : withUndo(attempt, ending), attempt)
  }

  #settle(claim: Claim, ending: Ending, attempt?: Attempt): void {
    const settlement = settlementOf(claim, ending, this.#parts, attempt)
    if (!settlement) return this.#settled(claim, ending, 'lost', attempt)
    this.#unsettled++
    this.#settling.add(settlement, outcome => {
      this.#unsettled--
      if (typeof outcome === 'string') this.#settled(claim, ending, outcome, attempt)
      else this.#refused(claim, ending, outcome.refused, attempt)
    })
  }

  /** The store cannot write it (an effect failed, it is too large) and still holds the claim: that is a failure of the job. */
  #refused(claim: Claim, ending: Ending, why: string, attempt?: Attempt): void {
    const error = new StoreRefusedError(`The store refused what job ${claim.id}, task ${claim.task}, has left: ${why}`)
    // A result that was refused is a failure like one that the task has thrown; a failure that was, is reported without its details.
    const next: Ending = ending.kind === 'done' && attempt ? concludeFailed(attempt, error) : { kind: 'failed', error }
    if (attempt) attempt.effects = attempt.next = undefined
    // What is not the end yet may come to be undone; the end of one that was undone is the end.
    if (ending.kind === 'done' || ending.kind === 'undo') this.settle(claim, next, attempt)
    else this.#settle(claim, next, attempt)
  }

  #settled(claim: Claim, ending: Ending, outcome: 'ok' | 'lost', attempt?: Attempt): void {
    const last: Ending = outcome === 'lost' ? { kind: 'lost' } : ending
    count(this.counts, last.kind)
    this.#parts.teller.ended(claim, last, attempt)
    this.#hooks.settled(claim)
  }

  suspend(attempt: Attempt): void {
    this.#hooks.stop(attempt, { kind: 'wait' })
  }

  report(attempt: Attempt, body: ReportBody, written?: (outcome: WriteOutcome) => void): void {
    if (attempt.lost || attempt.entry?.state === 'ended') return written?.('lost')
    this.note(attempt, body, written)
  }

  /** As `report`, also of an attempt whose run has just ended. */
  note(attempt: Attempt, body: ReportBody, written?: (outcome: WriteOutcome) => void): void {
    crashPoint('mid-run')
    const { id, token } = attempt.claim
    attempt.unwritten++
    this.#reporting.add({ id, token, ...body } as Report, outcome => {
      attempt.unwritten--
      written?.(outcome)
      if (outcome === 'lost') this.#hooks.stop(attempt, { kind: 'lost' })
      else if (outcome !== 'ok') this.#reportRefused(attempt, body, outcome.refused)
      if (attempt.unwritten === 0) attempt.onWritten?.()
    })
  }

  /** A step hears it itself. A stream must not have holes; a line of a log or a progress may be missing. */
  #reportRefused(attempt: Attempt, body: ReportBody, why: string): void {
    const error = new StoreRefusedError(`The store refused a ${body.kind} of job ${attempt.claim.id}: ${why}`)
    if (body.kind === 'item') this.#hooks.stop(attempt, { kind: 'refused', error })
    else if (body.kind !== 'step' && body.kind !== 'undone') this.#parts.teller.trouble('report', error)
  }

  /** Says whether the death of this program would be a death of these jobs. Resolves once that is written, or cannot be. */
  async blame(attempts: readonly Attempt[], blamed: boolean): Promise<void> {
    const claims = attempts.map(({ claim: { id, token } }) => ({ id, token }))
    try {
      const outcomes = await this.store.broker.blame(claims, blamed)
      for (const [at, outcome] of outcomes.entries())
        if (outcome === 'lost') this.#hooks.stop(attempts[at] as Attempt, { kind: 'lost' })
    } catch (error) {
      this.#parts.teller.trouble('blame', error)
    }
  }

  /** Gives up what could not be written; the leases run out. How many settlements that were. */
  giveUp(): number {
    this.#reporting.giveUp()
    this.#settling.giveUp()
    return this.#unsettled
  }
}
