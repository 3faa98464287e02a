import { brandClass } from '../brand.ts'
import { checkKnown } from '../errors/checks.ts'
import { currentSource, type ScopeSource } from './slot.ts'
import { type Duration, milliseconds } from '../time/duration.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import { tellUser } from '../report/user-code.ts'
import { debugging } from '../report/debug.ts'
import { ScopeRun } from './host.ts'
import type { Job } from '../job/job.ts'
import type { ScopeNode } from '../tree/member.ts'
import { ReadyJob } from './ready-job.ts'
import { ScopeCore } from './life.ts'
import {
  checkBody,
  checkName,
  checkScopeOptions,
  checkSpawnOptions,
  initOf,
  noOptions,
  type RunOptions,
  type ScopeInit,
  type ScopeOptions,
  type SpawnOptions,
} from './options.ts'
import { valueOf, type ScopeKey } from './values.ts'
import { ServiceJob } from './service-job.ts'
import { SpawnedJob } from './spawned-job.ts'
import { deepNesting, ensureStackRoom, nesting } from './stack-room.ts'
import { runStep, type StepOptions } from './step.ts'
import { JoinWait, PromiseWait, SleepWait } from './waits.ts'

export type { CancelOptions, ErrorShape, FailurePolicy, ScopeLimit, ScopeOptions, SpawnOptions } from './options.ts'
export type { StepOptions } from './step.ts'

/**
 * Owns work: nothing started in a scope outlives it, and cancelling it, or its running out of time, stops everything
 * inside.
 *
 * You get one from `scope(async s => …)`, `current()`, or as the argument of a function given to `s.spawn`. The methods
 * that wait (`sleep`, `wait`) and `checkpoint` are its cancel points: once the scope is cancelled, each of them throws,
 * every time. An operation that threw so did not happen.
 */
export class Scope extends ScopeCore implements ScopeSource, ScopeNode {
  static {
    brandClass(this, 'Scope')
  }

  declare readonly parent: Scope | undefined

  /** @internal */
  constructor(init: ScopeInit<Scope> = {}) {
    super(init)
  }

  /** The scopes and tasks that run in this one at this moment, in the order in which they were started. */
  get children(): readonly Scope[] {
    return this.innerScopes() as Scope[]
  }

  /**
   * Starts a function as a child task, and returns its job at once. The function starts in the next microtask, with a scope
   * of its own.
   *
   * The scope waits for it. If it fails, its siblings and the body of the scope are cancelled, and the failure is what the
   * scope throws, whether or not anybody asks the job for its result.
   *
   * **Cancellation**: a child of a cancelled scope still starts, and runs to its first cancel point. Cancelling the job
   * alone does not fail the scope.
   *
   * **Errors**: `SKEIN_SCOPE_CLOSED` when the scope has ended; `SKEIN_INVALID_ARGUMENT` for anything but a function.
   *
   * @param fn the work; its argument is its own scope
   * @param options `name`; `service: true` for a task that serves the others, see `SpawnOptions`
   * @example
   * import { scope } from 'skein'
   *
   * const sum = await scope(async s => {
   *   const a = s.spawn(async s => { await s.sleep('5ms'); return 1 })
   *   const b = s.spawn(() => 2)
   *   return (await a.result()) + (await b.result())
   * })
   * console.log(sum) // 3
   */
  spawn<R>(fn: (s: Scope) => R | Promise<R>, options?: SpawnOptions): Job<Awaited<R>> {
    checkBody(fn, 's.spawn')
    if (options !== undefined) checkSpawnOptions(options)
    this.assertOpen('spawn')
    const child = this.childTask(fn, options)
    const job =
      options?.service === true
        ? new ServiceJob<Awaited<R>, Scope>(this, child, fn)
        : new SpawnedJob<Awaited<R>, Scope>(child, fn)
    this.enlist(job)
    job.startSoon()
    return job
  }

  /**
   * Starts a function as a child task and waits until it says that it is ready; resolves to the value that it passed to
   * `ready`.
   *
   * For work that must be under way before the rest can go on: a server that has to listen, a subscription that has to be
   * in place. Until then a failure of the task is thrown by `spawnReady` alone, as it is; from then on it is a child like
   * any other. A handle to stop it can be a part of the value: `ready({ port, stop: () => s.cancel() })`.
   *
   * **Cancellation**: the task is cancelled with the scope, before and after. Once it has been cancelled `ready` does
   * nothing, and `spawnReady` throws when the task has ended.
   *
   * **Errors**: what the task throws before it is ready; `SKEIN_MISUSE` when it returns without having been, and within the
   * task when it says so twice; `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`, `SKEIN_INVALID_ARGUMENT`.
   *
   * @param fn the work; its arguments are its own scope, and the function to call when it is ready
   * @param options as for `spawn`: `service: true` fits most of what has to be ready first
   * @example
   * import { scope } from 'skein'
   *
   * await scope(async s => {
   *   const port = await s.spawnReady<number>(async (s, ready) => {
   *     await s.sleep('5ms') // bind, listen
   *     ready(8080)
   *     await s.sleep('1h') // serve
   *   }, { name: 'server', service: true })
   *   console.log(port) // 8080
   * })
   */
  async spawnReady<T>(fn: (s: Scope, ready: (value: T) => void) => unknown, options?: SpawnOptions): Promise<T> {
    checkBody(fn, 's.spawnReady')
    if (options !== undefined) checkSpawnOptions(options)
    this.assertOpen('spawnReady')
    const child = this.childTask(fn, options)
    const job = new ReadyJob<T, Scope>(this, child, fn, options?.service === true)
    this.enlist(job)
    job.startSoon()
    return job.ready
  }

  private childTask(fn: { readonly name: string }, options: SpawnOptions | undefined): Scope {
    const name = options?.name ?? (fn.name || 'task')
    const spawnedAt = debugging ? new Error(`task ${name} was spawned`) : undefined
    const shielded = options?.service === true
    return new Scope({ parent: this, kind: 'task', name, spawnedAt, shielded })
  }

  /**
   * Waits until everything that was started in this scope so far, and meanwhile, has ended; service tasks apart. The scope
   * stays open. For a body that goes on in stages; at its end the scope waits by itself.
   *
   * Call it in the body. A child that joins the scope it is part of would wait for itself.
   *
   * **Cancellation**: ends at once; a child that fails cancels the scope, and so ends the wait too.
   *
   * **Errors**: `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   *
   * @example
   * import { scope } from 'skein'
   *
   * await scope(async s => {
   *   let loaded = 0
   *   for (const ms of [1, 2, 3]) s.spawn(async s => { await s.sleep(ms); loaded++ })
   *   await s.join()
   *   console.log(loaded) // 3
   * })
   */
  join(): Promise<void> {
    const refusal = this.refusal('join')
    if (refusal !== undefined) return Promise.reject(refusal)
    if (this.idle) return Promise.resolve()
    const wait = new JoinWait((this.extra.joins ??= new Set()))
    this.enlist(wait)
    return wait.promise
  }

  /**
   * Waits for a length of time. 0 gives the event loop one turn.
   *
   * **Cancellation**: ends at once, and its timer is freed.
   *
   * **Errors**: `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`, `SKEIN_INVALID_ARGUMENT`.
   */
  sleep(duration: Duration): Promise<void> {
    let delay: number
    try {
      delay = milliseconds(duration, 'duration')
    } catch (error) {
      return Promise.reject(error)
    }
    const refusal = this.refusal('sleep')
    if (refusal !== undefined) return Promise.reject(refusal)
    const wait = new SleepWait(delay)
    this.enlist(wait)
    return wait.promise
  }

  /**
   * Waits for a promise that knows nothing of scopes: the one door for foreign promises.
   *
   * **Cancellation**: ends at once and calls `onCancel`, while the promise itself goes on: pass `s.signal` to whatever
   * made it if that can stop it. What it comes to later is ignored, also when it is a rejection.
   *
   * **Errors**: what the promise rejects with; `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   *
   * @param options `onCancel`: called when the wait is broken off, to stop the work or give something back
   * @example
   * import { scope } from 'skein'
   *
   * const never = new Promise<number>(() => {})
   * await scope(s => s.wait(never), { timeout: '10ms' }).catch(error => console.log(error.code)) // SKEIN_TIMEOUT
   */
  wait<T>(promise: PromiseLike<T>, options?: { readonly onCancel?: () => void }): Promise<T> {
    const foreign = promise instanceof Promise ? (promise as Promise<T>) : Promise.resolve(promise)
    const refusal = this.refusal('wait')
    if (refusal !== undefined) return abandon(foreign, options?.onCancel, refusal)
    const wait = new PromiseWait<T>(foreign, options?.onCancel)
    this.enlist(wait)
    return wait.promise
  }

  /** Runs a body in a nested scope: a part of the work with its own limit, and cancelled on its own. See `scope`. */
  scope<T>(body: (s: Scope) => T | Promise<T>, options: ScopeOptions = noOptions): Promise<T> {
    return runScope(this, body, options, 's.scope', true)
  }

  /** Runs a body with a limit of its own, and throws `SKEIN_TIMEOUT` when it runs out: `s.scope(body, { timeout })`. */
  failAfter<T>(timeout: Duration, body: (s: Scope) => T | Promise<T>): Promise<T> {
    return runScope(this, body, { timeout: needed(timeout, 's.failAfter') }, 's.failAfter')
  }

  /** Runs a body with a limit of its own, and moves on when it runs out: see `moveOnAfter`. */
  moveOnAfter<T>(timeout: Duration, body: (s: Scope) => T | Promise<T>): Promise<T | undefined>
  moveOnAfter<T, F>(timeout: Duration, body: (s: Scope) => T | Promise<T>, otherwise: F): Promise<T | F>
  moveOnAfter<T, F>(timeout: Duration, body: (s: Scope) => T | Promise<T>, otherwise?: F): Promise<T | F | undefined> {
    return runMovingOn(this, timeout, body, otherwise, 's.moveOnAfter')
  }

  /**
   * Runs a body in a nested scope that carries a value: everything within finds it with `s.get(key)`. For what many
   * functions need and none should have to pass on: the id of a request, a logger, a connection.
   *
   * It is not sent to other threads, processes or machines: what a task needs there, give it as an argument.
   *
   * **Errors**: those of `s.scope`.
   *
   * @example
   * import { scope, scopeKey } from 'skein'
   *
   * const requestId = scopeKey<string>('request id')
   *
   * await scope(async s => {
   *   await s.with(requestId, 'r-17', async s => {
   *     s.spawn(s => console.log(s.get(requestId))) // r-17
   *   })
   * })
   */
  with<V, T>(key: ScopeKey<V>, value: V, body: (s: Scope) => T | Promise<T>): Promise<T> {
    return runScope(this, body, { carried: { key, value } }, 's.with')
  }

  /**
   * The value that this scope carries for a key, or the nearest scope around it that does; else the default of the key.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT` when nobody carries it and the key has no default.
   */
  get<V>(key: ScopeKey<V>): V {
    return valueOf(this, key)
  }

  /**
   * Runs a body that the cancellation of this scope does not reach, for clean-up that has to wait for something. The limit
   * is required, because nobody can stop it from outside.
   *
   * **Errors**: `SKEIN_TIMEOUT` when the body did not end within the limit.
   *
   * @param options `timeout`: the limit; `name`: how it is called in errors
   * @example
   * import { scope } from 'skein'
   *
   * await scope(async s => {
   *   s.cancel()
   *   await s.shield(async s => s.sleep('5ms'), { timeout: '1s' })
   *   console.log('cleaned up') // cleaned up
   * })
   */
  async shield<T>(
    body: (s: Scope) => T | Promise<T>,
    options: { readonly timeout: Duration; readonly name?: string },
  ): Promise<T> {
    if (options?.timeout === undefined) {
      throw new InvalidArgumentError(
        "s.shield needs a limit, because cancellation does not reach inside: s.shield(body, { timeout: '5s' })",
      )
    }
    checkKnown(options, knownShield, 'shield option')
    checkName(options.name)
    const { timeout, name } = options
    const shield = { timeout, shielded: true, liftable: true }
    return runScope(this, body, name === undefined ? shield : { ...shield, name }, 's.shield')
  }

  /**
   * Has a function run when the scope ends, however it ends: after everything started in the scope has ended, the last
   * one registered first. It may wait; it is shielded from cancellation and gets a scope with a limit.
   *
   * **Errors**: `SKEIN_SCOPE_CLOSED` when the scope has already ended. What a handler throws counts as a failure of the
   * scope; the other handlers still run.
   *
   * @param options `timeout`: the limit of this handler. Default: '5s'
   */
  onExit(fn: (s: Scope) => unknown, options?: { readonly timeout?: Duration }): void {
    checkBody(fn, 's.onExit')
    this.assertOpen('onExit')
    const { timeout: given = '5s' } = options ?? {}
    const timeout = milliseconds(given, 'timeout')
    this.addExit(() =>
      runScope(this, fn, { timeout, name: `${this.name} exit`, shielded: true, exiting: true }, 's.onExit'),
    )
  }

  /**
   * Runs a part of a task whose result a durable call keeps: a later attempt does not do it again, but gets the same value.
   *
   * Give each thing that must not be done twice (a payment, an e-mail) a step of its own. The value is kept when the body
   * has returned and before `step` returns it; a crash between the two runs the body again, so what it does should bear
   * that. On the loop, threads and processes, where a call is not durable, it just runs the body. Steps may run side by side
   * (`Promise.all`), but none inside another.
   *
   * With `undo` a step takes itself back when the call fails for good or is cancelled. On a queue that is another attempt: it
   * runs the task from its top, with the values of the finished steps, is cancelled as soon as it has come to all that are to be
   * undone, and then undoes them, each once. A step that is not finished throws the error with which the call has failed.
   * Elsewhere steps are undone when the task fails.
   *
   * **Cancellation**: waits, so it is a cancel point; the body is part of this scope. A body that has returned may have
   * been recorded although the step itself was cancelled. On the loop, threads and processes the undos of a cancelled task
   * have no longer than its `grace`.
   *
   * **Errors**: what the body throws, and then nothing is kept; `SKEIN_INVALID_ARGUMENT` for a name that this attempt
   * has used already, inside another step, and for options outside of a task; `SKEIN_UNSENDABLE` for a value that cannot be
   * kept. What an undo throws is among `errorsOf` the error of the call.
   *
   * @param name known by it in every attempt: unique in the task, and the same each time
   * @param body the work; its argument is a scope of its own
   * @param options `retries`: runs the step again when it fails; `undo`: takes it back; `undoTimeout`
   * @example
   * import { current, loop, task } from 'skein'
   *
   * export const order = task(import.meta, async function order(id: number) {
   *   const s = current()
   *   const receipt = await s.step('charge', () => `receipt ${id}`, {
   *     retries: { times: 3, backoff: '10s' },
   *     undo: (s, receipt) => s.log('refunded', { receipt }),
   *   })
   *   await s.step('notify', () => s.log('sent', { receipt }))
   *   return receipt
   * })
   * console.log(await loop.run(order, 7)) // receipt 7
   */
  step<T>(name: string, body: (s: Scope) => T | Promise<T>, options?: StepOptions<T, Scope>): Promise<T> {
    return runStep<T, Scope>(this, this.services, name, body, options)
  }

  /** Lends this scope to an executor, or anything else with `within`: what is started through the result is owned by the scope. */
  on<T>(place: { within(scope: Scope): T }): T {
    if (typeof place?.within !== 'function') {
      throw new InvalidArgumentError(
        `s.on needs an executor, got ${typeof place === 'string' ? `'${place}'` : typeof place}: ` +
          's.on(loop), or s.on(pool) with pool = threads() or processes().',
      )
    }
    return place.within(this)
  }

  /** A scope is its own source. */
  toScope(): Scope {
    return this
  }
}

/**
 * Runs a body in a scope of its own, and resolves to what it returns when everything started in the scope has ended.
 *
 * The first failure, in the body or in a child, cancels the rest and is what `scope` throws. Called while the synchronous
 * part of a task or of another scope's body runs, it is part of that scope; after an `await`, use `s.scope(…)` for that.
 * To cancel at the end instead of waiting, use `openScope`.
 *
 * A `timeout` takes effect at the next cancel point (`s.sleep`, `s.wait`, `s.checkpoint`): nothing interrupts an `await` of a raw
 * promise, and a body that passes no cancel point after the limit ends when it ends, and its late value is a value. Write
 * `await s.wait(promise)` instead of `await promise`, and the limit ends the wait.
 *
 * **Cancellation**: when the outer scope is cancelled, or `signal` aborts, everything inside is too.
 *
 * **Errors**: the first failure as it was thrown; `SKEIN_TIMEOUT` when the scope's own limit ran out; `SKEIN_CANCELLED`
 * when it was cancelled.
 *
 * @example
 * import { scope } from 'skein'
 *
 * const text = await scope(async s => {
 *   const slow = s.spawn(async s => { await s.sleep('1h'); return 'slow' })
 *   const fast = s.spawn(async s => { await s.sleep('5ms'); return 'fast' })
 *   const first = await fast.result()
 *   await slow.cancel('too late')
 *   return first
 * }, { timeout: '10s' })
 * console.log(text) // fast
 */
export function scope<T>(body: (s: Scope) => T | Promise<T>, options: ScopeOptions = noOptions): Promise<T> {
  return runScope(currentOuter(), body, options, 'scope', true)
}

/** @internal The scope that a free function becomes a part of. */
export function currentOuter(): Scope | undefined {
  const outer = currentSource()?.toScope() as Scope | undefined
  return outer?.isBackground ? undefined : outer
}

const knownShield: ReadonlySet<string> = new Set(['timeout', 'name'])

/** @internal Refuses a limit that was forgotten: for `timeout` itself, undefined is "no limit". */
export function needed(timeout: Duration, caller: string): Duration {
  if (timeout !== undefined) return timeout
  throw new InvalidArgumentError(`${caller} needs a limit as its first argument: ${caller}('5s', s => …)`)
}

/** @internal */
export function runMovingOn<T, F>(
  parent: Scope | undefined,
  timeout: Duration,
  body: (s: Scope) => T | Promise<T>,
  otherwise: F,
  caller: string,
): Promise<T | F> {
  const options = { timeout: needed(timeout, caller), moveOn: { value: otherwise } }
  return runScope<T | F>(parent, body, options, caller)
}

/** @internal Kept short: how deep scopes can be nested within one synchronous stretch depends on the size of its frame. */
export function runScope<T>(
  parent: Scope | undefined,
  body: (s: Scope) => T | Promise<T>,
  options: RunOptions,
  caller: string,
  fromUser = false,
): Promise<T> {
  const run = prepare(parent, body, options, caller, fromUser)
  if (run instanceof Promise) return run
  run.scope.run(body, run)
  return run.promise as Promise<T>
}

/** In debug mode a scope knows where it was begun. */
function begunHere(): Error | undefined {
  return debugging ? new Error('the scope was begun') : undefined
}

/** A promise that has been rejected for what must not begin. */
function prepare<T>(
  parent: Scope | undefined,
  body: (s: Scope) => T | Promise<T>,
  options: RunOptions,
  caller: string,
  fromUser: boolean,
): ScopeRun<Scope> | Promise<never> {
  try {
    if (nesting.depth >= deepNesting) ensureStackRoom(caller)
    checkBody(body, caller)
    if (fromUser) checkScopeOptions(options)
    const name = options.name ?? (body.name || 'scope')
    if (parent === undefined || parent instanceof Scope) {
      parent?.assertOpen(caller, options.exiting)
      const run = new ScopeRun(new Scope(initOf<Scope>(options, name, parent, begunHere())))
      parent?.enlist(run)
      return run
    }
    // A scope made by another copy of skein cannot have ours in its list, but it can own the work.
    const foreign = parent as Scope
    const deadline = Math.min(options.deadline ?? Infinity, foreign.deadline)
    const child = new Scope(initOf<Scope>({ ...options, deadline }, name, undefined, begunHere()))
    const release = foreign.hold(cause => child.cancelWith(cause), name)
    return new ScopeRun(child, release)
  } catch (error) {
    return Promise.reject(error)
  }
}

/** A wait that was cancelled before it began: as if it had been broken off at once. */
async function abandon(
  foreign: Promise<unknown>,
  onCancel: (() => void) | undefined,
  refusal: unknown,
): Promise<never> {
  foreign.catch(() => {})
  if (onCancel !== undefined) tellUser('onCancel', onCancel)
  throw refusal
}
