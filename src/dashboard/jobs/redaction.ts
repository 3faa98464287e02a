import { isDeepStrictEqual } from 'node:util'

/** The place of a value that may have to be hidden. */
export interface HiddenPlace {
  /** The name of the task. */
  readonly task: string
  readonly part: 'args' | 'kwargs' | 'result' | 'error' | 'report' | 'reason'
}

/** Stands in the place of a value that is not shown. */
export const hidden = '[hidden]'

/** The names of fields that are hidden unless the options say otherwise. */
const usual: readonly string[] = [
  'password',
  'passwd',
  'passphrase',
  'pwd',
  'secret',
  'token',
  'authorization',
  'apikey',
  'accesskey',
  'privatekey',
  'secretkey',
  'credential',
  'credentials',
  'cookie',
  'cvv',
  'cvc',
  'cardnumber',
]

/** Gives what is shown in the place of a value of plain JSON. Never throws. */
export type Redaction = (value: unknown, place: HiddenPlace) => unknown

/** Makes the redaction that the options ask for. */
export function redaction(
  hide: readonly string[] = usual,
  redact?: (value: unknown, place: HiddenPlace) => unknown,
): Redaction {
  const names = hide.map(plainName).filter(name => name !== '')
  const isHidden = (key: string): boolean => {
    const name = plainName(key)
    return names.some(each => name.endsWith(each))
  }
  return (value, place) => {
    try {
      const left = names.length === 0 ? value : withoutHidden(value, isHidden)
      if (redact === undefined) return left
      const shown = redact(left, place)
      // A promise would be shown as an empty object, and hide nothing that it was to hide.
      return shown instanceof Promise ? hidden : shown
    } catch {
      return hidden
    }
  }
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/[-_\s]/g, '')
}

function withoutHidden(value: unknown, isHidden: (key: string) => boolean): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(each => withoutHidden(each, isHidden))
  const fields = value as Readonly<Record<string, unknown>>
  if (fields['$type'] === 'Map' && Array.isArray(fields['value']))
    return { ...fields, value: fields['value'].map(pair => withoutHiddenPair(pair, isHidden)) }
  return Object.fromEntries(
    Object.entries(fields).map(([key, each]) => [key, isHidden(key) ? hidden : withoutHidden(each, isHidden)]),
  )
}

function withoutHiddenPair(pair: unknown, isHidden: (key: string) => boolean): unknown {
  if (!Array.isArray(pair)) return pair
  const [key, value] = pair as [unknown, unknown]
  const shown = typeof key === 'string' && isHidden(key) ? hidden : withoutHidden(value, isHidden)
  return [withoutHidden(key, isHidden), shown]
}

/**
 * Puts back what was not edited, at the same place: a value that was hidden, or for which JSON has no form.
 *
 * @param shown the value as it was before it was edited
 * @param original the value that it stood for
 */
export function restored(edited: unknown, shown: unknown, original: unknown): unknown {
  if (isDeepStrictEqual(edited, shown)) return original
  if (Array.isArray(edited) && Array.isArray(shown) && Array.isArray(original))
    return edited.map((each, at) =>
      at < original.length ? restored(each, shown[at], original[at]) : (each as unknown),
    )
  if (!isFields(edited) || !isFields(shown) || !isFields(original)) return edited
  return Object.fromEntries(
    Object.entries(edited).map(([key, each]) => [
      key,
      Object.hasOwn(shown, key) && Object.hasOwn(original, key) ? restored(each, shown[key], original[key]) : each,
    ]),
  )
}

/** True for an object that is nothing but its fields. */
function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
