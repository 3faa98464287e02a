// What all kinds of joined files do with the modules that they are made of.
import { posix } from 'node:path'

/** The name of what a module exports in the file that it is joined into. */
export const mangled = (path, name) => `${path.replace(/\.js$/, '').replace(/\W/g, '_')}$${name}`

/** The line that exports all of a module under these names. */
export function allOf(path, names) {
  const exports = names.get(path).map(name => `${name} as ${mangled(path, name)}`)
  return exports.length === 0 ? '' : `export { ${exports.join(', ')} } from './${path}'`
}

/** What stands between the braces of an import or an export: each name there, and the one that it has here. */
export const itemsOf = (list = '') =>
  list
    .split(',')
    .map(item => item.trim().replace(/^type /, ''))
    .filter(Boolean)
    .map(item => {
      const [name, alias = name] = item.split(/ as /)
      return { name, alias }
    })

/** A file as a module in a folder imports it. */
export function specifierOf(folder, file) {
  const path = posix.relative(folder, file)
  return path.startsWith('.') ? path : `./${path}`
}

/** The options of esbuild for all joined files: the oldest Node that they run on. */
export const joining = { write: false, bundle: true, platform: 'node', target: 'node20.19', logLevel: 'warning' }

/** One line in the place of several: the lines below stay where they are, and source maps go on to lead there. */
export const inAsManyLines = (line, lines) => line + '\n'.repeat(lines.split('\n').length - 1)

const nodeImport = /^import (?:\{([^}]*)\}|(\w+)) from '(node:[\w/]+)';$/gm

/**
 * The text of a module that takes what it needs of Node's modules from Node itself. An import of one would make all that the module
 * exports, also what Node loads only when it is asked for: streams, the parser of arguments. A bundler may leave out what is not used.
 */
export function withoutNodeImports(text) {
  const changed = text.replace(nodeImport, (line, list, whole, module) => {
    const lines = itemsOf(list).map(
      ({ name, alias }) => `const ${alias} = /* @__PURE__ */ ofNode('${module}', '${name}');`,
    )
    const taking = whole ? `const ${whole} = /* @__PURE__ */ ofNode('${module}');` : lines.join(' ')
    return inAsManyLines(taking, line)
  })
  return changed === text ? text : `import { ofNode } from '${ofNode}'; ${changed}`
}

const ofNode = 'of-node'

/** Lets esbuild find the function that these texts use. */
export const resolvingOfNode = {
  name: ofNode,
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: new RegExp(`^${ofNode}$`) }, ({ path }) => ({ path, namespace: ofNode, sideEffects: false }))
    onLoad({ filter: /./, namespace: ofNode }, () => ({
      contents: `export function ofNode(module, name) {
  const all = process.getBuiltinModule(module)
  return name === undefined ? all : all[name]
}`,
    }))
  },
}
