import type { TaskMessage } from '../../../celery/message.ts'
import { describe } from '../../../core/errors/checks.ts'
import { MalformedMessageError } from '../../../core/errors/errors.ts'
import type { Claim } from '../../../stores/roles/broker.ts'
import type { Allowlist } from '../allowlist.ts'
import { Attempt } from '../attempt.ts'
import { type Decided, isDead, unknownTask } from '../decided.ts'

/** Reads a call that runs a task for each item of a list, as Celery sends it for `map`, `starmap` and `chunks`: the task inside is from the allowlist, and the arguments of each item are those that it takes. */
export function mappedAttempt(
  claim: Claim,
  message: TaskMessage,
  tasks: Pick<Allowlist, 'find' | 'each' | 'names'>,
): Decided | Attempt | Promise<Decided | Attempt> {
  const { task: signature, it } = message.kwargs
  const name = (signature as { readonly task?: unknown } | null | undefined)?.task
  if (typeof name !== 'string' || !Array.isArray(it)) {
    return isDead(claim, malformed(claim, `task, a call, and it, a list, got ${describe(message.kwargs)}`))
  }
  const [known, each] = [tasks.find(name), tasks.each(name)]
  if (known === undefined || each === undefined) return isDead(claim, unknownTask({ ...claim, task: name }, tasks))
  const spreads = claim.task === 'celery.starmap'
  if (spreads && !it.every(Array.isArray))
    return isDead(claim, malformed(claim, 'lists of arguments in it, and there is something else'))
  const lists = spreads ? (it as unknown[][]) : it.map((item: unknown) => [item])
  const make = (fit: readonly (readonly unknown[])[]): Attempt => new Attempt(claim, each, message, [fit, true])
  try {
    const fit = lists.map(args => known.checkArguments?.(args) ?? args)
    if (!fit.some(args => args instanceof Promise)) return make(fit as unknown[][])
    return Promise.all(fit.map(async args => args)).then(make, (error: unknown) => isDead(claim, asError(error)))
  } catch (error) {
    return isDead(claim, asError(error))
  }
}

function malformed({ task }: Claim, expected: string): MalformedMessageError {
  return new MalformedMessageError(`The keyword arguments of ${task} must be ${expected}`)
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
