import { describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { isThenable } from '../../core/errors/thenable.ts'

/** The work of a stage on a value: calls a function, or takes a property. */
export type Doing = { readonly fn: (value: unknown) => unknown } | { readonly property: string | number }

/** A stage with all that it needs at hand. */
export type Stage =
  | { readonly kind: 'map' | 'filter' | 'flatMap'; readonly does: Doing }
  | {
      readonly kind: 'join'
      readonly does: Doing
      /** The partners of each key. */
      readonly table: ReadonlyMap<unknown, readonly unknown[]>
      readonly outer: boolean
    }

/** The value of a function or of a property. */
export function apply(does: Doing, value: unknown): unknown {
  return 'fn' in does ? does.fn(value) : (value as Record<string | number, unknown>)[does.property]
}

/** True for what has to be waited for before the next stage: a promise, or an iterable that is read by waiting. */
export function isLater(value: unknown): value is PromiseLike<unknown> | AsyncIterable<unknown> {
  return isThenable(value) || (typeof value === 'object' && value !== null && Symbol.asyncIterator in value)
}

/** The values that a flatMap makes of one. **Errors**: `SKEIN_INVALID_ARGUMENT` for anything but a list. */
export function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (typeof value === 'object' && value !== null && Symbol.iterator in value)
    return Array.from(value as Iterable<unknown>)
  throw new InvalidArgumentError(
    `flatMap needs a task that returns an array or another iterable, got ${describe(value)}: for one value per item use map.`,
  )
}

const nobody: readonly unknown[] = [undefined]

/** A value with each of its partners in a join. */
export function pairsOf(stage: Extract<Stage, { kind: 'join' }>, value: unknown, key: unknown): readonly unknown[] {
  const partners = stage.table.get(key) ?? (stage.outer ? nobody : undefined)
  return partners === undefined ? [] : partners.map(partner => [value, partner])
}
