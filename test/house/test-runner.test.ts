import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { fixture, root } from '../support/paths.ts'
import { runScript } from '../support/run-script.ts'

interface Total {
  readonly passed: number
  readonly failed: number
  readonly skipped: readonly { readonly name: string; readonly reason?: string }[]
  readonly failures: readonly string[]
}
interface Options {
  readonly print: (text: string) => void
  readonly limits?: { readonly perTest?: number; readonly afterLastTest?: number }
  readonly name?: string
  readonly signal?: AbortSignal
}
const script = (name: string): string => join(root, 'scripts', name)
const { runTestFiles } = (await import(pathToFileURL(script('test-files.mjs')).href)) as {
  runTestFiles: (files: readonly string[], options: Options) => Promise<Total>
}
const { afterEachChange } = (await import(pathToFileURL(script('watch.mjs')).href)) as {
  afterEachChange: (
    folders: readonly string[],
    action: (signal: AbortSignal) => Promise<void>,
    options: { readonly end: AbortSignal; readonly waits: () => void },
  ) => Promise<void>
}

/** Runs one file of test/fixtures/test-runner with limits that make a hang short. */
async function outcomeOf(
  name: string,
  limits: Options['limits'] = {},
  options: Partial<Options> = {},
): Promise<Total & { readonly text: string }> {
  let text = ''
  const print = (line: string): void => {
    text += `${line}\n`
  }
  return { ...(await runTestFiles([fixture(`test-runner/${name}`)], { print, limits, ...options })), text }
}

describe('the test runner', () => {
  test('counts tests and subtests, and no suites', async () => {
    const { passed, failed } = await outcomeOf('passes.mjs')
    assert.deepEqual([passed, failed], [3, 0])
  })

  test('shows a failure in full, with what the file printed, and counts the inner test alone', async () => {
    const { passed, failed, text } = await outcomeOf('fails.mjs')
    assert.deepEqual([passed, failed], [1, 2])
    assert.match(text, /FAILED: fails\n[\s\S]*AssertionError[\s\S]*FAILED: parent > fails inside\n[\s\S]*Error: inner/)
    assert.match(text, /printed before it failed/)
  })

  test('shows of a failure what was expected and where in our files, and no frames of Node', async () => {
    const { text } = await outcomeOf('fails-deep.mjs')
    assert.match(text, /\+\s+size: 1\n\s+-\s+size: 2\n/)
    assert.match(text, /Error: outer\n.*fails-deep\.mjs:8:[\s\S]*\[cause\]: TypeError: inner\n.*fails-deep\.mjs:8:/)
    assert.match(text, /SyntaxError.*\n\s+at JSON\.parse.*\n.*fails-deep\.mjs:11:/)
    assert.doesNotMatch(text, /node:|generatedMessage|operator/)
  })

  test('runs the tests that a name picks, by its words or by a pattern, and says nothing of the others', async () => {
    const count = async (name: string): Promise<[number, number, number]> => {
      const { passed, failed, skipped } = await outcomeOf('named.mjs', {}, { name })
      return [passed, failed, skipped.length]
    }
    assert.deepEqual(await count('the first'), [1, 0, 0])
    assert.deepEqual(await count('group (of'), [2, 0, 0])
    assert.deepEqual(await count('1+1'), [1, 0, 0])
    assert.deepEqual(await count('/first|more/'), [2, 0, 0])
    assert.deepEqual(await count('no such words'), [0, 0, 0])
    assert.equal((await outcomeOf('named.mjs', {}, { name: 'no such words' })).text, '')
  })

  test('ends at once, without a word, when it is told to', async () => {
    const { text, passed, failed } = await outcomeOf('hangs.mjs', {}, { signal: AbortSignal.timeout(500) })
    assert.deepEqual([text, passed, failed], ['', 0, 0])
    const { text: never } = await outcomeOf('passes.mjs', {}, { signal: AbortSignal.abort() })
    assert.equal(never, '')
  })

  test('names what was skipped, and why', async () => {
    const { passed, failed, skipped, text } = await outcomeOf('skips.mjs')
    assert.deepEqual([passed, failed], [1, 0])
    assert.deepEqual(
      skipped.map(each => [each.name, each.reason]),
      [
        ['is skipped', 'there is no server'],
        ['is to be done', 'Error: not yet'],
      ],
    )
    assert.match(text, /SKIPPED: is skipped \(there is no server\)/)
  })

  const broken: readonly [file: string, complaint: RegExp, limits?: Options['limits']][] = [
    ['leaves-a-timer.mjs', /does not end/, { afterLastTest: 500 }],
    ['hangs.mjs', /waits for ever \(no end after/, { perTest: 1_500 }],
    ['hangs-in-a-loop.mjs', /\(no end after/, { perTest: 1_500, afterLastTest: 100 }],
    ['leaves-a-process.mjs', /left processes behind/],
    ['exits-early.mjs', /the process of this file/],
    ['throws-on-load.mjs', /the process of this file/],
    ['holds-none.mjs', /this file/],
  ]
  for (const [file, complaint, limits] of broken) {
    test(`fails a file that ${file.replace('.mjs', '').replaceAll('-', ' ')}`, async () => {
      const { failed, failures } = await outcomeOf(file, limits)
      assert.equal(failed, 1)
      assert.match(failures[0] ?? '', complaint)
    })
  }
})

describe('npm test', () => {
  test('shows by example what it takes', async () => {
    const { code, stdout } = await runScript(script('test.mjs'), { cwd: root, args: ['--help'] })
    assert.equal(code, 0)
    assert.match(stdout, /^Usage: npm test/)
    for (const option of ['--name', '--watch', '--node', '--no-lint']) assert.ok(stdout.includes(option), option)
  })

  test('refuses an option that it does not know, and shows the usage', async () => {
    const { code, stderr } = await runScript(script('test.mjs'), { cwd: root, args: ['--nmae', 'x'] })
    assert.equal(code, 2)
    assert.match(stderr, /--nmae[\s\S]*Usage: npm test/)
  })
})

describe('watching', () => {
  test('runs again after a change, and stops what is under way', async t => {
    const folder = mkdtempSync(join(root, 'build', 'watched-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    let writes = 0
    const change = (): void => writeFileSync(join(folder, 'a-file'), String(writes++))
    const end = new AbortController()
    let runs = 0
    let stopped = 0
    let waited = 0
    const run = async (signal: AbortSignal): Promise<void> => {
      runs++
      // A watcher needs a moment until it sees anything.
      while (runs === 1 && !signal.aborted) {
        change()
        await new Promise(resolve => setImmediate(resolve))
      }
      if (signal.aborted) stopped++
      if (waited > 0) end.abort()
    }
    const waits = (): void => {
      waited++
      change()
    }
    await afterEachChange([relative(root, folder)], run, { end: end.signal, waits })
    assert.ok(runs >= 3)
    assert.equal(stopped, 1)
    assert.equal(waited, 1)
  })
})
