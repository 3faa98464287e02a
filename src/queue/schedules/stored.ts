import { ScheduleError } from '../../core/errors/errors.ts'
import type { ScheduleState, StoredSchedule } from '../../stores/roles/schedules.ts'
import { type Definition, mostCatchUp } from './definition.ts'
import { dueAt, type Progress, type ScheduleRun } from './progress.ts'

/** The version of the form in which schedules are kept. */
const format = 1

/** The longest text of a definition that is remembered, in characters, and the number of them. */
const mostRemembered = [4_096, 1_000] as const
/** The definitions that have been read, by their text: it stays the same from term to term. */
const definitions = new Map<string, unknown>()
/** The text that a definition was read from. */
const texts = new WeakMap<object, string>()

/** A schedule as a store keeps it. */
export function stateOf(name: string, definition: Definition, progress: Progress): ScheduleState {
  const { term, paused } = progress
  return {
    ...(term === null || paused ? {} : { dueAt: dueAt(name, term, definition.jitter) }),
    definition: texts.get(definition) ?? JSON.stringify(definition),
    progress: JSON.stringify(progress),
  }
}

/**
 * Reads a schedule of a store.
 *
 * **Errors**: `SKEIN_SCHEDULE_RULE` for one that a newer skein has written, and for what is damaged.
 */
export function readSchedule(stored: Pick<StoredSchedule, 'name' | 'definition' | 'progress'>): {
  readonly definition: Definition
  readonly progress: Progress
} {
  const { name } = stored
  const definition = definitionIn(stored.definition)
  const progress = parsed(stored.progress)
  const written = formOf(definition)
  if (isNewer(stored)) {
    throw new ScheduleError(
      'SKEIN_SCHEDULE_RULE',
      `Schedule ${name} was written by a newer skein, in form ${String(written)}; this one knows them up to ${format}. It stays as it is: ` +
        `upgrade skein.`,
    )
  }
  if (written !== format || !isDefinition(definition) || !isProgress(progress)) {
    throw new ScheduleError(
      'SKEIN_SCHEDULE_RULE',
      `Schedule ${name} is damaged: what the store holds of it makes no sense. Remove it (skein schedules remove ${name}), and make it anew.`,
    )
  }
  return { definition, progress }
}

/** True for a schedule that a newer skein has written. */
export function isNewer({ definition }: Pick<StoredSchedule, 'definition'>): boolean {
  const written = formOf(definitionIn(definition))
  return typeof written === 'number' && written > format
}

function formOf(definition: unknown): unknown {
  return (definition as { readonly format?: unknown } | null | undefined)?.format
}

function definitionIn(text: string): unknown {
  if (definitions.has(text)) return definitions.get(text)
  const definition = parsed(text)
  if (typeof definition === 'object' && definition !== null) texts.set(definition, text)
  if (text.length > mostRemembered[0]) return definition
  if (definitions.size >= mostRemembered[1]) definitions.clear()
  definitions.set(text, definition)
  return definition
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isDefinition(value: unknown): value is Definition {
  const { rule, call, jitter, from, until, times, overlap, catchUp, catchUpLimit } = (value ??
    {}) as Partial<Definition>
  const { cron, timeZone, every, at } = (rule ?? {}) as Partial<Record<string, unknown>>
  const hasRule = (isString(cron) && isString(timeZone)) || (isNumber(every) && every >= 1) || isTime(at)
  const isCall = isString(call?.task) && isString(call.queue) && isString(call.body)
  return (
    hasRule &&
    isCall &&
    typeof call.headers === 'object' &&
    isNumber(jitter) &&
    isMaybe(from, isTime) &&
    isMaybe(until, isTime) &&
    isMaybe(times, isNumber) &&
    isNumber(catchUpLimit) &&
    catchUpLimit >= 1 &&
    catchUpLimit <= mostCatchUp &&
    isString(overlap) &&
    isString(catchUp)
  )
}

function isProgress(value: unknown): value is Progress {
  const { made, term, count, latest, runs } = (value ?? {}) as Partial<Progress>
  return (
    isTime(made) &&
    isNumber(count) &&
    (term === null || isTime(term)) &&
    isMaybe(latest, isString) &&
    Array.isArray(runs) &&
    runs.every(isRun)
  )
}

function isRun(value: unknown): value is ScheduleRun {
  const { id, term, at, outcome } = (value ?? {}) as Partial<ScheduleRun>
  return isString(id) && isMaybe(term, isTime) && isTime(at) && isString(outcome)
}

function isMaybe(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || is(value)
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && value >= 0
}

/** True for a moment that a Date can be made of. */
function isTime(value: unknown): value is number {
  return isNumber(value) && value <= 8.64e15
}
