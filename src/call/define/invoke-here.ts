import { currentSource, enter, runIn, type ScopeSource, slot } from '../../core/scope/slot.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { endTaskScope, openTaskScope, type TaskOutcome } from '../../core/scope/task-scope.ts'
import { isGenerator, isPromise } from './generator.ts'
import type { AnyFunction } from './identity.ts'

/**
 * Wraps a function so that its body has a current scope when it is called plainly: that of the caller where there is one,
 * else one of its own that nobody cancels and that ends with the call. `this`, the arguments and the result are untouched.
 */
export function invokeHere<F extends AnyFunction>(fn: F): F {
  const body = fn as unknown as AnyBody
  function invoke(this: unknown, ...args: unknown[]): unknown {
    if (slot.source === undefined && slot.ambient === undefined) return callHere(body, this, args)
    const source = currentSource()
    return source === undefined ? callHere(body, this, args) : bound(body.apply(this, args), source)
  }
  return invoke as unknown as F
}

type AnyBody = (this: unknown, ...args: unknown[]) => unknown

/** A plain call where no task is running. Its scope is made only when the function asks for it. */
class HereCall implements ScopeSource {
  readonly #body: AnyBody
  scope: Scope | undefined = undefined

  constructor(body: AnyBody) {
    this.#body = body
  }

  toScope(): Scope {
    return (this.scope ??= openTaskScope({ name: this.#body.name || 'task' }))
  }
}

// No closures in here: a call that never asks for its scope pays for one small object only.
function callHere(body: AnyBody, self: unknown, args: unknown[]): unknown {
  const call = new HereCall(body)
  let result: unknown
  try {
    if (slot.ambient === undefined) {
      slot.source = call
      result = body.apply(self, args)
    } else result = applyIn(call, body, self, args)
  } catch (error) {
    slot.source = undefined
    return endSync(call, { ok: false, error })
  }
  slot.source = undefined
  if (typeof result === 'object' && result !== null) {
    if (isGenerator(result)) return generatorHere(call, result)
    if (isPromise(result)) return promiseHere(call, result)
  }
  return call.scope === undefined ? result : endSync(call, { ok: true, value: result })
}

function applyIn(call: HereCall, body: AnyBody, self: unknown, args: unknown[]): unknown {
  return runIn(call, () => body.apply(self, args))
}

function generatorHere(call: HereCall, generator: Generator | AsyncGenerator): unknown {
  const end = Symbol.asyncIterator in generator ? endHere : endSync
  return bindGenerator(generator, call, outcome => end(call, outcome))
}

function promiseHere(call: HereCall, promise: Promise<unknown>): unknown {
  // With skein/ambient the scope may still be made after an await.
  if (call.scope === undefined && slot.ambient === undefined) return promise
  return promise.then(
    value => endHere(call, { ok: true, value }),
    (error: unknown) => endHere(call, { ok: false, error }),
  )
}

/** The value once everything that the call started is over: at once, where it started nothing. */
function endHere(call: HereCall, outcome: TaskOutcome): unknown {
  const ended = call.scope === undefined ? outcome : endTaskScope(call.scope, outcome)
  return ended instanceof Promise ? ended.then(valueOf) : valueOf(ended)
}

/** A synchronous function cannot wait for what it spawned; a failure of that surfaces as an unhandled rejection. */
function endSync(call: HereCall, outcome: TaskOutcome): unknown {
  const ended = call.scope === undefined ? outcome : endTaskScope(call.scope, outcome)
  if (!(ended instanceof Promise)) return valueOf(ended)
  if (outcome.ok) void ended.then(valueOf)
  return valueOf(outcome)
}

function valueOf(outcome: TaskOutcome): unknown {
  if (outcome.ok) return outcome.value
  throw outcome.error
}

function bound(result: unknown, source: ScopeSource): unknown {
  return isGenerator(result) ? bindGenerator(result, source) : result
}

type Step = 'next' | 'return' | 'throw'
const steps: readonly Step[] = ['next', 'return', 'throw']

/**
 * Makes `current()` work inside a generator's body, which runs later and one step at a time: each step runs with the source
 * set.
 *
 * @param end called when the generator is over; what it returns or throws takes the place of the last result's value
 */
function bindGenerator<G extends Generator | AsyncGenerator>(
  generator: G,
  source: ScopeSource,
  end?: (outcome: TaskOutcome) => unknown,
): G {
  let over = false
  const finish = (outcome: TaskOutcome): unknown => {
    if (over || end === undefined) return valueOf(outcome)
    over = true
    return end(outcome)
  }
  const failed = (error: unknown): unknown => finish({ ok: false, error })
  const stepped = (result: IteratorResult<unknown>): unknown => {
    if (!result.done) return result
    const value = finish({ ok: true, value: result.value })
    return value instanceof Promise && isAsync
      ? value.then(last => ({ done: true, value: last }))
      : { done: true, value }
  }
  const isAsync = Symbol.asyncIterator in generator
  const step = (original: Generator['next'], argument: unknown): unknown => {
    let result: unknown
    try {
      result =
        slot.ambient === undefined
          ? inSource(source, original, generator, argument)
          : runIn(source, () => original.call(generator as Generator, argument))
    } catch (error) {
      return failed(error)
    }
    return isAsync
      ? (result as Promise<IteratorResult<unknown>>).then(stepped, failed)
      : stepped(result as IteratorResult<unknown>)
  }
  for (const name of steps) {
    const original = generator[name] as Generator['next']
    const value = (argument: unknown): unknown => step(original, argument)
    Object.defineProperty(generator, name, { configurable: true, writable: true, value })
  }
  return generator
}

function inSource(source: ScopeSource, original: Generator['next'], generator: unknown, argument: unknown): unknown {
  const before = enter(source)
  try {
    return original.call(generator as Generator, argument)
  } finally {
    enter(before)
  }
}
