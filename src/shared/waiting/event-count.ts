import { MisuseError } from '../../core/errors/errors.ts'
import { nodeThreads } from '../../core/node.ts'
import { type Owner, scopeOf, waitUnder } from '../../core/scope/owner.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { steady } from '../../core/time/platform.ts'
import { readNext } from '../memory/in-order.ts'
import { type Attempt, oneLoop, place } from './attempt.ts'
import { type Contested, DeadlockWatch } from './deadlock.ts'
import { Line } from './line.ts'
import { PassedOver } from './passed-over.ts'
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
 * To be woken takes a thread as long as a hundred turns at a lock. Who lets go while one is on its way does not wake another one, but leaves a word that there is more by now; who has come
 * takes that word before it looks, and if it got something, and there was such a word, it wakes the next.
 *
 * Blocked threads and event loops have a bell each. Of the threads as many are woken as can go on, of the event loops all: what a loop
 * has stopped waiting for stays in the engine's list and would swallow a wake-up that was meant for somebody else.
 */
export class EventCount {
  readonly words: Int32Array
  readonly at: number
  #line: Line | undefined = undefined
  /** The number of looks after which this thread goes to sleep. */
  #looks: number = tuning.spin

  /** @param at the place of the first of its words */
  constructor(words: Int32Array, at: number) {
    this.words = words
    this.at = at
  }

  /** True while somebody waits who has been passed over for long. */
  get isHungry(): boolean {
    // A plain look: this is about whose turn it is, and nothing is lost where it is seen a moment late.
    return this.words[this.at + place.hungry] !== 0
  }

  /** True where nobody of this event loop waits. A newcomer of the same loop does not overtake. */
  get isIdle(): boolean {
    return this.#line === undefined || this.#line.isEmpty
  }

  /** True where somebody waits, as it was seen after the last step of `Atomics`. */
  get isWaitedFor(): boolean {
    return readNext(this.words, this.at + place.sleepers) !== 0
  }

  /** The number of threads that wait, each event loop counted as one. */
  get waiting(): number {
    const seen = Atomics.load(this.words, this.at + place.sleepers)
    return (seen % oneLoop) + Math.floor(seen / oneLoop)
  }

  /** Tells those who wait that something has changed, after a step of `Atomics` has changed it. @param count how many can go on at most */
  ring(count: number = Number.POSITIVE_INFINITY): void {
    const waiting = readNext(this.words, this.at + place.sleepers)
    if (waiting !== 0) this.#wake(waiting, count)
  }

  #wake(waiting: number, count: number): void {
    const { words, at } = this
    if (waiting % oneLoop !== 0) {
      // The one that is woken might leave what is free to somebody hungry who sleeps on.
      const isForAll = count !== 1 || Atomics.load(words, at + place.hungry) !== 0
      if (isForAll || !this.#isOneComing()) {
        Atomics.add(words, at + place.bell, 1)
        Atomics.notify(words, at + place.bell, isForAll ? undefined : 1)
      }
    }
    if (waiting >= oneLoop) {
      Atomics.add(words, at + place.asyncBell, 1)
      Atomics.notify(words, at + place.asyncBell)
    }
  }

  /** True where one has been woken and has not looked yet. It will be told that there is more by now than there was then. */
  #isOneComing(): boolean {
    const { words, at } = this
    const seen = readNext(words, at + place.woken)
    if (seen === moreSince) return true
    if (seen === coming) return Atomics.compareExchange(words, at + place.woken, coming, moreSince) !== nobody
    return Atomics.compareExchange(words, at + place.woken, nobody, coming) !== nobody && this.#isOneComing()
  }

  /**
   * Blocks this thread until an attempt succeeds. The caller has tried once in vain, or need not.
   *
   * @param contested a lock: then a circle of those who wait for each other is found
   * @param scope who waits for the lock
   */
  waitSync<T>(
    attempt: Attempt<T>,
    by: Owner | undefined,
    title: string,
    contested?: Contested,
    scope: Scope | undefined = scopeOf(by),
  ): T {
    const early = this.#spin(attempt, contested)
    if (early !== undefined) return early
    const { words, at } = this
    const since = steady()
    let isHungry = false
    let isServed = false
    let mayBeMore = false
    let watch: DeadlockWatch | undefined
    const passedOver =
      tuning.watches && contested !== undefined ? new PassedOver(contested, scope, undefined) : undefined
    Atomics.add(words, at + place.sleepers, 1)
    try {
      for (;;) {
        const bell = Atomics.load(words, at + place.bell)
        // From here on it is worth waking one again: what is free by now, this attempt sees. After the bell was read, so that nobody sleeps on a word that is there already.
        if (Atomics.load(words, at + place.woken) !== nobody) {
          mayBeMore ||= Atomics.exchange(words, at + place.woken, nobody) === moreSince
        }
        const outcome = attempt(isHungry)
        if (outcome !== undefined) {
          isServed = true
          return outcome
        }
        mayBeMore = false // there was nothing more
        checkMayWait(by, title)
        if (!isHungry && steady() - since > tuning.patience) {
          isHungry = true
          Atomics.store(words, at + place.hungry, 1)
        } else if (
          Atomics.wait(words, at + place.bell, bell, tuning.slice) === 'timed-out' &&
          contested !== undefined
        ) {
          watch ??= new DeadlockWatch(contested, scope, true, new Error(title))
          watch.look()
        }
        passedOver?.look(bell)
      }
    } finally {
      watch?.end()
      Atomics.sub(words, at + place.sleepers, 1)
      // To look for longer would have paid, or not.
      this.#looks =
        steady() - since < soon ? Math.min(2 * this.#looks, tuning.spin) : Math.max(leastLooks, this.#looks >> 1)
      if (isHungry) {
        Atomics.store(words, at + place.hungry, 0)
        this.ring() // those whom the hunger of this one has kept back
      } else if (!isServed || mayBeMore) this.ring(1)
    }
  }

  /**
   * Looks for a while before it goes to sleep, since to be woken takes longer than most locks are held: for twice as long after it has paid or would have, for half as long
   * after a long wait. It is not counted as a sleeper meanwhile, so nobody rings for it; and it looks ever less often, which leaves the memory to those who work on it.
   */
  #spin<T>(attempt: Attempt<T>, contested: Contested | undefined): T | undefined {
    const most = Math.min(this.#looks, tuning.spin)
    for (let looked = 0, pause = shortestPause; looked < most; looked += pause) {
      for (let n = 0; n < pause; n++) Atomics.load(nothing, 0)
      if (pause < longestPause) pause *= 2
      if (contested !== undefined && !contested.isFree()) continue
      const outcome = attempt(false)
      if (outcome === undefined) continue
      this.#looks = Math.min(2 * this.#looks, tuning.spin)
      return outcome
    }
    return undefined
  }

  /**
   * Waits until an attempt succeeds, while the event loop goes on.
   *
   * @param inOrder where the first who waits cannot go on, none behind it can
   * @param contested a lock: then a circle of those who wait for each other is found
   * @param scope who waits for the lock
   */
  wait<T>(
    attempt: Attempt<T>,
    by: Owner | undefined,
    title: string,
    inOrder = true,
    contested?: Contested,
    scope: Scope | undefined = scopeOf(by),
  ): Promise<T> {
    const line = (this.#line ??= new Line(this, inOrder))
    const claim = contested && { lock: contested, scope }
    return waitUnder(line.enter(attempt, title, claim), by, title)
  }
}

/** The states of the word `woken`: whether one of those who block is on its way, and whether something was let go since. */
const nobody = 0
const coming = 1
const moreSince = 2

/** Memory of this thread alone: to look at it takes some nanoseconds, and the others do not notice. */
const nothing = /* @__PURE__ */ new Int32Array(1)
const shortestPause = 8
const longestPause = 512
const leastLooks = 64
/** Milliseconds within which a wait might as well have been looked through. */
const soon = 0.05
let isMain: boolean | undefined

/** Refuses to block the main thread, whose event loop everything else in the program needs. */
export function checkBlocking(title: string, instead: string): void {
  isMain ??= nodeThreads().isMainThread
  if (!isMain || tuning.blocksMain) return
  throw new MisuseError(
    `Waiting for ${title} would block the main thread, and with it the timers and sockets of the program, and the pools that have to ` +
      `tell when a thread has died. Write ${instead} there.`,
  )
}
