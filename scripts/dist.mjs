// Makes dist/, what is published: what the compiler wrote, with the modules joined that are loaded together, and the
// declarations of the doors; what is not TypeScript in src/; and the files of other packages that are served. Beside it build/modules/,
// for the tests: each module by its own path, as a door to where it is in dist/. Only what has changed is written, so that a
// program which is running from there meanwhile never meets a missing module.
import { readFileSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { filesUnder, removeFiles, writeIfChanged } from './files.mjs'
import { alone, joinModules } from './join.mjs'
import { bundledPage, pageFolder } from './page.mjs'
import { withPureClasses } from './pure.mjs'
import { modules, root } from './steps.mjs'

/** From where in node_modules to where in dist: the chart library of report.html. */
const vendored = [['chart.js/dist/chart.umd.min.js', 'advisor/assets/chart.umd.min.js']]

/** Makes dist/ from the folder, two levels deep in the repository, into which the compiler has written. Gives 0. */
export async function makeDist(emitted) {
  const contents = new Map()
  const add = (path, from) => contents.set(path, readFileSync(join(root, from)))
  const compiled = (await filesUnder(emitted)).filter(path => /\.(js|d\.ts|map)$/.test(path))
  const assets = (await filesUnder('src')).filter(path => !/\.(ts|md)$/.test(path) && !path.startsWith(pageFolder))
  for (const path of compiled) add(path, `${emitted}/${path}`)
  for (const path of assets) add(path, `src/${path}`)
  for (const [from, to] of vendored) add(to, `node_modules/${from}`)
  for (const [path, text] of await bundledPage()) contents.set(path, text)

  const scripts = new Map()
  for (const path of compiled) {
    if (path.endsWith('.js'))
      scripts.set(path, withPureClasses(withoutDocs(withPlainImports(contents.get(path).toString()))))
    else if (path.endsWith('.map')) contents.set(path, oneFolderUp(contents.get(path).toString()))
  }
  for (const [path, text] of scripts) contents.set(path, text)
  const { other, absent } = await joinModules(emitted, scripts)
  for (const [path, text] of other) contents.set(path, text)
  for (const path of absent) contents.delete(path)

  const types = new Map(
    [...contents]
      .filter(([path]) => /\.d\.ts(\.map)?$/.test(path))
      .map(([path, content]) => [path, content.toString()]),
  )
  // Not before: this file is loaded by what installs the packages.
  const { joinTypes } = await import('./join-types.mjs')
  const declarations = joinTypes(types, doorsOf(types))
  for (const [path, text] of declarations.other) contents.set(path, text)
  for (const path of declarations.absent) contents.delete(path)

  const published = publishedOf(contents)
  await write('dist', new Map([...contents].filter(([path]) => published.has(path))))
  await write(modules, modulesFrom(contents, published))
  for (const path of Object.values(manifest().bin ?? {})) await chmod(join(root, path), 0o755)
  return 0
}

async function write(folder, contents) {
  for (const [path, content] of contents) writeIfChanged(`${folder}/${path}`, content)
  await removeFiles(
    folder,
    (await filesUnder(folder)).filter(path => !contents.has(path)),
  )
}

const manifest = () => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** What is published: what people import or run, what begins a worker, all that these load, and what is no module. */
function publishedOf(contents) {
  const { exports, bin } = manifest()
  const named = [exports, bin ?? {}]
    .flatMap(each => Object.values(each))
    .flatMap(each => (typeof each === 'string' ? each : Object.values(each)))
  const found = new Set(
    [...named.map(path => path.replace('./dist/', '')), ...alone].filter(path => contents.has(path)),
  )
  for (const path of contents.keys())
    if (!/\.(js|d\.ts|map)$/.test(path) || /\/assets\/|^joined\/worker\//.test(path)) found.add(path)
  for (const path of found) {
    if (!/\.(js|d\.ts)$/.test(path) || path.includes('/assets/')) continue
    const text = contents.get(path).toString()
    for (const [, specifier] of text.matchAll(/(?:\bfrom |^import |\bimport\()['"]((?:\.|#joined\/)[^'"]+)['"]/gm)) {
      const next = specifier.startsWith('#') ? specifier.slice(1) : posix.join(posix.dirname(path), specifier)
      const wanted = path.endsWith('.d.ts') ? next.replace(/\.(js|ts)$/, '.d.ts') : next
      if (!contents.has(wanted)) throw new Error(`${path} imports ${specifier}, which is not there`)
      found.add(wanted)
    }
    if (contents.has(`${path}.map`)) found.add(`${path}.map`)
  }
  return found
}

/** Each module for the tests: where it has become a door, the door; where it is in dist/, a door to that; else the module itself. */
function modulesFrom(contents, published) {
  const found = new Map()
  for (const [path, content] of contents) {
    if (!/\.(js|d\.ts)$/.test(path) || path.startsWith('joined/') || path.includes('/assets/')) continue
    const up = `${posix.relative(posix.dirname(`${modules}/${path}`), '')}/dist`
    const isThere = published.has(path)
    if (isThere) found.set(path, `export * from '${up}/${path.replace(/\.d\.ts$/, '.js')}';\n`)
    else found.set(path, content.toString().replace(/(?<= from ')(?:\.\.?\/)*joined\//g, `${up}/joined/`))
  }
  return found
}

/** The doors of the package, front first, each with the name of its part. */
function doorsOf(types) {
  const paths = Object.values(manifest().exports).flatMap(entry => entry.types?.replace('./dist/', '') ?? [])
  return paths
    .filter(path => types.has(path))
    .map(path => [
      path === 'index.d.ts' ? 'front' : path.replace('/index.d.ts', '').replace('stores/', '').replaceAll('/', '-'),
      [path],
    ])
}

/**
 * The compiler rewrites the ending of whatever is imported by an expression. Here these are whole URLs, and bundlers find their
 * comments only where they stand in `import(…)` itself.
 */
function withPlainImports(text) {
  return text.replace(/\bimport\(__rewriteRelativeImportExtension\(([^()]*)\)\)/g, 'import($1)')
}

/** Docstrings are in the declarations. Their lines stay, for the maps. */
function withoutDocs(text) {
  return text.replace(/^[ \t]*\/\*\*[\s\S]*?\*\/[ \t]*$/gm, comment => comment.replace(/[^\n]+/g, ''))
}

/** A source map names its sources from where it lies, and dist/ is one level less deep. */
function oneFolderUp(map) {
  return map.replace('"sources":["../', '"sources":["')
}
