import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import type { Call, LocalExecutor } from 'skein'

/**
 * What an executor can do beyond what all of them can. A case that needs one of these is left out where it is missing,
 * and a case marked `lacks` pins down what happens there instead.
 */
export type Capability =
  /** Values are copied on their way in and out, and what cannot be copied is refused. */
  | 'border'
  /** `map` bundles several items into one call. */
  | 'bundles'
  /** There are several workers, which start, import the task's module, end, crash and are replaced. */
  | 'workers'
  /** A cancellation or timeout reaches a task that runs a synchronous loop. */
  | 'sync reach'
  /** Work that does not stop by itself is stopped by force after the grace period. */
  | 'force'

export const capabilities: readonly Capability[] = ['border', 'bundles', 'workers', 'sync reach', 'force']

/** What the cases say of an executor when they open one; an executor without workers takes what applies to it. */
export interface OpenOptions {
  readonly workers?: number
  readonly concurrency?: number
  readonly maxQueue?: number
  readonly overload?: 'reject' | 'wait'
  readonly grace?: number
  readonly minWorkers?: number
  readonly startTimeout?: number
  readonly idleTimeout?: number
  readonly maxTasksPerWorker?: number
  readonly maxWorkerAge?: number
  readonly maxWorkerMemory?: number
  readonly memoryLimit?: number
  readonly initializer?: Call<unknown>
  readonly finalizer?: Call<unknown>
  readonly finalizerTimeout?: number
  readonly env?: Record<string, string>
  readonly execArgv?: readonly string[]
  readonly output?: 'inherit' | 'tagged'
}

/** One of the executors that the suite runs on. */
export interface Place {
  readonly name: 'loop' | 'threads' | 'processes'
  readonly can: ReadonlySet<Capability>
  open(options?: OpenOptions): LocalExecutor
}

/** What a case works with. */
interface Setting {
  readonly place: Place
  /** An executor with two places, used by the cases of a theme one after the other. */
  readonly shared: LocalExecutor
  /** An executor for this case alone; closed after it. */
  open(options?: OpenOptions): LocalExecutor
  /** A path in a folder that only this case uses. Nothing is there yet. */
  file(name: string): string
}

export interface Case {
  readonly title: string
  readonly run: (setting: Setting) => Promise<void> | void
  readonly needs: readonly Capability[]
  readonly lacks: Capability | undefined
}

export interface Theme {
  readonly title: string
  readonly cases: readonly Case[]
}

type Add = (
  title: string,
  run: Case['run'],
  limits?: { readonly needs?: readonly Capability[]; readonly lacks?: Capability },
) => void

/** Collects the cases of one theme. */
export function theme(title: string, define: (add: Add) => void): Theme {
  const cases: Case[] = []
  define((title, run, limits = {}) => {
    if (cases.some(each => each.title === title)) throw new Error(`Two cases are called '${title}'`)
    cases.push({ title, run, needs: limits.needs ?? [], lacks: limits.lacks })
  })
  return { title, cases }
}

/** True if the case applies to the place. */
export function applies(each: Case, place: Place): boolean {
  return each.needs.every(need => place.can.has(need)) && (each.lacks === undefined || !place.can.has(each.lacks))
}

/** Runs every case of every theme that applies to the place. */
export function conformance(place: Place, themes: readonly Theme[]): void {
  for (const { title, cases } of themes) {
    describe(`${place.name}: ${title}`, () => {
      const used: LocalExecutor[] = []
      let shared: LocalExecutor | undefined
      after(async () => {
        await within(5_000, Promise.all(used.map(executor => executor.close({ cancel: true }))))
      })
      for (const each of cases.filter(each => applies(each, place))) {
        test(each.title, async () => {
          const opened: LocalExecutor[] = []
          let folder: string | undefined
          const setting: Setting = {
            place,
            get shared() {
              if (!shared) used.push((shared = place.open({ workers: 2 })))
              return shared
            },
            open(options) {
              const executor = place.open(options)
              opened.push(executor)
              return executor
            },
            file(name) {
              folder ??= mkdtempSync(join(tmpdir(), 'skein-'))
              return join(folder, name)
            },
          }
          try {
            await within(20_000, each.run(setting))
          } catch (error) {
            // The next case must not pay for what this one left in the shared executor.
            shared = undefined
            for (const executor of opened) void executor.close({ cancel: true }).catch(() => undefined)
            opened.length = 0
            throw error
          } finally {
            await within(5_000, Promise.all(opened.map(executor => executor.close({ cancel: true }))))
            if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
          }
        })
      }
    })
  }
}

/** What hangs fails, instead of keeping the cases after it from running. */
async function within<T>(limit: number, work: Promise<T> | T): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${limit / 1_000} s`)), limit)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
