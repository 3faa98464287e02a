import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { root } from '../support/paths.ts'
import { jsonLines, skein, start, workplace } from './skein.ts'

const line = (index: number, input: unknown, value: unknown): string => JSON.stringify({ index, input, value })

describe('skein map --resume', () => {
  test('passes over finished inputs, runs failed ones again, and adds the results to the file', async t => {
    const folder = workplace(t)
    const file = join(folder, 'out.jsonl')
    const failed = JSON.stringify({ index: 1, input: 3, error: { name: 'Error', message: 'then' } })
    writeFileSync(file, `${line(0, 2, 'from before')}\n${failed}\n`)
    const { code, stdout, stderr } = await skein(folder, [
      'map',
      'tasks.mjs:square',
      '2',
      '3',
      '4',
      '--resume',
      'out.jsonl',
      '--on',
      'loop',
    ])
    assert.equal(code, 0)
    assert.equal(stdout, '')
    assert.match(stderr, /2 done, 1 done earlier/)
    const lines = jsonLines(readFileSync(file, 'utf8'))
    assert.deepEqual(
      lines.slice(2).sort((a, b) => a.index - b.index),
      [
        { index: 1, task: 'tasks.mjs:square', input: 3, value: 9 },
        { index: 2, task: 'tasks.mjs:square', input: 4, value: 16 },
      ],
    )
    assert.equal(lines[0]?.value, 'from before')
  })

  test('goes on after an interruption without doing anything twice', async t => {
    const folder = workplace(t)
    const args = ['map', 'tasks.mjs:nap', '1', '2', '60000', '--resume', 'out.jsonl', '--on', 'loop']
    const running = start(folder, args, { input: '' })
    const file = join(folder, 'out.jsonl')
    while (jsonLinesOf(file) < 2) await new Promise(resolve => setTimeout(resolve, 20))
    running.child.kill('SIGINT')
    assert.equal((await running.ended).code, 130)
    const again = await skein(folder, ['map', 'tasks.mjs:nap', '1', '2', '3', '--resume', 'out.jsonl', '--on', 'loop'])
    assert.equal(again.code, 0)
    assert.match(again.stderr, /1 done, 2 done earlier/)
    assert.deepEqual(
      jsonLines(readFileSync(file, 'utf8'))
        .map(each => each.index)
        .sort((a, b) => a - b),
      [0, 1, 2],
    )
  })

  test('says how to go on, after an interruption without it', async t => {
    const folder = workplace(t)
    const running = start(folder, ['map', 'tasks.mjs:nap', '1', 'a b', '60000', '--on', 'loop'], { input: '' })
    await running.printed('"index":0')
    running.child.kill('SIGINT')
    const { code, stderr } = await running.ended
    assert.equal(code, 130)
    assert.ok(stderr.includes(`skein map tasks.mjs:nap 1 'a b' 60000 --on loop --resume FILE\n`), stderr)
    assert.match(stderr, /Without > FILE, which would empty it/)
  })

  for (const [what, flags] of [
    ['>', 'w'],
    ['>>', 'a'],
  ] as const) {
    test(`refuses ${what} into the same file, before anything is read or run`, async t => {
      const folder = workplace(t)
      const file = join(folder, 'out.jsonl')
      const earlier = `${line(0, 2, 'from before')}\n`
      writeFileSync(file, earlier)
      const stdout = openSync(file, flags)
      t.after(() => closeSync(stdout))
      const args = ['map', 'tasks.mjs:shout', '2', '--resume', 'out.jsonl', '--on', 'loop']
      const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...args], {
        cwd: folder,
        stdio: ['ignore', stdout, 'pipe'],
      })
      let stderr = ''
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
      const [code] = (await once(child, 'close')) as [number]
      assert.equal(code, 2)
      assert.ok(stderr.includes(`type: skein ${args.join(' ')}\n`), stderr)
      assert.equal(/has emptied it already/.test(stderr), flags === 'w')
      assert.doesNotMatch(stderr, /task says/)
      assert.equal(readFileSync(file, 'utf8'), flags === 'w' ? '' : earlier)
    })
  }

  test('takes away a last line that was cut off, and runs its input again', async t => {
    const folder = workplace(t)
    const file = join(folder, 'out.jsonl')
    writeFileSync(file, `${line(0, 2, 4)}\n{"index":1,"inp`)
    const { code, stderr } = await skein(folder, [
      'map',
      'tasks.mjs:square',
      '2',
      '3',
      '--resume',
      'out.jsonl',
      '--on',
      'loop',
    ])
    assert.equal(code, 0)
    assert.match(stderr, /was cut off/)
    assert.deepEqual(jsonLines(readFileSync(file, 'utf8')), [
      { index: 0, input: 2, value: 4 },
      { index: 1, task: 'tasks.mjs:square', input: 3, value: 9 },
    ])
  })

  test('reads results with the separators of lines and paragraphs in them', async t => {
    const folder = workplace(t)
    writeFileSync(join(folder, 'out.jsonl'), `${line(0, 'a\u2028b\u2029c', 'x')}\n`)
    writeFileSync(join(folder, 'in.txt'), 'a\u2028b\u2029c\n')
    const words = ['map', 'tasks.mjs:echo', '--from', 'in.txt', '--resume', 'out.jsonl', '--on', 'loop']
    const { code, stderr } = await skein(folder, words)
    assert.equal(code, 0, stderr)
    assert.deepEqual(jsonLines(readFileSync(join(folder, 'out.jsonl'), 'utf8')), [
      { index: 0, input: 'a\u2028b\u2029c', value: 'x' },
    ])
  })

  test('keeps a whole last line that lacks only its end', async t => {
    const folder = workplace(t)
    const file = join(folder, 'out.jsonl')
    writeFileSync(file, line(0, 2, 4))
    await skein(folder, ['map', 'tasks.mjs:square', '2', '3', '--resume', 'out.jsonl', '--on', 'loop'])
    assert.deepEqual(jsonLines(readFileSync(file, 'utf8')), [
      { index: 0, input: 2, value: 4 },
      { index: 1, task: 'tasks.mjs:square', input: 3, value: 9 },
    ])
  })

  test('runs an input again that is another one than then', async t => {
    const folder = workplace(t)
    const file = join(folder, 'out.jsonl')
    writeFileSync(file, `${line(0, 99, 'other')}\n`)
    await skein(folder, ['map', 'tasks.mjs:square', '2', '--resume', 'out.jsonl', '--on', 'loop'])
    assert.deepEqual(jsonLines(readFileSync(file, 'utf8'))[1], {
      index: 0,
      task: 'tasks.mjs:square',
      input: 2,
      value: 4,
    })
  })

  test('refuses a file that is no output of an earlier run, and leaves it as it was', async t => {
    const folder = workplace(t)
    const file = join(folder, 'tasks.mjs')
    const before = readFileSync(file, 'utf8')
    const { code, stderr } = await skein(folder, [
      'map',
      'tasks.mjs:square',
      '2',
      '--resume',
      'tasks.mjs',
      '--on',
      'loop',
    ])
    assert.equal(code, 2)
    assert.match(stderr, /not the output of an earlier/)
    assert.equal(readFileSync(file, 'utf8'), before)
  })

  test('refuses a file with the results of another task, and leaves it as it is', async t => {
    const folder = workplace(t)
    const file = join(folder, 'out.jsonl')
    const args = ['--resume', 'out.jsonl', '--on', 'loop', '--quiet']
    assert.equal((await skein(folder, ['map', 'tasks.mjs:square', '2', ...args])).code, 0)
    const before = readFileSync(file, 'utf8')
    const { code, stderr } = await skein(folder, ['map', 'tasks.mjs:echo', '2', ...args])
    assert.equal(code, 2)
    assert.match(stderr, /holds the results of tasks\.mjs:square, not of tasks\.mjs:echo/)
    assert.equal(readFileSync(file, 'utf8'), before)
    assert.equal((await skein(folder, ['map', 'tasks.mjs:square', '2', '3', ...args])).code, 0)
  })
})

function jsonLinesOf(file: string): number {
  try {
    return jsonLines(readFileSync(file, 'utf8')).length
  } catch {
    return 0
  }
}
