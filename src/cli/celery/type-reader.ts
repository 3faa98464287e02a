import type { Declared, DeclaredModule } from './declared.ts'
import { any, type Parameter, type SharedField, type SharedType, unionOf } from './signature.ts'
import { behindClosing, placeOf } from './type-tokens.ts'

/** More names in one another, and more types in one another, are not written out. */
const mostNames = 12
const mostTypes = 50

const plain: ReadonlyMap<string, SharedType> = new Map([
  ...['any', 'unknown', 'never', 'object', 'symbol', 'this'].map(word => [word, any] as const),
  ['string', { is: 'str' }],
  ['number', { is: 'float' }],
  ['bigint', { is: 'int' }],
  ['boolean', { is: 'bool' }],
  ['null', { is: 'none' }],
  ['true', { is: 'literal', values: [true] }],
  ['false', { is: 'literal', values: [false] }],
  ['Date', { is: 'datetime' }],
  ...['Uint8Array', 'Buffer', 'ArrayBuffer'].map(word => [word, { is: 'bytes' }] as const),
])
/** Undefined: of something that may be left out it is not one of the values. */
const missing: SharedType = { is: 'none' }

/** The parameters and the result of a function. */
export interface FunctionType {
  readonly parameters: readonly Parameter[]
  readonly returns: SharedType
}

/** Reads types as they stand in a declaration file. What the other language has no word for is read as anything. */
export class TypeReader {
  readonly #module: DeclaredModule
  readonly #tokens: readonly string[]
  readonly #values: ReadonlyMap<string, SharedType>
  /** The names that are being written out: one of them again would have no end. */
  readonly #within: readonly string[]
  #at: number
  #depth = 0

  private constructor(declared: Declared, values: readonly SharedType[], within: readonly string[]) {
    this.#module = declared.module
    this.#tokens = declared.module.tokens
    this.#at = declared.start
    this.#values = new Map(declared.parameters.map((name, at) => [name, values[at] ?? any]))
    this.#within = within
  }

  /** The function of which a constant is the task; undefined where it is not one. */
  static task(module: DeclaredModule, name: string): FunctionType | undefined {
    const declared = module.find(name)
    return declared?.kind === 'const' ? new TypeReader(declared, [], []).#task() : undefined
  }

  #task(): FunctionType | undefined {
    // Task<(…) => …>, or import("skein").Task<(…) => …>
    const open = placeOf(['<', ';'], this.#tokens, this.#at)
    if (this.#tokens[open] !== '<' || this.#tokens[open - 1] !== 'Task') return undefined
    this.#at = open + 1
    const start = this.#parametersAt
    return start === undefined ? undefined : this.#function(start)
  }

  get #next(): string {
    return this.#tokens[this.#at] ?? ''
  }

  #take(sign: string): boolean {
    if (this.#next !== sign) return false
    this.#at++
    return true
  }

  /** The place of the parameters, if a function's type stands here: type parameters may come before them. */
  get #parametersAt(): number | undefined {
    const at = this.#next === '<' ? behindClosing(this.#tokens, this.#at) : this.#at
    return this.#tokens[at] === '(' && this.#tokens[behindClosing(this.#tokens, at)] === '=>' ? at : undefined
  }

  #function(start: number): FunctionType {
    this.#at = start
    const end = behindClosing(this.#tokens, this.#at)
    this.#at++
    const parameters: Parameter[] = []
    while (this.#at < end - 1) {
      const parameter = this.#parameter(parameters.length)
      if (parameter !== undefined) parameters.push(parameter)
      this.#take(',')
    }
    this.#at = end + 1
    const isAssertion = this.#take('asserts')
    if (!isAssertion && this.#tokens[this.#at + 1] !== 'is') return { parameters, returns: this.#type() }
    this.#at++
    if (this.#take('is')) this.#type()
    return { parameters, returns: isAssertion ? missing : { is: 'bool' } }
  }

  #parameter(number: number): Parameter | undefined {
    const isRest = this.#take('...')
    const isPattern = this.#next === '{' || this.#next === '['
    const name = isPattern ? `argument${number + 1}` : this.#next
    this.#at = isPattern ? behindClosing(this.#tokens, this.#at) : this.#at + 1
    const isOptional = this.#take('?')
    const type = this.#take(':') ? this.#type() : any
    if (name === 'this') return undefined
    if (!isRest) return { name, kind: 'place', required: !isOptional, type: isOptional ? given(type) : type }
    return { name, kind: 'rest', required: false, type: type.is === 'list' ? type.of : any }
  }

  #type(): SharedType {
    if (this.#depth > mostTypes) {
      // Always further on, also where nothing that makes sense stands here.
      this.#at = Math.max(placeOf([',', ';', '|', '&', '?', ':', '=>'], this.#tokens, this.#at), this.#at + 1)
      return any
    }
    this.#depth++
    const type = this.#conditional()
    this.#depth--
    return type
  }

  #conditional(): SharedType {
    const start = this.#parametersAt
    if (start !== undefined) {
      this.#function(start)
      return any
    }
    const type = this.#union()
    if (this.#next !== 'extends') return type
    // A type that depends on another one.
    this.#at++
    this.#union()
    this.#take('?')
    this.#type()
    this.#take(':')
    this.#type()
    return any
  }

  #union(): SharedType {
    this.#take('|')
    const types = [this.#intersection()]
    while (this.#take('|')) types.push(this.#intersection())
    return types.length === 1 ? (types[0] as SharedType) : unionOf(types)
  }

  #intersection(): SharedType {
    this.#take('&')
    const types = [this.#postfix()]
    while (this.#take('&')) types.push(this.#postfix())
    if (types.length === 1) return types[0] as SharedType
    const objects = types.filter(type => type.is === 'object')
    if (objects.length === types.length) return { is: 'object', fields: objects.flatMap(type => type.fields) }
    // A string that bears a mark is a string.
    const others = types.filter(type => type.is !== 'object')
    return others.length === 1 ? (others[0] as SharedType) : any
  }

  #postfix(): SharedType {
    if (this.#take('readonly')) return this.#postfix()
    if (['keyof', 'unique', 'infer', 'typeof', 'asserts'].includes(this.#next)) {
      this.#at++
      this.#postfix()
      return any
    }
    let type = this.#primary()
    while (this.#next === '[') {
      const isList = this.#tokens[this.#at + 1] === ']'
      this.#at = behindClosing(this.#tokens, this.#at)
      type = isList ? { is: 'list', of: type } : any
    }
    return type
  }

  #primary(): SharedType {
    const word = this.#next
    if (word === '(') return this.#inParentheses()
    if (word === '[') return this.#tuple()
    if (word === '{') return this.#object()
    if (word === 'import' || (/^[\p{L}_$]/u.test(word) && !['new', 'abstract'].includes(word))) return this.#reference()
    this.#at++
    if (/^["']/.test(word)) return { is: 'literal', values: [textOf(word)] }
    if (word.startsWith('`')) return { is: 'str' }
    if (/^-?\d[\d_]*n$/.test(word)) return { is: 'int' }
    if (/^-?\d/.test(word)) return { is: 'literal', values: [Number(word)] }
    if (word === 'new' || word === 'abstract') this.#type() // of a class
    return any
  }

  #inParentheses(): SharedType {
    this.#at++
    const type = this.#type()
    this.#take(')')
    return type
  }

  #tuple(): SharedType {
    const end = behindClosing(this.#tokens, this.#at)
    this.#at++
    const of: SharedType[] = []
    let isFixed = true
    while (this.#at < end - 1) {
      if (this.#take('...')) isFixed = false
      const isNamed =
        this.#tokens[this.#at + 1] === ':' || (this.#tokens[this.#at + 1] === '?' && this.#tokens[this.#at + 2] === ':')
      if (isNamed) this.#at++
      if (this.#take('?')) isFixed = false
      if (isNamed) this.#take(':')
      const type = this.#type()
      if (this.#take('?')) isFixed = false
      of.push(type)
      this.#take(',')
    }
    this.#at = end
    return isFixed ? { is: 'tuple', of } : { is: 'list', of: any }
  }

  #object(): SharedType {
    const end = behindClosing(this.#tokens, this.#at)
    this.#at++
    const fields: SharedField[] = []
    let others: SharedType | undefined
    let isOther = false
    while (this.#at < end - 1) {
      let isGetter = false
      while (
        ['readonly', 'get', 'set'].includes(this.#next) &&
        !['?', ':', '('].includes(this.#tokens[this.#at + 1] as string)
      ) {
        isGetter ||= this.#next === 'get'
        this.#at++
      }
      if (this.#next === '[') {
        const isIndex = this.#tokens[this.#at + 2] === ':'
        if (this.#tokens[this.#at + 2] === 'in') isOther = true
        this.#at = behindClosing(this.#tokens, this.#at)
        if (isIndex && this.#take(':')) others = this.#type()
      } else if (this.#next === '(' || this.#next === '<' || this.#next === 'new') {
        isOther = true
      } else {
        const name = /^["']/.test(this.#next) ? textOf(this.#next) : this.#next
        this.#at++
        const isOptional = this.#take('?')
        if (isGetter) this.#at = behindClosing(this.#tokens, this.#at)
        if (this.#take(':')) {
          const type = this.#type()
          fields.push({ name, required: !isOptional, type: isOptional ? given(type) : type })
        }
      }
      this.#at = Math.min(placeOf([';', ','], this.#tokens, this.#at) + 1, end - 1)
    }
    this.#at = end
    if (isOther) return any
    if (fields.length === 0) return others === undefined ? any : { is: 'dict', of: others }
    return { is: 'object', fields }
  }

  #reference(): SharedType {
    let module: DeclaredModule | undefined = this.#module
    let name = this.#next
    this.#at++
    if (name === 'import') {
      module = this.#module.at(textOf(this.#tokens[this.#at + 1] as string))
      this.#at += 3
    }
    while (this.#take('.')) {
      name = this.#next
      this.#at++
    }
    const args: SharedType[] = []
    if (this.#next === '<') {
      const end = behindClosing(this.#tokens, this.#at)
      this.#at++
      while (this.#at < end - 1) {
        args.push(this.#type())
        this.#take(',')
      }
      this.#at = end
    }
    if (name === 'undefined' || name === 'void') return missing
    return this.#values.get(name) ?? this.#declared(module, name, args) ?? plain.get(name) ?? builtIn(name, args)
  }

  #declared(module: DeclaredModule | undefined, name: string, args: readonly SharedType[]): SharedType | undefined {
    const declared = module?.find(name)
    if (declared === undefined || declared.kind === 'const') return undefined
    if (this.#within.includes(name) || this.#within.length > mostNames) return any
    const reader = new TypeReader(declared, args, [...this.#within, name])
    const type = declared.kind === 'type' ? reader.#type() : reader.#interface()
    return type.is === 'object' && args.length === 0 ? { ...type, name: declared.name } : type
  }

  #interface(): SharedType {
    const above: SharedType[] = []
    if (this.#take('extends')) {
      do above.push(this.#reference())
      while (this.#take(','))
    }
    const own = this.#object()
    if (above.length === 0) return own
    const fields = [...above, own].flatMap(type => (type.is === 'object' ? type.fields : []))
    const last = fields.filter((field, at) => !fields.slice(at + 1).some(({ name }) => name === field.name))
    return last.length === 0 ? any : { is: 'object', fields: last }
  }
}

/** Without the value that stands for one that was left out. */
function given(type: SharedType): SharedType {
  return type.is === 'union' ? unionOf(type.of.filter(each => each !== missing)) : type
}

function textOf(literal: string): string {
  const inside = literal.slice(1, -1)
  try {
    return JSON.parse(
      `"${literal.startsWith("'") ? inside.replaceAll('"', '\\"').replaceAll("\\'", "'") : inside}"`,
    ) as string
  } catch {
    return inside
  }
}

/** The types of the language that have arguments. */
function builtIn(name: string, [first = any, second = any]: readonly SharedType[]): SharedType {
  switch (name) {
    case 'Promise':
    case 'PromiseLike':
    case 'Awaited':
    case 'Readonly':
      return first
    case 'Array':
    case 'ReadonlyArray':
    case 'Iterable':
      return { is: 'list', of: first }
    case 'Record':
      if (first.is !== 'literal') return { is: 'dict', of: second }
      return { is: 'object', fields: first.values.map(each => ({ name: String(each), required: true, type: second })) }
    case 'NonNullable':
      return first.is === 'union' ? unionOf(first.of.filter(each => each.is !== 'none')) : first
    case 'Partial':
    case 'Required':
      return changed(first, field => ({ ...field, required: name === 'Required' }))
    case 'Pick':
    case 'Omit': {
      const names = second.is === 'literal' ? second.values : []
      return changed(first, field => (names.includes(field.name) === (name === 'Pick') ? field : undefined))
    }
    default:
      return any
  }
}

function changed(type: SharedType, change: (field: SharedField) => SharedField | undefined): SharedType {
  if (type.is !== 'object') return any
  return { is: 'object', fields: type.fields.map(change).filter(field => field !== undefined) }
}
