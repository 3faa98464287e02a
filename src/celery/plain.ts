import { segment, shownPath } from '../call/codec/path.ts'
import { UnsendableError } from '../core/errors/errors.ts'
import type { Mark } from './marks.ts'
import type { Written } from './write-json.ts'

/** The kinds of values that others read as what is nearest to them. */
const near: ReadonlySet<Mark[0]> = new Set<Mark[0]>(['bigint', 'undefined', 'hole', 'buffer', 'url'])

/**
 * Refuses a value of which a reader in another language would make something else.
 *
 * @param root what the value is called in the error
 * **Errors**: `SKEIN_UNSENDABLE` with the path.
 */
export function checkPlain({ marks }: Written, root: string): void {
  const lost = marks.find(([kind]) => !near.has(kind))
  if (lost === undefined) return
  const [kind, keys] = lost
  const path = shownPath(
    root,
    keys.map(key => (typeof key === 'number' ? `[${key}]` : segment(key))),
  )
  throw new UnsendableError(
    `${path} is ${words[kind] ?? 'a value'} that a task in another language cannot get. Pass what it has there, too: strings, numbers, ` +
      `bigints, booleans, null, dates, bytes, and lists and plain objects of those.`,
    { path },
  )
}

const words: Partial<Record<Mark[0], string>> = {
  date: 'a date that Python does not have',
  view: 'an array of numbers of one kind',
  regexp: 'a regular expression',
  map: 'a Map',
  set: 'a Set',
  error: 'an error',
  class: 'an instance of a class',
  edge: 'a call or a job',
  outcome: 'a call or a job',
}
