import { describe } from '../../core/errors/checks.ts'
import type { RunServices } from '../../call/run/run-services.ts'
import { decodeValue, encodeValue } from '../../celery/result.ts'
import { CancelledError, InvalidArgumentError, StoreRefusedError } from '../../core/errors/errors.ts'
import type { LogLine } from '../../core/events/log-line.ts'
import { stepAsk } from '../../core/scope/services.ts'
import { checkCalls } from '../../stores/check.ts'
import { monotonic } from '../../core/time/clock.ts'
import type { WriteOutcome } from '../../stores/roles/broker.ts'
import type { OutgoingCall } from '../../stores/roles/calls.ts'
import { type Lacking, needAbility, needEffects } from '../../stores/roles/need.ts'
import type { Report } from '../../stores/roles/results.ts'
import type { Effect } from '../../stores/roles/transactions.ts'
import type { ThisJob } from '../inside/this-job.ts'
import type { Attempt } from './attempt.ts'
import type { JobTeller } from './job-teller.ts'
import { type AskedEffect, effectAsk, jobAsk, nextAsk } from '../inside/asks.ts'

/** The part of its worker that a running task needs. */
export interface TaskBackstage {
  readonly store: Lacking
  /** Writes a report of the attempt, in order; nothing is written once its lease was lost. */
  report(attempt: Attempt, report: ReportBody, written?: (outcome: WriteOutcome) => void): void
}

/** A report without the job that it is about. */
export type ReportBody = Report extends infer R ? (R extends Report ? Omit<R, 'id' | 'token'> : never) : never

/** Answers what a task of a durable job asks and keeps what it reports, wherever it runs. */
export class TaskServices implements RunServices {
  readonly #attempt: Attempt
  readonly #backstage: TaskBackstage
  readonly #teller: JobTeller
  /** There where somebody wants to hear that a run has begun: it costs a message. */
  readonly started?: () => void

  constructor(attempt: Attempt, backstage: TaskBackstage, teller: JobTeller) {
    this.#attempt = attempt
    this.#backstage = backstage
    this.#teller = teller
    if (teller.observed) this.started = () => teller.started(attempt)
  }

  progress(value: unknown): void {
    this.#backstage.report(this.#attempt, { kind: 'progress', value: encodeValue(value, 'progress') })
    this.#teller.progress(this.#attempt, value)
  }

  log(line: LogLine): void {
    this.#backstage.report(this.#attempt, { kind: 'log', line: encodeValue(line, 'log') })
    this.#teller.log(this.#attempt, line)
  }

  async ask(kind: string, value: unknown): Promise<unknown> {
    switch (kind) {
      case stepAsk.get:
        return this.#stepBegins(String(value))
      case stepAsk.put:
        return this.#stepEnded(value as { name: string; value: unknown })
      case effectAsk:
        return this.#effect(value as AskedEffect)
      case nextAsk:
        return this.#next(value as OutgoingCall)
      case jobAsk:
        return this.#job()
      default:
        throw new InvalidArgumentError(`A worker cannot answer ${describe(kind)}`)
    }
  }

  #job(): ThisJob {
    const { id, token, task, queue, attempt, deaths } = this.#attempt.claim
    return { id, token, task, queue, attempt, deaths }
  }

  #stepBegins(name: string): { value: unknown } | undefined {
    const { claim } = this.#attempt
    const kept = Object.hasOwn(claim.steps, name) ? claim.steps[name] : undefined
    if (kept !== undefined) return { value: decodeValue(kept) }
    const open = (this.#attempt.openSteps ??= new Map())
    open.set(name, [])
    return undefined
  }

  #stepEnded(step: { readonly name: string; readonly value: unknown }): Promise<void> {
    const attempt = this.#attempt
    const value = encodeValue(step.value, `step '${step.name}'`)
    const effects = attempt.openSteps?.get(step.name) ?? []
    attempt.openSteps?.delete(step.name)
    return new Promise((resolve, reject) => {
      const report: ReportBody = { kind: 'step', name: step.name, value, ...(effects.length > 0 ? { effects } : {}) }
      this.#backstage.report(attempt, report, outcome => {
        if (outcome === 'ok') resolve()
        else if (outcome === 'lost') reject(lostError(attempt))
        else reject(new StoreRefusedError(`The store refused the step '${step.name}': ${outcome.refused}`))
      })
    })
  }

  /** An effect belongs to the innermost step that is being worked on where it was asked for, else to the whole attempt. */
  #effect({ sql, parameters, within }: AskedEffect): void {
    const attempt = this.#attempt
    const effect: Effect = { sql, parameters }
    needEffects(this.#backstage.store, [effect])
    const step = within.map(name => attempt.openSteps?.get(name)).find(open => open !== undefined)
    if (step) step.push(effect)
    else (attempt.effects ??= []).push(effect)
  }

  /** A call belongs to the settlement, in the queue of this job unless it names another. */
  #next(asked: OutgoingCall): void {
    const attempt = this.#attempt
    const { store } = this.#backstage
    needAbility(store, 'next')
    const call = asked.queue === '' ? { ...asked, queue: attempt.claim.queue } : asked
    checkCalls([call], store)
    ;(attempt.next ??= []).push({ call, at: monotonic() })
  }
}

/** The error that a task gets that goes on although its lease was lost. */
function lostError(attempt: Attempt): CancelledError {
  const { claim } = attempt
  return new CancelledError(
    `Job ${claim.id}, task ${claim.task}, has lost its lease: another worker may run it by now, and nothing that this ` +
      `attempt does is kept`,
    { source: 'explicit', reason: 'its lease was lost' },
  )
}
