import { Wait } from '../../core/scope/waits.ts'
import { steady } from '../../core/time/platform.ts'
import { type Attempt, oneLoop, place } from './attempt.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { debugging } from '../../core/report/debug.ts'
import { type Contested, DeadlockWatch } from './deadlock.ts'
import { PassedOver } from './passed-over.ts'
import { attend, leave } from './ticker.ts'
import { tuning } from './tuning.ts'

/** The thing that is waited for, as its line sees it. */
interface Bells {
  readonly words: Int32Array
  readonly at: number
  ring(): void
}

type WaitAsync = (
  words: Int32Array,
  at: number,
  value: number,
) => { readonly async: true; readonly value: PromiseLike<string> } | { readonly async: false; readonly value: string }

/** Milliseconds after which one who waits for a lock looks for others who wait for it. */
const untilSuspicion = 50

/** The number of those who look at the same time. */
const mostLooks = 32

/** A lock that is waited for, and who does. */
interface Claim {
  readonly lock: Contested
  readonly scope: Scope | undefined
}

/** One that waits on the event loop. */
class Entry<T> extends Wait<T> {
  readonly attempt: Attempt<T>
  readonly since: number = steady()
  readonly #line: Line
  readonly #title: string
  readonly #claim: Claim | undefined
  readonly #at: Error | undefined
  #watch: DeadlockWatch | undefined
  #passedOver: PassedOver | undefined

  constructor(line: Line, attempt: Attempt<T>, title: string, claim: Claim | undefined) {
    super()
    this.#claim = claim
    if (debugging && claim !== undefined) this.#at = new Error(title)
    if (tuning.watches && claim !== undefined) this.#passedOver = new PassedOver(claim.lock, claim.scope, this.#at)
    this.#line = line
    this.attempt = attempt
    this.#title = title
  }

  override describe(): string {
    return this.#title
  }

  /** Called now and then while it waits. */
  look(): void {
    const claim = this.#claim
    if (claim?.scope === undefined || steady() - this.since < untilSuspicion) return
    this.#watch ??= new DeadlockWatch(claim.lock, claim.scope, false, this.#at)
    try {
      this.#watch.look()
    } catch (error) {
      this.fail(error)
    }
  }

  /** It was its turn to look, and what it wants was not free. */
  inVain(): void {
    this.#passedOver?.look(this.#line.bell)
  }

  protected override free(): void {
    this.#watch?.end()
    this.#line.left(this as Entry<unknown>)
  }
}

/**
 * All that wait on the event loop of this thread for one event count: to the others they are one sleeper. What is free is taken for them
 * in the order in which they came, at the moment in which they are told, so one that has been cancelled before has taken nothing.
 */
export class Line {
  readonly #count: Bells
  readonly #inOrder: boolean
  readonly #entries = new Set<Entry<unknown>>()
  #isHungry = false
  #isListening = false
  /** The first of those who look next. */
  #from = 0

  constructor(count: Bells, inOrder: boolean) {
    this.#count = count
    this.#inOrder = inOrder
  }

  get bell(): number {
    return Atomics.load(this.#count.words, this.#count.at + place.asyncBell)
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  enter<T>(attempt: Attempt<T>, title: string, claim?: Claim): Wait<T> {
    const entry = new Entry(this, attempt, title, claim)
    this.#entries.add(entry as unknown as Entry<unknown>)
    if (this.#entries.size === 1) {
      Atomics.add(this.#count.words, this.#count.at + place.sleepers, oneLoop)
      attend(this)
    }
    this.listen()
    return entry
  }

  /** Looks for what nobody rings for. */
  look(): void {
    this.listen()
    // A few at a time, so that a line of thousands does not keep the event loop busy.
    let n = 0
    for (const entry of this.#entries) {
      if (n >= this.#from && n < this.#from + mostLooks) entry.look()
      n++
    }
    this.#from = this.#from + mostLooks < n ? this.#from + mostLooks : 0
  }

  /** Serves those who can go on, and has itself called when the bell is rung again. */
  listen(): void {
    const { words, at } = this.#count
    const waitAsync = (Atomics as { waitAsync?: WaitAsync }).waitAsync
    for (;;) {
      const bell = Atomics.load(words, at + place.asyncBell)
      this.#serve()
      if (this.isEmpty || this.#isListening || waitAsync === undefined) return
      const heard = waitAsync(words, at + place.asyncBell, bell)
      if (!heard.async) continue
      this.#isListening = true
      void heard.value.then(this.#rung)
      return
    }
  }

  readonly #rung = (): void => {
    this.#isListening = false
    if (!this.isEmpty) this.listen()
  }

  #serve(): void {
    for (const entry of this.#entries) {
      if (this.#try(entry)) continue
      if (!this.#isHungry && steady() - entry.since > tuning.patience) {
        this.#isHungry = true
        Atomics.store(this.#count.words, this.#count.at + place.hungry, 1)
        // Since the attempt it may have become free, and nobody else takes it now.
        if (this.#try(entry)) continue
      }
      if (this.#inOrder) return
    }
  }

  /** False: it has to go on waiting. */
  #try(entry: Entry<unknown>): boolean {
    try {
      const outcome = entry.attempt(this.#isHungry)
      if (outcome === undefined) {
        entry.inVain()
        return false
      }
      entry.settle(outcome)
    } catch (error) {
      entry.fail(error)
    }
    return true
  }

  /** An entry is over: served or broken off. */
  left(entry: Entry<unknown>): void {
    this.#entries.delete(entry)
    const { words, at } = this.#count
    if (this.isEmpty) {
      leave(this)
      Atomics.sub(words, at + place.sleepers, oneLoop)
      // What the engine still keeps for this line ends, too.
      if (this.#isListening) Atomics.notify(words, at + place.asyncBell)
    }
    if (!this.#isHungry) return
    this.#isHungry = false
    Atomics.store(words, at + place.hungry, 0)
    this.#count.ring()
  }
}
