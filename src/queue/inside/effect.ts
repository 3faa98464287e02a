import { describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { type AskedEffect, effectAsk } from './asks.ts'

/** A parameter of an effect: a value that SQLite can hold. */
export type EffectParameter = string | number | bigint | Uint8Array | boolean | Date | null

/**
 * Has the worker run a statement in the store's own database, in the same transaction that acknowledges the job.
 *
 * This is how a job's outcome takes place one time, whatever is killed: the statement and the acknowledgement are
 * committed together or not at all, and an attempt that has lost its lease commits neither. Use it for rows of your own in
 * the queue's SQLite file (create the tables yourself, beforehand). For the outside world (mail, payments, other
 * databases) it can't help: an attempt may die after the effect and before the acknowledgement, and then the job runs
 * again.
 *
 * Inside `s.step(name, …)` pass the step's own scope: the statement is then committed with the step.
 *
 * **Cancellation**: a cancelled attempt commits nothing of what it has asked for.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` where no worker of a queue runs the task and for a parameter that SQLite cannot hold;
 * `SKEIN_STORE_UNSUPPORTED` for a store without transactions (only SQLite has them). A statement that fails makes the attempt
 * fail.
 *
 * @param s the task's scope, or a step's
 * @param sql one statement, with ? for each parameter
 * @param parameters the values for the ?s. Dates are written as ISO text, booleans as 0 and 1
 * @example
 * import { current, task } from 'skein'
 * import { effect } from 'skein/queue'
 *
 * export const count = task(import.meta, async function count(word: string) {
 *   await effect(current(), 'UPDATE words SET n = n + 1 WHERE word = ?', [word])
 * })
 */
export async function effect(s: Scope, sql: string, parameters: readonly EffectParameter[] = []): Promise<void> {
  if (typeof sql !== 'string' || sql.trim() === '') {
    throw new InvalidArgumentError(`effect needs a statement as its second argument, got ${describe(sql)}`)
  }
  if (!Array.isArray(parameters)) {
    throw new InvalidArgumentError(`The parameters of an effect must be an array, got ${describe(parameters)}`)
  }
  const ask = s.services?.ask
  if (!ask) {
    throw new InvalidArgumentError(
      `effect works only in a task that a worker of a queue runs, and no job runs here that could be acknowledged with it`,
    )
  }
  const asked: AskedEffect = { sql, parameters: parameters.map(columnValue), within: namesFrom(s) }
  await s.wait(ask(effectAsk, asked))
}

/** The scopes around a place, the innermost first, by name: the steps among them are known to the worker. */
function namesFrom(s: Scope): string[] {
  const names: string[] = []
  for (let at: Scope | undefined = s; at !== undefined; at = at.parent) names.push(at.name)
  return names
}

function columnValue(value: unknown, index: number): string | number | bigint | Uint8Array | null {
  if (value === null || typeof value === 'string' || typeof value === 'bigint' || value instanceof Uint8Array)
    return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString()
  throw new InvalidArgumentError(
    `Parameter ${index + 1} of the effect must be a string, a number, a bigint, bytes, a boolean, a Date or null, got ${describe(value)}`,
  )
}
