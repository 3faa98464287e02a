// Joins modules that are loaded together into a few files in dist/joined/, the parts. Each module by itself costs most of a
// millisecond to find, read and link, and a new thread pays for all of them before its first call.
//
// The modules stay where they are, as doors to their parts: whatever imports one of them, from inside or outside, gets the
// same functions and classes, so there is never a second copy of anything.
import { dirname, join, posix } from 'node:path'
import { pathIn } from './files.mjs'
import {
  allOf,
  inAsManyLines,
  itemsOf,
  joining,
  mangled,
  resolvingOfNode,
  specifierOf,
  withoutNodeImports,
} from './modules.mjs'
import { importingFirst, inScript, workerCode } from './worker-code.mjs'
import { root } from './steps.mjs'

const queueCommands = [
  'worker/worker',
  'dashboard',
  'stats',
  'top/top',
  'jobs',
  'job',
  'graph/graph',
  'retry',
  'cancel',
  'signal',
  'purge',
  'pause',
  'schedules/schedules',
  'dead',
  'doctor',
  'transfer/export',
  'transfer/import',
  'repair',
]

/** What each store is loaded by. */
const memory = ['stores/memory/index.js', 'stores/memory/by-url.js']
const sqlite = ['stores/sqlite/index.js', 'stores/sqlite/shared.js']
const sqliteThread = ['stores/sqlite/thread/serve.js']
const redis = ['stores/redis/by-url.js']

/**
 * Each part has what these modules load and no part above it has; where it says so, only what is in one folder. What more than one of `apart`
 * loads of the folder of its own name belongs to the part, too: a program has mostly one of them, and need not load another for its sake.
 */
const parts = [
  { name: 'front', entries: ['index.js'] },
  { name: 'host', entries: ['threads/bootstrap.js', 'processes/bootstrap.js', 'pool/host/serve-in-program.js'] },
  { name: 'pool', entries: ['threads/index.js', 'processes/index.js'], only: 'pool/' },
  { name: 'threads', entries: ['threads/index.js'] },
  { name: 'processes', entries: ['processes/index.js'] },
  { name: 'shared', entries: ['shared/index.js'] },
  { name: 'par', entries: ['par/index.js'] },
  { name: 'wasm', entries: ['wasm/index.js'] },
  { name: 'cli', entries: ['cli/main.js'] },
  { name: 'observe', entries: ['observe/index.js'] },
  { name: 'settle', entries: ['advisor/settle-each.js'] },
  { name: 'map', entries: ['cli/commands/map.js', 'cli/find-task.js', 'cli/place.js'] },
  { name: 'lowlevel', entries: ['lowlevel/index.js'] },
  {
    name: 'stores',
    entries: ['stores/index.js'],
    apart: [memory, [...sqlite, ...sqliteThread], redis, ['queue/index.js', 'queue/open-store.js']],
  },
  { name: 'memory', entries: memory },
  { name: 'sqlite', entries: sqlite },
  { name: 'sqlite-thread', entries: sqliteThread },
  { name: 'compact', entries: ['stores/sqlite/file/compact.js'] },
  { name: 'messages', entries: ['queue/index.js'], only: 'celery/' },
  { name: 'redis', entries: redis },
  { name: 'queue', entries: ['queue/index.js'] },
  { name: 'inspect', entries: ['dashboard/index.js'], only: 'inspect/' },
  { name: 'dashboard', entries: ['dashboard/index.js'] },
  { name: 'advisor', entries: ['advisor/index.js'] },
  { name: 'testing', entries: ['testing/index.js'] },
  { name: 'testing-stores', entries: ['testing/stores/index.js'] },
  {
    name: 'commands',
    entries: queueCommands.map(name => `cli/queue/${name}.js`),
  },
  {
    name: 'celery',
    entries: ['celery', 'types', 'contracts-text', 'python-project', 'ask-workers', 'stubs'].map(
      name => `cli/celery/${name}.js`,
    ),
  },
  {
    name: 'compare',
    entries: [
      'commands/compare',
      'commands/tour',
      'commands/trace',
      'write-report',
      'tour/statistics',
      'tour/probe-places',
    ].map(name => `cli/${name}.js`),
  },
]

/**
 * So that `skein --help` needs nothing of the front part, and nobody needs the command line: modules with nothing but a few functions,
 * which a part has once more.
 */
const copied = { cli: ['core/errors/nearest.js', 'core/errors/foreign.js'], observe: ['core/report/printable.js'] }

/**
 * The files of their own: what does something when it is loaded, or has such a file loaded; what a thread or a process begins
 * with; and what asks for its own place.
 */
export const alone = [
  ...['threads', 'processes'].flatMap(place => [`${place}/bootstrap.js`, `${place}/starter.js`]),
  'ambient/index.js',
  'par/lane/lane-task.js',
  'par/in-place/sort-tasks.js',
  'stores/sqlite/starter.js',
  'stores/sqlite/thread/thread.js',
  'queue/open-store.js',
  'queue/worker/place.js',
  'advisor/contender.js',
  'advisor/report.js',
  'observe/assets.js',
  'dashboard/assets.js',
  'cli/main.js',
  'cli/trace/preload.js',
  'cli/trace/preload-url.js',
  'cli/trace/settings.js',
  ...['source-files', 'tasks', 'site', 'server', 'probe-tasks'].map(name => `cli/tour/${name}.js`),
]

const importLine = /^(import|export) \{([^}]*)\} from '(\.[^']+)';$/gm
const wholeLine = /^(import) (\* as \w+) from '(\.[^']+)';$/gm

/**
 * Joins modules as the compiler wrote them. `folder` is where they lie, from the root of the repository; `texts` holds
 * them by their paths in it. Gives the texts of the files in dist/ that are other than what the compiler wrote, and the
 * paths of those that are not in dist/ at all.
 */
export async function joinModules(folder, texts) {
  // Not above: this file is loaded before the development dependencies are installed.
  const { build } = await import('esbuild')
  const partOf = partsOf(texts)
  const joined = [...partOf.keys()]
  const names = await namesIn(folder, joined, build)
  const other = new Map()
  for (const { name } of parts) {
    const own = joined.filter(path => partOf.get(path) === name)
    if (own.length === 0) continue
    const { outputFiles } = await build({
      ...joining,
      absWorkingDir: join(root, folder),
      stdin: { contents: own.map(path => allOf(path, names)).join('\n'), resolveDir: join(root, folder) },
      outfile: join(root, 'dist/joined', `${name}.js`),
      plugins: [resolvingOfNode, reading({ texts, folder: join(root, folder), partOf, part: name })],
      format: 'esm',
      keepNames: false,
      sourcemap: 'linked',
      sourcesContent: false,
      legalComments: 'none',
    })
    for (const { path, text } of outputFiles) {
      const isMap = path.endsWith('.map')
      other.set(
        `joined/${name}.js${isMap ? '.map' : ''}`,
        isMap || !inScript.includes(name) ? text : importingFirst(text),
      )
    }
  }
  for (const path of joined) {
    const exports = names.get(path).map(name => `${mangled(path, name)} as ${name}`)
    other.set(path, `export { ${exports.join(', ')} } from '${partFrom(posix.dirname(path), partOf.get(path))}';\n`)
  }
  for (const [path, text] of await workerCode(folder, { texts, partOf, names, build })) other.set(path, text)
  const toPart = path => from => partFrom(posix.dirname(path), partOf.get(from))
  for (const path of alone.filter(each => texts.has(each)))
    other.set(path, straight(path, texts.get(path), partOf, toPart(path)))
  return { other, absent: joined.map(path => `${path}.map`) }
}

/** The part of each module that is in one. */
function partsOf(texts) {
  const partOf = new Map()
  const loadedBy = entries =>
    reachableFrom(
      entries.filter(entry => texts.has(entry)),
      texts,
    )
  for (const { name, entries, only = '', apart = [] } of parts) {
    for (const path of [...loadedBy(entries), ...inSeveral(apart.map(loadedBy), `${name}/`)]) {
      if (!partOf.has(path) && !alone.includes(path) && path.startsWith(only)) partOf.set(path, name)
    }
  }
  return partOf
}

/** The modules of a folder that are in more than one of these lists. */
function inSeveral(lists, folder) {
  const all = lists.flat().filter(path => path.startsWith(folder))
  return new Set(all.filter((path, at) => all.indexOf(path) < at))
}

/** Lets esbuild read the modules of a part from the texts, not from the disk, and leave the others where they are. */
const reading = ({ texts, folder, partOf, part }) => ({
  name: 'part',
  setup: ({ onResolve, onLoad }) => {
    const isOwn = path => partOf.get(path) === part || copied[part]?.includes(path) === true
    onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
      const found = pathIn(folder, join(resolveDir, path))
      return isOwn(found) ? { path: join(folder, found) } : { path: `../${found}`, external: true }
    })
    onResolve({ filter: /^part:/ }, ({ path }) => ({
      path: partFrom('joined', path.slice('part:'.length)),
      external: true,
    }))
    // Packages stay packages.
    onResolve({ filter: /^[@a-z]/ }, ({ path }) => ({ path, external: true }))
    onLoad({ filter: /\.js$/ }, ({ path }) => {
      const found = pathIn(folder, path)
      const place = from => (isOwn(from) ? undefined : `part:${partOf.get(from)}`)
      return {
        contents: withoutNodeImports(straight(found, texts.get(found), partOf, place)),
        resolveDir: dirname(path),
      }
    })
  },
})

/** The file of a part, as a module in a folder of dist/ imports it: those that a worker may have in a script, by a name of the package. */
function partFrom(folder, part) {
  return inScript.includes(part) ? `#joined/${part}.js` : specifierOf(folder, `joined/${part}.js`)
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

/** A module that imports from other parts at once, not through the doors: from `place`, which is told a module that is in one. */
function straight(path, text, partOf, place) {
  return text.replace(importLine, (line, kind, list, specifier) => {
    const from = posix.join(posix.dirname(path), specifier)
    const file = partOf.has(from) ? place(from) : undefined
    if (file === undefined) return line
    const items = itemsOf(list).map(({ name, alias }) => `${mangled(from, name)} as ${alias}`)
    return inAsManyLines(`${kind} { ${items.join(', ')} } from '${file}';`, line)
  })
}

/** The modules that these import, and those that they import: what is loaded with them. */
function reachableFrom(entries, texts) {
  const found = new Set(entries)
  for (const path of found) {
    const text = texts.get(path)
    for (const [, , , specifier] of [...text.matchAll(importLine), ...text.matchAll(wholeLine)]) {
      const next = posix.join(posix.dirname(path), specifier)
      if (!texts.has(next)) throw new Error(`${path} imports ${specifier}, which is not there`)
      found.add(next)
    }
    const others = [...text.matchAll(/^(?:import|export)\b(?! (?:\{[^}]*\}|\* as \w+) from '\.).*from '\..*$/gm)]
    if (others.length > 0) throw new Error(`${path}: cannot join what it imports with: ${others[0][0]}`)
  }
  return [...found]
}
