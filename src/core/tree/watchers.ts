import type { ScopeNode } from './member.ts'

/** @internal The observer of tasks that begin and end; see `instrument`. */
export interface TaskWatcher {
  spawned(task: ScopeNode): void
  exited(task: ScopeNode): void
}

/** @internal Set by `debug/instrument.ts` while somebody wants to know; what spawns tasks looks at it. */
export const watchers: { tasks: TaskWatcher | undefined } = { tasks: undefined }
