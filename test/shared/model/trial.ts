import { type Explored, explore, ModelError, type System } from '../../models/explore.ts'
import type { tuning } from '#skein/shared/waiting/tuning.js'
import { type Body, CancelledHere, system, type Thread, World } from './simulated.ts'

/** Threads that do something with the same memory. */
export interface Scene {
  readonly words: Int32Array
  readonly bodies: readonly Body[]
  /** What is shared beside the words. */
  readonly shared?: () => string
  /** Throws where it must not end so. */
  readonly end?: () => void
}

export interface TrialOptions {
  /** The number of threads. */
  readonly threads: number
  /** The thread that dies at every moment. */
  readonly dies?: number
  readonly tuning?: Partial<typeof tuning>
  /** How often a thread that could go on has to wait for another one at most. */
  readonly preemptions?: number
  /** Threads that need not come to an end. */
  readonly mayWait?: readonly number[]
}

/** Runs a scene in every order of its steps. Fails where a thread waits for ever. */
export function everyOrder(options: TrialOptions, scene: (world: World) => Scene): Explored {
  return explore((): System => {
    const world = new World(options.threads, options.tuning ?? {})
    const { words, bodies, shared, end } = scene(world)
    const finished = new Set<number>()
    const wrapped = bodies.map((body, n): Body => thread => {
      body(thread)
      thread.mark(() => void finished.add(n))
    })
    return system(world, words, wrapped, {
      programs: options.dies === undefined ? [] : [world.death(options.dies)],
      shared: () => `${shared?.() ?? ''}|${[...finished].join()}`,
      end: () => {
        for (const n of bodies.keys()) {
          if (finished.has(n) || world.dead.has(n) || (options.mayWait?.includes(n) ?? false)) continue
          throw new ModelError(`thread ${n} waits for ever`)
        }
        end?.()
      },
    })
  }, options.preemptions)
}

/** Does something that may be cancelled at any moment; false where it was. */
export function unlessCancelled(thread: Thread, act: (signal: AbortSignal) => void): boolean {
  try {
    act(thread.cancellable)
    return true
  } catch (error) {
    if (error instanceof CancelledHere) return false
    throw error
  }
}

/** A method of a class replaced for as long as something runs: the twin of a model, with a fault that it has to find. */
export function withFault<C extends object, K extends keyof C>(of: C, name: K, fault: C[K], run: () => void): void {
  const before = of[name]
  of[name] = fault
  try {
    run()
  } finally {
    of[name] = before
  }
}
