/** The name of the limit of a key. */
export function limitName(key: string): string {
  return `key ${key}`
}

/** The name of the limit of a task, whose starts are counted: no key has it. */
export function rateName(task: string): string {
  return `task ${task}`
}
