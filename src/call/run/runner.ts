import { setImmediate, steady } from '../../core/time/platform.ts'
import { TaskStep, undoAll } from '../../core/flow/task-step.ts'
import { type CancelCause, errorOfCause } from '../../core/errors/cause.ts'
import { callIn, type ScopeSource } from '../../core/scope/slot.ts'
import { StreamMismatchError, ThrownValueError } from '../../core/errors/errors.ts'
import { isThenable } from '../../core/errors/thenable.ts'
import { nothing } from '../../core/job/nothing.ts'
import type { Scope, StepOptions } from '../../core/scope/scope.ts'
import type { LogLine } from '../../core/events/log-line.ts'
import type { Services, StepTerms } from '../../core/scope/services.ts'
import { endTaskScope, openTaskScope, type TaskOutcome } from '../../core/scope/task-scope.ts'
import { type ChunkResult, type EntryKind, hasItems } from './entry.ts'
import { type Chain, readChain } from './graph/fused.ts'
import { isReturnedCall } from './graph/returned-call.ts'
import { isGenerator } from '../define/generator.ts'
import type { AnyFunction, TaskIdentity } from '../define/identity.ts'

/** The place that a runner runs in, as the runner sees it. */
export interface RunnerHost {
  /**
   * The cause for which the run is to stop, as far as a synchronous loop can see it: a flag in shared memory, a limit that has run
   * out. Only looks, except at a cancel point, where the place may take note of what it sees.
   */
  probe(runner: Runner, atCancelPoint: boolean): CancelCause | undefined
  progress(runner: Runner, value: unknown): void
  log(runner: Runner, line: LogLine): void
  /** Asks the caller that handed the call over. Only for a runner with `asks`. */
  ask(runner: Runner, kind: string, value: unknown): Promise<unknown>
  /** The moment at which the run will be ended from outside, in milliseconds since the epoch; Infinity for never. */
  deadline(runner: Runner): number
  items(runner: Runner, items: unknown[]): void
  /** The function of another task, which a chain comes to, or which the task itself calls by its name alone. */
  load(task: TaskIdentity): AnyFunction | Promise<AnyFunction>
  /** The run is over, with everything that it had started. `failed` tells what `value` is. */
  ended(runner: Runner, failed: boolean, value: unknown): void
}

/** A chain that runs, and how its calls have ended so far. */
interface ChainRun {
  readonly chain: Chain
  readonly values: unknown[]
}

/** Milliseconds for which a synchronous generator may yield values before it lets others run. */
const streamSlice = 5

/**
 * One run of a task in this thread: calls the function with `current()` set, drives generators and bundles, and says when
 * it is over. The loop executor and every worker run their calls with it, which is why they behave alike.
 *
 * The scope is made when the task first asks for it, so a task that never calls `current()` pays nothing for it.
 */
export class Runner implements ScopeSource, Services {
  readonly #host: RunnerHost
  /** Set late where the module that defines the task is still being imported. */
  fn: AnyFunction
  /** The name of the task; of a chain, that of the call which runs. */
  name: string
  readonly kind: EntryKind
  readonly attempt: number
  /** The number under which the place knows this run. */
  readonly slot: number
  /** The number of times that values of a stream have been sent. */
  batches = 0
  /** Set by the place when it starts the run. */
  started = 0
  cause: CancelCause | undefined
  /** The cause that the task has been told when it looked: from then on it holds, whatever the next look would find. */
  seen: CancelCause | undefined
  /** True where somebody answers what the task asks. */
  asks = false
  /**
   * The moment at which it will be ended from outside, for places that know it when the run starts; see
   * `RunnerHost.deadline`.
   */
  endsAt: number = Number.POSITIVE_INFINITY
  /** The time limit of the run in milliseconds; 0 for none, and where the place keeps it. */
  timeout = 0
  begun: Set<string> | undefined
  asking = 0
  onQuiet: ((ended?: 'returned' | 'thrown') => void) | undefined
  undos: (() => Promise<unknown>)[] | undefined
  undoIsOver: boolean | undefined
  #scope: Scope | undefined
  #chain: ChainRun | undefined
  #credit: number
  #onCredit: (() => void) | undefined

  constructor(
    host: RunnerHost,
    fn: AnyFunction,
    name: string,
    kind: EntryKind,
    attempt: number,
    slot: number,
    credit: number,
  ) {
    this.#host = host
    this.fn = fn
    this.name = name
    this.kind = kind
    this.attempt = attempt
    this.slot = slot
    this.#credit = credit
  }

  /** The scope that `current()` returns in this run. */
  toScope(): Scope {
    if (this.#scope) return this.#scope
    const scope = openTaskScope({
      name: this.name,
      attempt: this.attempt,
      probe: atCancelPoint => this.#whyStop(atCancelPoint),
      onProgress: value => this.#host.progress(this, value),
      services: this,
    })
    this.#scope = scope
    if (this.cause) scope.cancelWith(this.cause)
    return scope
  }

  deadline(): number {
    return this.#host.deadline(this)
  }

  log(line: LogLine): void {
    this.#host.log(this, line)
  }

  load(task: TaskIdentity): AnyFunction | Promise<AnyFunction> {
    return this.#host.load(task)
  }

  get ask(): ((kind: string, value: unknown) => Promise<unknown>) | undefined {
    return this.asks ? (kind, value) => this.#asked(kind, value) : undefined
  }

  async #asked(kind: string, value: unknown): Promise<unknown> {
    this.asking++
    try {
      return await this.#host.ask(this, kind, value)
    } finally {
      this.asking--
      this.onQuiet?.()
    }
  }

  stepTerms<S extends object>(scope: object, name: string, options: object): StepTerms<S>
  stepTerms(scope: object, name: string, options: object): StepTerms<Scope> {
    return new TaskStep(this, scope as Scope, name, options as StepOptions<unknown, Scope>)
  }

  /** Lets the task see that it is to stop. */
  cancel(cause: CancelCause): void {
    if (this.cause) return
    this.cause = cause
    this.#scope?.cancelWith(cause)
    this.#onCredit?.()
  }

  /** Allows a stream that many values more. */
  grant(values: number): void {
    this.#credit += values
    this.#onCredit?.()
  }

  /** Starts the run. A synchronous task has ended when this returns. */
  start(args: readonly unknown[]): void {
    if (hasItems(this.kind)) this.#startChunk(args[0] as readonly unknown[])
    else if (this.kind === 'chain') this.#startChain(args)
    else this.#startOne(args)
  }

  #startChain(args: readonly unknown[]): void {
    const chain = readChain(args)
    this.#chain = { chain, values: [] }
    this.#startOne(chain.head)
  }

  /** A call of a chain is over: goes on with the next, unless it has failed, was the last, or has returned a call that comes first. */
  #stepped({ chain, values }: ChainRun, outcome: TaskOutcome): void {
    this.#scope = undefined
    values.push(outcome.ok ? undefined : outcome.error)
    if (!outcome.ok) {
      if (this.cause ?? this.seen) this.#host.ended(this, true, outcome.error)
      else this.#host.ended(this, false, { values, failed: [values.length - 1] } satisfies ChunkResult)
      return
    }
    const { value } = outcome
    const at = values.length
    if (at === chain.length || isReturnedCall(value)) {
      values[at - 1] = value
      this.#host.ended(this, false, { values, failed: [] } satisfies ChunkResult)
      return
    }
    const cause = this.#whyStop(true)
    if (cause !== undefined) return this.#host.ended(this, true, errorOfCause(cause, `task ${this.name}`))
    const task = chain.taskOf(at)
    this.name = task.name
    const run = (fn: AnyFunction): void => {
      this.fn = fn
      this.#startOne(chain.argumentsOf(at, value))
    }
    const fn = this.#host.load(task)
    if (fn instanceof Promise) fn.then(run, (error: unknown) => this.#told({ ok: false, error }))
    else run(fn)
  }

  #startOne(args: readonly unknown[]): void {
    let value: unknown
    let later: boolean
    try {
      value = callIn(this, this.#invoke, args)
      later = isThenable(value)
    } catch (error) {
      this.#close(true, error)
      return
    }
    if (later) {
      Promise.resolve(value as PromiseLike<unknown>).then(
        result => this.#returned(result),
        (error: unknown) => this.#close(true, error),
      )
    } else {
      this.#returned(value)
    }
  }

  readonly #invoke = (args: readonly unknown[]): unknown => this.fn(...(args as never[]))

  #returned(value: unknown): void {
    if (this.kind === 'stream') {
      void this.#stream(value)
    } else if (isGenerator(value)) {
      const close = Promise.resolve(value.return(undefined)).then(nothing, nothing)
      void close.then(() =>
        this.#close(
          true,
          new StreamMismatchError(
            'SKEIN_IS_A_STREAM',
            `Task ${this.name} is a generator: it yields many values, not one. Read them with executor.stream(…).`,
          ),
        ),
      )
    } else {
      this.#close(false, value)
    }
  }

  async #stream(value: unknown): Promise<void> {
    const iterator = openIterator(value)
    if (!iterator) {
      const error = new StreamMismatchError(
        'SKEIN_NOT_A_STREAM',
        `stream() needs a task that is a generator or returns an iterable; ${this.name} returned ${typeof value}. ` +
          `Make it a generator (async function* ${this.name}), or use run().`,
      )
      return this.#close(true, error)
    }
    const next = (): unknown => iterator.next()
    let sliceEnd = steady() + streamSlice
    try {
      for (;;) {
        const cause = this.#whyStop(true)
        if (cause !== undefined) {
          await callIn(this, () => iterator.return?.(undefined), undefined)
          return this.#close(true, errorOfCause(cause, `task ${this.name}`))
        }
        if (this.#credit <= 0) {
          await new Promise<void>(resolve => (this.#onCredit = resolve))
          this.#onCredit = undefined
          continue
        }
        let step = callIn(this, next, undefined)
        if (isThenable(step)) step = await step
        else if (steady() > sliceEnd) {
          await new Promise(setImmediate)
          sliceEnd = steady() + streamSlice
        }
        const result = step as IteratorResult<unknown>
        if (result.done) return this.#close(false, undefined)
        this.#credit--
        try {
          this.#host.items(this, [result.value])
        } catch (error) {
          // The value cannot be sent: the generator gets to tidy up, then the stream fails with that.
          await callIn(this, () => iterator.return?.(undefined), undefined)
          throw error
        }
      }
    } catch (error) {
      this.#close(true, error)
    }
  }

  #whyStop(atCancelPoint: boolean): CancelCause | undefined {
    if (this.cause !== undefined) return this.cause
    const cause = this.#host.probe(this, atCancelPoint)
    return (this.seen ??= cause)
  }

  #startChunk(items: readonly unknown[]): void {
    const values: unknown[] = []
    const failed: number[] = []
    const undos: (() => Promise<unknown>)[] = (this.undos = [])
    const fail = (error: unknown): boolean => {
      failed.push(values.length)
      values.push(error)
      return this.kind === 'settled' && this.cause === undefined
    }
    let cause: CancelCause | undefined
    const rest = (from: number): void => {
      const over = callIn(this, run, from)
      if (over === 'waiting') return
      if (cause === undefined) this.#close(false, { values, failed } satisfies ChunkResult)
      else this.#close(true, errorOfCause(cause, `task ${this.name}`))
    }
    /** Runs items one after the other; a promise is waited for, and then the others go on. */
    const run = (from: number): 'over' | 'waiting' => {
      const { fn } = this
      for (let i = from; i < items.length; i++) {
        cause = this.#whyStop(true)
        if (cause !== undefined) return 'over'
        let value: unknown
        try {
          value = fn(items[i] as never)
          if (!isThenable(value)) {
            values.push(value)
            continue
          }
        } catch (error) {
          if (fail(error)) continue
          return 'over'
        }
        value.then(
          result => {
            values.push(result)
            undos.length = 0
            rest(i + 1)
          },
          (error: unknown) => {
            const failedItem = (): void => rest(fail(error) ? i + 1 : items.length)
            if (undos.length === 0) failedItem()
            else void undoAll(undos, error).then(failedItem)
          },
        )
        return 'waiting'
      }
      return 'over'
    }
    rest(0)
  }

  /** The task's own code is over; the run is when everything that it spawned is, too. */
  #close(failed: boolean, value: unknown): void {
    this.onQuiet?.(failed ? 'thrown' : 'returned')
    this.onQuiet = undefined
    const scope = this.#scope
    if (!scope && this.#chain === undefined) {
      this.#host.ended(this, failed, value)
      return
    }
    const ended: TaskOutcome = failed ? { ok: false, error: value } : { ok: true, value }
    if (!scope) return this.#told(ended)
    const outcome = endTaskScope(scope, ended)
    if (outcome instanceof Promise) void outcome.then(this.#told)
    else this.#told(outcome)
  }

  readonly #told = (outcome: TaskOutcome): void => {
    if (this.#chain !== undefined) this.#stepped(this.#chain, outcome)
    else if (outcome.ok) this.#host.ended(this, false, outcome.value)
    else this.#host.ended(this, true, outcome.error)
  }
}

/**
 * The error that a caller gets for anything that a task threw: errors as they are, anything else wrapped, so that it has a
 * stack and a remedy.
 */
export function thrownError(value: unknown, task: string): unknown {
  // What is thrown may be as odd as a revoked Proxy, which throws at every look.
  try {
    if (value instanceof Error || Object.prototype.toString.call(value) === '[object Error]') return value
    if (typeof DOMException === 'function' && value instanceof DOMException) return value
    return thrownValue(value, describeThrown(value), task)
  } catch {
    return thrownValue(undefined, 'something that cannot even be looked at', task)
  }
}

function thrownValue(value: unknown, text: string, task: string): ThrownValueError {
  return new ThrownValueError(
    `Task ${task} threw ${text}, which is not an Error: there is no message and no stack to show. ` +
      `Throw an Error (new Error('…')) instead; what was thrown is in 'value'.`,
    { value },
  )
}

function describeThrown(value: unknown): string {
  if (typeof value === 'string') return `the string '${value.slice(0, 80)}'`
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}

function openIterator(value: unknown): Iterator<unknown> | AsyncIterator<unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const both = value as Partial<Iterable<unknown> & AsyncIterable<unknown>>
  return both[Symbol.asyncIterator]?.() ?? both[Symbol.iterator]?.()
}
