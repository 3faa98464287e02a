import { existsSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe } from '../../core/errors/checks.ts'
import { checkArguments, checkResult, definitionOf } from '../../call/define/definition.ts'
import { eachIdentity } from '../../call/define/each.ts'
import { ownTasks } from '../../call/define/own-tasks.ts'
import { lookup, namesIn } from '../../call/define/registry.ts'
import { type AnyFunction, identityOf, type TaskIdentity } from '../../call/define/identity.ts'
import { byTaskName } from '../../call/define/task-name.ts'
import { InvalidArgumentError, TaskNotFoundError } from '../../core/errors/errors.ts'
import { loadTaskModule } from '../../pool/host/load-task.ts'
import { mappedNames } from './celery/mapped-names.ts'

/** A task that a worker runs. */
export interface KnownTask {
  readonly identity: TaskIdentity
  readonly fn: AnyFunction
  /** Says whether an error is worth another attempt, as the task's definition has it. */
  readonly retryIf?: (error: unknown, attempt: number) => boolean
  /** Checks arguments, and returns those that the task is called with. Throws, or rejects, when they are wrong. */
  readonly checkArguments?: (args: readonly unknown[]) => readonly unknown[] | Promise<readonly unknown[]>
  /** Checks a result, and returns the one that is kept. */
  readonly checkResult?: (value: unknown) => unknown
}

/**
 * The tasks that a worker runs, by the name in the message: those of the modules that it was started with, and no others.
 * A message can never name code to load.
 */
export class Allowlist {
  /** The names of the tasks. */
  readonly names: readonly string[]
  /** The names that a message may have: those, the same for each item of a list (`chunks`), skein's own, and Celery's for lists. */
  readonly taken: readonly string[]
  readonly #tasks: ReadonlyMap<string, KnownTask>

  constructor(identities: Iterable<TaskIdentity>) {
    const given = byTaskName(identities)
    this.names = [...given.keys()]
    const others = [...Array.from(given.values(), eachIdentity), ...ownTasks().map(({ identity }) => identity)]
    this.#tasks = new Map(
      Array.from([...byTaskName(others), ...given], ([name, identity]) => [name, knownTask(name, identity)]),
    )
    this.taken = [...this.#tasks.keys(), ...mappedNames]
  }

  find(name: string): KnownTask | undefined {
    return this.#tasks.get(name)
  }

  /** True for a name under which Celery sends a task of another name, to be run for each item of a list. */
  maps(name: string): boolean {
    return mappedNames.includes(name)
  }

  /** The task that runs that one for each item of a list. */
  each(name: string): KnownTask | undefined {
    return this.#tasks.get(eachIdentity({ url: '', name }).name)
  }
}

/**
 * Imports the modules and collects their tasks and those that were passed.
 *
 * **Errors**: `SKEIN_TASK_MODULE` when a module is missing or its import fails; `SKEIN_TASK_NOT_FOUND` when it defines no
 * task; `SKEIN_TASK_DEFINITION` when two tasks would have the same name in a message; `SKEIN_INVALID_ARGUMENT` for
 * anything but tasks and modules.
 */
export async function allowlistOf(
  modules: readonly (string | URL)[],
  tasks: readonly AnyFunction[],
): Promise<Allowlist> {
  const identities: TaskIdentity[] = []
  for (const each of modules) {
    const url = moduleUrl(each)
    await loadTaskModule(url)
    const names = namesIn(url)
    if (names.length === 0) {
      throw new TaskNotFoundError(
        `${String(each)} defines no task, so a worker of it would have nothing to do. ` +
          `Define one at the top level of the module: export const work = task(import.meta, function work(…) {…}).`,
      )
    }
    for (const name of names) identities.push({ url, name })
  }
  for (const each of tasks) {
    const identity = identityOf(each)
    if (!identity) {
      throw new InvalidArgumentError(`tasks must be tasks, made with task(import.meta, fn); got ${describe(each)}`)
    }
    if (!identities.some(other => other.url === identity.url && other.name === identity.name)) identities.push(identity)
  }
  return new Allowlist(identities)
}

/** A path from the current folder, or a URL. Tasks register under `import.meta.url`, which has no links in it. */
function moduleUrl(module: string | URL): string {
  if (module instanceof URL) return module.href
  if (typeof module !== 'string') {
    throw new InvalidArgumentError(`modules must be paths or URLs of modules, got ${describe(module)}`)
  }
  if (module.includes('://') || module.startsWith('data:')) return module
  const path = resolve(module)
  return pathToFileURL(existsSync(path) ? realpathSync(path) : path).href
}

function knownTask(name: string, identity: TaskIdentity): KnownTask {
  const fn = lookup(identity)
  if (!fn) throw new TaskNotFoundError(`Task '${identity.name}' of ${identity.url} is not defined in this thread.`)
  const { input, output, retryIf } = definitionOf(fn) ?? {}
  return {
    identity,
    fn,
    ...(retryIf ? { retryIf } : {}),
    ...(input ? { checkArguments: args => checkArguments(input, name, args) } : {}),
    ...(output ? { checkResult: value => checkResult(output, name, value) } : {}),
  }
}
