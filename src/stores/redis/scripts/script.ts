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

/** @param parts what it is made of: functions that it calls, and last what it does */
export function script(name: string, once: boolean, ...parts: readonly string[]): Script {
  const text = parts.join('\n')
  return { name, text, sha: createHash('sha1').update(text).digest('hex'), once }
}

/** The list that a script has answered with as JSON. Lua knows no empty list. */
export function listOf<T>(answer: unknown): T[] {
  return listIn(JSON.parse(answer as string))
}

/** The same of one that is read already. */
export function listIn<T>(list: unknown): T[] {
  return Array.isArray(list) ? (list as T[]) : []
}
