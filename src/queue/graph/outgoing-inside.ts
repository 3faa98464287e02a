import type { Work } from '../../call/run/entry.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { OutgoingCall } from '../../stores/roles/calls.ts'
import { type IdOfJob, outgoingGraph } from './outgoing-graph.ts'

/**
 * The same as `outgoingGraph` for a call that goes into somebody's open transaction, where nothing can be waited for.
 *
 * **Errors**: as `outgoingGraph`, and `SKEIN_INVALID_ARGUMENT` for what would have to wait.
 */
export function outgoingInside(work: Work, queue: string, idOfJob: IdOfJob): OutgoingCall {
  if (work.options.signal) {
    throw new InvalidArgumentError(
      `A signal cannot go with submitInside: until you commit there is no job to cancel. Leave it out, and call ` +
        `cancel() on the job once you have.`,
    )
  }
  const made = outgoingGraph(work, 'run', queue, idOfJob)
  if (!(made instanceof Promise)) return made
  made.catch(() => {}) // it is refused in any case
  throw new InvalidArgumentError(
    `The schema of task ${work.task.name}, or of one in its arguments, is asynchronous (its validate returns a promise), and submitInside ` +
      `cannot wait in your transaction. Use a schema that answers at once, or submit the call before or after the transaction.`,
  )
}
