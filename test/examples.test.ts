import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { root } from './support/paths.ts'
import { runScript } from './support/run-script.ts'
import { celery, notTested, startRedis } from './support/services.ts'
import { matches } from './support/snippets.ts'

const examples = readdirSync(join(root, 'examples'), { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(entry => join(root, 'examples', entry.name))

describe('the program in', () => {
  for (const folder of examples) {
    test(`${folder.slice(root.length + 1)} does what its expected.txt says`, async t => {
      const needs = basename(folder) === 'with-python' ? await withPython(t) : { env: {} }
      if (needs === undefined) return
      const program = ['main.ts', 'main.mjs'].map(name => join(folder, name)).find(existsSync)
      assert.ok(program, 'there is neither a main.ts nor a main.mjs')
      const { code, signal, hung, stdout, stderr } = await runScript(program, {
        cwd: folder,
        timeout: 60_000,
        ...needs,
      })
      assert.ok(!hung, `did not end in time; it printed\n${stdout}${stderr}`)
      assert.equal(code, 0, `ended with ${signal ?? code}:\n${stdout}${stderr}`)
      const expected = join(folder, 'expected.txt')
      if (existsSync(expected)) compare(readFileSync(expected, 'utf8'), stdout)
    })
  }

  test('examples/ is found', () => {
    assert.ok(examples.length > 0)
  })
})

describe('the tests that an example shows,', () => {
  const files = examples.flatMap(folder =>
    readdirSync(folder)
      .filter(name => name.endsWith('.test.ts'))
      .map(name => join(folder, name)),
  )
  for (const file of files) {
    test(`${file.slice(root.length + 1)}, pass`, async () => {
      // Else it would report to the runner of this file, and not in words.
      const env = { NODE_TEST_CONTEXT: '' }
      const { code, signal, hung, stdout, stderr } = await runScript(file, { cwd: dirname(file), timeout: 60_000, env })
      assert.ok(!hung, `did not end within 60 s; it printed\n${stdout}${stderr}`)
      assert.equal(code, 0, `ended with ${signal ?? code}:\n${stdout}${stderr}`)
      assert.match(stdout, /^(?:ℹ|#) pass [1-9]/m)
    })
  }

  test('are found', () => {
    assert.ok(files.length > 0)
  })
})

/** A Redis server and a Celery for the one that needs them, until its test ends; says loudly where they cannot be had. */
async function withPython(t: TestContext): Promise<{ env: Record<string, string>; timeout: number } | undefined> {
  const [redis, { missing, ...python }] = await Promise.all([startRedis(), celery()])
  t.after(() => redis.missing ?? redis.stop())
  const why = redis.missing ?? missing
  if (why !== undefined) {
    notTested(t, why)
    return undefined
  }
  // Python takes its time to start, five times.
  return {
    timeout: 240_000,
    env: { REDIS_URL: (redis as { url: string }).url, PYTHON: (python as { python: string }).python },
  }
}

/** Line by line; `*` stands for anything within a line. */
function compare(expected: string, stdout: string): void {
  const wanted = expected.trimEnd().split('\n')
  const printed = stdout.trimEnd().split('\n')
  for (const [index, pattern] of wanted.entries()) {
    const line = printed[index] ?? '(nothing)'
    assert.ok(matches(pattern, line, '*'), `line ${index + 1} should be '${pattern}' and is '${line}' in\n${stdout}`)
  }
  assert.equal(printed.length, wanted.length, `printed other than ${wanted.length} lines:\n${stdout}`)
}
