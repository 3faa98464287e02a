import assert from 'node:assert/strict'
import { type BuildOptions, build } from 'esbuild'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { deadlockExitCode } from 'skein'
import { fixture, root } from './support/paths.ts'
import { type Ran, runScript } from './support/run-script.ts'

// In the repository, where a bundle finds libsql, but nothing else: skein is in it.
mkdirSync(join(root, 'build'), { recursive: true })
const folder = mkdtempSync(join(root, 'build', 'bundles-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const esm: BuildOptions = { format: 'esm', outExtension: { '.js': '.mjs' } }
const commonjs: BuildOptions = { format: 'cjs', outExtension: { '.js': '.cjs' } }
const small: BuildOptions = { minify: true, keepNames: true }
const kinds: readonly (readonly [name: string, options: BuildOptions])[] = [
  ['one ES module', esm],
  ['one CommonJS module', commonjs],
  ['one ES module, made small', { ...esm, ...small }],
  ['one CommonJS module, made small', { ...commonjs, ...small }],
  ['ES modules that share what they have in common', { ...esm, splitting: true }],
]

let bundles = 0

/** Bundles a program of test/fixtures/bundled and runs it. */
async function bundled(program: string, options: BuildOptions, env: Record<string, string> = {}): Promise<Ran> {
  const { outdir = join(folder, String(++bundles)) } = options
  await build({
    entryPoints: [fixture(`bundled/${program}.mjs`)],
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    logLevel: 'error',
    ...options,
  })
  const ending = options.outExtension?.['.js'] ?? '.js'
  return runScript(join(outdir, `${program}${ending}`), { cwd: outdir, timeout: 60_000, env })
}

function printed({ code, stdout, stderr, hung }: Ran): string {
  assert.ok(!hung, `it did not end, and printed\n${stdout}${stderr}`)
  assert.equal(code, 0, stdout + stderr)
  assert.equal(stderr, '')
  return stdout
}

describe('a program that is bundled with skein into', () => {
  for (const [name, options] of kinds) {
    test(`${name} runs its tasks on threads and in processes`, async () => {
      const lines = ['42', '2 3 4', 'true']
      assert.equal(printed(await bundled('pools', options)), `${[...lines, ...lines].join('\n')}\n`)
    })

    test(`${name} has a queue in a file, and a worker of it in every place`, async () => {
      assert.equal(printed(await bundled('queue', options)), 'loop 42\nthreads 42\nprocesses 42\n')
    })
  }
})

describe('a bundle whose program is not in main', () => {
  for (const [name, options] of kinds.slice(0, 2)) {
    test(`is kept from starting threads in its threads, and told what to do: ${name}`, async () => {
      assert.match(
        printed(await bundled('unguarded', options)),
        /^SKEIN_NESTED_START threads .* while thread 1 was importing .*unguarded.*main\(import\.meta.*\nit ran\n$/,
      )
    })

    test(`is kept from opening a store in the thread of a store, and told what to do: ${name}`, async () => {
      assert.match(
        printed(await bundled('unguarded-queue', options)),
        /^SKEIN_STORE_UNAVAILABLE .*died.* was opened at the top level of a bundle.*main\(import\.meta/,
      )
    })
  }
})

test('An error in a bundle says where its call was submitted, also in a folder dist', async () => {
  const { stdout } = await bundled('failing', { ...esm, outdir: join(folder, 'dist') })
  const [, below = ''] = stdout.split('--- submitted from ---')
  assert.match(below, /^\n {4}at .*dist\/failing\.mjs:/, stdout)
})

describe('a bundle with little of skein', () => {
  test('is told that it can go on no more, and in debug mode what has kept the event loop busy', async () => {
    const { code, stderr, hung } = await bundled('stuck', { ...esm, ...small }, { SKEIN_DEBUG: '1' })
    assert.ok(!hung)
    assert.equal(code, deadlockExitCode, stderr)
    assert.match(stderr, /SkeinBlockedWarning: task holder kept the event loop busy for \d+ ms/)
    assert.match(stderr, /DeadlockError \[SKEIN_DEADLOCK\]: The program ends/)
  })
})

describe('a queue', () => {
  test('takes no task from a bundle without a name that outlasts it', async () => {
    assert.match(
      printed(await bundled('unnamed', { ...esm, ...small })),
      /^SKEIN_TASK_DEFINITION The name of task twice .* will not last.*in a bundle.*\{ name: 'module\.twice' \}/,
    )
  })

  test('takes no task that was renamed in a bundle without skein', async () => {
    assert.match(
      printed(await bundled('unnamed', { ...esm, packages: 'external' })),
      /^SKEIN_TASK_DEFINITION The name of task twice2 .* will not last.*\{ name: 'twice' \}/,
    )
  })
})

test('A program that leaves skein out of its bundle runs its tasks in every place', async () => {
  const lines = ['42', '2 3 4', 'true']
  const options: BuildOptions = { ...esm, packages: 'external' }
  assert.equal(printed(await bundled('pools', options)), `${[...lines, ...lines].join('\n')}\n`)
  assert.equal(printed(await bundled('queue', options)), 'loop 42\nthreads 42\nprocesses 42\n')
})
