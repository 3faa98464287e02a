import { mentions, type Parameter, type SharedField, type SharedType, type Signature, wordsOf } from './signature.ts'

/**
 * A TypeScript module with a contract for each task.
 *
 * @param by the command that makes it, for those who open the module
 */
export function contractsText(signatures: readonly Signature[], by: string): string {
  const names = exportNames(signatures.map(each => each.task))
  const contracts = signatures.map(each => contractText(each, names.get(each.task) as string))
  return [
    `// The tasks of a Celery project. Written by \`${by}\`: do not change it, run that again.`,
    "import { contract } from 'skein/queue'",
    '',
    contracts.join('\n\n'),
    '',
  ].join('\n')
}

/** The name of each task in the module: `mail.send_all` is `sendAll`, and `mailSendAll` where another module has a `send_all`, too. */
export function exportNames(tasks: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const taken = new Set<string>()
  let open = tasks.map(task => ({ task, segments: task.split('.').map(wordsOf) }))
  for (let parts = 1; open.length > 0; parts++) {
    const tries = open.map(each => ({ ...each, name: camelCase(each.segments.slice(-parts).flat()) }))
    const isLast = (each: (typeof tries)[number]): boolean => each.segments.length <= parts
    open = []
    for (const each of tries) {
      const isOwn = tries.every(other => other === each || other.name !== each.name)
      if (!isLast(each) && (!isOwn || taken.has(each.name) || reserved.has(each.name))) {
        open.push(each)
        continue
      }
      let name = reserved.has(each.name) ? `${each.name}Task` : each.name
      for (let number = 2; taken.has(name); number++) name = `${each.name}${number}`
      taken.add(name)
      found.set(each.task, name)
    }
  }
  return found
}

function camelCase(words: readonly string[]): string {
  const name = words.map((word, at) => (at === 0 ? lower(word) : word.charAt(0).toUpperCase() + word.slice(1))).join('')
  return /^[\p{L}]/u.test(name) ? name : `task${name}`
}

/** `HTML` is `html` at the beginning of a name, and `Send` is `send`. */
function lower(word: string): string {
  return word === word.toUpperCase() ? word.toLowerCase() : word.charAt(0).toLowerCase() + word.slice(1)
}

const reserved: ReadonlySet<string> = new Set(
  (
    'arguments await break case catch class const continue contract debugger default delete do else enum eval export extends false finally for function ' +
    'if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof ' +
    'undefined var void while with yield'
  ).split(' '),
)

function contractText({ task, about, parameters, returns, queue, ignoresResult }: Signature, name: string): string {
  const words = [about, ignoresResult === true ? 'Its result is not kept: submit it, and do not wait.' : undefined]
  const said = words.filter(each => each !== undefined).map(each => each.replaceAll('*/', '*\u200b/'))
  const doc = said.length === 0 ? '' : `/** ${said.join(' ')} */\n`
  const result = ignoresResult === true ? 'unknown' : typescriptOf(returns)
  const { list, options: terms } =
    parameters === undefined ? { list: '...args: unknown[]', options: [] } : call(parameters)
  const options = queue === undefined ? terms : [...terms, `queue: ${quoted(queue)}`]
  const more = options.length === 0 ? '' : `, { ${options.join(', ')} }`
  return `${doc}export const ${name} = contract<(${list}) => ${result}>(${quoted(task)}${more})`
}

/** The parameters of the function, and the options of the contract. Whatever may be left out in Python is given by its name. */
function call(parameters: readonly Parameter[]): { readonly list: string; readonly options: readonly string[] } {
  const rest = parameters.find(each => each.kind === 'rest')
  const others = parameters.find(each => each.kind === 'named-rest')
  // Behind one that is left out there can be no other by place, so with *args all before them are given.
  const byPlace = parameters.filter(
    each => each.kind === 'place' || (each.kind === 'either' && (each.required || rest !== undefined)),
  )
  const byName = parameters.filter(each => each.kind === 'named' || (each.kind === 'either' && !byPlace.includes(each)))
  const hasNames = byName.length > 0 || others !== undefined
  const options = hasNames ? ['keywords: true'] : []
  const floats = floatsOf(byPlace, byName, rest, others)
  if (floats !== undefined) options.push(`floats: ${floats}`)
  return { list: listText(byPlace, byName, rest, others), options }
}

function listText(
  byPlace: readonly Parameter[],
  byName: readonly Parameter[],
  rest: Parameter | undefined,
  others: Parameter | undefined,
): string {
  const labels = labelsOf(byPlace)
  const typed = byPlace.map(each => typescriptOf(each.type))
  if (byName.length === 0 && others === undefined) {
    const parts = byPlace.map((each, at) => `${labels[at]}${each.required ? '' : '?'}: ${typed[at]}`)
    if (rest !== undefined) parts.push(`...${label(rest.name)}: ${listOf(rest.type)}`)
    return parts.join(', ')
  }
  const named = namesText(byName, others)
  const least = byPlace.filter(each => each.required).length
  const noneNeeded = byName.every(each => !each.required)
  if (rest !== undefined) {
    // No argument that may be left out can stand before one that may not.
    const given = byPlace.map((_, at) => `${labels[at]}: ${typed[at]}`)
    return `...args: [${[...given, `...${label(rest.name)}: ${listOf(rest.type)}`, `options: ${named}`].join(', ')}]`
  }
  // An object in the last place would be taken for the options.
  const lists = Array.from({ length: byPlace.length - least + 1 }, (_, more) => {
    const given = byPlace.slice(0, least + more)
    const last = given.at(-1)
    const optional = noneNeeded && (last === undefined || !mayBeObject(last.type))
    return [...given.map((_each, at) => `${labels[at]}: ${typed[at]}`), `options${optional ? '?' : ''}: ${named}`].join(
      ', ',
    )
  })
  return lists.length === 1 ? (lists[0] as string) : `...args: ${lists.map(each => `[${each}]`).join(' | ')}`
}

function namesText(byName: readonly SharedField[], others: Parameter | undefined): string {
  const fields = byName.map(fieldText)
  if (others !== undefined) {
    // What the rest may be, those with a name have to be, too.
    const type = byName.length === 0 ? typescriptOf(others.type) : 'unknown'
    fields.push(`readonly [name: string]: ${type}`)
  }
  return `{ ${fields.join('; ')} }`
}

function labelsOf(parameters: readonly Parameter[]): string[] {
  return parameters.map(each => label(each.name))
}

function label(name: string): string {
  return reserved.has(name) ? `${name}_` : name
}

function mayBeObject(type: SharedType): boolean {
  return (
    type.is === 'any' ||
    type.is === 'dict' ||
    type.is === 'object' ||
    (type.is === 'union' && type.of.some(mayBeObject))
  )
}

/** The option `floats`: the arguments in which Python expects floats alone. */
function floatsOf(
  byPlace: readonly Parameter[],
  byName: readonly Parameter[],
  rest: Parameter | undefined,
  others: Parameter | undefined,
): string | undefined {
  const isFloat = (each: SharedField | undefined): boolean =>
    each !== undefined && mentions(each.type, ['float']) && !mentions(each.type, ['int', 'any'])
  const all = [...byPlace, ...byName, rest, others].filter(each => each !== undefined)
  if (!all.some(isFloat)) return undefined
  if (all.every(each => isFloat(each) || !mentions(each.type, ['int', 'any']))) return 'true'
  const places = byPlace.flatMap((each, at) => (isFloat(each) ? [String(at)] : []))
  const names = byName.filter(isFloat).map(each => quoted(each.name))
  return places.length + names.length === 0 ? undefined : `[${[...places, ...names].join(', ')}]`
}

/** A type as TypeScript writes it. */
export function typescriptOf(type: SharedType): string {
  switch (type.is) {
    case 'any':
      return 'unknown'
    case 'none':
      return 'null'
    case 'bool':
      return 'boolean'
    case 'int':
    case 'float':
      return 'number'
    case 'str':
      return 'string'
    case 'bytes':
      return 'Uint8Array'
    case 'datetime':
      return 'Date'
    case 'literal':
      return type.values.map(value => (typeof value === 'string' ? quoted(value) : String(value))).join(' | ')
    case 'list':
      return listOf(type.of)
    case 'dict':
      return `Readonly<Record<string, ${typescriptOf(type.of)}>>`
    case 'tuple':
      return `readonly [${type.of.map(typescriptOf).join(', ')}]`
    case 'union':
      return [...new Set(type.of.map(typescriptOf))].join(' | ')
    case 'object':
      return type.fields.length === 0
        ? 'Readonly<Record<string, never>>'
        : `{ ${type.fields.map(fieldText).join('; ')} }`
  }
}

function fieldText({ name, required, type }: SharedField): string {
  return `readonly ${/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) ? name : quoted(name)}${required ? '' : '?'}: ${typescriptOf(type)}`
}

function listOf(of: SharedType): string {
  const inside = typescriptOf(of)
  return ['literal', 'list', 'tuple', 'union'].includes(of.is) ? `readonly (${inside})[]` : `readonly ${inside}[]`
}

/** In single quotes, as the rest of the module. */
function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}
