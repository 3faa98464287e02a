import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Script } from 'node:vm'
import { asScript, compileJoined } from '#skein/pool/wire/joined.js'
import { codeMemory, pack, readCode, unpack, writeCode } from '#skein/pool/wire/compiled-code.js'
import { processes } from 'skein/processes'
import { threads } from 'skein/threads'
import { root } from '../../support/paths.ts'
import { type RunOptions, runScript } from '../../support/run-script.ts'
import { type Seen, seen } from './tasks.ts'

const program = join(root, 'build/test/pool/quick/program.js')

async function seenWith(options: Partial<RunOptions>, path = program): Promise<Seen[]> {
  const { code, stdout, stderr } = await runScript(path, { cwd: root, ...options })
  assert.equal(code, 0, stderr)
  return stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Seen)
}

describe('a worker', () => {
  test('has the joined scripts, once, and sees nothing of how it was told to', async () => {
    for (const each of await seenWith({})) {
      assert.equal(each.scripts, 1)
      assert.deepEqual(each.execArgv, [])
      assert.equal(each.inner, 'function')
    }
  })

  test('has it also where the program has options that are for a whole process', async () => {
    const flags = ['--max-old-space-size=400', '--expose-gc', '--no-warnings']
    for (const { scripts, execArgv } of await seenWith({ flags })) {
      assert.equal(scripts, 1)
      assert.deepEqual(execArgv, flags)
    }
  })

  test('has it where such options come from the environment', async () => {
    for (const each of await seenWith({ env: { NODE_OPTIONS: '--max-old-space-size=400 --no-warnings' } }))
      assert.equal(each.scripts, 1)
  })

  // Node reads such a file from 23.10 on; an older one ends with "bad option", as any program with that option does.
  if (Number(process.versions.node.split('.')[0]) >= 24)
    test('has the options that its program has from a file of configuration', async t => {
      const folder = mkdtempSync(join(tmpdir(), 'skein-quick-'))
      t.after(() => rmSync(folder, { recursive: true, force: true }))
      const path = join(folder, 'config.json')
      const preload = 'data:text/javascript,globalThis.preloaded=true'
      writeFileSync(path, JSON.stringify({ nodeOptions: { import: [preload] } }))
      for (const each of await seenWith({ flags: [`--experimental-config-file=${path}`] }))
        assert.equal(each.preloaded, true)
    })

  test('does without it where there is no file to hand its code over', async () => {
    const [one] = await seenWith({}, join(root, 'build/test/pool/quick/programs/one-more-file.js'))
    assert.deepEqual(one, { execArgv: [], scripts: 0, preloaded: false, inner: 'function' })
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
  test('fits into its memory, and is taken by the Node that has made it', () => {
    const memory = codeMemory()
    writeCode(memory, compileJoined)
    const code = readCode(memory)
    assert.ok(code)
    const codes = unpack(code)
    const files = ['front', 'host']
    assert.equal(codes.length, files.length)
    for (const [at, file] of files.entries()) {
      const text = asScript(readFileSync(join(root, `dist/joined/${file}.js`)))
      assert.equal(new Script(text, { cachedData: codes[at] as Uint8Array }).cachedDataRejected, false)
    }
  })

  test('is in pieces that are taken apart as they were put together, each where V8 takes it without a copy', () => {
    const pieces = [[], [1], [1, 2, 3, 4, 5, 6, 7, 8], [9, 9, 9]].map(bytes => Uint8Array.from(bytes))
    const found = unpack(pack(pieces))
    assert.deepEqual(found, pieces)
    assert.ok(found.every(({ byteOffset }) => byteOffset % 8 === 0))
    assert.deepEqual(unpack(pack([])), [])
  })

  test('is of the joined files, with each line where it is there, so that a stack leads to them', () => {
    for (const file of ['front', 'host']) {
      const module = readFileSync(join(root, `dist/joined/${file}.js`))
      const others = module.toString().split('\n')
      assert.doesNotMatch(module.toString(), /[^\0-\x7F]/)
      const lines = asScript(module).replace('return load__(', 'return import(').split('\n')
      const end = others.indexOf('export {')
      assert.ok(end > 1_000)
      assert.deepEqual(lines.slice(1, end), others.slice(1, end))
    }
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
