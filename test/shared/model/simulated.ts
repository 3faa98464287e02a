import type { Program, Step, System } from '../../models/explore.ts'
import { tableSlot, threadTable, wordsOfPlace } from '#skein/core/system/thread-table.js'
import { tuning } from '#skein/shared/waiting/tuning.js'

/**
 * Runs the real code of the locks as if on several threads, with each access to shared memory as a step of its own, so that `explore` can take the
 * steps in every order.
 *
 * The code is run again from its beginning for each step: the accesses whose outcome is known return that, and the first one beyond ends the run by throwing.
 * Code that depends on nothing but what it has read does the same each time.
 */
class NotYet {
  readonly steps: readonly Step[]
  constructor(steps: readonly Step[]) {
    this.steps = steps
  }
}

/** What one simulated thread does, in code that blocks. */
export type Body = (thread: Thread) => void

interface Sleeper {
  readonly thread: number
  readonly words: Int32Array
  readonly at: number
}

type Method = (...args: never[]) => unknown

const real: Record<string, Method> = {}
for (const name of ['load', 'store', 'add', 'sub', 'or', 'exchange', 'compareExchange', 'wait', 'notify']) {
  real[name] = (Atomics as unknown as Record<string, Method>)[name] as Method
}

let running: Thread | undefined

/** One simulated thread. */
export class Thread {
  readonly number: number
  readonly tag: number
  readonly #world: World
  #known: unknown[] = []
  #next = 0
  #stop: NotYet | undefined

  constructor(world: World, number: number, tag: number) {
    this.#world = world
    this.number = number
    this.tag = tag
  }

  /** Something that the thread does with what the model itself keeps, as one step. */
  mark<T>(act: () => T): T {
    return this.step([{ run: act }]) as T
  }

  /** An owner of a wait that may be cancelled at each moment in which it is asked. */
  get cancellable(): AbortSignal {
    const refusal = (): unknown =>
      this.step([{ run: () => 0 }, { run: () => 1 }]) === 1 ? new CancelledHere() : undefined
    const signal = new AbortController().signal
    return Object.defineProperty(signal, 'refusal', { value: refusal })
  }

  step(steps: readonly Step[]): unknown {
    if (this.#stop !== undefined) throw this.#stop // a finally on the way out
    if (this.#next < this.#known.length) return this.#known[this.#next++]
    const alive = steps.map(step => ({
      run: step.run,
      isReady: () => !this.#world.dead.has(this.number) && (step.isReady?.() ?? true),
    }))
    throw (this.#stop = new NotYet(alive))
  }

  /** @internal Its program, for the explorer. */
  *program(body: Body): Program {
    this.#known = []
    for (;;) {
      const next = this.#run(body)
      if (next === undefined) return
      this.#known.push(yield next)
    }
  }

  #run(body: Body): readonly Step[] | undefined {
    this.#next = 0
    this.#stop = undefined
    running = this
    tableSlot.tag = this.tag
    const before = { ...tuning }
    Object.assign(tuning, this.#world.tuning)
    for (const name of Object.keys(real)) (Atomics as unknown as Record<string, unknown>)[name] = simulated(name)
    try {
      body(this)
    } catch (error) {
      if (this.#stop === undefined) throw error
    } finally {
      Object.assign(Atomics, real)
      Object.assign(tuning, before)
      tableSlot.tag = 0
      running = undefined
    }
    return (this.#stop as NotYet | undefined)?.steps
  }

  doze(words: Int32Array, at: number, value: number): string {
    const { sleepers, looked } = this.#world
    const me: Sleeper = { thread: this.number, words, at }
    const isAsleep = this.step([
      {
        run: () => {
          if (words[at] !== value) return false
          sleepers.push(me)
          return true
        },
      },
    ])
    if (isAsleep !== true) return 'not-equal'
    // A thread that sleeps looks up now and then. Here it does so once, after a death, where it is needed: so a wake-up that is lost shows.
    const isDown = (): boolean => sleepers.some(each => each.thread === this.number)
    this.step([
      {
        isReady: () => !isDown() || (this.#world.isDeathKnown && !looked.has(this.number)),
        run: () => {
          if (!isDown()) return
          looked.add(this.number)
          this.#world.wake(each => each.thread === this.number, 1)
        },
      },
    ])
    return 'ok'
  }

  notify(words: Int32Array, at: number, count: number | undefined): number {
    return this.step([
      { run: () => this.#world.wake(each => each.at === at && each.words.buffer === words.buffer, count ?? Infinity) },
    ]) as number
  }
}

export class CancelledHere extends Error {
  override readonly name = 'CancelledHere'
}

function simulated(name: string): Method {
  const method = real[name] as Method
  return ((...args: never[]) => {
    const thread = running as Thread
    if (name === 'wait') return thread.doze(...(args as unknown as Parameters<Thread['doze']>))
    if (name === 'notify') return thread.notify(...(args as unknown as Parameters<Thread['notify']>))
    return thread.step([{ run: () => method(...args) }])
  }) as Method
}

/** All that simulated threads have in common. */
export class World {
  readonly sleepers: Sleeper[] = []
  readonly dead = new Set<number>()
  /** The threads that have looked up from their sleep after a death. */
  readonly looked = new Set<number>()
  isDeathKnown = false
  readonly tuning: Partial<typeof tuning>
  readonly #table: Int32Array
  readonly #tags: readonly number[]

  constructor(threads: number, settings: Partial<typeof tuning>) {
    this.tuning = { spin: 0, blocksMain: true, patience: Infinity, ...settings }
    tableSlot.words = undefined
    this.#table = threadTable()
    this.#tags = Array.from({ length: threads }, (_, n) => 256 * (n + 1) + n)
    for (const [n, tag] of this.#tags.entries()) this.#table[(n + 1) * wordsOfPlace] = tag
  }

  thread(number: number): Thread {
    return new Thread(this, number, this.#tags[number] as number)
  }

  wake(which: (sleeper: Sleeper) => boolean, count: number): number {
    let woken = 0
    for (let i = 0; i < this.sleepers.length && woken < count;) {
      if (which(this.sleepers[i] as Sleeper)) {
        this.sleepers.splice(i, 1)
        woken++
      } else i++
    }
    return woken
  }

  /** At any moment, or never, this thread dies; some time later the others can see that. */
  *death(of: number): Program {
    const isOver = yield [{ run: () => false }, { run: () => true }]
    if (isOver === true) return
    yield [{ run: () => void this.dead.add(of) }]
    yield [
      {
        run: () => {
          this.#table[(of + 1) * wordsOfPlace] = 0
          this.isDeathKnown = true
          this.wake(each => each.thread === of, 1)
        },
      },
    ]
  }

  text(words: Int32Array): string {
    const { sleepers, dead } = this
    const table = this.#tags.map((_, n) => this.#table[(n + 1) * wordsOfPlace])
    // The second word is the number of the handle, another one in each run.
    return `${words.subarray(2).join()}|${sleepers.map(each => `${each.thread}@${each.at}`).join()}|${[...dead].join()},${[...this.looked].toSorted((a, b) => a - b).join()}|${table.join()}`
  }
}

/** A system of these threads. */
export function system(
  world: World,
  words: Int32Array,
  bodies: readonly Body[],
  more: { readonly programs?: readonly Program[]; readonly shared?: () => string; readonly end: () => void },
): System {
  return {
    programs: [...bodies.map((body, n) => world.thread(n).program(body)), ...(more.programs ?? [])],
    shared: () => `${world.text(words)}|${more.shared?.() ?? ''}`,
    end: more.end,
  }
}
