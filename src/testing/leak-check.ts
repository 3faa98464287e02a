import { AssertionError } from 'node:assert'
import { clockSlot } from '../core/time/clock.ts'
import { rootScopes } from '../core/tree/roots.ts'
import type { ScopeNode } from '../core/tree/member.ts'
import { quiet } from './settled.ts'

/** So long, in turns of the event loop, what is being closed may take to be gone. */
const patience = 200

/**
 * Runs a function and fails when it leaves something behind: a scope that has not ended, a timer, a handle of the platform
 * (socket, server, thread, process), a listener on `process`.
 *
 * Compares what there is before and after; what was there before is not a leak. After the function it waits a little for
 * what is being closed. Run one at a time: what others open meanwhile would count too.
 *
 * **Cancellation**: that of the function. **Errors**: what the function throws; an AssertionError that lists what is left.
 *
 * @param fn what to run
 * @returns what the function returns
 * @example
 * import { scope } from 'skein'
 * import { leakCheck } from 'skein/testing'
 *
 * await leakCheck(() => scope(s => s.sleep('5ms')))
 */
export async function leakCheck<T>(fn: () => T | Promise<T>): Promise<T> {
  const before = present()
  const value = await fn()
  let left = leftOver(before, present())
  for (let turn = 0; left.length > 0 && turn < patience; turn++) {
    await quiet(1)
    left = leftOver(before, present())
  }
  if (left.length === 0) return value
  throw new AssertionError({ message: `It has left something behind:\n${left.map(line => `  - ${line}`).join('\n')}` })
}

interface Present {
  readonly scopes: ReadonlySet<ScopeNode>
  readonly counts: ReadonlyMap<string, number>
}

function present(): Present {
  const counts = new Map<string, number>()
  const add = (what: string, count = 1): void => void counts.set(what, (counts.get(what) ?? 0) + count)
  add('timer of skein', clockSlot.clock.waiting)
  // skein's own timers share one of the platform; requests end by themselves.
  for (const resource of process.getActiveResourcesInfo()) {
    if (resource !== 'Timeout' && resource !== 'Immediate') add(`handle of the kind ${resource}`)
  }
  for (const event of process.eventNames())
    add(`listener of process for '${String(event)}'`, process.listenerCount(event))
  return { scopes: new Set(rootScopes()), counts }
}

function leftOver(before: Present, after: Present): string[] {
  const left: string[] = []
  for (const scope of after.scopes) {
    if (!before.scopes.has(scope)) left.push(`${scope.title}, which has not ended`)
  }
  for (const [what, count] of after.counts) {
    const more = count - (before.counts.get(what) ?? 0)
    // The first scope of a program listens for the end of the program, once.
    if (what.includes("'beforeExit'") && more === 1) continue
    if (more > 0) left.push(more === 1 ? what : `${more} times: ${what}`)
  }
  return left
}
