// Builds the library into dist/ (and, with --test, the tests into build/test/).
// Files whose source is gone are removed afterwards instead of emptying dist/ first, so that a program that is running
// from dist/ during a build never meets a missing module.
import { chmod, copyFile, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { copyVendored, vendoredFiles } from './copy-assets.mjs'
import { joinedFiles, joinModules } from './join.mjs'
import { root, run, tsc } from './steps.mjs'

const emitted = /(\.d\.ts\.map|\.d\.ts|\.js\.map|\.js)$/

export async function buildLibrary() {
  const code = await run(process.execPath, [tsc, '-p', 'tsconfig.json'])
  await copyAssets()
  await copyVendored()
  await removeStale(join(root, 'dist'), join(root, 'src'))
  if (code === 0) await joinModules()
  const cli = join(root, 'dist/cli/main.js')
  if (existsSync(cli)) await chmod(cli, 0o755)
  return code
}

export async function buildTests() {
  const code = await run(process.execPath, [tsc, '-p', 'tsconfig.test.json'])
  await removeStale(join(root, 'build/test'), join(root, 'test'))
  return code
}

/** Type-checks what Node runs as TypeScript and nothing compiles: examples and the task modules of the tests. */
export async function checkUnbuilt() {
  return run(process.execPath, [tsc, '-p', 'tsconfig.unbuilt.json'])
}

/** Everything in src/ that is not TypeScript (pages, styles, icons, scripts for the browser) is served as it is. */
async function copyAssets() {
  for (const path of await filesUnder(join(root, 'src'))) {
    if (path.endsWith('.ts') || path.endsWith('.md')) continue
    const target = join(root, 'dist', relative(join(root, 'src'), path))
    await mkdir(dirname(target), { recursive: true })
    await copyFile(path, target)
  }
}

async function removeStale(output, source) {
  if (!existsSync(output)) return
  for (const path of await filesUnder(output)) {
    const name = relative(output, path)
    const isEmitted = emitted.test(name) && existsSync(join(source, name.replace(emitted, '.ts')))
    if (!isEmitted && !vendoredFiles.has(name) && !joinedFiles.has(name) && !existsSync(join(source, name)))
      await rm(path)
  }
}

export async function filesUnder(folder) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath ?? entry.path, entry.name))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const library = await buildLibrary()
  const tests = process.argv.includes('--test') ? await buildTests() : 0
  process.exitCode = library || tests
  if (library === 0) {
    const { size } = await stat(join(root, 'dist/index.js'))
    console.log(`built dist/ (index.js: ${size} bytes)`)
  }
}
