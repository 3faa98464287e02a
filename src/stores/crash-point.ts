/**
 * Places in the code of stores and workers at which a test can let the program die, to see that nothing is lost.
 *
 * A point that nobody has armed costs one comparison. Points are armed in code (`armCrash`, and `crash` of
 * `skein/testing`) or, for a process of its own, by its environment: `SKEIN_CRASH_AT=after-effect:3` kills it with SIGKILL
 * when it comes to that point for the third time; several are separated by commas. A third part says how: `kill`, `stop`
 * (SIGSTOP: it stops until somebody sends SIGCONT), `exit` (process.exit), `term` (SIGTERM, twice) or `memory` (it
 * runs out of it).
 *
 * @module
 */
import { setTimeout } from '../core/time/platform.ts'
import { checkInteger } from '../core/errors/checks.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'

/**
 * A point at which a worker or a store can be made to die.
 *
 * - `after-claim`: calls were claimed, none has started
 * - `mid-run`: a task runs and has not ended
 * - `after-effect`: the task has ended, so its effects in the outside world are there; nothing is written yet
 * - `before-ack`: the result is about to be handed to the store
 * - `during-ack`: the store is writing the result and the acknowledgement, and what follows from them, and has not committed
 * - `after-ack`: the store has committed them, and nobody has heard of it
 * - `during-renew`: a lease is being renewed
 * - `before-term`: a term of a schedule has come, and is about to be handed to the store
 * - `during-term`: the store is writing the term and its call, and has not committed
 * - `after-term`: the store has committed them, and nobody has heard of it
 */
export type CrashLabel =
  | 'after-claim'
  | 'mid-run'
  | 'after-effect'
  | 'before-ack'
  | 'during-ack'
  | 'after-ack'
  | 'during-renew'
  | 'before-term'
  | 'during-term'
  | 'after-term'

/** The labels of all crash points, in the order in which a call passes them. */
export const crashLabels: readonly CrashLabel[] = [
  'after-claim',
  'mid-run',
  'after-effect',
  'before-ack',
  'during-ack',
  'after-ack',
  'during-renew',
  'before-term',
  'during-term',
  'after-term',
]

interface Armed {
  readonly label: CrashLabel
  /** The number of times that the point is still passed unharmed. */
  left: number
  readonly crash: (label: CrashLabel) => void
}

/** The points that are armed in this thread; undefined when there are none, so that a point costs one comparison. */
let armed: Armed[] | undefined

/** Marks a place at which a test can let the program die. Does nothing unless it was armed. */
export function crashPoint(label: CrashLabel): void {
  if (armed !== undefined) reach(label)
}

/**
 * Arms a crash point of this thread, once.
 *
 * @param label the point
 * @param time the passage at which it is to happen, from 1 up
 * @param crash called there: by default it kills the process with SIGKILL. A function may throw instead.
 * @returns a function that disarms it
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for an unknown label, or a time that is not an integer from 1 up.
 */
export function armCrash(label: CrashLabel, time: number = 1, crash: (label: CrashLabel) => void = kill): () => void {
  if (!crashLabels.includes(label)) {
    throw new InvalidArgumentError(`Unknown crash point '${label}'. Known are: ${crashLabels.join(', ')}`)
  }
  checkInteger(time, 'The time of a crash', 1)
  const point: Armed = { label, left: time - 1, crash }
  armed = [...(armed ?? []), point]
  return () => disarm(point)
}

function reach(label: CrashLabel): void {
  for (const point of armed ?? []) {
    if (point.label !== label) continue
    if (point.left > 0) {
      point.left--
      continue
    }
    disarm(point)
    point.crash(label)
  }
}

function disarm(point: Armed): void {
  const rest = (armed ?? []).filter(each => each !== point)
  armed = rest.length === 0 ? undefined : rest
}

function kill(): void {
  process.kill(process.pid, 'SIGKILL')
  // The signal may take a moment to arrive, and nothing must happen any more at this point.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

/** The ways in which a process can come to grief, by the word in the environment. */
const ways: Readonly<Record<string, () => void>> = {
  kill,
  stop: () => {
    process.kill(process.pid, 'SIGSTOP')
    // All threads stand still soon, this one included; until then it must not go on.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
  },
  exit: () => process.exit(9),
  term: () => {
    process.kill(process.pid, 'SIGTERM')
    setTimeout(() => process.kill(process.pid, 'SIGTERM'), 20)
  },
  memory: () => {
    // Few large pieces: many small ones would keep the collector busy for long before the end.
    const hoard: number[][] = []
    for (;;) hoard.push(new Array<number>(1_000_000).fill(0.5))
  },
}

function fromEnvironment(text: string | undefined): Armed[] | undefined {
  if (text === undefined || text === '') return undefined
  return text.split(',').map(each => {
    const [label = '', time = '1', how = 'kill'] = each.trim().split(':')
    const crash = Object.hasOwn(ways, how) ? ways[how] : undefined
    if (!crashLabels.includes(label as CrashLabel) || !/^[1-9]\d*$/.test(time) || !crash) {
      throw new InvalidArgumentError(
        `SKEIN_CRASH_AT must be a crash point, which passage it is to happen at, and how, as in after-effect:3 or ` +
          `after-effect:3:stop, got '${each}'. Points are: ${crashLabels.join(', ')}; ways are: ${Object.keys(ways).join(', ')}.`,
      )
    }
    return { label: label as CrashLabel, left: Number(time) - 1, crash }
  })
}

armed = fromEnvironment(process.env['SKEIN_CRASH_AT'])
