import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { root } from '../../support/paths.ts'
import { celery, notTested } from '../../support/services.ts'
import { skein } from '../skein.ts'

const example = join(root, 'examples/with-python')

/** A copy of the example, inside of the repository, so that 'skein' is this package. */
function copy(t: TestContext): string {
  mkdirSync(join(root, 'build'), { recursive: true })
  const folder = mkdtempSync(join(root, 'build', 'with-python-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(example, folder, { recursive: true })
  return folder
}

describe('the two modules of examples/with-python that are written are as they would be written now:', () => {
  test('the tasks in TypeScript, for Python', async t => {
    const words = ['celery', 'stubs', 'web.ts', '--queue', 'skein']
    const { stdout, stderr } = await skein(copy(t), words)
    assert.equal(stdout, readFileSync(join(example, 'skein_tasks.py'), 'utf8'), stderr)
  })

  test('the tasks in Python, for TypeScript', async t => {
    const python = await celery()
    if (python.missing !== undefined) return notTested(t, python.missing)
    const words = ['celery', 'types', '--project', 'proj:app', '--python', python.python]
    const { stdout, stderr } = await skein(copy(t), words, { env: { PYTHONDONTWRITEBYTECODE: '1' } })
    assert.equal(stdout, readFileSync(join(example, 'python-tasks.ts'), 'utf8'), stderr)
  })
})
