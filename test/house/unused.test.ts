import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { root } from '../support/paths.ts'
import { runScript, type Ran } from '../support/run-script.ts'

/** A repository with a few small files, and the scripts and settings of this one. */
const house = mkdtempSync(join(tmpdir(), 'skein-unused-'))

function write(path: string, text: string): void {
  mkdirSync(dirname(join(house, path)), { recursive: true })
  writeFileSync(join(house, path), text)
}

const unused = (): Promise<Ran> => runScript(join(house, 'scripts/unused.mjs'), { cwd: house, timeout: 120_000 })

describe('the search for what nobody uses, which `npm run lint` makes,', () => {
  before(() => {
    for (const name of ['scripts/steps.mjs', 'scripts/unused.mjs', 'knip.jsonc', 'tsconfig.json', 'tsconfig.knip.json'])
      cpSync(join(root, name), join(house, name))
    symlinkSync(join(root, 'node_modules'), join(house, 'node_modules'), 'junction')
    const exports = { '.': { types: './dist/index.d.ts', default: './dist/index.js' } }
    write(
      'package.json',
      JSON.stringify({ name: 'skein', type: 'module', imports: { '#skein/*': './build/modules/*' }, exports }),
    )
    write('bench/package.json', '{ "name": "bench", "private": true, "type": "module" }\n')
    write('src/index.ts', `export { published } from './core/values.ts'\n`)
    write(
      'src/core/values.ts',
      `export const published: number = 1\n\n/** Only a test has it. */\nexport const tested: number = 2\n`,
    )
    write('test/values.test.ts', `import { tested } from '#skein/core/values.js'\n\nconsole.log(tested)\n`)
  })
  after(() => rmSync(house, { recursive: true, force: true }))

  test('has nothing to say of exports that the package or a test uses', async () => {
    const { code, stdout, stderr } = await unused()
    assert.equal(stdout, '')
    assert.equal(code, 0, stderr)
  })

  test('finds an export that nobody imports, a type and a file too', async () => {
    write(
      'src/core/values.ts',
      `export const published: number = 1\n\nexport const tested: number = 2\n\nexport const planted: number = 3\n\nexport type Planted = number\n`,
    )
    write('src/core/lonely.ts', `export const lonely: number = 4\n`)
    const { code, stdout } = await unused()
    assert.match(stdout, /^planted +src\/core\/values\.ts:5/m)
    assert.match(stdout, /^Planted +type +src\/core\/values\.ts:7/m)
    assert.match(stdout, /^src\/core\/lonely\.ts/m)
    assert.doesNotMatch(stdout, /^(?:published|tested|lonely)\b/m)
    assert.equal(code, 1)
  })
})
