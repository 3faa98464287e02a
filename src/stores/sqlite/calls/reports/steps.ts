import * as story from '../../../story.ts'
import type { DueEnd, Undoing } from '../../../roles/broker.ts'
import { listedByKind } from '../../file/schema.ts'
import type { Turn } from '../turn.ts'
import { reportKind } from './writing.ts'

/** The finished steps of a call, in the order in which they were first finished, and what there is to undo. */
export function stepsOf(
  turn: Turn,
  call: number,
): { readonly steps: Readonly<Record<string, string>>; readonly undo?: Undoing } {
  const rows = turn.database.all(
    `SELECT kind, name, value FROM skein_report
     WHERE call = ? AND (kind = ${reportKind.step} OR kind >= ${reportKind.undoable}) ORDER BY sequence`,
    call,
  ) as unknown as [number, string, string][]
  const steps = new Map<string, string>()
  const undoable = new Set<string>()
  const failures: string[] = []
  let ends: DueEnd | undefined
  let rounds = 0
  for (const [kind, name, value] of rows) {
    if (kind === reportKind.undone) {
      undoable.delete(name)
      if (value !== 'null') failures.push(value)
    } else if (kind === reportKind.undoing) {
      ends = dueEnd(value)
      rounds++
    } else {
      steps.set(name, value)
      undoable.delete(name)
      if (kind === reportKind.undoable) undoable.add(name)
    }
  }
  const kept = { steps: Object.fromEntries(steps) }
  if (undoable.size === 0 && ends === undefined) return kept
  return { ...kept, undo: { steps: [...undoable], failures, ...(ends ? { ends } : {}), rounds } }
}

function dueEnd(value: string): DueEnd {
  try {
    const { into, error } = JSON.parse(value) as { into: unknown; error: unknown }
    return { state: into === 'cancelled' ? into : 'failed', error: JSON.stringify(error) ?? 'null' }
  } catch {
    // Damaged: that it was to be undone is sure.
    return { state: 'failed', error: story.damagedStory('the error with which it is to end cannot be read') }
  }
}

/** The steps of a call that there are to undo; undefined for none. */
export function undoOf(turn: Turn, call: number): Undoing | undefined {
  const row = turn.database.get(
    `SELECT 1 FROM skein_report WHERE call = ? AND kind >= ${reportKind.undoable} AND ${listedByKind} LIMIT 1`,
    call,
  )
  return row === undefined ? undefined : stepsOf(turn, call).undo
}

/** Forgets that a call was undone, and the steps that were: they are done again. */
export function forgetUndoing(turn: Turn, call: number): void {
  if (undoOf(turn, call)?.ends === undefined) return
  const { database } = turn
  const these = `call = ?1 AND (kind IN (${reportKind.undone}, ${reportKind.undoing}) OR kind = ${reportKind.undoable} AND name IN (
    SELECT name FROM skein_report WHERE call = ?1 AND kind = ${reportKind.undone} AND value = 'null'))`
  const [bytes] = database.get(`SELECT total(length(CAST(value AS BLOB))) FROM skein_report WHERE ${these}`, call) as [
    number,
  ]
  database.run(`DELETE FROM skein_report WHERE ${these}`, call)
  database.run('UPDATE skein_call SET bytes = bytes - ? WHERE call = ?', bytes, call)
}
