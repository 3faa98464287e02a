import { NoCurrentScopeError } from '../errors/errors.ts'
import type { Scope } from './scope.ts'

/** Whatever can give the running code its scope. A worker's source builds the scope only when it is asked for. */
export interface ScopeSource {
  toScope(): Scope
}

/** What `skein/ambient` installs: a current scope that survives `await`. */
export interface Ambient {
  get(): ScopeSource | undefined
  run<A, R>(source: ScopeSource | undefined, fn: (argument: A) => R, argument: A): R
}

/** @internal One object for each thread, shared by every copy of skein in it. */
export interface CurrentSlot {
  /** Set while the synchronous part of a task or scope body runs, never across an `await`. */
  source: ScopeSource | undefined
  ambient: Ambient | undefined
}

const slotKey = Symbol.for('skein.current')
const globals = globalThis as unknown as Record<symbol, CurrentSlot | undefined>

/** @internal */
export const slot: CurrentSlot = (globals[slotKey] ??= { source: undefined, ambient: undefined })

/**
 * The scope of the task that is running: its signal, checkpoint, progress, sleep and spawn.
 *
 * Call it at the top of a task, before the first `await`, and keep it in a variable: like a hook, it only knows who is
 * running while the task's synchronous part runs. With `import 'skein/ambient'` it works everywhere. A task called as a
 * plain function gets a scope that nobody cancels.
 *
 * @example
 * import { current, loop, task } from 'skein'
 *
 * const count = task(import.meta, function count(limit: number) {
 *   const s = current()
 *   let sum = 0
 *   for (let i = 0; i < limit; i++) {
 *     if (i % 4096 === 0) s.checkpoint()
 *     sum += i
 *   }
 *   return sum
 * })
 * console.log(await loop.run(count, 10_000)) // 49995000
 *
 * **Errors**: `SKEIN_NO_CURRENT_SCOPE` where no task is running, or after an `await`.
 */
export function current(): Scope {
  const source = currentSource()
  if (source !== undefined) return source.toScope()
  throw new NoCurrentScopeError(
    'current() was called where no task is running, or after an await. Call it at the top of the task, before the ' +
      "first await, and keep it in a variable (const s = current()); or import 'skein/ambient' once at the start of " +
      'the program, and it works after awaits too.',
  )
}

/** What `current()` would ask, or undefined where it would throw. */
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
