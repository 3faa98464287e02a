import { existsSync, realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { invokeHere } from '../call/define/invoke-here.ts'
import { lookup, namesIn } from '../call/define/registry.ts'
import { type AnyFunction, type TaskIdentity, taskIdentity } from '../call/define/identity.ts'
import type { Task } from '../call/define/task.ts'
import { TaskModuleError, TaskNotFoundError } from '../core/errors/errors.ts'
import { nearest } from '../core/errors/nearest.ts'
import { loadTaskModule } from '../pool/host/load-task.ts'
import { UsageError } from './exit-codes.ts'

/** A task of one argument, found by its name instead of by import. */
type FoundTask = Task<(input: unknown) => unknown>

/** A task that the command line named. */
export interface Found {
  readonly task: FoundTask
  readonly identity: TaskIdentity
}

/**
 * Loads `FILE:task` and finds the task in it. Where the module defines one task only, `FILE` is enough.
 *
 * Errors: `SKEIN_TASK_MODULE` when the file is missing or its import fails, `SKEIN_TASK_NOT_FOUND` when it has no such task.
 */
export async function findTask(reference: string, command: string): Promise<Found> {
  const { file, name } = splitReference(reference)
  if (file === '') throw new UsageError(`'${reference}' names no file. Write FILE:task, as in hash.ts:sha256`, command)
  const path = resolve(file)
  if (!existsSync(path))
    throw new TaskModuleError(`There is no file ${path}. Name the task as FILE:task, as in hash.ts:sha256`)
  if (statSync(path).isDirectory())
    throw new TaskModuleError(`${path} is a folder. Name the task as FILE:task, as in hash.ts:sha256`)
  // import.meta.url, under which the module registers its tasks, has no links in it.
  const url = pathToFileURL(realpathSync(path)).href
  await loadTaskModule(url)
  const names = namesIn(url)
  if (names.length === 0) {
    throw new TaskNotFoundError(
      `${path} defines no task. Make one of a function with\n\n` +
        `  export const ${name ?? 'work'} = task(import.meta, function ${name ?? 'work'}(input) { … })\n`,
    )
  }
  const chosen = name ?? (names.length === 1 ? names[0] : undefined)
  if (chosen === undefined) {
    throw new UsageError(
      `${file} has several tasks; say which: ${names.map(each => `${file}:${each}`).join(', ')}`,
      command,
    )
  }
  const identity: TaskIdentity = { url, name: chosen }
  const fn = lookup(identity)
  if (!fn) {
    const near = nearest(chosen, names)
    throw new TaskNotFoundError(
      `${path} has no task '${chosen}'.${near ? ` Did you mean ${near}?` : ''} It has: ${names.join(', ')}`,
    )
  }
  return { identity, task: taskOf(identity, fn) }
}

/** `FILE:task` apart. The colon after a Windows drive letter belongs to the file. */
function splitReference(reference: string): { file: string; name: string | undefined } {
  const colon = reference.lastIndexOf(':')
  const drive = colon === 1 && /^[a-zA-Z]:[\\/]/.test(reference)
  if (colon === -1 || drive) return { file: reference, name: undefined }
  const name = reference.slice(colon + 1)
  return { file: reference.slice(0, colon), name: name === '' ? undefined : name }
}

/** The value that `task()` returned to the module, made again from what the registry knows. */
function taskOf(identity: TaskIdentity, fn: AnyFunction): FoundTask {
  const callable = invokeHere(fn)
  Object.defineProperty(callable, 'name', { value: identity.name, configurable: true })
  Object.defineProperty(callable, taskIdentity, { value: identity })
  return callable as unknown as FoundTask
}
