import { InvalidArgumentError } from '../errors/errors.ts'
import type { RetryPolicy } from '../time/again.ts'
import type { Duration } from '../time/duration.ts'
import { checkBody } from './options.ts'
import { type AskedStep, type KeptStep, type Services, stepAsk } from './services.ts'

/** Options of `s.step`. `S` is the scope that functions get. */
export interface StepOptions<T, S> {
  /**
   * Runs the step again when it fails, so many times or by a policy, as `retries` of a call does. It is the same attempt of the
   * call, and between its runs the step waits in its place. From 0 up, or Infinity; default: 0.
   */
  readonly retries?: number | RetryPolicy
  /**
   * Takes back what the step has done, when the call fails for good or is cancelled; gets the value of the step. Those of all
   * finished steps run one after the other, the last one first, and each is tried again like its step.
   */
  readonly undo?: (s: S, value: T) => unknown
  /** The longest that `undo` may take, with all of its attempts: nothing else ends it. Default: '1m' */
  readonly undoTimeout?: Duration
}

/** The part of a scope that its steps need. */
interface StepScope<S> {
  readonly parent: object | undefined
  scope<T>(body: (s: S) => T | Promise<T>, options: { readonly name: string }): Promise<T>
  wait<T>(promise: PromiseLike<T>): Promise<T>
  checkpoint(): void
}

/** The scopes in which a step, or its undo, is being worked on. */
const stepScopes: WeakSet<object> = /* @__PURE__ */ new WeakSet()

/** `s.step`: runs a part of a durable call, or returns what an earlier attempt has got from it. */
export async function runStep<T, S extends object>(
  scope: StepScope<S>,
  services: Services | undefined,
  name: string,
  body: (s: S) => T | Promise<T>,
  options: StepOptions<T, S> | undefined,
): Promise<T> {
  if (typeof name !== 'string' || name === '') {
    throw new InvalidArgumentError(
      `s.step needs a name as its first argument, the same in every attempt, got ${String(name)}: s.step('charge', s => …)`,
    )
  }
  checkBody(body, `s.step('${name}', …)`)
  if (services === undefined) {
    if (options !== undefined) throw outsideError(name)
    return scope.scope(body, { name })
  }
  const terms = options === undefined ? undefined : services.stepTerms<S>(scope, name, options)
  const { ask } = services
  const canUndo = terms?.canUndo === true
  beginStep(scope, services, name)
  if (ask !== undefined) {
    const asked: AskedStep = canUndo ? { name, undo: true } : name
    const kept = (await scope.wait(ask(stepAsk.get, asked))) as KeptStep | undefined
    if (kept?.failed === true) throw failed(services, name, kept.value)
    if (kept !== undefined) {
      if (kept.undo === true) terms?.remember(kept.value, kept.ends)
      scope.checkpoint()
      return kept.value as T
    }
  }
  const working = (services.working ??= new Set())
  working.add(name)
  try {
    const work = asStep(body)
    const value = await (terms === undefined ? scope.scope(work, { name }) : terms.run(work))
    if (ask === undefined) terms?.remember(value)
    else await scope.wait(ask(stepAsk.put, canUndo ? { name, value, undo: true } : { name, value }))
    return value
  } catch (error) {
    throw failed(services, name, error)
  } finally {
    working.delete(name)
    services.onQuiet?.()
  }
}

/** Notes that a step has failed: when the attempt goes on after a wait, it fails in the same way. */
function failed(services: Services, name: string, error: unknown): unknown {
  if (services.ask !== undefined) (services.failed ??= new Map()).set(name, error)
  return error
}

/** The same function, in whose scope no step can begin. */
export function asStep<S extends object, T>(body: (s: S) => T): (s: S) => T {
  return s => {
    stepScopes.add(s)
    return body(s)
  }
}

/**
 * Takes the name of a step.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` inside another step, and for a name that another step of this attempt has.
 */
export function beginStep(scope: object, services: Services, name: string): void {
  refuseInside(scope, name)
  if (services.ask === undefined) return
  const begun = (services.begun ??= new Set())
  if (begun.has(name)) {
    throw new InvalidArgumentError(
      `The step '${name}' was begun twice in one attempt. A step is known by its name alone, so give each its own, ` +
        `in a loop for instance \`${name} \${index}\`.`,
    )
  }
  begun.add(name)
}

function refuseInside(scope: object, name: string): void {
  for (let at: unknown = scope; at !== undefined; at = (at as { readonly parent: unknown }).parent) {
    if (!stepScopes.has(at as object)) continue
    throw new InvalidArgumentError(
      `The step '${name}' was begun inside another one, '${(at as { readonly name: string }).name}'. A later attempt does not ` +
        `look into a finished step, so what is done in one is a part of it: call the function itself there, or begin '${name}' ` +
        'before or after it.',
    )
  }
}

function outsideError(name: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `s.step('${name}', …) has options, and they need a task that an executor or a queue runs: loop.run(order, 7) in place of ` +
      'order(7). Outside of one, use retry(…) and try.',
  )
}
