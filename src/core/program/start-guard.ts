import { NestedStartError } from '../errors/errors.ts'
import { shared } from '../shared.ts'

/**
 * The task modules that this worker is importing right now. Shared, because the module under import may bring its own copy
 * of skein, whose `threads()` must know.
 */
const state: { worker: string | undefined; readonly modules: Set<string> } = /* @__PURE__ */ shared(
  'importing',
  () => ({
    worker: undefined,
    modules: new Set(),
  }),
)

/** Marks this thread as a skein worker: from here on `main()` does nothing and imports are watched. */
export function markWorker(name: string): void {
  state.worker = name
  ;(globalThis as Record<symbol, unknown>)[Symbol.for('skein.worker')] = name
}

/** True in a worker of skein: a thread or a process of a pool, or the thread of a store. */
export function isWorker(): boolean {
  return (globalThis as Record<symbol, unknown>)[Symbol.for('skein.worker')] !== undefined
}

/** Runs an import and remembers meanwhile that it is under way. */
export async function importing<T>(url: string, load: () => Promise<T>): Promise<T> {
  state.modules.add(url)
  try {
    return await load()
  } finally {
    state.modules.delete(url)
  }
}

/**
 * Refuses to start a worker while this worker is still importing a task module.
 *
 * That module's top level is running the program once more, inside a worker, and would start workers that do the same:
 * Python's `if __name__ == '__main__'` lesson. Errors: `SKEIN_NESTED_START`.
 */
export function refuseNestedStart(executor: string): void {
  if (state.worker === undefined || state.modules.size === 0) return
  throw new NestedStartError(
    `${executor} was asked to start a worker while ${state.worker} was importing ${[...state.modules].join(', ')}. ` +
      `A worker imports the module that defines its task, so start-up code in that module runs again in every worker. ` +
      `Put it into main(import.meta, async () => { … }), which runs only in the program's entry, or move the tasks into a module of their own.`,
  )
}
