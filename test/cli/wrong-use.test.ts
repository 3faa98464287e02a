import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { root } from '../support/paths.ts'
import { skein, workplace } from './skein.ts'

/** What is wrong, the arguments, the exit code, and what the message must say. */
const cases: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ['an unknown command', ['mpa'], 2, /Unknown command 'mpa'\. Did you mean map\?/],
  [
    'an unknown option',
    ['map', 'tasks.mjs:square', '1', '--wokers', '2'],
    2,
    /Unknown option --wokers\. Did you mean --workers\?/,
  ],
  [
    'an unknown place',
    ['map', 'tasks.mjs:square', '1', '--on', 'thread'],
    2,
    /--on must be one of loop, threads, processes, got 'thread'\. Did you mean threads\?/,
  ],
  ['a value that is missing', ['map', 'tasks.mjs:square', '1', '--workers'], 2, /--workers needs a value/],
  ['a value where none belongs', ['map', 'tasks.mjs:square', '1', '--unordered=yes'], 2, /--unordered takes no value/],
  [
    'a number that is none',
    ['map', 'tasks.mjs:square', '1', '--workers', 'two'],
    2,
    /--workers must be a whole number from 1 up, got 'two'/,
  ],
  [
    'a time without a unit',
    ['map', 'tasks.mjs:square', '1', '--timeout', '5'],
    2,
    /--timeout must be a length of time with its unit.*got '5'/,
  ],
  ['no task', ['map'], 2, /which task to run/],
  ['no inputs', ['map', 'tasks.mjs:square'], 2, /There are no inputs/],
  ['inputs from two sides', ['map', 'tasks.mjs:square', '1', '--from', 'tasks.mjs'], 2, /not from both/],
  [
    'a file of inputs that is not there',
    ['map', 'tasks.mjs:square', '--from', 'none.txt'],
    2,
    /--from none\.txt: there is no such file/,
  ],
  ['a folder of inputs', ['map', 'tasks.mjs:square', '--from', '.'], 2, /this is a folder/],
  [
    '--workers on the loop',
    ['map', 'tasks.mjs:square', '1', '--on', 'loop', '--workers', '2'],
    2,
    /--workers is for threads and processes/,
  ],
  [
    'a name of a worker in a fleet of Celery that is none',
    ['worker', 'tasks.mjs', '--store', 'sqlite:jobs.db', '--celery-name', 'a b'],
    2,
    /celery\.name must be such as 'w1' or 'w1@host', got 'a b'/,
  ],
  ['several tasks and no name', ['map', 'tasks.mjs', '1'], 2, /has several tasks; say which: tasks\.mjs:square/],
  ['a task that is not there', ['map', 'tasks.mjs:sqare', '1'], 3, /has no task 'sqare'\. Did you mean square\?/],
  ['a file that is not there', ['map', 'none.mjs:square', '1'], 3, /There is no file .*none\.mjs/],
  ['a module that throws', ['map', 'throws.mjs:square', '1'], 3, /throws\.mjs.*no luck today/s],
  ['a module without tasks', ['map', 'plain.mjs:square', '1'], 3, /defines no task.*task\(import\.meta/s],
  ['an input too many for the tour', ['tour', 'x'], 2, /takes no inputs/],
  [
    'two wishes about the report',
    ['compare', 'tasks.mjs:square', '1', '--report', 'a.html', '--no-report'],
    2,
    /contradict/,
  ],
]

describe('the command line says what is wrong and what to do about', () => {
  for (const [what, args, exitCode, message] of cases) {
    test(what, async t => {
      const folder = workplace(t)
      writeFileSync(join(folder, 'throws.mjs'), `throw new Error('no luck today')\n`)
      writeFileSync(join(folder, 'plain.mjs'), `export const square = n => n * n\n`)
      const { code, stdout, stderr } = await skein(folder, args)
      assert.match(stderr, message)
      assert.equal(code, exitCode)
      assert.equal(stdout, '')
    })
  }

  test('a module of a worker that is not there, in one line', async t => {
    const folder = workplace(t)
    const { code, stderr } = await skein(folder, ['worker', 'none.ts', '--store', 'sqlite:jobs.db'])
    assert.equal(code, 3)
    const [line, errorCode, ...rest] = stderr.trimEnd().split('\n')
    assert.match(line ?? '', /Cannot load the task module .*none\.ts: there is no such file\. Check the path/)
    assert.equal(errorCode, 'SKEIN_TASK_MODULE')
    assert.deepEqual(rest, [])
  })

  test('a folder in the place of a module', async t => {
    const { code, stderr } = await skein(workplace(t), ['worker', '.', '--store', 'sqlite:jobs.db'])
    assert.equal(code, 3)
    assert.match(stderr, /this is a folder/)
  })

  test('a module that imports what is not there, without a tour through Node', async t => {
    const folder = workplace(t)
    writeFileSync(join(folder, 'half.mjs'), `import './other-half.mjs'\n`)
    const { code, stderr } = await skein(folder, ['map', 'half.mjs:square', '1'])
    assert.equal(code, 3)
    assert.match(stderr, /other-half\.mjs.*imported from .*half\.mjs/)
    assert.doesNotMatch(stderr, /^\s+at /m)
  })

  test('an error as JSON with --json', async t => {
    const { code, stderr } = await skein(workplace(t), ['map', '--json', '--wokers'])
    assert.equal(code, 2)
    const { error } = JSON.parse(stderr) as { error: { code: string; message: string } }
    assert.equal(error.code, 'SKEIN_CLI_USAGE')
    assert.match(error.message, /Unknown option --wokers/)
  })
})

describe('help', () => {
  test('of the whole shows the commands, an example and the exit codes', async t => {
    const { code, stdout } = await skein(workplace(t), ['--help'])
    assert.equal(code, 0)
    for (const word of ['map', 'compare', 'tour', 'skein map hash.ts:sha256', '130', 'interrupted'])
      assert.ok(stdout.includes(word), word)
  })

  for (const args of [
    ['help', 'map'],
    ['map', '--help'],
    ['map', '-h', '--wokers'],
  ]) {
    test(`of a command: skein ${args.join(' ')}`, async t => {
      const { code, stdout } = await skein(workplace(t), args)
      assert.equal(code, 0)
      for (const word of ['Examples', '--on PLACE', '--resume FILE', 'Exit codes'])
        assert.ok(stdout.includes(word), word)
      for (const line of stdout.split('\n')) assert.ok(line.length <= 80, `wider than 80 columns: ${line}`)
    })
  }

  test('the version is that of the package', async t => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    assert.equal((await skein(workplace(t), ['--version'])).stdout, `${version}\n`)
  })
})
