import { changedRetention, defaultRetention, retentionParts } from '../../options.ts'
import type { KeptLimits, Retention, RetentionChange } from '../../roles/retention.ts'
import type { Value } from './driver.ts'

/** The past that is kept, and the words of the file that say so. */
export interface Kept {
  readonly text: Value | undefined
  readonly retention: Retention
}

/** The past that is kept where the file has not been read yet. */
export const unread: Kept = { text: undefined, retention: defaultRetention }

/** Notes how much of the past is kept, as the file says. It is read anew only where it has changed. */
export function readRetention(keeper: { kept: Kept }, text: Value | undefined): void {
  if (text !== keeper.kept.text) keeper.kept = { text, retention: retentionIn(text) }
}

/** Each limit that is damaged, or left out, is the default. */
function retentionIn(text: Value | undefined): Retention {
  let change: { readonly [part in keyof Retention]?: Readonly<Record<string, unknown>> }
  try {
    change = JSON.parse(String(text)) as typeof change
  } catch {
    return defaultRetention
  }
  const limits = (part: keyof Retention): Partial<KeptLimits> => {
    const said = change?.[part] ?? {}
    const known = Object.keys(defaultRetention[part]).flatMap(name => {
      // JSON has no Infinity.
      const limit = said[name] === null ? Infinity : said[name]
      return typeof limit === 'number' && limit >= 0 ? [[name, limit] as const] : []
    })
    return Object.fromEntries(known)
  }
  return changedRetention(
    defaultRetention,
    Object.fromEntries(retentionParts.map(part => [part, limits(part)])) as RetentionChange,
  )
}
