import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { root } from '../support/paths.ts'
import { runScript } from '../support/run-script.ts'

test('npm run coverage says which lines of the sources no test has run, those that ran in a process below it included', async t => {
  const house = mkdtempSync(join(tmpdir(), 'skein-coverage-'))
  t.after(() => rmSync(house, { recursive: true, force: true }))
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(house, path)), { recursive: true })
    writeFileSync(join(house, path), text)
  }
  cpSync(join(root, 'scripts'), join(house, 'scripts'), { recursive: true })
  for (const name of readdirSync(root)) if (/^tsconfig.*\.json$/.test(name)) cpSync(join(root, name), join(house, name))
  symlinkSync(join(root, 'node_modules'), join(house, 'node_modules'), 'junction')
  const { imports, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, object>
  write('package.json', JSON.stringify({ name: 'skein', type: 'module', imports, exports }))
  write('package-lock.json', '{}')
  write('src/index.ts', `export { half, third } from './core/parts.ts'\n`)
  write(
    'src/core/parts.ts',
    [
      'export function half(n: number): number {',
      '  return n / 2',
      '}',
      '',
      'export function third(n: number): number {',
      '  return n / 3',
      '}',
      '',
      'export function quarter(n: number): number {',
      '  return n / 4',
      '}',
      '',
    ].join('\n'),
  )
  write('src/core/lonely.ts', 'export const lonely: number = 1\n')
  for (const place of ['threads', 'processes'])
    write(`src/${place}/bootstrap.ts`, `import { third } from '../core/parts.ts'\nthird(1)\n`)
  write(
    'test/parts.test.ts',
    [
      `import { spawnSync } from 'node:child_process'`,
      `import { test } from 'node:test'`,
      `import { half } from 'skein'`,
      `test('half', () => void half(1))`,
      `test('a third, elsewhere', () => void spawnSync(process.execPath, ['dist/processes/bootstrap.js']))`,
      '',
    ].join('\n'),
  )
  const { code, stdout, stderr } = await runScript(join(house, 'scripts/coverage.mjs'), {
    cwd: house,
    timeout: 120_000,
  })
  assert.equal(code, 0, stdout + stderr)
  assert.match(stdout, /parts\.ts .* 9-11 /)
  assert.match(stdout, /^ {2}src\/core\/lonely\.ts$/m)
  assert.doesNotMatch(stdout, /^ {2}src\/core\/parts\.ts$/m)
  assert.match(stdout, /^2 passed, 0 failed$/m)
})
