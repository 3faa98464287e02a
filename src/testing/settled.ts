import { setImmediate } from '../core/time/platform.ts'
import { checkInteger, checkKnown } from '../core/errors/checks.ts'
import { clockSlot } from '../core/time/clock.ts'
import { waitsForNextTurn } from '../core/time/next-turn.ts'
import { ready } from '../core/time/ready.ts'

/** So many turns of the event loop in a row nothing may happen. */
const defaultTurns = 3

/** Requests to the system that end by themselves, as `process.getActiveResourcesInfo` calls them. */
const requests = /Req|REQUEST|(?:Connect|Write|Shutdown|Send)Wrap/

const known: ReadonlySet<string> = new Set(['turns'])

let waiting = 0

/** @internal True while a test waits in `settled`: the virtual clock does not jump ahead of it. */
export function settling(): boolean {
  return waiting > 0
}

/**
 * Waits until nothing can go on by itself: every task is blocked, waiting for time to pass, for another task, or for
 * something outside the program.
 *
 * Use it in a test instead of a short sleep: after it, what you have set off has gone as far as it goes. It looks at skein's
 * own queue, at the queue of microtasks, at a few turns of the event loop, and at requests to the file system and the
 * network. It cannot see what another thread, another process or a peer on a socket is about to do: wait for their answer
 * itself where you need it.
 *
 * **Cancellation**: none; it ends by itself. While a task goes on for ever without waiting for time, so does `settled`.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT`.
 *
 * @param options `turns`: how many turns of the event loop in a row nothing may happen, from 1 up. Default: 3
 * @example
 * import { scope } from 'skein'
 * import { settled } from 'skein/testing'
 *
 * await scope(async s => {
 *   const steps: string[] = []
 *   s.spawn(async s => { steps.push('begun'); await s.sleep('1h') })
 *   await settled()
 *   console.log(steps.join()) // begun
 *   s.cancel()
 * }).catch(() => {})
 */
export async function settled(options: { readonly turns?: number } = {}): Promise<void> {
  checkKnown(options, known, 'settled option')
  const { turns = defaultTurns } = options
  checkInteger(turns, 'turns', 1)
  waiting++
  try {
    await quiet(turns)
  } finally {
    waiting--
  }
}

/** Waits until nothing has happened for so many turns of the event loop. */
export async function quiet(turns: number): Promise<void> {
  for (let still = 0; still < turns; still++) {
    await new Promise<void>(resolve => setImmediate(resolve))
    const goesOn = ready.busy || waitsForNextTurn() || clockSlot.clock.ringing
    if (goesOn || process.getActiveResourcesInfo().some(each => requests.test(each))) still = -1
  }
}
