import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { TaskIdentity } from './identity.ts'

/** The URL of tasks that live in other programs, of which only the name is known here. No module is behind it. */
export const elsewhere = 'skein:elsewhere'

/** True for a task that lives in another program: it can be submitted to a queue, and cannot run here. */
export function isElsewhere(identity: TaskIdentity): boolean {
  return identity.url === elsewhere
}

/** Refuses a task that lives in another program, in a place that would have to run it. **Errors**: `SKEIN_INVALID_ARGUMENT`. */
export function refuseElsewhere(identity: TaskIdentity, place: string): void {
  if (isElsewhere(identity)) throw runsElsewhere(identity, place)
}

/** The error that a task which lives in another program cannot run here. */
export function runsElsewhere({ name }: TaskIdentity, place: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `Task ${name} is a contract: it lives in another program, and ${place} has no function of it to run. Submit it to a durable ` +
      `queue (queue.submit), from which a worker takes it that knows a task of that name.`,
  )
}
