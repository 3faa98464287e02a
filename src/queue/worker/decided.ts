import { TaskNotFoundError } from '../../core/errors/errors.ts'
import type { Claim } from '../../stores/roles/broker.ts'
import type { Allowlist } from './allowlist.ts'
import type { Attempt } from './attempt.ts'
import type { Ending } from './conclude.ts'

/** A claim of which it is clear how it ends before anything of it has run. */
export interface Decided {
  readonly claim: Claim
  readonly ending: Ending
  /** There where its message could be read, and earlier runs may have left something to be undone. */
  readonly attempt?: Attempt
}

/** The decision on a message with which there is something wrong: it would be the same the next time. */
export function isDead(claim: Claim, error: unknown): Decided {
  return { claim, ending: { kind: 'dead', error } }
}

/** The error of a call whose task a worker does not know. */
export function unknownTask(claim: Claim, tasks: Pick<Allowlist, 'names'>): Error {
  return new TaskNotFoundError(
    `No task is known here as '${claim.task}'. This worker knows: ${tasks.names.join(', ')}. Start a worker with the module ` +
      `that defines it, then run the job again: skein retry ${claim.id}`,
  )
}
