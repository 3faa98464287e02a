import { background } from '../core/background.ts'
import { currentSource, enter, runIn, type ScopeSource, slot } from '../core/current.ts'
import type { AnyFunction } from './task.ts'

const here: ScopeSource = { toScope: background }

/**
 * Wraps a function so that calling it plainly gives its body a current scope: that of the caller where there is one,
 * else one that nobody cancels. `this`, the arguments and the result are untouched.
 */
export function invokeHere<F extends AnyFunction>(fn: F): F {
  const call = fn as unknown as (this: unknown, ...args: unknown[]) => unknown
  function invoke(this: unknown, ...args: unknown[]): unknown {
    if (slot.source !== undefined) return kept(call.apply(this, args))
    if (slot.ambient !== undefined) {
      if (currentSource() !== undefined) return kept(call.apply(this, args))
      return kept(runIn(here, () => call.apply(this, args)))
    }
    slot.source = here
    let result: unknown
    try {
      result = call.apply(this, args)
    } finally {
      slot.source = undefined
    }
    return kept(result)
  }
  return invoke as unknown as F
}

/** A generator runs its body later, one step at a time: each step gets the scope that the call had. */
function kept(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || typeof (result as { next?: unknown }).next !== 'function')
    return result
  const tag = Object.prototype.toString.call(result)
  if (tag !== '[object Generator]' && tag !== '[object AsyncGenerator]') return result
  return bindGenerator(result as Generator | AsyncGenerator, currentSource() ?? here)
}

const steps = ['next', 'return', 'throw'] as const

/** Makes `current()` work inside a generator's body: each of its steps runs with the source set. */
export function bindGenerator<G extends Generator | AsyncGenerator>(generator: G, source: ScopeSource): G {
  for (const step of steps) {
    const original = generator[step] as (this: G, argument: unknown) => unknown
    Object.defineProperty(generator, step, {
      configurable: true,
      writable: true,
      value: function (this: G, ...args: [unknown]): unknown {
        // A generator tells next() from next(undefined) nowhere, so one argument is enough.
        if (slot.ambient !== undefined) return runIn(source, () => original.call(generator, args[0]))
        const before = enter(source)
        try {
          return original.call(generator, args[0])
        } finally {
          enter(before)
        }
      },
    })
  }
  return generator
}
