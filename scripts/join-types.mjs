// Joins the declarations that the doors of the package reach into a few files, dist/joined/*.d.ts, as join.mjs does with the
// modules. Each declaration is in one of them, and each module's own file becomes a door to it: there is never a second
// class of a name, which TypeScript would take for another one.
import { posix } from 'node:path'
import { decode, encode } from '@jridgewell/sourcemap-codec'
import { itemsOf, specifierOf } from './modules.mjs'

const line = /^(import|export) (?:type )?(?:\{([^}]*)\}|\* as (\w+)) from '([^']+)';\n/gm
const local = /^export (?:type )?\{([^}]*)\};\n/gm
const bare = /^import '\.[^']+';$/gm
const declared = /^(export )?(?:declare )?(?:abstract )?(class|interface|type|const|let|function) ([\w$]+)/gm
const apart = /\/\*[\s\S]*?\*\/|\/\/.*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g

/**
 * Joins the declarations in `texts`, which has those of each module and their maps by their paths. `doors`: from the name of a part to
 * the modules that people import of it, in order; a module belongs to the first part that needs it. Gives the files of dist/
 * that are other than what the compiler wrote, and the paths of those that are not in it.
 */
export function joinTypes(texts, doors) {
  const modules = new Map()
  for (const [part, entries] of doors) {
    for (const path of entries) if (texts.has(path)) read(path, part, texts, modules)
  }
  const canonical = namesOf(modules, new Set(doors.flatMap(([, entries]) => entries)))
  const other = new Map()
  for (const part of new Set([...modules.values()].map(each => each.part))) {
    const own = [...modules.values()].filter(each => each.part === part)
    const { text, map } = joined(part, own, modules, canonical)
    other.set(`joined/${part}.d.ts`, text)
    other.set(`joined/${part}.d.ts.map`, map)
  }
  for (const module of modules.values()) other.set(module.path, door(module, modules, canonical))
  return { other, absent: [...modules.keys()].map(path => `${path}.map`) }
}

/** Takes a module apart, after those that it imports. */
function read(path, part, texts, modules) {
  if (modules.has(path)) return
  const module = {
    path,
    part,
    head: '',
    names: new Map(),
    exported: new Map(),
    imported: new Map(),
    outside: [],
    lines: [],
    spaces: new Map(),
  }
  modules.set(path, module) // at first: types may be in circles
  const text = texts.get(path).replace(/\n?\/\/# sourceMappingURL=.*\n?$/, '\n')
  const next = []
  for (const [, kind, list, space, from] of text.matchAll(line)) {
    if (!from.startsWith('.')) {
      if (kind === 'export') throw new Error(`${path} exports from ${from}`)
      module.outside.push({ list, space, from })
      continue
    }
    const source = posix.join(posix.dirname(path), from).replace(/\.ts$/, '.d.ts')
    if (!texts.has(source)) throw new Error(`${path} imports ${from}, which is not there`)
    next.push(source)
    if (space !== undefined) module.spaces.set(space, source)
    for (const { name, alias } of itemsOf(list)) {
      if (kind === 'import') module.imported.set(alias, { name, source })
      else module.exported.set(alias, { name, source })
    }
  }
  for (const [, list] of text.matchAll(local)) {
    for (const { name, alias } of itemsOf(list)) module.exported.set(alias, { name })
  }
  for (const [, exported, kind, name] of text.matchAll(declared)) {
    module.names.set(name, /class|interface|type/.test(kind) || module.names.get(name) === true)
    if (exported !== undefined) module.exported.set(name, { name })
  }
  if (/\bimport\('\./.test(text.replace(/\/\*[\s\S]*?\*\//g, '')))
    throw new Error(`${path} has an import(…) among its types`)
  const { mappings, sources } = JSON.parse(texts.get(`${path}.map`))
  module.source = sources[0]
  const kept = text
    .replace(line, whole => whole.replace(/[^\n]+/g, '\0'))
    .replace(local, '\0\n')
    .replace(bare, '\0')
  const spots = decode(mappings)
  const [, head = ''] = /^((?:\/\/\/.*\n)*(?:\/\*\*(?:(?!\*\/)[\s\S])*@module[\s\S]*?\*\/\n)?)/.exec(kept)
  module.head = head
  const skipped = head.split('\n').length - 1
  for (const [at, words] of kept.split('\n').entries()) {
    if (at < skipped || words === '\0' || words === 'export {};') continue
    module.lines.push({ words, spots: spots[at] ?? [] })
  }
  while (module.lines.at(-1)?.words === '') module.lines.pop()
  for (const source of next) read(source, part, texts, modules)
  // To the end: a module stands after those that it needs.
  modules.delete(path)
  modules.set(path, module)
}

/**
 * The name of each declaration, among all parts: its own, unless that is taken, or is what another module calls something of the
 * platform. First come those that people import.
 */
function namesOf(modules, doors) {
  const canonical = new Map()
  const taken = new Set()
  const known = new Set()
  for (const path of doors) {
    for (const alias of modules.get(path)?.exported.keys() ?? []) {
      if (modules.get(path).spaces.has(alias)) continue // a whole module
      const found = declarationOf(path, alias, modules)
      known.add(`${found.path} ${found.name}`)
    }
  }
  const all = [...modules.values()].flatMap(({ path, names }) =>
    [...names].map(([name, isType]) => ({ path, name, isType })),
  )
  for (const isKnown of [true, false]) {
    for (const { path, name, isType } of all) {
      if (known.has(`${path} ${name}`) !== isKnown) continue
      let free = name
      for (let count = 1; taken.has(free) || usedFromOutside(free, isType, path, modules); count++)
        free = `${name}$${count}`
      taken.add(free)
      canonical.set(`${path} ${name}`, { name: free, isType })
    }
  }
  return canonical
}

/** True if another module means something of the platform, or of another package, by this name. */
function usedFromOutside(name, isType, path, modules) {
  for (const module of modules.values()) {
    if (module.path === path || module.names.has(name) || module.imported.has(name)) continue
    if (module.outside.some(({ list }) => itemsOf(list).some(({ alias }) => alias === name))) return true
    module.used ??= usedIn(module)
    if ((isType ? module.used.types : module.used.values).has(name)) return true
  }
  return false
}

/** A name where a type can be meant (also behind the dots of a spread), and where a value is: among types only these two. */
const typeName = /(?<![\w$]|(?<!\.\.)\.)[A-Za-z_$][\w$]*(?![\w$]|\??:|\()/g
const valueName = /(?<=\btypeof |\[)[A-Za-z_$][\w$]*(?=\]|[^\w$:])/g

/** The names that a module uses. */
function usedIn({ lines }) {
  const code = lines
    .map(({ words }) => words)
    .join('\n')
    .replace(apart, '')
  const all = pattern => new Set([...code.matchAll(pattern)].map(([name]) => name))
  return { types: all(typeName), values: all(valueName) }
}

/** The declaration behind a name that a module exports, through as many modules as it takes. */
function declarationOf(path, name, modules) {
  const module = modules.get(path)
  const found = module?.exported.get(name)
  if (found === undefined) throw new Error(`${path} does not export ${name}`)
  const behind = found.source === undefined ? module.imported.get(found.name) : found
  return behind === undefined ? { path, name: found.name } : declarationOf(behind.source, behind.name, modules)
}

function joined(part, own, modules, canonical) {
  const head = new Set(['/// <reference types="node" preserve="true" />'])
  const outside = new Map()
  const needed = new Map()
  const body = []
  const mappings = []
  const sources = []
  for (const module of own) {
    const renamed = new Map()
    for (const name of module.names.keys()) renamed.set(name, canonical.get(`${module.path} ${name}`))
    for (const [alias, { name, source }] of module.imported) {
      const found = declarationOf(source, name, modules)
      const there = canonical.get(`${found.path} ${found.name}`)
      renamed.set(alias, there)
      const from = modules.get(found.path).part
      if (from !== part) needed.set(from, (needed.get(from) ?? new Set()).add(there.name))
    }
    for (const { list, space, from } of module.outside) {
      for (const { name, alias } of itemsOf(list))
        outside.set(from, (outside.get(from) ?? new Set()).add(name === alias ? name : `${name} as ${alias}`))
      if (space !== undefined) head.add(`import * as ${space} from '${from}';`)
    }
    if (module.spaces.size > 0 && module.lines.length > 0)
      throw new Error(`${module.path} uses a whole module as a value`)
    for (const [name, there] of renamed) if (there.name === name) renamed.delete(name)
    const texts = rename(module.lines.map(({ words }) => words).join('\n'), renamed).split('\n')
    if (module.lines.length > 0) sources.push(module.source)
    for (const [at, { spots }] of module.lines.entries()) {
      body.push(texts[at])
      // At the beginning of each line, and at the name that it declares: there an editor looks for it.
      const name = nameColumn(module.lines[at].words)
      const kept = spots.filter(([column], index) => index === 0 || column === name)
      mappings.push(kept.map(([column, , ...place]) => [column, sources.length - 1, ...place]))
    }
  }
  for (const [from, names] of outside) head.add(`import { ${[...names].join(', ')} } from '${from}';`)
  for (const [from, names] of needed) head.add(`import { ${[...names].join(', ')} } from './${from}.js';`)
  const top = [...head]
  return {
    text: `${[...top, ...body, 'export {};', `//# sourceMappingURL=${part}.d.ts.map`].join('\n')}\n`,
    map: JSON.stringify({
      version: 3,
      file: `${part}.d.ts`,
      // From where the compiler has put it to where it is.
      sources: sources.map(source => `../../${source.slice(source.indexOf('src/'))}`),
      names: [],
      mappings: encode([...top.map(() => []), ...mappings]),
    }),
  }
}

const modifiers =
  /^\s*(?:(?:export|declare|abstract|class|interface|type|const|let|function|private|protected|static|readonly|get|set) )*/

/** Where the name begins that a line declares. */
const nameColumn = words => modifiers.exec(words)[0].length

/** The text with other names for declarations; comments and strings stay as they are. */
function rename(text, renamed) {
  if (renamed.size === 0) return text
  let result = ''
  let at = 0
  const declaring = new RegExp(
    `(?<=(?:const|let|function) )(?:${[...renamed.keys()].map(name => name.replaceAll('$', '\\$')).join('|')})\\b`,
    'g',
  )
  const to = isType => name => (renamed.get(name)?.isType === isType ? renamed.get(name).name : name)
  const code = part => part.replace(typeName, to(true)).replace(valueName, to(false)).replace(declaring, to(false))
  for (const { 0: whole, index } of text.matchAll(apart)) {
    result += code(text.slice(at, index)) + whole
    at = index + whole.length
  }
  return result + code(text.slice(at))
}

/** What a module's own file says: where each of its names is. */
function door(module, modules, canonical) {
  const from = new Map()
  const spaces = []
  const seen = path => specifierOf(posix.dirname(module.path), path)
  for (const [alias, { name, source }] of module.exported) {
    if (source === undefined && module.spaces.has(name)) {
      const to = seen(module.spaces.get(name).replace(/\.d\.ts$/, '.js'))
      spaces.push(`import * as ${name} from '${to}';\nexport { ${name}${alias === name ? '' : ` as ${alias}`} };\n`)
      continue
    }
    const found = declarationOf(module.path, alias, modules)
    const there = canonical.get(`${found.path} ${found.name}`).name
    const { part } = modules.get(found.path)
    from.set(part, [...(from.get(part) ?? []), there === alias ? alias : `${there} as ${alias}`])
  }
  const lines = [...from].map(
    ([part, names]) => `export { ${names.join(', ')} } from '${seen(`joined/${part}.js`)}';\n`,
  )
  return `${module.head}${lines.join('')}${spaces.join('')}${lines.length + spaces.length === 0 ? 'export {};\n' : ''}`
}
