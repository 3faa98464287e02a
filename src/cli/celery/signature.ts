/**
 * A task as far as both languages can say it: read out of a Python project or a TypeScript module, written as a contract or a stub.
 *
 * @module
 */

/** A type that both languages have a word for. */
export type SharedType =
  | { readonly is: 'any' | 'none' | 'bool' | 'int' | 'float' | 'str' | 'bytes' | 'datetime' }
  | { readonly is: 'literal'; readonly values: readonly (string | number | boolean)[] }
  | { readonly is: 'list'; readonly of: SharedType }
  | { readonly is: 'dict'; readonly of: SharedType }
  | { readonly is: 'tuple'; readonly of: readonly SharedType[] }
  | { readonly is: 'union'; readonly of: readonly SharedType[] }
  | { readonly is: 'object'; readonly name?: string; readonly fields: readonly SharedField[] }

/** A property of an object. */
export interface SharedField {
  readonly name: string
  readonly required: boolean
  readonly type: SharedType
}

/** A parameter of a task. */
export interface Parameter extends SharedField {
  /** `either` can be given by place and by name; `rest` and `named-rest` take as many as there are. */
  readonly kind: 'place' | 'either' | 'rest' | 'named' | 'named-rest'
}

/** A task as others call it. */
export interface Signature {
  /** The name under which workers know it. */
  readonly task: string
  /** The beginning of what it says of itself. */
  readonly about?: string
  /** Absent where nothing is known of them. */
  readonly parameters?: readonly Parameter[]
  readonly returns: SharedType
  /** The queue that its project routes it to. */
  readonly queue?: string
  /** Its result is kept nowhere. */
  readonly ignoresResult?: boolean
}

export const any: SharedType = { is: 'any' }

/** Types of which a value has one; one of them alone is itself, and with one that may be anything they are that. */
export function unionOf(types: readonly SharedType[]): SharedType {
  const flat = types.flatMap(type => (type.is === 'union' ? type.of : [type]))
  if (flat.some(type => type.is === 'any')) return any
  const literals = flat.flatMap(type => (type.is === 'literal' ? type.values : []))
  const others = flat.filter(type => type.is !== 'literal')
  const whole = [true, false].every(value => literals.includes(value))
  const values = [...new Set(literals)].filter(value => !whole || typeof value !== 'boolean')
  const of: SharedType[] = [
    ...(values.length > 0 ? [{ is: 'literal' as const, values }] : []),
    ...(whole ? [{ is: 'bool' as const }] : []),
    ...others,
  ]
  const unique = of.filter((type, at) => of.findIndex(each => JSON.stringify(each) === JSON.stringify(type)) === at)
  return unique.length === 1 ? (unique[0] as SharedType) : { is: 'union', of: unique }
}

/** True if a type, or what is inside of it, is one of those. */
export function mentions(type: SharedType, kinds: readonly SharedType['is'][]): boolean {
  if (kinds.includes(type.is)) return true
  switch (type.is) {
    case 'list':
    case 'dict':
      return mentions(type.of, kinds)
    case 'tuple':
    case 'union':
      return type.of.some(each => mentions(each, kinds))
    case 'object':
      return type.fields.some(field => mentions(field.type, kinds))
    default:
      return false
  }
}

/** The words of a name: `fetch_all`, `fetchAll` and `fetch-all` are `fetch` and `all`. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/(\p{Ll}|\p{N})(?=\p{Lu})/gu, '$1 ')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(word => word !== '')
}
