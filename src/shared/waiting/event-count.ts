import { MisuseError } from '../../core/errors/errors.ts'
import { nodeThreads } from '../../core/node.ts'
import { type Owner, waitUnder } from '../../core/scope/owner.ts'
import { steady } from '../../core/time/platform.ts'
import { type Attempt, place } from './attempt.ts'
import { type Contested, DeadlockWatch } from './deadlock.ts'
import { Line } from './line.ts'
import { tuning } from './tuning.ts'
import { checkMayWait } from './may-wait.ts'

/**
 * The one way in which everything in shared memory waits: a bell that is rung whenever something has changed, and looked at before each
 * attempt.
 *
 *     waiter   sleepers + 1 → read the bell → attempt → sleep unless the bell has been rung since → again
 *     ringer   change the state → are there sleepers? → ring the bell, wake
 *
 * No wake-up is lost: all these steps are in one order that every thread sees (Atomics are sequentially consistent). If the ringer sees
 * no sleeper, its change came before the waiter had counted itself, so the attempt sees the change. If it sees one, the bell is rung
 * after the change: a waiter that has read the bell before does not fall asleep, and one that reads it after that makes its attempt
 * after the change as well.
 *
 * Who has been woken makes an attempt before it asks whether it has been cancelled, so no wake-up is swallowed; and who leaves without what it
 * waited for rings for another one. One who has been passed over for long says so (`hungry`): then newcomers leave what is free to those who wait.
 *
 * Blocked threads and event loops have a bell each. Of the threads as many are woken as can go on, of the event loops all: what a loop
 * has stopped waiting for stays in the engine's list and would swallow a wake-up that was meant for somebody else.
 */
export class EventCount {
  readonly words: Int32Array
  readonly at: number
  #line: Line | undefined = undefined

  /** @param at the place of the first of its words */
  constructor(words: Int32Array, at: number) {
    this.words = words
    this.at = at
  }

  /** True while somebody waits who has been passed over for long. */
  get isHungry(): boolean {
    return Atomics.load(this.words, this.at + place.hungry) !== 0
  }

  /** True where nobody of this event loop waits. A newcomer of the same loop does not overtake. */
  get isIdle(): boolean {
    return this.#line === undefined || this.#line.isEmpty
  }

  /** The number of threads that wait, each event loop counted as one. */
  get waiting(): number {
    return Atomics.load(this.words, this.at + place.sleepers) + Atomics.load(this.words, this.at + place.asyncSleepers)
  }

  /** Tells those who wait that something has changed, after it has. @param count how many can go on at most */
  ring(count: number = Number.POSITIVE_INFINITY): void {
    const { words, at } = this
    if (Atomics.load(words, at + place.sleepers) !== 0) {
      Atomics.add(words, at + place.bell, 1)
      // The one that is woken might leave what is free to somebody hungry who sleeps on.
      Atomics.notify(words, at + place.bell, Atomics.load(words, at + place.hungry) === 0 ? count : undefined)
    }
    if (Atomics.load(words, at + place.asyncSleepers) !== 0) {
      Atomics.add(words, at + place.asyncBell, 1)
      Atomics.notify(words, at + place.asyncBell)
    }
  }

  /**
   * Blocks this thread until an attempt succeeds. The caller has tried once in vain, or need not.
   *
   * @param contested a lock that one thread holds: then a circle of threads that block for each other is found
   */
  waitSync<T>(attempt: Attempt<T>, by: Owner | undefined, title: string, contested?: Contested): T {
    const { words, at } = this
    const since = steady()
    let isHungry = false
    let isServed = false
    let watch: DeadlockWatch | undefined
    Atomics.add(words, at + place.sleepers, 1)
    try {
      for (;;) {
        const bell = Atomics.load(words, at + place.bell)
        const outcome = attempt(isHungry)
        if (outcome !== undefined) {
          isServed = true
          return outcome
        }
        checkMayWait(by, title)
        if (!isHungry && steady() - since > tuning.patience) {
          isHungry = true
          Atomics.store(words, at + place.hungry, 1)
        } else if (this.#slept(bell) && contested !== undefined) {
          watch ??= new DeadlockWatch(contested)
          watch.look()
        }
      }
    } finally {
      watch?.end()
      Atomics.sub(words, at + place.sleepers, 1)
      if (isHungry) {
        Atomics.store(words, at + place.hungry, 0)
        this.ring() // those whom the hunger of this one has kept back
      } else if (!isServed) this.ring(1)
    }
  }

  /** True where nobody has rung for a whole slice. */
  #slept(bell: number): boolean {
    const { words, at } = this
    for (let looks = tuning.spin; looks > 0; looks--) if (Atomics.load(words, at + place.bell) !== bell) return false
    return Atomics.wait(words, at + place.bell, bell, tuning.slice) === 'timed-out'
  }

  /**
   * Waits until an attempt succeeds, while the event loop goes on.
   *
   * @param inOrder where the first who waits cannot go on, none behind it can
   */
  wait<T>(attempt: Attempt<T>, by: Owner | undefined, title: string, inOrder = true): Promise<T> {
    const line = (this.#line ??= new Line(this, inOrder))
    return waitUnder(line.enter(attempt, title), by, title)
  }
}

/** Refuses to block the main thread, whose event loop everything else in the program needs. */
export function checkBlocking(title: string, instead: string): void {
  if (!nodeThreads().isMainThread || tuning.blocksMain) return
  throw new MisuseError(
    `Waiting for ${title} would block the main thread, and with it the timers and sockets of the program, and the pools that have to ` +
      `tell when a thread has died. Write ${instead} there.`,
  )
}
