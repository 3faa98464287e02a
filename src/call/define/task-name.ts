import { TaskDefinitionError } from '../../core/errors/errors.ts'
import { itemIdentity } from './each.ts'
import { isElsewhere } from './elsewhere.ts'
import { describeTask, type TaskIdentity } from './identity.ts'
import { checkLastingName } from './renamed.ts'

/**
 * The name under which a task is known in events, on the command line and on queues, also to workers in other languages.
 *
 * A name with a dot in it is used as it is: `task(import.meta, fn, { name: 'billing.charge' })`. Any other is preceded
 * by the name of its module's file without the ending: `countPrimes` in `src/primes.ts` is `primes.countPrimes`, and stays
 * so when the module is compiled. For a file called `index` its folder is the name.
 */
export function taskName(identity: TaskIdentity): string {
  let name = taskNames.get(identity)
  if (name === undefined) {
    name =
      identity.name.includes('.') || isElsewhere(identity)
        ? identity.name
        : `${moduleName(identity.url)}.${identity.name}`
    taskNames.set(identity, name)
  }
  return name
}

/**
 * The name under which a queue knows a task: that of `taskName`, if it is one that lasts.
 *
 * **Errors**: `SKEIN_TASK_DEFINITION` for one that a tool has changed.
 */
export function durableName(identity: TaskIdentity): string {
  let name = durableNames.get(identity)
  if (name === undefined) {
    const item = itemIdentity(identity)
    if (item !== undefined) durableName(item) // that is the one that somebody has given
    else if (!isElsewhere(identity)) checkLastingName(identity)
    durableNames.set(identity, (name = taskName(identity)))
  }
  return name
}

const durableNames = new WeakMap<TaskIdentity, string>()

/** Takes the name of a task as it is, whether it lasts or not: for queues that end with the program. */
export function acceptName(identity: TaskIdentity): void {
  durableNames.set(identity, taskName(identity))
}

/** A program has few tasks and many events of each. */
const taskNames = new WeakMap<TaskIdentity, string>()
const names = new Map<string, string>()

function moduleName(url: string): string {
  let name = names.get(url)
  if (name === undefined) names.set(url, (name = findModuleName(url)))
  return name
}

function findModuleName(url: string): string {
  if (url.startsWith('data:')) return 'module'
  const parts = decode(url.replace(/[?#].*$/, ''))
    .split(/[/\\]/)
    .filter(part => part !== '')
  const file = (parts.at(-1) ?? '').replace(/\.(?:[cm]?[jt]sx?)$/, '')
  const name = file === 'index' ? (parts.at(-2) ?? file) : file
  // A dot in the file's own name, as in mail.tasks.ts, is a part of the name like any other.
  return name === '' ? 'module' : name
}

function decode(url: string): string {
  try {
    return decodeURIComponent(url)
  } catch {
    return url
  }
}

/**
 * Tasks by that name.
 *
 * **Errors**: `SKEIN_TASK_DEFINITION` when two of them have the same one, since a worker could not tell which is meant, and for one that
 * will not last.
 */
export function byTaskName(identities: Iterable<TaskIdentity>): Map<string, TaskIdentity> {
  const found = new Map<string, TaskIdentity>()
  for (const identity of identities) {
    const name = durableName(identity)
    const other = found.get(name)
    if (other && (other.url !== identity.url || other.name !== identity.name)) {
      throw new TaskDefinitionError(
        `Two tasks are both known to queues as '${name}': ${describeTask(other)} and ${describeTask(identity)}. ` +
          `Give one of them a name of its own with a dot in it, as in task(import.meta, fn, { name: 'billing.${identity.name}' }).`,
      )
    }
    found.set(name, identity)
  }
  return found
}
