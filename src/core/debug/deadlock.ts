import { setImmediate } from '../time/platform.ts'
import { nodeThreads } from '../node.ts'
import { clockSlot } from '../time/clock.ts'
import { debugging } from '../report/debug.ts'
import { dump, dumpOnSignal } from './dump.ts'
import { DeadlockError } from '../errors/errors.ts'
import type { ScopeNode } from '../tree/member.ts'
import { addAwaitedRoot, awaitedRoots } from '../tree/roots.ts'

/**
 * The exit code of a program that ended although work in it was not done, because nothing in it could run any more: 70.
 *
 * For what supervises the program, and for tests: a program that ends so has printed the tree of its tasks to stderr. A
 * program whose `main` has failed ends with 1; one that was stopped by SIGINT or SIGTERM with 130 or 143.
 *
 * @example
 * import { deadlockExitCode } from 'skein'
 *
 * console.log(deadlockExitCode) // 70
 */
export const deadlockExitCode = 70

let suspected = false

/**
 * A program in which nothing can run any more, and work is pending: no timer is set, no request is under way, and somebody
 * awaits a scope that has not ended. The platform then ends the program; this says why, and makes the exit code tell.
 *
 * Work that nobody awaits is not a deadlock: a task in `background()` or in a block of `openScope` may wait for ever by
 * design.
 */
function check(): void {
  const isWorker = (globalThis as Record<symbol, unknown>)[Symbol.for('skein.worker')] !== undefined
  if (isWorker || awaitedRoots().length === 0) return
  if (!suspected) {
    // Others may hear of the end of the program after this, and begin something new: one more turn shows.
    suspected = true
    setImmediate(() => {})
    return
  }
  process.exitCode = deadlockExitCode
  const { standing } = clockSlot.clock
  const error = new DeadlockError(
    `The program ends, because nothing in it can run any more, but this has not ended:\n${dump()}` +
      `Each waits for something that can no longer happen.${standing === undefined ? '' : ` ${standing}`}`,
  )
  process.stderr.write(`${error.name} [${error.code}]: ${error.message}\n`)
}

let watching = false

/** @internal A scope at the top begins that somebody awaits. From the first one on, the end of the program is looked after. */
export function awaitRoot(scope: ScopeNode): void {
  addAwaitedRoot(scope)
  if (watching) return
  watching = true
  // The threads of a pool end when the pool ends them; only the program itself can be at its end.
  if (!nodeThreads().isMainThread) return
  process.on('beforeExit', check)
  if (debugging) dumpOnSignal()
}
