import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { jsonLines, skein, start, workplace } from './skein.ts'

describe('skein map', () => {
  for (const place of ['loop', 'threads', 'processes']) {
    test(`runs each input on ${place}, prints a JSON line for each in order, and counts failures in the exit code`, async t => {
      const { code, stdout, stderr } = await skein(workplace(t), [
        'map',
        'tasks.mjs:square',
        '2',
        '13',
        '4',
        '--on',
        place,
      ])
      assert.equal(code, 1)
      assert.deepEqual(jsonLines(stdout), [
        { index: 0, task: 'tasks.mjs:square', input: 2, value: 4 },
        { index: 1, task: 'tasks.mjs:square', input: 13, error: { name: 'RangeError', message: 'unlucky' } },
        { index: 2, task: 'tasks.mjs:square', input: 4, value: 16 },
      ])
      assert.match(stderr, /1 input failed/)
      assert.match(stderr, /2 done, 1 failed/)
    })
  }

  test('takes a bare file where the module has one task, and ends with 0 when all went well', async t => {
    const { code, stdout } = await skein(workplace(t), ['map', 'single.mjs', '5', '-7', '--on', 'loop'])
    assert.equal(code, 0)
    assert.deepEqual(
      jsonLines(stdout).map(line => line.value),
      [-5, 7],
    )
  })

  test('parses what reads as JSON and takes the rest as text', async t => {
    const { stdout } = await skein(workplace(t), [
      'map',
      'tasks.mjs:echo',
      '12',
      '"12"',
      '[1,2]',
      '{"a":null}',
      'true',
      'plain text',
      '{broken',
      '--on',
      'loop',
    ])
    assert.deepEqual(
      jsonLines(stdout).map(line => line.value),
      [12, '12', [1, 2], { a: null }, true, 'plain text', '{broken'],
    )
  })

  test('reads lines from a file and from standard input, and passes over empty ones', async t => {
    const folder = workplace(t)
    writeFileSync(join(folder, 'in.txt'), '\uFEFF1\n\n2\r\nthree')
    const fromFile = await skein(folder, ['map', 'tasks.mjs:echo', '--from', 'in.txt', '--on', 'loop'])
    assert.deepEqual(
      jsonLines(fromFile.stdout).map(line => line.value),
      [1, 2, 'three'],
    )
    const fromPipe = await skein(folder, ['map', 'tasks.mjs:echo', '-', '--on', 'loop'], { input: 'a\nb\n' })
    assert.deepEqual(
      jsonLines(fromPipe.stdout).map(line => line.value),
      ['a', 'b'],
    )
  })

  test('takes the separators of lines and paragraphs for characters of a line', async t => {
    const folder = workplace(t)
    writeFileSync(join(folder, 'in.txt'), 'one\u2028and\u2029the same\ntwo\n')
    const { stdout } = await skein(folder, ['map', 'tasks.mjs:echo', '--from', 'in.txt', '--on', 'loop'])
    assert.deepEqual(
      jsonLines(stdout).map(line => line.value),
      ['one\u2028and\u2029the same', 'two'],
    )
  })

  test('turns a pattern into the files that match it, and refuses one that matches none', async t => {
    const folder = workplace(t)
    mkdirSync(join(folder, 'src/deep'), { recursive: true })
    for (const file of ['src/b.ts', 'src/a.ts', 'src/deep/c.ts', 'src/d.js']) writeFileSync(join(folder, file), '')
    const found = await skein(folder, ['map', 'tasks.mjs:echo', 'src/**/*.ts', '--on', 'loop'])
    assert.deepEqual(
      jsonLines(found.stdout).map(line => line.value),
      ['src/a.ts', 'src/b.ts', 'src/deep/c.ts'],
    )
    const none = await skein(folder, ['map', 'tasks.mjs:echo', '*.nothing', '--on', 'loop'])
    assert.equal(none.code, 2)
    assert.match(none.stderr, /No file matches '\*\.nothing'.*--no-glob/s)
    const text = await skein(folder, ['map', 'tasks.mjs:echo', '*.nothing', '--no-glob', '--on', 'loop'])
    assert.deepEqual(
      jsonLines(text.stdout).map(line => line.value),
      ['*.nothing'],
    )
  })

  test('collects the values of a generator task', async t => {
    const { stdout } = await skein(workplace(t), ['map', 'tasks.mjs:steps', '3', '0', '--on', 'loop'])
    assert.deepEqual(
      jsonLines(stdout).map(line => line.value),
      [[0, 1, 2], []],
    )
  })

  test('writes what JSON has no form for in a readable one', async t => {
    const { stdout } = await skein(workplace(t), [
      'map',
      'tasks.mjs:odd',
      'map',
      'date',
      'bytes',
      'nan',
      'nothing',
      '--on',
      'loop',
    ])
    assert.deepEqual(
      jsonLines(stdout).map(line => line.value),
      [
        { $type: 'Map', value: [['a', { $type: 'bigint', value: '1' }]] },
        '1970-01-01T00:00:00.000Z',
        { $type: 'Uint8Array', base64: 'AQID' },
        [{ $type: 'number', value: 'NaN' }, null, { $type: 'number', value: 'Infinity' }],
        null,
      ],
    )
  })

  for (const place of ['loop', 'threads', 'processes']) {
    test(`keeps what a task prints on ${place} out of the results`, async t => {
      const { stdout, stderr } = await skein(workplace(t), ['map', 'tasks.mjs:shout', 'hi', '--on', place])
      assert.deepEqual(jsonLines(stdout), [{ index: 0, task: 'tasks.mjs:shout', input: 'hi', value: 'HI' }])
      assert.match(stderr, /task says hi/)
    })
  }

  test('stops a call that takes longer than --timeout', async t => {
    const { code, stdout } = await skein(workplace(t), [
      'map',
      'tasks.mjs:nap',
      '60000',
      '1',
      '--timeout',
      '100ms',
      '--on',
      'loop',
    ])
    assert.equal(code, 1)
    assert.deepEqual(
      jsonLines(stdout).map(line => line.error?.code ?? line.value),
      ['SKEIN_TIMEOUT', 1],
    )
  })

  test('writes quick results before slow ones with --unordered', async t => {
    const { stdout } = await skein(workplace(t), ['map', 'tasks.mjs:nap', '300', '1', '--unordered', '--on', 'loop'])
    assert.deepEqual(
      jsonLines(stdout).map(line => line.value),
      [1, 300],
    )
  })

  test('prints its summary as JSON with --json', async t => {
    const { stderr } = await skein(workplace(t), ['map', 'tasks.mjs:square', '13', '1', '--json', '--on', 'loop'])
    const summary = JSON.parse(stderr) as { done: number; failed: number; interrupted: boolean }
    assert.equal(summary.done, 1)
    assert.equal(summary.failed, 1)
    assert.equal(summary.interrupted, false)
  })

  test('says nothing with --json --quiet when all went well', async t => {
    const args = ['map', 'tasks.mjs:square', '1', '--json', '--quiet', '--on', 'loop']
    assert.equal((await skein(workplace(t), args)).stderr, '')
  })

  test('says the code of an error of the system once', async t => {
    const { stderr } = await skein(workplace(t), ['map', 'tasks.mjs:readGone', '1', '--on', 'loop'])
    assert.match(stderr, /ENOENT: no such file/)
    assert.doesNotMatch(stderr, /ENOENT: ENOENT/)
  })

  for (const place of ['loop', 'threads', 'processes']) {
    test(`stops cleanly on ${place} when interrupted: writes what is done, says how to go on, ends with 130`, async t => {
      const running = start(workplace(t), [
        'map',
        'tasks.mjs:nap',
        '1',
        '60000',
        '60000',
        '2',
        '--on',
        place,
        '--unordered',
        '--concurrency',
        '4',
      ])
      await running.printed('"index":3')
      running.child.kill('SIGINT')
      const { code, stdout, stderr } = await running.ended
      assert.equal(code, 130)
      assert.deepEqual(
        jsonLines(stdout).map(line => line.value),
        [1, 2],
      )
      assert.match(stderr, /Interrupted.*2 done, 2 not done/s)
      assert.match(stderr, /--resume/)
    })
  }

  test('stops while it waits for more input', async t => {
    const running = start(workplace(t), ['map', 'tasks.mjs:echo', '-', '--on', 'loop', '--unordered'])
    running.child.stdin?.write('1\n')
    await running.printed('"value":1')
    running.child.kill('SIGINT')
    const { code } = await running.ended
    assert.equal(code, 130)
  })

  test('ends without a word, with the code of a broken pipe, when the reader of its results goes away', async t => {
    const folder = workplace(t)
    writeFileSync(join(folder, 'in.txt'), Array.from({ length: 50_000 }, (_, at) => at).join('\n'))
    const running = start(folder, ['map', 'tasks.mjs:echo', '--from', 'in.txt', '--on', 'loop', '--quiet'])
    running.child.stdout?.once('data', () => running.child.stdout?.destroy())
    const { code, stderr } = await running.ended
    assert.equal(stderr, '')
    assert.equal(code, 141)
  })
})
