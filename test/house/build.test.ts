import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { root } from '../support/paths.ts'
import { runScript, type Ran } from '../support/run-script.ts'

/** A repository with a few small files in src/ and test/, and the scripts and settings of this one. */
const house = mkdtempSync(join(tmpdir(), 'skein-build-'))
const at = (path: string): string => join(house, path)
const read = (path: string): string => readFileSync(at(path), 'utf8')

function write(path: string, text: string): void {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), text)
}

async function build(...args: readonly string[]): Promise<Ran> {
  return runScript(at('scripts/build.mjs'), { cwd: house, args: ['--test', ...args], timeout: 120_000 })
}

/** What `read` says of each file that a build makes. */
function made<T>(read: (path: string) => T): Record<string, T> {
  const all: Record<string, T> = {}
  for (const folder of ['dist', 'build/modules', 'build/test']) {
    for (const entry of readdirSync(at(folder), { withFileTypes: true, recursive: true })) {
      const path = relative(house, join(entry.parentPath ?? entry.path, entry.name))
      if (entry.isFile() && entry.name !== '.tsbuildinfo') all[path] = read(path)
      if (entry.isDirectory()) all[path] = undefined as T
    }
  }
  return all
}

async function isAsAfterACleanBuild(): Promise<void> {
  const partly = made(read)
  assert.equal((await build('--clean')).code, 0)
  assert.deepEqual(partly, made(read))
}

describe('a build that does only what has changed', () => {
  before(async () => {
    cpSync(join(root, 'scripts'), at('scripts'), { recursive: true })
    for (const name of readdirSync(root)) if (/^tsconfig.*\.json$/.test(name)) cpSync(join(root, name), at(name))
    symlinkSync(join(root, 'node_modules'), at('node_modules'), 'junction')
    const { imports, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, object>
    write('package.json', JSON.stringify({ name: 'skein', type: 'module', imports, exports }))
    write('package-lock.json', '{}')
    write('src/index.ts', `export { add } from './core/add.ts'\nexport { one } from './core/deep/one.ts'\n`)
    write('src/core/add.ts', `export function add(a: number, b: number): number {\n  return a + b\n}\n`)
    write('src/core/deep/one.ts', `export const one: number = 1\n`)
    write('src/extra/twice.ts', `import { add } from '../core/add.ts'\nexport const two: number = add(1, 1)\n`)
    write('src/extra/page.html', '<p>a page</p>\n')
    for (const place of ['threads', 'processes'])
      write(`src/${place}/bootstrap.ts`, `import { one } from '../core/deep/one.ts'\nconsole.log(one)\n`)
    write('test/sum.test.ts', `import { add } from '#skein/core/add.js'\nconsole.log(add(1, 2))\n`)
    write('test/deep/other.test.ts', `import { two } from '#skein/extra/twice.js'\nconsole.log(two)\n`)
    const first = await build()
    assert.equal(first.code, 0, first.stdout + first.stderr)
  })
  after(() => rmSync(house, { recursive: true, force: true }))

  test('gives what runs, and source maps that lead to the sources', async () => {
    assert.equal((await runScript(at('build/test/sum.test.js'), { cwd: house })).stdout, '3\n')
    assert.equal((await runScript(at('dist/threads/bootstrap.js'), { cwd: house })).stdout, '1\n')
    for (const path of ['dist/joined/front.js.map', 'dist/joined/front.d.ts.map']) {
      const { sources } = JSON.parse(read(path)) as { sources: string[] }
      for (const source of sources) assert.match(join(dirname(path), source), /^src.(core|extra)/)
    }
  })

  test('writes nothing when nothing has changed', async () => {
    const time = (path: string): number => statSync(at(path)).mtimeMs
    const before = made(time)
    assert.equal((await build()).code, 0)
    assert.deepEqual(made(time), before)
  })

  test('equals a clean one after files were changed, added, renamed and removed', async () => {
    write(
      'src/core/add.ts',
      `export const add = (a: number, b: number): number => b + a\nexport const more: number = 3\n`,
    )
    renameSync(at('src/core/deep'), at('src/core/moved'))
    write('src/index.ts', `export { add, more } from './core/add.ts'\nexport { one } from './core/moved/one.ts'\n`)
    for (const place of ['threads', 'processes'])
      write(`src/${place}/bootstrap.ts`, `import { one } from '../core/moved/one.ts'\nconsole.log(one)\n`)
    rmSync(at('src/extra'), { recursive: true })
    rmSync(at('test/deep'), { recursive: true })
    write('test/another.test.ts', `import { more } from '#skein/core/add.js'\nconsole.log(more)\n`)
    const { code, stdout } = await build()
    assert.equal(code, 0, stdout)
    const paths = Object.keys(made(() => 0))
    for (const gone of ['extra', 'deep'])
      assert.deepEqual(
        paths.filter(path => path.includes(gone)),
        [],
      )
    assert.equal((await runScript(at('build/test/another.test.js'), { cwd: house })).stdout, '3\n')
    await isAsAfterACleanBuild()
  })

  test('equals a clean one after somebody has removed or changed what was built', async () => {
    const damage = [
      () => rmSync(at('dist/joined/front.d.ts')),
      () => rmSync(at('build/modules/core/add.d.ts')),
      () => write('dist/index.js', 'throw new Error("not ours")\n'),
      () => write('dist/joined/left-over.js', ''),
      () => rmSync(at('build/test/sum.test.js')),
      () => rmSync(at('.cache/emit/core/add.js')),
    ]
    for (const each of damage) each()
    assert.equal((await build()).code, 0)
    await isAsAfterACleanBuild()
    rmSync(at('dist'), { recursive: true })
    assert.equal((await build()).code, 0)
    await isAsAfterACleanBuild()
  })

  test('tells a wrong type each time, and builds all the same', async () => {
    write('test/wrong.test.ts', `import { more } from '#skein/core/add.js'\nexport const text: string = more\n`)
    for (const attempt of [1, 2]) {
      const { code, stdout } = await build()
      assert.notEqual(code, 0, `build ${attempt}`)
      assert.match(stdout, /wrong\.test\.ts.*TS2322/)
    }
    assert.match(read('build/test/wrong.test.js'), /text = more/)
    rmSync(at('test/wrong.test.ts'))
    assert.equal((await build()).code, 0)
    await isAsAfterACleanBuild()
  })

  test('waits for another one, and not for one that has died', async () => {
    const { alone } = (await import(pathToFileURL(join(root, 'scripts/alone.mjs')).href)) as {
      alone: <T>(action: () => Promise<T>, lock: string) => Promise<T>
    }
    const lock = at('.cache/lock-of-a-test')
    const order: string[] = []
    const work = (name: string) => async () => {
      order.push(`${name} begins`)
      await new Promise(resolve => setImmediate(resolve))
      order.push(`${name} ends`)
    }
    await Promise.all([alone(work('a'), lock), alone(work('b'), lock)])
    const [first, second] = order[0] === 'a begins' ? ['a', 'b'] : ['b', 'a']
    assert.deepEqual(order, [`${first} begins`, `${first} ends`, `${second} begins`, `${second} ends`])

    const { pid } = spawnSync(process.execPath, ['--version'])
    write('.cache/lock-of-a-test', String(pid))
    assert.equal(await alone(async () => 'mine', lock), 'mine')
    assert.throws(() => statSync(lock), { code: 'ENOENT' })
  })
})

describe('what is run in a fresh clone', () => {
  test('loads nothing that has yet to be installed', () => {
    const seen = new Set(['start', 'test', 'build'].map(name => `scripts/${name}.mjs`))
    const foreign: string[] = []
    for (const path of seen) {
      for (const [, from = ''] of readFileSync(join(root, path), 'utf8').matchAll(
        /^(?:import|export) (?:[^;]*? from )?'([\w./:@-]+)'/gm,
      )) {
        // What a script writes into other files looks like an import as well.
        const next = join(dirname(path), from)
        if (from.startsWith('.')) seen.add(existsSync(join(root, next)) ? next : path)
        else if (!from.startsWith('node:')) foreign.push(`${path} imports ${from}: import it where it is used`)
      }
    }
    assert.ok(seen.size > 10, `only ${[...seen].join(', ')} were found`)
    assert.deepEqual(foreign, [])
  })
})
