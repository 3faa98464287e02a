import { isElsewhere, runsElsewhere } from '../call/define/elsewhere.ts'
import { identityOf, type TaskIdentity } from '../call/define/identity.ts'
import { describe } from '../core/errors/checks.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import { lookup } from '../call/define/registry.ts'
import type { Reference } from './plan.ts'

/** The identity of a task, by which a worker finds it. **Errors**: `SKEIN_INVALID_ARGUMENT` for anything else. */
export function taskReference(value: unknown, where: string): TaskIdentity {
  const identity = identityOf(value)
  if (identity === undefined) {
    throw new InvalidArgumentError(
      typeof value === 'function'
        ? `${where} needs a task, got the plain function '${value.name || 'anonymous'}'. A function with what it has around it cannot go to ` +
            `another thread: define it with task(import.meta, fn) at the top level of a module, and pass what task() returns.`
        : `${where} needs a task, as task(import.meta, fn) makes it, got ${describe(value)}.`,
    )
  }
  if (isElsewhere(identity)) throw runsElsewhere(identity, 'par')
  return identity
}

/** A task or the name of a property. **Errors**: `SKEIN_INVALID_ARGUMENT` for anything else. */
export function reference(value: unknown, where: string): Reference {
  if (typeof value === 'string' || (typeof value === 'number' && Number.isInteger(value) && value >= 0)) return value
  if (typeof value === 'function') return taskReference(value, where)
  throw new InvalidArgumentError(
    `${where} needs a task, as task(import.meta, fn) makes it, or the name of a property; got ${describe(value)}.`,
  )
}

/** The identity of a task that is called for each value and has to answer at once. **Errors**: as for `taskReference`, and for an async function. */
export function stepReference(value: unknown, where: string): TaskIdentity {
  const identity = taskReference(value, where)
  const kind = Object.prototype.toString.call(lookup(identity))
  if (kind !== '[object Function]' && kind !== '[object Undefined]') {
    throw new InvalidArgumentError(
      `Task ${identity.name} of ${where} puts two values together and has to answer at once: it must be a plain function, got ${kind.slice(8, -1)}. ` +
        `Wait in a map before it.`,
    )
  }
  return identity
}
