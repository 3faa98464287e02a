import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { root } from '../../support/paths.ts'
import { runScript } from '../../support/run-script.ts'

const program = fileURLToPath(new URL('./permission-program.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'skein-permission-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'jobs.db')
const model = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission'

interface Said {
  readonly code?: string
  readonly message?: string
}

/** Runs the program under Node's permission model, where it may read everything. */
async function say(what: string, options: readonly string[]): Promise<Said> {
  const env = { NODE_OPTIONS: [model, '--allow-fs-read=*', '--no-warnings', ...options].join(' ') }
  const { stdout, stderr } = await runScript(program, { cwd: root, args: [what, file], env })
  assert.match(stdout, /^\{/, stderr)
  return JSON.parse(stdout) as Said
}

describe("under Node's permission model", { timeout: 120_000 }, () => {
  const cases: readonly (readonly [what: string, code: string, words: RegExp])[] = [
    ['threads', 'SKEIN_WORKER_START', /without --allow-worker\. /],
    ['processes', 'SKEIN_WORKER_START', /without --allow-child-process --allow-fs-write=\/.+\/skein-\*\. /],
    [
      'connect',
      'SKEIN_STORE_UNAVAILABLE',
      /jobs\.db could not be opened: .+ without --allow-worker --allow-fs-write=\/.+\/\*\. /,
    ],
  ]
  for (const [what, code, words] of cases) {
    test(`${what} says which options are missing, and for which folder, and works with those`, async () => {
      const first = await say(what, [])
      assert.equal(first.code, code, first.message)
      assert.match(String(first.message), words)
      assert.ok(first.message?.includes(`Node was started with ${model} `), first.message)
      const options: string[] = []
      let said: Said = first
      // At most two more: where Node has no SQLite of its own, native code is another thing to be allowed.
      for (let i = 0; i < 2 && said.message !== undefined; i++) {
        options.push(...(said.message.match(/--allow-[\w-]+(?:=[^\s,]*\*)?/g) ?? []))
        said = await say(what, options)
      }
      assert.deepEqual(said, {}, options.join(' '))
    })
  }
})
