import type { DueEnd, Undoing } from '../roles/broker.ts'
import type { Reported } from '../roles/results.ts'

/** The part of a call that can be undone, or has been. */
export interface EntryUndo {
  readonly steps: Set<string>
  readonly undone: Set<string>
  /** The failures of those that could not be undone, by the name of the step. */
  readonly failures: Map<string, string>
  ends: DueEnd | undefined
  rounds: number
}

/** A call, as far as it can be undone. */
interface Undoable {
  undo: EntryUndo | undefined
  readonly steps: Map<string, string>
  reported: Reported[]
  bytes: number
}

/** A step of a call is finished. */
export function noteStep(entry: Undoable, name: string, canUndo: boolean): void {
  entry.undo?.steps.delete(name)
  if (canUndo) undoOf(entry).steps.add(name)
}

/** A step of a call has been undone, or could not be. `value`: `null`, or the failure. */
export function noteUndone(entry: Undoable, name: string, value: string): void {
  const undo = undoOf(entry)
  undo.steps.delete(name)
  if (value === 'null') undo.undone.add(name)
  else undo.failures.set(name, value)
}

/** From here on a call is to be undone. */
export function noteUndoing(entry: Undoable, ends: DueEnd): void {
  const undo = undoOf(entry)
  undo.ends = ends
  undo.rounds++
}

function undoOf(entry: Undoable): EntryUndo {
  return (entry.undo ??= { steps: new Set(), undone: new Set(), failures: new Map(), ends: undefined, rounds: 0 })
}

/** The steps of a call that there are to undo; undefined for none. */
export function undoingOf({ undo }: Pick<Undoable, 'undo'>): Undoing | undefined {
  if (undo === undefined || (undo.steps.size === 0 && undo.ends === undefined)) return undefined
  const { steps, failures, ends, rounds } = undo
  return { steps: [...steps], failures: [...failures.values()], ...(ends ? { ends } : {}), rounds }
}

/** Forgets that a call was undone, and the steps that were: they are done again. */
export function forgetUndoing(entry: Undoable): void {
  const { undo } = entry
  if (undo?.ends === undefined) return
  for (const name of undo.undone) entry.steps.delete(name)
  entry.reported = entry.reported.filter(({ kind, value }) => {
    const isGone =
      kind === 'undone' ||
      (kind === 'state' && value.startsWith('{"state":"undoing"')) ||
      (kind === 'step' && undo.undone.has((JSON.parse(value) as { name: string }).name))
    if (isGone) entry.bytes -= Buffer.byteLength(value)
    return !isGone
  })
  const steps = [...entry.steps.keys()].filter(name => undo.steps.has(name) || undo.failures.has(name))
  entry.undo = undefined
  for (const name of steps) noteStep(entry, name, true)
}
