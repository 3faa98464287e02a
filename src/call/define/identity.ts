import { fileURLToPath } from 'node:url'

/** Any function: the widest type that a task can be made of. */
export type AnyFunction = (...args: never[]) => unknown

/** The identity of a function, by which another thread, process or machine finds it. */
export interface TaskIdentity {
  /** URL of the module that defines the task; importing it defines the task there too. */
  readonly url: string
  /** Name of the task, unique in its module. */
  readonly name: string
}

/** The property of a task under which its identity is kept, the same in every copy of skein. */
export const taskIdentity: unique symbol = Symbol.for('skein.task') as never

/** The identity of a task, or undefined for a plain function or anything else. */
export function identityOf(value: unknown): TaskIdentity | undefined {
  return typeof value === 'function' ? (value as { [taskIdentity]?: TaskIdentity })[taskIdentity] : undefined
}

/** The name of a task for people: its name and, where it is a file, the file's path. */
export function describeTask(identity: TaskIdentity): string {
  const where = identity.url.startsWith('file:') ? fileURLToPath(identity.url) : identity.url
  return `${identity.name} (${where})`
}
