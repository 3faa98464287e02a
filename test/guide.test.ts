import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { root } from './support/paths.ts'
import { type Ran, runScript, typescriptFlags } from './support/run-script.ts'

const page = readFileSync(join(root, 'docs/guide/background-jobs.md'), 'utf8')
const cli = join(root, 'dist/cli/main.js')

/** The code blocks that begin with the name of a file. */
const files = [...page.matchAll(/^```ts\n\/\/ ([\w-]+\.ts)\n([\s\S]*?)^```/gm)].map(([, name = '', code = '']) => ({
  name,
  code,
}))

/** The commands of all shell blocks, in order, without their comments. */
const commands = [...page.matchAll(/^```sh\n([\s\S]*?)^```/gm)]
  .flatMap(([, block = '']) => block.trim().split('\n'))
  .map(line => line.replace(/\s+#.*$/, '').trim())
  .filter(line => line.startsWith('npx skein '))
  .map(line => line.slice('npx skein '.length).split(' '))

describe('the page "background jobs from zero"', { timeout: 240_000 }, () => {
  // Inside the repository, so that 'skein' is this package.
  mkdirSync(join(root, 'build'), { recursive: true })
  const folder = mkdtempSync(join(root, 'build', 'guide-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const skein = (args: readonly string[]): Promise<Ran> =>
    runScript(cli, { cwd: folder, args, env: { SKEIN_STORE: 'sqlite:jobs.db' } })

  test('has a first job that works as it is printed, and commands that all do what they should', async () => {
    assert.deepEqual(
      files.map(each => each.name),
      // nightly, orders and shop: test/queue/kill/recipes.test.ts; billing needs a worker in Python: test/celery/peer
      ['tasks.ts', 'app.ts', 'nightly.ts', 'orders.ts', 'shop.ts', 'billing.ts'],
    )
    for (const { name, code } of files) writeFileSync(join(folder, name), code)
    const app = await runScript(join(folder, 'app.ts'), { cwd: folder })
    assert.equal(app.code, 0, app.stderr)
    const id = /^submitted (\S+)$/m.exec(app.stdout)?.[1] ?? ''
    assert.notEqual(id, '')

    const [start = [], ...others] = commands
    assert.equal(start[0], 'worker')
    assert.ok(others.length >= 8, `the page has only ${others.length} commands`)
    await untilDone(start, () => skein(['job', id, '--json']))

    for (const command of others) {
      const args = command.filter(each => each !== '--watch').map(each => (each === 'ID' ? id : each))
      const { code, stdout, stderr } = await skein(args)
      // 1 is the answer of a question: nothing was there to be cancelled, for one. 2 is a command that there isn't.
      assert.ok(code === 0 || code === 1, `skein ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`)
      assert.doesNotMatch(stderr, /at .*\.js:\d+/, `skein ${args.join(' ')} failed:\n${stderr}`)
    }
  })

  /** Runs the worker of the page until a job is done. */
  async function untilDone(start: readonly string[], look: () => Promise<Ran>): Promise<void> {
    const worker = spawn(process.execPath, [...typescriptFlags, cli, ...start], { cwd: folder, stdio: 'ignore' })
    const ended = new Promise(resolve => worker.once('exit', resolve))
    try {
      for (;;) {
        const { code, stdout, stderr } = await look()
        assert.equal(code, 0, stderr)
        const { state } = JSON.parse(stdout) as { state: string }
        if (state === 'done') break
        assert.ok(['ready', 'running'].includes(state), `the job is ${state}`)
        assert.equal(worker.exitCode, null, 'the worker has ended by itself')
      }
    } finally {
      worker.kill('SIGTERM')
      await ended
    }
  }
})
