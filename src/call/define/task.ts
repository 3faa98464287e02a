import { pathToFileURL } from 'node:url'
import { TaskDefinitionError } from '../../core/errors/errors.ts'
import { checkKnown, describe } from '../../core/errors/checks.ts'
import { urlOfModule } from '../../core/report/own-file.ts'
import { define, type InputSchemas, type StandardSchema } from './definition.ts'
import { type AnyFunction, type TaskIdentity, taskIdentity } from './identity.ts'
import { invokeHere } from './invoke-here.ts'
import { register } from './registry.ts'

/** A plain function with an identity. Call it as before, or give it to an executor. */
export type Task<F extends AnyFunction = AnyFunction> = F & { readonly [taskIdentity]: TaskIdentity }

/** Options of `task()`. */
export interface TaskOptions<F extends AnyFunction = AnyFunction> {
  /**
   * Name of the task, unique in its module. Needed for an arrow function, and where a tool renames functions, as minifiers and
   * some bundlers and test runners do; default: the function's own name. On a queue the name of the module's file comes before
   * it (`primes.countPrimes`), unless it has a dot in it: such a name, as in `billing.charge`, is used as it is.
   */
  readonly name?: string
  /**
   * The schema of the arguments, for calls that go through a queue: a schema for the first argument, or a list with one for
   * each. Checked when a call is submitted and again when a worker takes it; the function gets what the schema returns.
   */
  readonly input?: InputSchemas<Parameters<F>>
  /** The schema of the result, for calls that go through a queue: checked before it is kept. */
  readonly output?: StandardSchema<Awaited<ReturnType<F>>>
  /** On a queue: which errors are worth another attempt, where the call's `retries` allow one. Default: all but cancellation. */
  readonly retryIf?: (error: unknown, attempt: number) => boolean
}

/**
 * Gives a function an identity, so that another thread, process or machine can find it.
 *
 * The function stays what it is: called directly it runs right here. Given to an executor, the worker imports the module
 * that defined it and looks the name up, so module-level code runs in each worker too, and variables of the module are
 * not shared between them. Define tasks at the top level of a module, not inside another function.
 *
 * **Errors**: `SKEIN_TASK_DEFINITION` for a function without a name, a name that the module has used already, or for
 * anything but a function; `SKEIN_INVALID_ARGUMENT` for an option that is wrong.
 *
 * @param module `import.meta` of the defining module; in CommonJS `__filename`; or the module's URL
 * @param fn the function: sync, async, or a generator whose values are to be streamed
 * @returns the same function, callable as before
 * @example
 * import { task } from 'skein'
 *
 * export const add = task(import.meta, function add(a: number, b: number) {
 *   return a + b
 * })
 * export const double = task(import.meta, (n: number) => n * 2, { name: 'double' })
 *
 * console.log(add(1, 2), double(4)) // 3 8
 */
export function task<F extends AnyFunction>(
  module: ImportMeta | URL | string,
  fn: F,
  options: TaskOptions<NoInfer<F>> = {},
): Task<F> {
  const url = moduleUrl(module)
  checkKnown(options, knownOptions, 'task option')
  if (typeof fn !== 'function') {
    throw new TaskDefinitionError(
      `task() in ${url} needs a function as its second argument, got ${fn === null ? 'null' : typeof fn}`,
    )
  }
  const name = options.name ?? fn.name
  if (typeof name !== 'string' || name === '') {
    throw new TaskDefinitionError(
      `A task in ${url} has no name, so no other thread or process could find it. ` +
        `Name the function, as in task(import.meta, function resize(…) {…}), or pass { name: 'resize' }. If it has a name in your source, ` +
        `a minifier has taken it away: pass { name: 'resize' }.`,
    )
  }
  const identity: TaskIdentity = Object.freeze({ url, name })
  const callable = invokeHere(fn)
  Object.defineProperty(callable, 'name', { value: name, configurable: true })
  Object.defineProperty(callable, 'length', { value: fn.length, configurable: true })
  Object.defineProperty(callable, taskIdentity, { value: identity })
  define(fn, options)
  register(identity, fn, options.name !== undefined)
  return callable as Task<F>
}

const knownOptions: ReadonlySet<string> = new Set(['name', 'input', 'output', 'retryIf'])

function moduleUrl(module: ImportMeta | URL | string): string {
  if (typeof module === 'string') return module.includes('://') || module.startsWith('data:') ? module : fileUrl(module)
  if (module instanceof URL) return module.href
  const url = urlOfModule(module, task)
  if (url !== undefined) return withoutLoaderMark(url)
  throw new TaskDefinitionError(
    `task() needs to know its module: pass import.meta as the first argument, got ${describe(module)}. ` +
      `In CommonJS pass __filename.`,
  )
}

function fileUrl(path: string): string {
  return pathToFileURL(path).href
}

/** tsx marks the modules that it loads in a namespace; another thread must not see the mark. */
function withoutLoaderMark(url: string): string {
  if (!url.includes('tsx-namespace=')) return url
  const clean = new URL(url)
  clean.searchParams.delete('tsx-namespace')
  return clean.href
}
