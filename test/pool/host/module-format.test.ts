import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { task, TaskModuleError } from 'skein'
import { threads } from 'skein/threads'
import { formatHint } from '#skein/pool/host/module-format.js'
import { root } from '../../support/paths.ts'

const entry = pathToFileURL(join(root, 'dist/index.js')).href
const source = `import { task } from '${entry}'\nexport const one = task(import.meta, () => 1, { name: 'one' })\n`

/** A folder with files, whose package.json has this text. */
function folderOf(t: TestContext, packageJson: string, files: Readonly<Record<string, string>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'skein-format-')))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'package.json'), packageJson)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

/** How the call of a task fails in a worker that has to load its module. */
async function failureOf(path: string): Promise<TaskModuleError> {
  const pool = threads({ workers: 1 })
  try {
    await pool.run(task(pathToFileURL(path), () => 1, { name: 'one' }))
  } catch (error) {
    assert.ok(error instanceof TaskModuleError, String(error))
    return error
  } finally {
    await pool.close()
  }
  throw new Error('the call was expected to fail')
}

describe('a task module that is taken for CommonJS', () => {
  test('is told which package.json to change, or how to name the file', async t => {
    const folder = folderOf(t, '{ "type": "commonjs" }', { 'src/work.js': source })
    const { code, message } = await failureOf(join(folder, 'src/work.js'))
    assert.equal(code, 'SKEIN_TASK_MODULE')
    assert.ok(message.includes(`put "type": "module" into ${join(folder, 'package.json')}`), message)
    assert.ok(message.includes(`name the file ${join(folder, 'src/work.mjs')}`), message)
    assert.match(message, /says "type": "commonjs"/)
    assert.doesNotMatch(message, /guard start-up code/, 'that would not help')
  })

  test('is told the same in TypeScript with a top-level await', async t => {
    const folder = folderOf(t, '{ "type": "commonjs" }', { 'work.ts': `${source}const n: number = await 1\n` })
    const { message } = await failureOf(join(folder, 'work.ts'))
    assert.ok(message.includes(`put "type": "module" into ${join(folder, 'package.json')}`), message)
    assert.ok(message.includes(`name the file ${join(folder, 'work.mts')}`), message)
  })
})

describe('the hint for a module that is taken for CommonJS', () => {
  const hint = (path: string, error: unknown): string | undefined => formatHint(pathToFileURL(path).href, error)
  const outside = new SyntaxError('Cannot use import statement outside a module')

  test('knows what Node and tsx say', t => {
    const folder = folderOf(t, '{}', {})
    const says = [
      outside,
      new SyntaxError("Cannot use 'import.meta' outside a module"),
      new SyntaxError("Unexpected token 'export'"),
      new Error('Top-level await is currently not supported with the "cjs" output format'),
      Object.assign(new Error('require() of ES Module'), { code: 'ERR_REQUIRE_ESM' }),
      Object.assign(new Error('require() cannot be used'), { code: 'ERR_REQUIRE_ASYNC_MODULE' }),
    ]
    for (const error of says) {
      assert.match(hint(join(folder, 'work.ts'), error) ?? '', /the nearest package\.json has no "type": "module"/)
    }
  })

  test('is about the file that the task module imports, where that one is at fault', t => {
    const folder = folderOf(t, '{ "type": "module" }', {
      'old/package.json': '{ "type": "commonjs" }',
      'old/helper.js': `import 'node:fs'\n`,
    })
    const helper = join(folder, 'old/helper.js')
    const error = Object.assign(new SyntaxError(outside.message), { stack: `${helper}:1\nimport 'node:fs'\n^^^^^^` })
    const text = hint(join(folder, 'work.js'), error) ?? ''
    assert.ok(text.includes(`put "type": "module" into ${join(folder, 'old/package.json')}`), text)
    assert.ok(text.includes(`name the file ${join(folder, 'old/helper.mjs')}`), text)
  })

  test('is not given for other failures', t => {
    const folder = folderOf(t, '{}', {})
    assert.equal(hint(join(folder, 'work.js'), new SyntaxError("Unexpected token ')'")), undefined)
    assert.equal(hint(join(folder, 'work.js'), undefined), undefined)
  })

  test('is not given where it would change nothing', t => {
    const folder = folderOf(t, '{ "type": "module" }', { 'node_modules/other/package.json': '{}' })
    assert.equal(hint(join(folder, 'work.js'), outside), undefined)
    assert.equal(hint(join(folder, 'work.mjs'), outside), undefined)
    assert.equal(hint(join(folder, 'node_modules/other/work.js'), outside), undefined)
  })

  test('names the ending where that is the reason', t => {
    const folder = folderOf(t, '{ "type": "module" }', {})
    assert.ok(hint(join(folder, 'work.cts'), outside)?.endsWith(`name it ${join(folder, 'work.mts')}`))
  })
})
