import type { TaskMessage } from '../../celery/message.ts'
import { decodeMessage } from '../../celery/read-message.ts'
import { MalformedMessageError } from '../../core/errors/errors.ts'
import type { Claim } from '../../stores/roles/broker.ts'
import { unsupported } from '../../stores/roles/need.ts'
import type { Store } from '../../stores/roles/store.ts'
import { Attempt } from './attempt.ts'
import { type Decided, isDead, unknownTask } from './decided.ts'
import { mappedAttempt } from './celery/mapped.ts'
import { fillEdges } from './edges.ts'
import { hasFollowing, problemOfFollowing } from './following.ts'
import { endOfHeir, hasHeir } from './heir.ts'
import type { Allowlist, KnownTask } from './allowlist.ts'

/** The parts of a worker that it takes to read a claim. */
interface ReadingParts {
  readonly store: Store
  readonly tasks: Pick<Allowlist, 'find' | 'each' | 'maps' | 'names'>
}

/**
 * Reads a claim, checked against the task that it names. A message that is malformed, or whose arguments the task's
 * schema refuses, is not a failure of the task: it would be the same the next time. Rejects where the store cannot be asked for the
 * results of other calls that it needs.
 *
 * @param known undefined for a task that is not known, and for a call that runs one for each item of a list
 */
export function readClaim(
  claim: Claim,
  known: KnownTask | undefined,
  worker: ReadingParts,
): Attempt | Decided | Promise<Attempt | Decided> {
  const { store, tasks } = worker
  if (known === undefined && !tasks.maps(claim.task)) return isDead(claim, unknownTask(claim, tasks))
  const message = decodeMessage(claim.headers, claim.body)
  if (message instanceof MalformedMessageError) return isDead(claim, message)
  if (hasFollowing(message)) {
    const problem = store.broker.can.has('next') ? problemOfFollowing(claim, message, worker) : noNext(store)
    if (problem) return isDead(claim, problem)
  }
  if (known === undefined) return mappedAttempt(claim, message, tasks)
  // Its task has run, and its arguments are not needed any more.
  if (claim.undo?.ends === undefined && hasHeir(claim)) return endOfHeir(new Attempt(claim, known, message, []), store)
  return message.edges === undefined
    ? attemptOf(claim, known, message)
    : fillEdges(store, claim, message.edges).then(decided => decided ?? attemptOf(claim, known, message))
}

function attemptOf(
  claim: Claim,
  known: KnownTask,
  message: TaskMessage,
): Attempt | Decided | Promise<Attempt | Decided> {
  const args = argumentsOf(message)
  if (!known.checkArguments) return new Attempt(claim, known, message, args)
  const make = (fit: readonly unknown[]): Attempt => new Attempt(claim, known, message, fit)
  const refuse = (error: unknown): Decided => isDead(claim, asError(error))
  try {
    const fit = known.checkArguments(args)
    return fit instanceof Promise ? fit.then(make, refuse) : make(fit)
  } catch (error) {
    return refuse(error)
  }
}

/** Named arguments, which JavaScript does not have, come last, as one object. */
function argumentsOf({ args, kwargs }: TaskMessage): readonly unknown[] {
  return Object.keys(kwargs).length === 0 ? args : [...args, kwargs]
}

function noNext({ url }: Store): Error {
  return unsupported(url, 'send the calls that are to follow a job (callbacks, errbacks, chain)')
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
