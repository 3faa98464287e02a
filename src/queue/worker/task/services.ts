import { checkWhole, describe } from '../../../core/errors/checks.ts'
import type { RunServices } from '../../../call/run/run-services.ts'
import { decodeValue, encodeFailure, encodeValue } from '../../../celery/result.ts'
import { InvalidArgumentError } from '../../../core/errors/errors.ts'
import type { LogLine } from '../../../core/events/log-line.ts'
import { type AskedStep, type KeptStep, stepAsk } from '../../../core/scope/services.ts'
import { checkCalls } from '../../../stores/check.ts'
import { monotonic } from '../../../core/time/clock.ts'
import type { OutgoingCall } from '../../../stores/roles/calls.ts'
import { needAbility, needEffects } from '../../../stores/roles/need.ts'
import type { Effect } from '../../../stores/roles/transactions.ts'
import { inQueue } from '../../graph/in-queue.ts'
import type { ThisJob } from '../../inside/this-job.ts'
import type { Attempt } from '../attempt.ts'
import type { ReportBody, TaskBackstage } from './backstage.ts'
import type { JobTeller } from '../job-teller.ts'
import {
  type AskedEffect,
  type AskedRest,
  type AskedWait,
  effectAsk,
  jobAsk,
  nextAsk,
  waitAsk,
} from '../../inside/asks.ts'
import { waitRecordName } from '../../memo.ts'
import { endError } from './undoing.ts'
import { Waits } from './waits.ts'
import { written } from './written.ts'

type StepReport = Extract<ReportBody, { readonly kind: 'step' | 'undone' }>

interface FinishedStep {
  readonly name: string
  readonly value: unknown
  readonly undo?: boolean
}

/** Answers what a task of a durable job asks and keeps what it reports, wherever it runs. */
export class TaskServices implements RunServices {
  readonly #attempt: Attempt
  readonly #backstage: TaskBackstage
  readonly #teller: JobTeller
  /** There once the task has asked for a durable wait, or goes on after one. */
  #waits: Waits | undefined
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
    this.#waits?.stir()
    switch (kind) {
      case waitAsk.begin:
        return this.#waitsOf().begin(value as AskedWait)
      case waitAsk.over:
        return this.#waitsOf().over(String(value))
      case waitAsk.rest:
        return this.#waitsOf().rest(value as AskedRest)
      case stepAsk.get:
        return this.#stepBegins(value as AskedStep)
      case stepAsk.put:
        return this.#stepEnded(value as FinishedStep)
      case stepAsk.undone:
        return this.#stepUndone(value as { name: string; error?: unknown })
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

  #waitsOf(): Waits {
    if (this.#waits === undefined) this.#attempt.waits = this.#waits = new Waits(this.#attempt, this.#backstage)
    return this.#waits
  }

  #job(): ThisJob {
    const { id, token, task, queue, attempt, deaths } = this.#attempt.claim
    return { id, token, task, queue, attempt, deaths }
  }

  #stepBegins(asked: AskedStep): KeptStep | undefined {
    const { claim, undo, asked: names } = this.#attempt
    const { name, undo: canUndo = false } = typeof asked === 'string' ? { name: asked } : asked
    checkWhole(name, 'The name of a step')
    if (name.startsWith(waitRecordName(''))) {
      throw new InvalidArgumentError(`The name of a step may not begin with '${waitRecordName('')}', got '${name}'`)
    }
    names?.add(name)
    const failure = claim.memo === undefined ? undefined : this.#waitsOf().failureOf(name)
    if (failure !== undefined) return { value: failure.error, failed: true }
    const kept = Object.hasOwn(claim.steps, name) ? claim.steps[name] : undefined
    if (kept !== undefined) {
      const value = decodeValue(kept)
      if (undo?.ends === undefined || !undo.steps.has(name)) return { value }
      this.#open(name)
      undo.missing.delete(name)
      if (undo.missing.size > 0) return { value, undo: true }
      return { value, undo: true, ends: { error: endError(claim, undo.ends) } }
    }
    // The job has ended, but for what it has done: nothing new begins.
    if (undo?.ends !== undefined) throw endError(claim, undo.ends)
    if (canUndo) needAbility(this.#backstage.store, 'undo')
    this.#open(name)
    return undefined
  }

  #open(name: string): void {
    const open = (this.#attempt.openSteps ??= new Map())
    open.set(name, [])
  }

  async #stepEnded({ name, value: given, undo = false }: FinishedStep): Promise<void> {
    const value = encodeValue(given, `step '${name}'`)
    await this.#written({ kind: 'step', name, value, ...(undo ? { undo } : {}) }, `the step '${name}'`)
    if (undo) this.#attempt.canUndo(name)
  }

  async #stepUndone(step: { readonly name: string; readonly error?: unknown }): Promise<void> {
    const { name } = step
    const failure = Object.hasOwn(step, 'error') ? encodeFailure(step.error) : undefined
    await this.#written({ kind: 'undone', name, value: failure ?? 'null' }, `the undo of step '${name}'`)
    const { undo } = this.#attempt
    undo?.steps.delete(name)
    if (failure !== undefined) undo?.failures.push(failure)
  }

  /** Reports a step with the effects that belong to it. Resolves once that is durable. */
  #written(report: StepReport, what: string): Promise<void> {
    const attempt = this.#attempt
    const effects = attempt.openSteps?.get(report.name) ?? []
    attempt.openSteps?.delete(report.name)
    return written(this.#backstage, attempt, { ...report, ...(effects.length > 0 ? { effects } : {}) }, what)
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
    const call = inQueue(asked, attempt.claim.queue)
    checkCalls([call], store)
    ;(attempt.next ??= []).push({ call, at: monotonic() })
  }
}
