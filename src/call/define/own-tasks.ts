import type { AnyFunction, TaskIdentity } from './identity.ts'

/** A task that skein itself defines: every thread, process and worker of a queue knows it, and imports nothing for it. */
export interface OwnTask {
  readonly identity: TaskIdentity
  readonly fn: AnyFunction
}

/** The URL of skein's own tasks. No module is behind it. */
const url = 'skein:tasks'

/** Returns its argument: once all that is in there has a value, it is the array of the results. */
export const groupTask: OwnTask = /* @__PURE__ */ own('skein.group', (results: readonly unknown[]) => results)

/** The results of several bundles as one array. */
export const flatTask: OwnTask = /* @__PURE__ */ own('skein.flat', (parts: readonly unknown[][]) => parts.flat())

/** skein's own tasks. */
export function ownTasks(): readonly OwnTask[] {
  return [groupTask, flatTask]
}

/** The function of one of skein's own tasks; undefined for any other. */
export function lookupOwn(identity: TaskIdentity): AnyFunction | undefined {
  return isOwn(identity) ? ownTasks().find(({ identity: { name } }) => name === identity.name)?.fn : undefined
}

/** True for one of skein's own tasks, which take no time: who has their arguments may call them at once, wherever it is. */
function isOwn(identity: TaskIdentity): boolean {
  return identity.url === url
}

function own(name: string, fn: AnyFunction): OwnTask {
  return { identity: Object.freeze({ url, name }), fn }
}
