import { segment, shownPath } from './path.ts'

/** True for an array and for a plain object: what else may hold a value (Map, Set, class instances) is data. */
export function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** An array or plain object of which the properties are being copied. */
interface Open {
  readonly from: object
  readonly to: object
  readonly keys: readonly string[]
  at: number
}

/**
 * A copy of the arguments in which some parts are others. Arrays and plain objects are copied, each once, and what else
 * there is stays what it is. Parts are met in their order; a list instead of recursion, because arguments may be nested
 * deeper than the stack.
 *
 * @param replace is asked for each object that is met. True: it puts another value there by itself, now or later
 */
export function copyPlain(
  args: readonly unknown[],
  replace: (part: object, put: (value: unknown) => void, path: () => string) => boolean,
): unknown[] {
  const copies = new Map<object, object>()
  const open: Open[] = []
  const path = (): string =>
    shownPath(
      'arguments',
      open.map(({ keys, at }) => segment(keys[at - 1] as string)),
    )
  const copy = (value: unknown, put: (value: unknown) => void): void => {
    if (typeof value !== 'object' || value === null) return put(value)
    if (replace(value, put, path)) return
    if (!isPlain(value)) return put(value)
    const known = copies.get(value)
    if (known !== undefined) return put(known)
    const to: object = Array.isArray(value) ? new Array<unknown>(value.length) : {}
    copies.set(value, to)
    put(to)
    open.push({ from: value, to, keys: Object.keys(value), at: 0 })
  }
  let copied: unknown
  copy(args, to => (copied = to))
  for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
    const { from, to, keys } = last
    if (last.at === keys.length) {
      open.pop()
      continue
    }
    const key = keys[last.at++] as string
    copy((from as Record<string, unknown>)[key], value => {
      Object.defineProperty(to, key, { value, enumerable: true, configurable: true, writable: true })
    })
  }
  return copied as unknown[]
}
