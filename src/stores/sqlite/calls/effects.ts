import { messageOf } from '../../../core/errors/foreign.ts'
import type { Effect } from '../../roles/transactions.ts'
import type { Turn } from './turn.ts'

/** A statement of the user's own has rolled back the whole transaction, which others had a part in: it has to be done again without it. */
export class EffectRolledBack extends Error {
  /** The settlement or step to which it belongs. */
  readonly key: string

  constructor(key: string, message: string) {
    super(message)
    this.key = key
  }
}

/**
 * Runs statements of the user's own in this transaction; all of them or none.
 *
 * @param key the settlement or step to which they belong
 */
export function runEffects(
  turn: Turn,
  key: string,
  given: readonly Effect[] | undefined,
): { refused: string } | undefined {
  if (given === undefined || given.length === 0) return undefined
  const { database, keeper } = turn
  const rolledBack = keeper.rollingBack.get(key)
  if (rolledBack !== undefined) return { refused: `An effect failed: ${rolledBack}` }
  database.exec('SAVEPOINT skein_effects')
  try {
    for (const { sql, parameters } of given) {
      if (controls.test(sql))
        throw new Error(`an effect cannot control the transaction that it is part of: ${sql.trim()}`)
      if (!isOneStatement(sql))
        throw new Error(`an effect is one statement, so ask for each of these by itself: ${sql.trim()}`)
      database.runForeign(sql, parameters)
    }
    database.exec('RELEASE skein_effects')
    return undefined
  } catch (error) {
    const message = messageOf(error)
    // The savepoint has gone with the transaction where a statement has rolled that back.
    try {
      database.exec('ROLLBACK TO skein_effects')
      database.exec('RELEASE skein_effects')
    } catch {
      throw new EffectRolledBack(key, message)
    }
    return { refused: `An effect failed: ${message}` }
  }
}

/** The beginning of a statement that cannot be an effect, after white space and comments. */
const controls: RegExp =
  /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/|;)*(?:begin|commit|end|rollback|savepoint|release|attach|detach|vacuum|pragma)\b/i

/** The parts of SQL as far as a ; is concerned: texts and names in quotes, comments, and the rest. */
const pieces: RegExp =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[;\0]|[^;'"`[\-/\0]+|[\s\S]/g

/**
 * Tells whether there is one statement and nothing after it: a driver runs the first one, and says nothing of the others. The body of a
 * trigger has statements of its own.
 */
export function isOneStatement(sql: string): boolean {
  if (/^\s*create\s+(?:temp(?:orary)?\s+)?trigger\b/i.test(sql)) return true
  let ended = false
  for (const [piece] of sql.matchAll(pieces)) {
    if (piece === '\0') return false
    if (piece === ';') ended = true
    else if (ended && !/^(?:\s+|--.*|\/\*[\s\S]*)$/.test(piece)) return false
  }
  return true
}
