import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Script } from 'node:vm'
import { compileJoined } from '#skein/pool/wire/joined.js'
import { codeMemory, readCode, writeCode } from '#skein/pool/wire/compiled-code.js'
import { processes } from 'skein/processes'
import { threads } from 'skein/threads'
import { root } from '../../support/paths.ts'
import { runScript } from '../../support/run-script.ts'
import { seen } from './tasks.ts'

const program = join(root, 'build/test/pool/quick/program.js')

interface Seen {
  readonly execArgv: string[]
  readonly scripts: number
  readonly inner: string
}

async function seenWith(env: Record<string, string>, path = program): Promise<Seen[]> {
  const { code, stdout, stderr } = await runScript(path, { cwd: root, env })
  assert.equal(code, 0, stderr)
  return stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Seen)
}

describe('a worker', () => {
  test('has the joined script, once, and sees nothing of how it was told to', async () => {
    for (const each of await seenWith({})) {
      assert.equal(each.scripts, 1)
      assert.deepEqual(each.execArgv, [])
      assert.equal(each.inner, 'function')
    }
  })

  test('has it also where the program has options that are for a whole process', async () => {
    const flags = ['--max-old-space-size=400', '--expose-gc', '--no-warnings']
    const { code, stdout, stderr } = await runScript(program, { cwd: root, flags })
    assert.equal(code, 0, stderr)
    for (const line of stdout.trim().split('\n')) {
      const { scripts, execArgv } = JSON.parse(line) as Seen
      assert.equal(scripts, 1)
      assert.deepEqual(execArgv, flags)
    }
  })

  test('has it where such options come from the environment', async () => {
    for (const each of await seenWith({ NODE_OPTIONS: '--max-old-space-size=400 --no-warnings' }))
      assert.equal(each.scripts, 1)
  })

  test('does without it where there is no file to hand its code over', async () => {
    const [one] = await seenWith({}, join(root, 'build/test/pool/quick/programs/one-more-file.js'))
    assert.deepEqual(one, { execArgv: [], scripts: 0, inner: 'function' })
  })

  test('does without it where it has options of its own, under which compiled code is of no use', async () => {
    for (const options of [{ memoryLimit: 400 }, { execArgv: ['--expose-gc'] }]) {
      const pool = processes({ workers: 1, ...options })
      assert.equal((await pool.run(seen)).scripts, 0)
      await pool.close()
    }
  })

  test('gets the options that its pool was given, and is refused those that a thread cannot have', async () => {
    const pool = threads({ workers: 1, execArgv: ['--no-deprecation'] })
    assert.deepEqual((await pool.run(seen)).execArgv, ['--no-deprecation'])
    await pool.close()
    const wrong = threads({ workers: 1, execArgv: ['--max-old-space-size=400'] })
    await assert.rejects(wrong.run(seen), { code: 'SKEIN_WORKER_START' })
    await wrong.close()
  })
})

describe('the compiled code', () => {
  test('is taken by the Node that has made it', () => {
    const text = readFileSync(join(root, 'dist/joined/worker/script.js'), 'latin1')
    assert.equal(new Script(text, { cachedData: compileJoined() }).cachedDataRejected, false)
  })

  test('is read as it was written, and not at all where there is none, or too much', () => {
    const memory = codeMemory()
    assert.equal(readCode(memory), undefined)
    writeCode(memory, () => Uint8Array.of(1, 2, 3))
    assert.deepEqual(readCode(memory), Uint8Array.of(1, 2, 3))
    const other = codeMemory()
    writeCode(other, () => undefined)
    assert.equal(readCode(other), undefined)
    writeCode(other, () => new Uint8Array(other.byteLength))
    assert.equal(readCode(other), undefined)
  })
})
