import { InvalidArgumentError } from './errors.ts'
import { nearest } from './nearest.ts'

/** Refuses options that are not an object, and an unknown key among them (usually a typing mistake). */
export function checkKnown(options: object, names: ReadonlySet<string>, what: string): void {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError(`Expected an object with ${what}s, got ${describe(options)}`)
  }
  for (const name of Object.keys(options)) {
    if (!names.has(name)) {
      const meant = nearest(name, names)
      throw new InvalidArgumentError(
        `Unknown ${what} '${name}'. ${meant === undefined ? '' : `Did you mean '${meant}'? `}Known are: ${[...names].join(', ')}`,
      )
    }
  }
}

/**
 * True if a string has half of a character: one of the two code units that only mean something together, as is left when a
 * string is cut in the middle of an emoji. No file and no message can keep it: two such strings become the same one.
 */
function hasHalfCharacter(text: string): boolean {
  return !text.isWellFormed()
}

/** Refuses a string that cannot be kept as it is. Errors: `SKEIN_INVALID_ARGUMENT`. */
export function checkWhole(text: string, option: string): void {
  if (hasHalfCharacter(text)) {
    throw new InvalidArgumentError(
      `${option} has half of a character in it (a surrogate without its other half), which cannot be stored. Was the text ` +
        `cut in the middle of an emoji? text.toWellFormed() puts a question mark there; got ${JSON.stringify(text.slice(0, 60))}`,
    )
  }
  // For many programs a string ends there, SQLite's own among them: what comes after it would be lost.
  if (text.includes('\0'))
    throw new InvalidArgumentError(
      `${option} has a character with the code 0 in it, which cannot be stored; leave it out`,
    )
}

/** Refuses anything but an integer from `least` to `most`. */
export function checkInteger(
  value: unknown,
  option: string,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} up` : `from ${least} to ${most}`
  throw new InvalidArgumentError(
    `${option} must be an integer${least === Number.MIN_SAFE_INTEGER ? '' : ` ${range}`}, got ${describe(value)}`,
  )
}

/** Refuses anything but an integer from `least` up, or Infinity for no limit. */
export function checkCount(value: unknown, option: string, least: number): asserts value is number {
  if (value === Infinity || (Number.isSafeInteger(value) && (value as number) >= least)) return
  throw new InvalidArgumentError(
    `${option} must be an integer from ${least} up, or Infinity for no limit; got ${describe(value)}`,
  )
}

/** Refuses anything but a function. */
export function checkFunction(value: unknown, option: string): void {
  if (typeof value !== 'function')
    throw new InvalidArgumentError(`${option} must be a function, got ${describe(value)}`)
}

/** Refuses anything but a number from `least` to `most`. */
export function checkRange(value: unknown, option: string, least: number, most: number): void {
  if (typeof value === 'number' && value >= least && value <= most) return
  const range = most === Number.MAX_VALUE ? `from ${least} up` : `from ${least} to ${most}`
  throw new InvalidArgumentError(`${option} must be a number ${range}, got ${describe(value)}`)
}

/** A short text for a value of any kind, for error messages. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`
  if (value === null) return 'null'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'function') return `the function '${value.name || 'anonymous'}'`
  if (typeof value === 'object') return withArticle(value.constructor?.name || 'null-prototype object')
  return `${String(value)} (${typeof value})`
}

/** A noun with its article: as names of classes begin, a U sounds like in Uint8Array. */
function withArticle(noun: string): string {
  return `${/^[aeio]/i.test(noun) ? 'an' : 'a'} ${noun}`
}
