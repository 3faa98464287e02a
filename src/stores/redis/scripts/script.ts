import { createHash } from 'node:crypto'

/** A script that the server runs as one step: nothing else happens meanwhile, and nobody sees half of it. */
export interface Script {
  readonly name: string
  readonly text: string
  readonly sha: string
  /**
   * It changes something, so that its answer is kept until the one who asked has it: sent again after a connection was cut between
   * work and answer, it does nothing and answers as before.
   */
  readonly once: boolean
}

/**
 * Makes a script.
 *
 * @param base what its functions know, and `parts` the functions that it calls, and last what it does
 */
export function script(name: string, once: boolean, base: string, ...parts: readonly string[]): Script {
  // To make a function, Lua looks for each name that it knows among all those in the function around it, one by one; those outside of that
  // it has at once. There is room for sixty of these, and for two hundred names in one function.
  const text = `${base}\nlocal function body()\n${parts.join('\n')}\nend\nreturn body()`
  return { name, text, sha: createHash('sha1').update(text).digest('hex'), once }
}

/** The answer of a script that changes calls. */
export interface Changed<T> {
  /** One for each of those that were asked for. */
  readonly outcomes: readonly T[]
  /** The chords of Celery that are complete by that. */
  readonly complete: readonly string[]
  /** More follows from it than was done. */
  readonly more: boolean
}

/** Reads the answer of a script that changes calls. */
export function changedOf<T>(answer: unknown): Changed<T> {
  const [outcomes, complete, more] = JSON.parse(answer as string) as readonly [unknown, unknown, boolean]
  return { outcomes: listIn(outcomes), complete: listIn(complete), more }
}

/** The list that a script has answered with as JSON. Lua knows no empty list. */
export function listOf<T>(answer: unknown): T[] {
  return listIn(JSON.parse(answer as string))
}

/** The same of one that is read already. */
export function listIn<T>(list: unknown): T[] {
  return Array.isArray(list) ? (list as T[]) : []
}
