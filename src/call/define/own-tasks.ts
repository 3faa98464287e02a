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

/** Returns another value when the call that is its first argument has not ended well. */
export const orElseTask: OwnTask = /* @__PURE__ */ own(
  'skein.orElse',
  (outcome: PromiseSettledResult<unknown>, other: unknown) => (outcome.status === 'fulfilled' ? outcome.value : other),
)

/** Returns how the call that is its argument has ended. */
export const settleTask: OwnTask = /* @__PURE__ */ own(
  'skein.settle',
  (outcome: PromiseSettledResult<unknown>) => outcome,
)

/** skein's own tasks. */
export function ownTasks(): readonly OwnTask[] {
  return [groupTask, flatTask, orElseTask, settleTask]
}

/** The function of one of skein's own tasks; undefined for any other. */
export function lookupOwn(identity: TaskIdentity): AnyFunction | undefined {
  return isOwn(identity) ? ownTasks().find(({ identity: { name } }) => name === identity.name)?.fn : undefined
}

/** True for one of skein's own tasks, which take no time: who has their arguments may call them at once, wherever it is. */
export function isOwn(identity: TaskIdentity): boolean {
  return identity.url === url
}

/**
 * True for a task whose first argument, a Call or a Job, may fail: the task gets the outcome of that one, as
 * `Promise.allSettled` has it, in the place of its value, and runs in any case.
 */
export function takesOutcome(identity: TaskIdentity): boolean {
  return isOwn(identity) && (identity.name === orElseTask.identity.name || identity.name === settleTask.identity.name)
}

function own(name: string, fn: AnyFunction): OwnTask {
  return { identity: Object.freeze({ url, name }), fn }
}
