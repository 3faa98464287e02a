// Joins what nearly every program and every worker loads into one file, dist/joined/skein.js. Each module of it costs most
// of a millisecond to find, read and link, and a new thread pays for all of them before its first call.
//
// The modules stay where they are, as doors to the joined file: whatever imports one of them, from inside or outside, gets
// the same functions and classes, so there is never a second copy of anything.
import { dirname, join, posix, relative, sep } from 'node:path'
import { root } from './steps.mjs'

const target = 'joined/skein.js'

/** What starts a worker: it does something when it is loaded, so it stays a file of its own. */
const starters = ['threads/bootstrap.js', 'processes/bootstrap.js']

const importLine = /^(import|export) \{([^}]*)\} from '(\.[^']+)';$/gm

/**
 * Joins modules as the compiler wrote them. `folder` is where they lie, from the root of the repository; `texts` holds
 * them by their paths in it. Gives the texts of the files in dist/ that are other than what the compiler wrote, and the
 * paths of those that are not in dist/ at all.
 */
export async function joinModules(folder, texts) {
  // Not above: this file is loaded before the development dependencies are installed.
  const { build } = await import('esbuild')
  const modules = reachableFrom(['index.js', ...starters], texts)
  const joined = modules.filter(path => !starters.includes(path))
  const names = await namesIn(folder, joined, build)
  const doors = joined
    .filter(path => names.get(path).length > 0)
    .map(path => `export { ${names.get(path).map(name => `${name} as ${mangled(path, name)}`)} } from './${path}'`)
  const { outputFiles } = await build({
    absWorkingDir: join(root, folder),
    stdin: { contents: doors.join('\n'), resolveDir: join(root, folder) },
    outfile: join(root, 'dist', target),
    write: false,
    plugins: [reading(texts, join(root, folder))],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    keepNames: false,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
  })
  const other = new Map()
  for (const { path, text } of outputFiles) other.set(path.endsWith('.map') ? `${target}.map` : target, text)
  for (const path of joined) {
    const exports = names.get(path).map(name => `${mangled(path, name)} as ${name}`)
    other.set(path, `export { ${exports.join(', ')} } from '${toJoined(path)}';\n`)
  }
  for (const path of starters) other.set(path, straight(path, texts.get(path), joined))
  return { other, absent: joined.map(path => `${path}.map`) }
}

/** Lets esbuild read the modules from the texts, not from the disk. */
const reading = (texts, folder) => ({
  name: 'texts',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.js$/ }, ({ path }) => ({
      contents: texts.get(relative(folder, path).split(sep).join('/')),
      resolveDir: dirname(path),
    })),
})

const mangled = (path, name) => `${path.replace(/\.js$/, '').replace(/\W/g, '_')}$${name}`

function toJoined(from) {
  const path = posix.relative(posix.dirname(from), target)
  return path.startsWith('.') ? path : `./${path}`
}

/** What each of the modules exports. */
async function namesIn(folder, paths, build) {
  const base = join(root, folder)
  const { metafile } = await build({
    entryPoints: paths.map(path => join(base, path)),
    absWorkingDir: base,
    outbase: base,
    outdir: base,
    allowOverwrite: true,
    write: false,
    metafile: true,
    format: 'esm',
    logLevel: 'warning',
  })
  return new Map(Object.values(metafile.outputs).map(({ entryPoint, exports }) => [entryPoint, exports.sort()]))
}

/** A module that imports from the joined file at once, not through the doors. */
function straight(path, text, joined) {
  return text.replace(importLine, (line, kind, list, specifier) => {
    const from = posix.join(posix.dirname(path), specifier)
    if (!joined.includes(from)) return line
    const items = list.split(',').map(item => {
      const [name, alias = name] = item.trim().split(/ as /)
      return `${mangled(from, name)} as ${alias}`
    })
    return `${kind} { ${items.join(', ')} } from '${toJoined(path)}';`
  })
}

/** The modules that these import, and those that they import: what is loaded with them. */
function reachableFrom(entries, texts) {
  const found = new Set(entries)
  for (const path of found) {
    const text = texts.get(path)
    for (const [, , , specifier] of text.matchAll(importLine)) {
      const next = posix.join(posix.dirname(path), specifier)
      if (!texts.has(next)) throw new Error(`${path} imports ${specifier}, which is not there`)
      found.add(next)
    }
    const others = [...text.matchAll(/^(?:import|export)\b(?! \{[^}]*\} from '\.).*from '\..*$/gm)]
    if (others.length > 0) throw new Error(`${path}: cannot join what it imports with: ${others[0][0]}`)
  }
  return [...found]
}
