// Joins what nearly every program and every worker loads into one file, dist/joined/skein.js. Each module of it costs most
// of a millisecond to find, read and link, and a new thread pays for all of them before its first call.
//
// The modules stay where they are, as doors to the joined file: whatever imports one of them, from inside or outside, gets
// the same functions and classes, so there is never a second copy of anything.
import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, posix, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './steps.mjs'

const dist = join(root, 'dist')
const target = join(dist, 'joined/skein.js')

/** What starts a worker: it does something when it is loaded, so it stays a file of its own. */
const starters = ['threads/bootstrap.js', 'processes/bootstrap.js']

const importLine = /^(import|export) \{([^}]*)\} from '(\.[^']+)';$/gm

/** The files in dist/ that have no source of their own. */
export const joinedFiles = new Set([join('joined', 'skein.js'), join('joined', 'skein.js.map')])

export async function joinModules() {
  // Not above: this file is loaded before the development dependencies are installed.
  const { build } = await import('esbuild')
  const modules = await reachableFrom(['index.js', ...starters])
  const joined = modules.filter(path => !starters.includes(path))
  const names = new Map()
  for (const path of joined) names.set(path, Object.keys(await import(pathToFileURL(join(dist, path)).href)))
  const mangled = (path, name) => `${path.replace(/\.js$/, '').replace(/\W/g, '_')}$${name}`
  const door = joined
    .filter(path => names.get(path).length > 0)
    .map(path => `export { ${names.get(path).map(name => `${name} as ${mangled(path, name)}`)} } from './${path}'`)
  await build({
    stdin: { contents: door.join('\n'), resolveDir: dist },
    outfile: target,
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
  for (const path of joined) {
    const exports = names.get(path).map(name => `${mangled(path, name)} as ${name}`)
    const to = posix.relative(posix.dirname(path), 'joined/skein.js')
    await writeFile(
      join(dist, path),
      `export { ${exports.join(', ')} } from '${to.startsWith('.') ? to : `./${to}`}';\n`,
    )
    await rm(join(dist, `${path}.map`), { force: true })
  }
  for (const path of starters) await goStraight(path, joined, mangled)
}

/** Has a file import from the joined file at once, not through the doors. */
async function goStraight(path, joined, mangled) {
  const text = await readFile(join(dist, path), 'utf8')
  const straight = text.replace(importLine, (line, kind, list, specifier) => {
    const from = posix.join(posix.dirname(path), specifier)
    if (!joined.includes(from)) return line
    const items = list.split(',').map(item => {
      const [name, alias = name] = item.trim().split(/ as /)
      return `${mangled(from, name)} as ${alias}`
    })
    return `${kind} { ${items.join(', ')} } from '${posix.relative(posix.dirname(path), 'joined/skein.js')}';`
  })
  await writeFile(join(dist, path), straight)
}

/** The modules that these import, and those that they import: what is loaded with them. */
async function reachableFrom(entries) {
  const found = new Set(entries)
  for (const path of found) {
    const text = await readFile(join(dist, path), 'utf8')
    for (const [, , , specifier] of text.matchAll(importLine)) {
      const next = relative(dist, resolve(dist, dirname(path), specifier)).replaceAll('\\', '/')
      if (!existsSync(join(dist, next))) throw new Error(`${path} imports ${specifier}, which is not there`)
      found.add(next)
    }
    const others = [...text.matchAll(/^(?:import|export)\b(?! \{[^}]*\} from '\.).*from '\..*$/gm)]
    if (others.length > 0) throw new Error(`${path}: cannot join what it imports with: ${others[0][0]}`)
  }
  return [...found]
}
