import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { root } from '../support/paths.ts'
import { runScript } from '../support/run-script.ts'

// How long a start takes is for the bench; what it has to load is the same on every machine.
const folder = mkdtempSync(join(tmpdir(), 'skein-start-up-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const dist = `${pathToFileURL(join(root, 'dist')).href}/`
let runs = 0

/** The files of skein that a program has loaded: those of each of its threads and processes by themselves. */
async function filesOf(program: string, args: readonly string[] = []): Promise<string[][]> {
  const notes = join(folder, `notes-${++runs}`)
  const { code, stderr } = await runScript(program, { cwd: root, args, env: { NODE_V8_COVERAGE: notes } })
  assert.equal(code, 0, stderr)
  return readdirSync(notes).map(name => {
    const { result } = JSON.parse(readFileSync(join(notes, name), 'utf8')) as { result: { url: string }[] }
    return [...new Set(result.map(({ url }) => url))].filter(url => url.startsWith(dist))
  })
}

function written(text: string): string {
  const path = join(folder, `program-${++runs}.mjs`)
  writeFileSync(path, text.replaceAll('DIST/', dist))
  return path
}

function atMost(files: readonly string[] | undefined, most: number): void {
  assert.ok(files && files.length > 0 && files.length <= most, `at most ${most} files: ${files?.join(', ')}`)
}

describe('so that a start is quick', () => {
  test('the front door is two files, and a pool of one place six in all', async () => {
    const [front] = await filesOf(written(`import 'DIST/index.js'`))
    atMost(front, 2)
    for (const place of ['threads', 'processes']) {
      const [pool] = await filesOf(written(`import 'DIST/${place}/index.js'`))
      atMost(pool, 6)
    }
  })

  test('the help of the command line is two files, without any of the front door', async () => {
    const [help] = await filesOf(join(root, 'dist/cli/main.js'), ['--help'])
    atMost(help, 2)
  })

  test('the help of the command line has Node load nothing for numbers that nobody can guess, where it has no colours', async () => {
    const program = written(
      `process.argv.push('--help')
       process.once('exit', () => process.stderr.write(process.moduleLoadList.join('\\n')))
       await import('DIST/cli/main.js')`,
    )
    const { stdout, stderr } = await runScript(program, { cwd: root, env: { NO_COLOR: '1' } })
    assert.match(stdout, /skein map/)
    assert.match(stderr, /NativeModule fs\b/)
    assert.doesNotMatch(stderr, /crypto/)
  })

  test('a worker is its first file, two scripts, and what its tasks import', async () => {
    const program = written(
      `import { task, main } from 'DIST/index.js'
       export const one = task(import.meta, function one() { return 1 })
       await main(import.meta, async () => {
         for (const place of ['threads', 'processes']) {
           const pool = (await import('DIST/' + place + '/index.js'))[place]({ workers: 1 })
           await pool.run(one)
           await pool.close()
         }
       })`,
    )
    const all = await filesOf(program)
    const workers = all.filter(files => files.some(url => url.endsWith('/bootstrap.cjs')))
    assert.equal(workers.length, 2)
    for (const files of workers) {
      for (const file of ['front', 'host']) assert.ok(files.some(url => url.endsWith(`/joined/${file}.js`)))
      atMost(files, 5)
    }
  })

  test('a queue in a file is nothing of what Redis needs, and nothing of the command line', async () => {
    const store = join(folder, 'jobs.db')
    const program = written(
      `import { connect } from 'DIST/queue/index.js'
       const queue = await connect('sqlite:' + process.argv[2])
       await queue.close()`,
    )
    const all = await filesOf(program, [store])
    const loaded = all.flat().map(url => url.slice(dist.length))
    assert.ok(loaded.includes('joined/queue.js') && loaded.includes('joined/sqlite-thread.js'), loaded.join(', '))
    assert.deepEqual(
      loaded.filter(file => /redis|cli|commands|celery|testing|memory/.test(file)),
      [],
    )
  })

  test('what Node loads only for some programs is not loaded with the front door', async () => {
    const program = written(
      `import 'DIST/index.js'
       console.log(process.moduleLoadList.join('\\n'))`,
    )
    const { stdout } = await runScript(program, { cwd: root })
    const loaded = stdout.split('\n')
    for (const name of ['child_process', 'net', 'dgram', 'worker_threads', 'v8', 'http', 'crypto'])
      assert.ok(!loaded.includes(`NativeModule ${name}`), name)
  })
})
