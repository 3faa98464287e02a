import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { fixture, root } from '../support/paths.ts'

interface Total {
  readonly passed: number
  readonly failed: number
  readonly skipped: readonly { readonly name: string; readonly reason?: string }[]
  readonly failures: readonly string[]
}
interface Options {
  readonly print: (text: string) => void
  readonly limits: { readonly perTest?: number; readonly afterLastTest?: number }
}
const { runTestFiles } = (await import(pathToFileURL(join(root, 'scripts/test-files.mjs')).href)) as {
  runTestFiles: (files: readonly string[], options: Options) => Promise<Total>
}

/** Runs one file of test/fixtures/test-runner with limits that make a hang short. */
async function outcomeOf(name: string, limits: Options['limits'] = {}): Promise<Total & { readonly text: string }> {
  let text = ''
  const print = (line: string): void => {
    text += `${line}\n`
  }
  return { ...(await runTestFiles([fixture(`test-runner/${name}`)], { print, limits })), text }
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
