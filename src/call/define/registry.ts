import { TaskDefinitionError } from '../../core/errors/errors.ts'
import { shared } from '../../core/shared.ts'
import { eachOf, itemIdentity } from './each.ts'
import type { AnyFunction, TaskIdentity } from './identity.ts'
import { lookupOwn } from './own-tasks.ts'

/**
 * The tasks that this thread knows: module URL -> name -> the bare function. All copies of skein must find the same tasks.
 */
const modules: Map<string, Map<string, AnyFunction>> = /* @__PURE__ */ shared('registry', () => new Map())

/** The functions that gave their tasks their names, as nobody has named these. */
const unnamed: WeakSet<AnyFunction> = /* @__PURE__ */ shared('unnamed', () => new WeakSet())

/**
 * Makes a task findable in this thread. Errors: `SKEIN_TASK_DEFINITION` when the module has that name already.
 *
 * @param isNamed false: the name is that of the function
 */
export function register(identity: TaskIdentity, fn: AnyFunction, isNamed: boolean): void {
  let names = modules.get(identity.url)
  if (!names) modules.set(identity.url, (names = new Map()))
  if (names.has(identity.name)) {
    throw new TaskDefinitionError(
      `Two tasks in ${identity.url} are named '${identity.name}'. A worker finds a task by its name, so each needs its ` +
        `own: rename one, or pass { name: '…' }. In a bundle all tasks are in one module.`,
    )
  }
  names.set(identity.name, fn)
  if (!isNamed) unnamed.add(fn)
}

/** True if a task has the name of its function, and no other was given. False for a task that is not known here. */
export function hasNameOfFunction(identity: TaskIdentity): boolean {
  const fn = lookup(identity)
  return fn !== undefined && unnamed.has(fn)
}

/** The bare function of a task, or undefined when its module has not defined it in this thread. */
export function lookup(identity: TaskIdentity): AnyFunction | undefined {
  return modules.get(identity.url)?.get(identity.name) ?? lookupOwn(identity) ?? lookupEach(identity)
}

/** The function that runs a task for each item of a list. */
function lookupEach(identity: TaskIdentity): AnyFunction | undefined {
  const item = itemIdentity(identity)
  const fn = item && modules.get(item.url)?.get(item.name)
  return fn && eachOf(fn)
}

/** The names that a module has defined in this thread, in order of definition. */
export function namesIn(url: string): string[] {
  return [...(modules.get(url)?.keys() ?? [])]
}

/** The modules that have defined a task in this thread. */
export function modulesWithTasks(): string[] {
  return [...modules.keys()]
}

/** Makes the tasks of one module findable under another URL too: for the compiled file that replaces a TypeScript one. */
export function aliasModule(url: string, target: string): void {
  const names = modules.get(target)
  if (names) modules.set(url, names)
}
