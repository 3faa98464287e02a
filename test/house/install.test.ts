import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { firstExample } from '../support/first-example.ts'
import { npm } from '../support/npm.ts'
import { root } from '../support/paths.ts'
import { runScript } from '../support/run-script.ts'
import { difference, expectedOutput } from '../support/snippets.ts'

const tsx = join(root, 'node_modules/tsx/dist/cli.mjs')

describe('the packed package, installed in an empty folder,', () => {
  const folder = mkdtempSync(join(tmpdir(), 'skein-install-'))

  before(async () => {
    const { stdout } = await npm(['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], root)
    writeFileSync(join(folder, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }\n')
    await npm(['install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, stdout.trim())], folder)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const { typescript, javascript } = firstExample()

  const stripsTypes = Boolean((process.features as { typescript?: unknown }).typescript)

  test('runs the ten lines of the README from a .ts file, on Node 20 with a tsx that is not in the project', () =>
    // As `npx tsx first.ts` does: its tsx is in a folder of npm's own.
    stripsTypes ? runs('first.ts', typescript) : runs('first.ts', typescript, tsx))

  test('runs the ten lines of the README from an .mjs file, without their types', () => runs('first.mjs', javascript))

  test('has a command that says its version', async () => {
    const { stdout, stderr, code } = await runScript(join(folder, 'node_modules/skein/dist/cli/main.js'), {
      cwd: folder,
      args: ['--version'],
    })
    assert.equal(code, 0, stdout + stderr)
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    assert.equal(stdout.trim(), version)
  })

  test('maps the task of that file over inputs, from the command line', async () => {
    writeFileSync(join(folder, 'mapped.mjs'), javascript)
    const { stdout, stderr, code } = await runScript(join(folder, 'node_modules/skein/dist/cli/main.js'), {
      cwd: folder,
      args: ['map', 'mapped.mjs:fib', '10', '11', '--on', 'threads'],
    })
    assert.equal(code, 0, stdout + stderr)
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map(line => (JSON.parse(line) as { value: number }).value),
      [55, 89],
    )
  })

  async function runs(name: string, code: string, loader?: string): Promise<void> {
    writeFileSync(join(folder, name), code)
    const ran = await (loader === undefined
      ? runScript(join(folder, name), { cwd: folder })
      : runScript(loader, { cwd: folder, args: [name] }))
    assert.ok(!ran.hung, `did not end; it printed\n${ran.stdout}${ran.stderr}`)
    assert.equal(ran.code, 0, ran.stdout + ran.stderr)
    assert.equal(difference(expectedOutput(code), ran.stdout), undefined)
  }
})

test('the first example of the README is JavaScript once its annotations are gone', () => {
  const { typescript, javascript } = firstExample()
  assert.notEqual(javascript, typescript)
  assert.doesNotMatch(javascript, /: (?:number|string)\b/)
  const lines = typescript.split('\n').filter(line => line.trim() !== '')
  assert.ok(lines.length <= 10, `the README promises ten lines, and there are ${lines.length}`)
})
