import type { Program, Step, System } from '../../models/explore.ts'
import { tableSlot, wordsOfPlace } from '#skein/core/system/thread-table.js'
import { Arrived } from '#skein/shared/memory/handle.js'
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
  /** Of one that sleeps without blocking: the number of this sleep. */
  readonly sleep?: number
}

type Method = (...args: never[]) => unknown

const real: Record<string, Method> = {}
for (const name of [
  'load',
  'store',
  'add',
  'sub',
  'or',
  'exchange',
  'compareExchange',
  'wait',
  'waitAsync',
  'notify',
]) {
  real[name] = (Atomics as unknown as Record<string, Method>)[name] as Method
}

let running: Thread | undefined

type View = Int32Array | Float64Array | Uint8Array | Uint16Array

/** The typed array behind one whose plain reads and writes are steps. */
const behind = new WeakMap<object, View>()

/** A typed array whose elements are read and written in steps; a method, as `set` or `slice`, is one step. */
function stepped<V extends View>(view: V): V {
  const proxy = new Proxy(view, {
    get: (target, key) => {
      const index = typeof key === 'string' ? Number(key) : Number.NaN
      if (Number.isInteger(index)) {
        // What a handle is does not change.
        if (running === undefined || running.isQuiet || index < 2) return target[index]
        return running.step([{ run: () => target[index] }])
      }
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      if (key === 'slice') {
        // In two steps: what changes in between is torn.
        return (from: number, to: number) => {
          const middle = from + Math.ceil((to - from) / 2)
          const parts = [
            [from, middle],
            [middle, to],
          ].map(([a, b]) => running?.step([{ run: () => [...target.subarray(a, b)] }]) as number[])
          return new (target.constructor as Uint8ArrayConstructor)(parts.flat())
        }
      }
      if (key === 'set') {
        return (values: Uint8Array, at = 0) => {
          const middle = Math.ceil(values.length / 2)
          running?.step([{ run: () => target.set(values.subarray(0, middle), at) }])
          running?.step([{ run: () => target.set(values.subarray(middle), at + middle) }])
        }
      }
      return (...args: never[]) => running?.step([{ run: () => (value as Method).apply(target, args) }])
    },
    set: (target, key, value: number) => {
      running?.step([{ run: () => void (target[Number(key)] = value) }])
      return true
    },
  })
  behind.set(proxy, view)
  return proxy
}

const views = ['Float64Array', 'Uint8Array', 'Uint16Array'] as const

/** The same memory, as the handle of the simulated thread that is running. */
export function arrived<T>(Class: new (given: never) => T, words: Int32Array, more?: unknown): T {
  const globals = globalThis as unknown as Record<string, new (memory: never) => View>
  const before = views.map(name => globals[name])
  for (const name of views) {
    const Real = globals[name] as new (memory: never) => View
    globals[name] = new Proxy(Real, {
      construct: (_, args) => {
        const made = Reflect.construct(Real, args) as View
        return args[0] === words.buffer ? stepped(made) : made
      },
    })
  }
  const thread = running as Thread
  thread.isQuiet = true
  try {
    return new Class(new Arrived(stepped(words), undefined, more) as never)
  } finally {
    thread.isQuiet = false
    for (const [n, name] of views.entries()) globals[name] = before[n] as never
  }
}

/** One simulated thread. */
export class Thread {
  readonly number: number
  readonly tag: number
  readonly #world: World
  #known: unknown[] = []
  #next = 0
  #stop: NotYet | undefined
  /** True while what happens to memory is no step. */
  isQuiet = false
  /** The things to be called once a sleep without blocking is over, by its number. */
  #callbacks: (() => void)[] = []

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
    this.#callbacks = []
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

  dozeAsync(words: Int32Array, at: number, value: number): unknown {
    const { sleepers } = this.#world
    const sleep = this.#callbacks.length
    const isAsleep = this.step([
      {
        run: () => {
          if (words[at] !== value) return false
          sleepers.push({ thread: this.number, words, at, sleep })
          return true
        },
      },
    ])
    if (isAsleep !== true) return { async: false, value: 'not-equal' }
    this.#callbacks.push(() => {})
    // oxlint-disable-next-line unicorn/no-thenable -- it takes the place of a promise
    return { async: true, value: { then: (call: () => void) => (this.#callbacks[sleep] = call) } }
  }

  /**
   * The event loop of the thread: has those called that have been woken, until the end.
   *
   * @param cancel what may happen at any moment instead, once
   */
  loop(isOver: () => boolean, cancel?: () => void): void {
    const { heard } = this.#world
    const mine = (): number => heard.findIndex(each => each.thread === this.number)
    let mayCancel = cancel !== undefined
    while (!isOver()) {
      const hear = { isReady: () => mine() >= 0, run: () => heard.splice(mine(), 1)[0]?.sleep }
      const told = this.step(mayCancel ? [hear, { run: () => 'cancel' }] : [hear])
      if (told === 'cancel') {
        mayCancel = false
        cancel?.()
      } else this.#callbacks[told as number]?.()
    }
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
  return ((...given: never[]) => {
    const thread = running as Thread
    const args = [behind.get(given[0] as unknown as object) ?? given[0], ...given.slice(1)] as never[]
    if (thread.isQuiet) return method(...args)
    if (name === 'waitAsync') return thread.dozeAsync(...(args as unknown as Parameters<Thread['dozeAsync']>))
    if (name === 'wait') return thread.doze(...(args as unknown as Parameters<Thread['doze']>))
    if (name === 'notify') return thread.notify(...(args as unknown as Parameters<Thread['notify']>))
    return thread.step([{ run: () => method(...args) }])
  }) as Method
}

/** All that simulated threads have in common. */
export class World {
  readonly sleepers: Sleeper[] = []
  /** The sleeps without blocking that are over, and of which their event loop has not heard yet. */
  readonly heard: Sleeper[] = []
  readonly dead = new Set<number>()
  /** The threads that have looked up from their sleep after a death. */
  readonly looked = new Set<number>()
  isDeathKnown = false
  readonly tuning: Partial<typeof tuning>
  readonly #table: Int32Array
  readonly #tags: readonly number[]

  constructor(threads: number, settings: Partial<typeof tuning>) {
    this.tuning = {
      spin: 0,
      blocksMain: true,
      patience: Infinity,
      slice: Infinity,
      courtesy: Infinity,
      looks: 4,
      watches: false,
      ...settings,
    }
    // Without the records of long waits, which no model comes to: a table is made for each run.
    this.#table = tableSlot.words = new Int32Array(new SharedArrayBuffer(257 * wordsOfPlace * 4))
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
        const [one] = this.sleepers.splice(i, 1) as [Sleeper]
        if (one.sleep !== undefined) this.heard.push(one)
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
    const { sleepers, dead, heard } = this
    const told = (each: Sleeper): string =>
      `${each.thread}@${each.at}${each.sleep === undefined ? '' : `#${each.sleep}`}`
    const table = this.#tags.map((_, n) => this.#table[(n + 1) * wordsOfPlace])
    // The second word is the number of the handle, another one in each run.
    return `${words.subarray(2).join()}|${sleepers.map(told).join()}|${heard.map(told).join()}|${[...dead].join()},${[...this.looked].toSorted((a, b) => a - b).join()}|${table.join()}`
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
