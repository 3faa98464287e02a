import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, posix } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { npm } from '../support/npm.ts'
import { root } from '../support/paths.ts'
import { sourceFiles } from '../support/sources.ts'

interface PackageJson {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly bin: Readonly<Record<string, string>>
  readonly dependencies?: object
}

const { definitionsIn } = (await import(pathToFileURL(join(root, 'scripts/definitions.mjs')).href)) as {
  definitionsIn(folder: string): { readonly declared: string; readonly there: string; readonly found: boolean }[]
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PackageJson
const execute = promisify(execFile)
const atTop = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']

describe('the exports of the package', () => {
  for (const [name, entry] of Object.entries(manifest.exports)) {
    if (typeof entry === 'string') continue
    test(`${name} is built and has its source`, () => {
      assert.ok(existsSync(join(root, entry.types)), `${entry.types} is missing`)
      assert.ok(existsSync(join(root, entry.default)), `${entry.default} is missing`)
      const source = entry.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts')
      assert.ok(existsSync(join(root, source)), `${source} is missing`)
    })
  }

  test('are named folder for folder: skein/threads is src/threads', () => {
    for (const [name, entry] of Object.entries(manifest.exports)) {
      if (typeof entry === 'string' || name === '.') continue
      assert.equal(entry.default, `./dist/${name.slice(2)}/index.js`)
    }
  })

  test('can be imported, and required, one by one', async () => {
    for (const [name, entry] of Object.entries(manifest.exports)) {
      if (typeof entry === 'string') continue
      const specifier = name === '.' ? 'skein' : `skein/${name.slice(2)}`
      const code = `await import('${specifier}'); (await import('node:module')).createRequire(import.meta.url)('${specifier}')`
      await execute(process.execPath, ['--input-type=module', '--eval', code], { cwd: root })
    }
  })

  test('need one other package', () => {
    // Cron lines are read by a package of its own; `core` and `call`, and all that runs without a store, need none.
    assert.deepEqual(manifest.dependencies, { croner: '11.0.1' })
  })

  test('start a worker with the joined files alone', () => {
    for (const room of ['threads', 'processes']) {
      const text = readFileSync(join(root, 'dist', room, 'bootstrap.js'), 'utf8')
      const imports = [...text.matchAll(/^import .* from '(.*)';$/gm)].map(([, from]) => from as string)
      const own = new Set(imports.filter(from => !from.startsWith('node:')))
      assert.deepEqual([...own], ['#joined/host.js'])
    }
  })

  test('include a command that can be run', () => {
    const path = join(root, manifest.bin['skein'] ?? '')
    assert.match(readFileSync(path, 'utf8'), /^#!\/usr\/bin\/env node\n/)
  })
})

describe('the sources', () => {
  const files = sourceFiles('src', '.ts')

  test('name all that they export: no `export *`, no default exports', () => {
    for (const { path, text } of files) {
      assert.doesNotMatch(text, /^export\s+\*/m, path)
      assert.doesNotMatch(text, /^export\s+(?:default\b|\{[^}]*\bas default\b)/m, path)
    }
  })

  test('have at most 500 lines each, and half of them fewer than 90', () => {
    const lines = files.map(({ path, text }) => ({ path, count: text.split('\n').length - 1 }))
    assert.deepEqual(
      lines.filter(({ count }) => count > 500).map(({ path, count }) => `${path}: ${count}`),
      [],
    )
    const counts = lines.map(({ count }) => count).toSorted((one, two) => one - two)
    assert.ok((counts[Math.floor(counts.length / 2)] ?? 0) < 90)
  })

  test('lie in folders of at most 25', () => {
    const folders = new Map<string, number>()
    for (const { path } of files) folders.set(dirname(path), (folders.get(dirname(path)) ?? 0) + 1)
    assert.deepEqual(
      [...folders].filter(([, count]) => count > 25),
      [],
    )
  })
})

describe('the package as it is published', () => {
  test('holds only what users need', async () => {
    const { stdout } = await npm(['pack', '--dry-run', '--json', '--ignore-scripts'], root)
    const packed = parsePack(stdout)
    const unwanted = packed.filter(
      path => !/^(?:dist\/|docs\/errors\.md$|docs\/guide\/)/.test(path) && !atTop.includes(path),
    )
    assert.deepEqual(unwanted, [])
    for (const wanted of ['dist/index.js', 'dist/index.d.ts', 'docs/errors.md', ...atTop]) {
      assert.ok(packed.includes(wanted), `${wanted} is missing`)
    }
  })

  test('holds all that its modules and its declarations import', async () => {
    const { stdout } = await npm(['pack', '--dry-run', '--json', '--ignore-scripts'], root)
    const packed = new Set(parsePack(stdout))
    const modules = [...packed].filter(path => /^dist\/(?!.*assets\/).*\.(js|d\.ts)$/.test(path))
    assert.ok(modules.length > 50)
    for (const path of modules) {
      const text = readFileSync(join(root, path), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '')
      for (const [, specifier = ''] of text.matchAll(/(?:\bfrom |^import |\bimport\()['"](\.[^'"]+)['"]/gm)) {
        const found = posix.join(posix.dirname(path), specifier)
        const wanted = path.endsWith('.d.ts') ? found.replace(/\.js$/, '.d.ts') : found
        assert.ok(packed.has(wanted), `${path} imports ${specifier}, which is not in the package`)
      }
    }
  })

  test('leads from its declarations to its modules, and from nowhere to sources that it does not hold', async t => {
    const folder = mkdtempSync(join(root, 'build', 'published-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    cpSync(join(root, 'dist'), folder, { recursive: true })
    await execute(process.execPath, ['scripts/published.mjs', `build/${basename(folder)}`], { cwd: root })
    for (const name of readdirSync(join(folder, 'joined')).filter(each => each.endsWith('.js')))
      assert.doesNotMatch(readFileSync(join(folder, 'joined', name), 'utf8'), /^\/\/# sourceMappingURL/m, name)
    const definitions = definitionsIn(folder)
    assert.deepEqual(
      definitions.filter(({ found }) => !found),
      [],
    )
    assert.ok(definitions.length > 150, `${definitions.length} declarations`)
  })

  test('has types that need no setting', async t => {
    const folder = mkdtempSync(join(root, 'build', 'types-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const names = Object.keys(manifest.exports).filter(name => !name.endsWith('.json'))
    for (const [at, name] of names.entries()) {
      // One file for each entry: a program that imports one of them alone has what it needs.
      const specifier = name === '.' ? 'skein' : `skein/${name.slice(2)}`
      writeFileSync(join(folder, `entry-${at}.mts`), `import * as all from '${specifier}'\nexport { all }\n`)
      const compiler = join(root, 'node_modules/typescript/bin/tsc')
      const settings = ['--ignoreConfig', '--noEmit', '--strict', '--module', 'nodenext', '--skipLibCheck', 'false']
      const target = ['--target', 'es2023', '--lib', 'es2023,esnext.disposable']
      await execute(process.execPath, [compiler, ...settings, ...target, `entry-${at}.mts`], { cwd: folder }).catch(
        (error: { stdout?: string }) => assert.fail(`${specifier}:\n${error.stdout ?? String(error)}`),
      )
    }
  })

  test('satisfies publint', async () => {
    const cli = join(root, 'node_modules/publint/src/cli.js')
    const { stdout } = await execute(process.execPath, [cli, '--strict', '--pack', 'false'], { cwd: root })
    assert.match(stdout, /All good/)
  })

  test('gives types that every module resolution of today finds', async () => {
    const cli = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js')
    const packed = await npm(['pack', '--ignore-scripts', '--silent', '--pack-destination', join(root, 'build')], root)
    const archive = join(root, 'build', packed.stdout.trim())
    await execute(process.execPath, [cli, '--profile', 'esm-only', '--no-emoji', archive], { cwd: root })
  })
})

/** npm prints an array of packages, and newer ones an object by package name. */
function parsePack(stdout: string): string[] {
  const parsed = JSON.parse(stdout) as unknown
  const packages = (Array.isArray(parsed) ? parsed : Object.values(parsed as object)) as { files: { path: string }[] }[]
  return packages.flatMap(each => each.files.map(file => file.path))
}
