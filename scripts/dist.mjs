// Makes dist/, what is published: what the compiler wrote, with the modules joined that are loaded together; what is not
// TypeScript in src/; and the files of other packages that are served. Only what has changed is written, so that a program
// which is running from dist/ meanwhile never meets a missing module.
import { readFileSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { filesUnder, removeFiles, writeIfChanged } from './files.mjs'
import { joinModules } from './join.mjs'
import { withPureClasses } from './pure.mjs'
import { root } from './steps.mjs'

/** From where in node_modules to where in dist: the chart library of report.html. */
const vendored = [['chart.js/dist/chart.umd.min.js', 'advisor/assets/chart.umd.min.js']]

/** Makes dist/ from the folder, two levels deep in the repository, into which the compiler has written. Gives 0. */
export async function makeDist(emitted) {
  const contents = new Map()
  const add = (path, from) => contents.set(path, readFileSync(join(root, from)))
  const compiled = (await filesUnder(emitted)).filter(path => /\.(js|d\.ts|map)$/.test(path))
  const assets = (await filesUnder('src')).filter(path => !/\.(ts|md)$/.test(path))
  for (const path of compiled) add(path, `${emitted}/${path}`)
  for (const path of assets) add(path, `src/${path}`)
  for (const [from, to] of vendored) add(to, `node_modules/${from}`)

  const scripts = new Map()
  for (const path of compiled) {
    if (path.endsWith('.js')) scripts.set(path, withPureClasses(withPlainImports(contents.get(path).toString())))
    else if (path.endsWith('.map')) contents.set(path, oneFolderUp(contents.get(path).toString()))
  }
  for (const [path, text] of scripts) contents.set(path, text)
  const { other, absent } = await joinModules(emitted, scripts)
  for (const [path, text] of other) contents.set(path, text)
  for (const path of absent) contents.delete(path)

  for (const [path, content] of contents) writeIfChanged(`dist/${path}`, content)
  await removeFiles(
    'dist',
    (await filesUnder('dist')).filter(path => !contents.has(path)),
  )
  for (const path of Object.values(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).bin ?? {}))
    await chmod(join(root, path), 0o755)
  return 0
}

/**
 * The compiler rewrites the ending of whatever is imported by an expression. Here these are whole URLs, and bundlers find their
 * comments only where they stand in `import(…)` itself.
 */
function withPlainImports(text) {
  return text.replace(/\bimport\(__rewriteRelativeImportExtension\(([^()]*)\)\)/g, 'import($1)')
}

/** A source map names its sources from where it lies, and dist/ is one level less deep. */
function oneFolderUp(map) {
  return map.replace('"sources":["../', '"sources":["')
}
