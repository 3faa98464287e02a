import { shared } from '../shared.ts'
import type { ScopeNode } from '../tree/member.ts'

/** A source of the scope of the running code. A worker's source builds the scope only when it is asked for. */
export interface ScopeSource {
  toScope(): ScopeNode
}

/** The part that `skein/ambient` installs: a current scope that survives `await`. */
interface Ambient {
  get(): ScopeSource | undefined
  run<A, R>(source: ScopeSource | undefined, fn: (argument: A) => R, argument: A): R
}

/** @internal One object for each thread, shared by every copy of skein in it. */
export interface CurrentSlot {
  /** Set while the synchronous part of a task or scope body runs, never across an `await`. */
  source: ScopeSource | undefined
  ambient: Ambient | undefined
}

/** @internal */
export const slot: CurrentSlot = /* @__PURE__ */ shared('current', () => ({ source: undefined, ambient: undefined }))

/** The source that `current()` would ask, or undefined where it would throw. */
export function currentSource(): ScopeSource | undefined {
  return slot.source ?? slot.ambient?.get()
}

/**
 * Makes a source the current one and returns the one before, to be given back with a second call in `finally`.
 *
 * For the hottest paths only: it reaches the synchronous part alone, also where `skein/ambient` is loaded. Everything
 * else uses `runIn`.
 */
export function enter(source: ScopeSource | undefined): ScopeSource | undefined {
  const before = slot.source
  slot.source = source
  return before
}

/** Runs a function with `current()` set during its synchronous part; with `skein/ambient`, also after its awaits. */
export function runIn<R>(source: ScopeSource | undefined, fn: () => R): R {
  return callIn(source, fn, undefined)
}

/** `runIn` for a function of one argument: saves the caller a closure. */
export function callIn<A, R>(source: ScopeSource | undefined, fn: (argument: A) => R, argument: A): R {
  const before = slot.source
  slot.source = source
  try {
    return slot.ambient === undefined ? fn(argument) : slot.ambient.run(source, fn, argument)
  } finally {
    slot.source = before
  }
}
