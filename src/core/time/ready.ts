import { setImmediate, steady } from './platform.ts'
import type { ScopeNode } from '../tree/member.ts'

/** Something that can go on: a task that has not begun, or one whose wait is over. */
export interface Runnable {
  /** The scope in which it goes on; undefined for code outside every scope. */
  readonly resumes: ScopeNode | undefined
  /** True where `resume` runs the task itself; false where what it does runs in the next microtask. */
  readonly starts: boolean
  /** The line that it waited in: those of one line keep their order also where orders are shuffled. */
  readonly line?: object | undefined
  resume(): void
}

/** The observer of every step; see `instrument`. */
interface StepObserver {
  scheduled(scope: ScopeNode | undefined): void
  before(scope: ScopeNode | undefined): void
  after(scope: ScopeNode | undefined): void
}

/** After so many wake-ups it looks at the clock. */
const creditEach = 256

/** For so long, in milliseconds, tasks may wake each other before input, output and timers get their turn. */
const slice = 10

/**
 * The tasks that can go on, first in, first out.
 *
 * A task that was spawned always goes through here, and so starts in the next microtask. A wait that is over wakes its task
 * at once, without a place in the queue, as long as nothing is in the queue that came before: the platform's own queue of
 * microtasks keeps the order then, and costs nothing more. The queue is used for all where order is to be shuffled or steps
 * are to be seen, and when tasks have kept each other busy for longer than a slice: then the rest waits for the next turn
 * of the event loop, so that input and output are never starved.
 *
 * What was woken has its value already: a cancellation that comes before it goes on does not take it back.
 */
class ReadyQueue {
  /** True while a wake-up need not queue. */
  direct = true
  credit: number = creditEach
  #items: Runnable[] = []
  /** The items that are run now, and how far. */
  #batch: Runnable[] = []
  #at = 0
  #scheduled = false
  #turnBegan = 0
  #observer: StepObserver | undefined = undefined
  #shuffle: ((items: Runnable[]) => void) | undefined = undefined

  /** True while something can go on that has not yet. */
  get busy(): boolean {
    return this.#scheduled
  }

  add(item: Runnable): void {
    this.#items.push(item)
    this.direct = false
    this.#observer?.scheduled(item.resumes)
    if (this.#scheduled) return
    this.#scheduled = true
    void soon.then(this.#run)
  }

  /** The credit is used up: looks at the clock. True when a wake-up may still go on at once. */
  renew(): boolean {
    if (!this.direct) return false
    this.credit = creditEach
    if (steady() - this.#turnBegan < slice) return true
    this.direct = false
    this.#inNextTurn()
    return false
  }

  /** A new turn of the event loop has begun. */
  newTurn(): void {
    this.#turnBegan = steady()
    this.credit = creditEach
  }

  /** Has every step observed; undefined ends it. */
  observe(observer: StepObserver | undefined): void {
    this.#observer = observer
    this.direct = this.#mayBeDirect
  }

  /** Has each batch put into another order before it runs; undefined ends it. Returns what did so before. */
  shuffleWith(shuffle: ((items: Runnable[]) => void) | undefined): ((items: Runnable[]) => void) | undefined {
    const before = this.#shuffle
    this.#shuffle = shuffle
    this.direct = this.#mayBeDirect
    return before
  }

  get #mayBeDirect(): boolean {
    return this.#observer === undefined && this.#shuffle === undefined && !this.#scheduled
  }

  #inNextTurn(): void {
    this.#scheduled = true
    setImmediate(this.#runInTurn)
  }

  readonly #runInTurn = (): void => {
    this.newTurn()
    this.#run()
  }

  readonly #run = (): void => {
    for (;;) {
      if (this.#at === this.#batch.length) {
        this.#batch = this.#items
        this.#items = []
        this.#at = 0
        if (this.#batch.length === 0) {
          this.#scheduled = false
          this.direct = this.#mayBeDirect
          return
        }
        this.#shuffle?.(this.#batch)
      }
      // The credit outlives this run: tasks that keep waking each other, one at a time, make a run for each.
      if (--this.credit <= 0) {
        // What these have woken runs before the next ones, and input and output now and then.
        if (steady() - this.#turnBegan < slice) {
          this.credit = creditEach
          void soon.then(this.#run)
        } else this.#inNextTurn()
        return
      }
      const item = this.#batch[this.#at] as Runnable
      this.#batch[this.#at++] = done
      if (this.#observer !== undefined) return this.#runObserved(item, this.#observer)
      item.resume()
    }
  }

  /**
   * Runs one item with its observer. What a wait wakes runs as a microtask of its own: it is put between one that says that
   * it begins and one that says that it has ended, with nothing else in between.
   */
  #runObserved(item: Runnable, observer: StepObserver): void {
    const scope = item.resumes
    if (item.starts) {
      observer.before(scope)
      item.resume()
      observer.after(scope)
      void soon.then(this.#run)
      return
    }
    void soon.then(() => observer.before(scope))
    item.resume()
    void soon.then(() => {
      observer.after(scope)
      this.#run()
    })
  }
}

const soon: Promise<void> = /* @__PURE__ */ Promise.resolve()

/** Takes the place of what has run, so that the batch does not keep it. */
const done: Runnable = { resumes: undefined, starts: true, resume() {} }

/** The one queue of this program. */
export const ready: ReadyQueue = /* @__PURE__ */ new ReadyQueue()
