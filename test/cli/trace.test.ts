import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { readTrace } from '../observe/timeline/read-trace.ts'
import { root } from '../support/paths.ts'
import { runScript } from '../support/run-script.ts'

const program = `
import { main, loop, task } from 'skein'
import { threads } from 'skein/threads'
import { processes } from 'skein/processes'
export const double = task(import.meta, (n: number) => n * 2, { name: 'double' })
await main(import.meta, async s => {
  await using pool = threads({ workers: 1 })
  await using children = processes({ workers: 1 })
  console.log(await pool.run(double, 1), await children.run(double, 2), await loop.run(double, 3), process.argv[2], process.env.SKEIN_TRACE)
  await s.spawn(() => {}, { name: 'inside' }).result()
  if (process.argv[2] === '--fail') throw new Error('on purpose')
})
`

describe('skein trace', { timeout: 240_000 }, () => {
  mkdirSync(join(root, 'build'), { recursive: true })
  // Inside the repository, so that 'skein' is this package.
  const folder = mkdtempSync(join(root, 'build', 'trace-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'app.ts'), program)
  const skein = (...args: string[]) =>
    runScript(join(root, 'dist/cli/main.js'), { cwd: folder, args: ['trace', ...args], timeout: 110_000 })

  test('runs a program as it is, with its arguments, and writes what ran in which lane', async () => {
    const { code, stdout, stderr } = await skein('app.ts', '--', '--verbose')
    assert.equal(code, 0, stderr)
    assert.equal(stdout, '2 4 6 --verbose undefined\n')
    assert.match(stderr, /^Wrote .*trace\.json\. Open it at/m)
    const { slices } = readTrace(readFileSync(join(folder, 'trace.json'), 'utf8'))
    const lanes = slices.filter(({ name }) => name.endsWith('double')).map(({ lane }) => lane)
    assert.deepEqual(lanes.sort(), ['loop/loop', 'processes/process 1', 'threads/thread 1'])
    assert.ok(slices.some(({ name, lane }) => name === 'inside' && lane === 'scope/tasks'))
  })

  test('writes a page, also of a program that fails, and has its exit code', async () => {
    const { code, stdout, stderr } = await skein('app.ts', '--out', 'sub/page.html', '--json', '--', '--fail')
    assert.notEqual(code, 0)
    assert.match(stderr, /on purpose/)
    const last = stdout.trim().split('\n').at(-1) as string
    assert.deepEqual(JSON.parse(last), { file: join(folder, 'sub/page.html'), exitCode: code })
    assert.match(readFileSync(join(folder, 'sub/page.html'), 'utf8'), /^<!doctype html>[\s\S]*tasks?\.|double/)
  })

  test('says what is wrong with how it was called, and where no recording was written', async () => {
    assert.equal((await skein()).code, 2)
    assert.equal((await skein('app.ts', '--most', '0')).code, 2)
    assert.match((await skein('gone.ts')).stderr, /There is no file/)
    writeFileSync(join(folder, 'killed.mjs'), `process.kill(process.pid, 'SIGKILL')`)
    const { code, stderr } = await skein('killed.mjs', '--out', 'none.json')
    assert.deepEqual([code, /no recording was written: the program was ended by SIGKILL/.test(stderr)], [137, true])
  })
})
