import { InvalidArgumentError, JobRejectedError } from '../../core/errors/errors.ts'
import type { OutgoingCall } from '../../stores/roles/calls.ts'
import type { Sent } from './outbox.ts'

/**
 * The id of the job that a call has become: its own, or that of the one that it joined.
 *
 * **Errors**: why the store did not take it.
 */
export function acceptedId(outgoing: OutgoingCall, sent: Sent): string {
  if (sent.outcome === 'failed') throw sent.error
  if (sent.outcome === 'rejected') throw rejection(outgoing, sent)
  return sent.id
}

function rejection(outgoing: OutgoingCall, sent: Sent & { readonly outcome: 'rejected' }): Error {
  const { task, unique, limit } = outgoing
  switch (sent.reason) {
    case 'unique':
      return new JobRejectedError(
        'SKEIN_DUPLICATE_JOB',
        `Task ${task} was not submitted: job ${sent.existing ?? '?'} has the same unique key '${unique?.key}', since it is pending ` +
          `or running, or because its key is kept for a time (unique.for). To get that one use conflict: 'join'.`,
        { existing: sent.existing },
      )
    case 'limit':
      return new JobRejectedError(
        'SKEIN_LIMIT_REACHED',
        `Task ${task} was not submitted: the limit of '${limit?.key}' is used up. To let it wait use strategy: 'wait'.`,
        { existing: sent.existing },
      )
    case 'size':
      return new InvalidArgumentError(
        `Task ${task} was not submitted: its message has ${sent.bytes} bytes, and the store takes ${sent.limit}. Put large ` +
          `data into a file or an object store, and pass its path or URL.`,
      )
  }
}
