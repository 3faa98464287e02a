import type { CancelCause } from './cancel.ts'
import type { Host } from './hosts.ts'
import { Scope } from './scope.ts'

/** @internal What a worker knows of the task that it runs. */
export interface TaskScopeOptions {
  readonly name: string
  readonly attempt?: number
  /** Polled at every cancel point; gives the cause once the task has been cancelled. */
  readonly probe?: (() => CancelCause | undefined) | undefined
  readonly onProgress?: ((value: unknown) => void) | undefined
  /** Milliseconds since the Unix epoch. */
  readonly deadline?: number
}

/** @internal How a task function came to its end. */
export type TaskOutcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown }

/** @internal The scope of one running task. Made only for a task that asks for it; `endTaskScope` ends it. */
export function openTaskScope(options: TaskScopeOptions): Scope {
  return new Scope({ ...options, kind: 'task' })
}

/**
 * @internal Ends the scope of a task whose function has returned or thrown: waits for what it spawned (cancelled first
 * where the function threw), then runs its exit handlers. Gives the outcome of the task as a whole: at once, and the one
 * that went in, where nothing was spawned.
 */
export function endTaskScope(scope: Scope, outcome: TaskOutcome): TaskOutcome | Promise<TaskOutcome> {
  if (scope.isIdle) {
    scope.finish()
    return outcome
  }
  return new Promise(resolve => {
    const host: Host = {
      done: value => resolve({ ok: true, value }),
      failed: error => resolve({ ok: false, error }),
      cancelled: error => resolve({ ok: false, error }),
    }
    if (outcome.ok) scope.bodyReturned(outcome.value, host)
    else scope.bodyThrew(outcome.error, host)
  })
}
