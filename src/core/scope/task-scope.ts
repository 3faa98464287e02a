import type { Host } from './host.ts'
import { addTaskRoot } from '../tree/roots.ts'
import { Scope } from './scope.ts'
import type { ScopeInit } from './options.ts'

/**
 * The knowledge of a worker about the task that it runs: its `name`, the number of the `attempt`, the `deadline` if there
 * is one; `probe` is polled at every cancel point and returns the cause once the task has been cancelled; `onProgress`
 * takes what the task reports; `services` are the other things that the place does for it.
 */
export type TaskScopeOptions = Pick<ScopeInit, 'name' | 'attempt' | 'probe' | 'onProgress' | 'deadline' | 'services'>

/** The end of a task function. */
export type TaskOutcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown }

/** The scope of one running task. Made only for a task that asks for it; `endTaskScope` ends it. */
export function openTaskScope(options: TaskScopeOptions): Scope {
  const { name, attempt, probe, onProgress, deadline, services } = options
  const init = { kind: 'task', name, attempt, probe, onProgress, deadline, services } satisfies Record<
    'kind' | keyof TaskScopeOptions,
    unknown
  >
  const scope = new Scope(init as ScopeInit<Scope>)
  addTaskRoot(scope)
  return scope
}

/**
 * Ends the scope of a task whose function has returned or thrown: waits for what it spawned (cancelled first where the
 * function threw), then runs its exit handlers.
 *
 * Returns the outcome of the task as a whole: at once, and the one that went in, where there is nothing to wait for.
 */
export function endTaskScope(scope: Scope, outcome: TaskOutcome): TaskOutcome | Promise<TaskOutcome> {
  let ended: TaskOutcome | undefined
  let tell = (outcome: TaskOutcome): void => {
    ended = outcome
  }
  const host: Host = {
    // A cancelled task keeps its own error: the place that cancelled it knows better what it took.
    done: () => tell(outcome),
    failed: error => tell(!outcome.ok && outcome.error === error ? outcome : { ok: false, error }),
    cancelled: error => tell(outcome.ok ? { ok: false, error } : outcome),
  }
  if (outcome.ok) scope.bodyReturned(outcome.value, host)
  else scope.bodyThrew(outcome.error, host)
  return ended ?? new Promise(resolve => (tell = resolve))
}
