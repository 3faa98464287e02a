import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, openSync, closeSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { call } from 'skein'
import { connect } from 'skein/queue'
import { root } from '../support/paths.ts'
import { workplace } from './skein.ts'

/** A file of the system that takes nothing, as a disk that is full. */
const full = '/dev/full'

interface Told {
  readonly code: number | null
  readonly stderr: string
}

/** Runs the command with its standard output on a full disk, or closed. */
async function unwritable(t: TestContext, folder: string, words: readonly string[], env = {}): Promise<Told> {
  const file = openSync(full, 'w')
  t.after(() => closeSync(file))
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...words], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...env },
    stdio: ['ignore', file, 'pipe'],
  })
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { code, stderr }
}

describe('what a command could not write', { skip: existsSync(full) ? false : `there is no ${full} here` }, () => {
  test('makes map end with exit code 4, and say so', async t => {
    const folder = workplace(t)
    writeFileSync(join(folder, 'in.txt'), Array.from({ length: 2_000 }, (_, at) => at).join('\n'))
    const { code, stderr } = await unwritable(t, folder, ['map', 'tasks.mjs:echo', '--from', 'in.txt', '--on', 'loop'])
    assert.equal(code, 4, stderr)
    assert.match(stderr, /Not all could be written to standard output: .*ENOSPC/)
  })

  test('makes every command that looks into a store end with exit code 4', async t => {
    const folder = workplace(t)
    const url = `sqlite:${join(folder, 'jobs.db')}`
    const tasks = (await import(pathToFileURL(join(folder, 'tasks.mjs')).href)) as Record<'echo', never>
    const queue = await connect(url)
    const job = await queue.submit(call(tasks.echo, 1 as never))
    await queue.close()
    const env = { SKEIN_STORE: url }
    for (const words of [
      ['jobs'],
      ['jobs', '--json'],
      ['stats'],
      ['stats', '--json'],
      ['job', job.id],
      ['doctor'],
      ['--help'],
    ]) {
      const { code, stderr } = await unwritable(t, folder, words, env)
      assert.equal(code, 4, `skein ${words.join(' ')}: ${stderr}`)
    }
  })
})
