import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { call, current, task } from 'skein'
import { connect, type DurableQueue, work } from 'skein/queue'
import { type Ended, skein, workplace } from './skein.ts'

const add = task(import.meta, (a: number, b: number) => a + b, { name: 'moved.add' })

const nap = task(import.meta, () => current().sleep('1h'), { name: 'moved.nap' })

interface Bed {
  readonly url: string
  readonly queue: DurableQueue
  readonly file: string
  readonly other: string
  run(...args: string[]): Promise<Ended>
}

/** A store with a few jobs, and a place for another one. */
async function bed(t: TestContext): Promise<Bed> {
  const folder = workplace(t)
  const url = `sqlite:${join(folder, 'jobs.db')}`
  const queue = await connect(url)
  t.after(() => queue.close())
  await queue.submit(call(add, 1, 2).with({ id: 'first' }))
  await queue.submit(call(add, 3, 4).with({ id: 'later', delay: '1h', unique: 'only', tags: ['x'] }))
  await queue.pause('mail')
  await queue.schedule('hourly', { every: '1h' }, call(add, 7, 8))
  return {
    url,
    queue,
    file: join(folder, 'moved.jsonl'),
    other: `sqlite:${join(folder, 'other.db')}`,
    run: (...args) => skein(folder, args, { env: { SKEIN_STORE: url } }),
  }
}

const parsed = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)

describe('skein export and skein import', () => {
  test('move what waits to another store, once, however often they run', async t => {
    const { run, file, other } = await bed(t)
    const exported = await run('export', file)
    assert.equal(exported.code, 0, exported.stderr)
    assert.match(exported.stdout, /^2 jobs, 1 schedule, 1 paused queue in /)
    const kinds = parsed(readFileSync(file, 'utf8')).map(({ kind }) => kind)
    assert.deepEqual(kinds, ['skein export', 'queue', 'schedule', 'job', 'job', 'end'])
    const first = await run('import', file, '--store', other)
    assert.equal(first.code, 0, first.stderr)
    assert.equal(first.stdout, '2 jobs and 1 schedule taken in, 1 queue paused.\n')
    const again = await run('import', file, '--store', other, '--json')
    assert.deepEqual(parsed(again.stdout), [
      { jobs: 0, known: 2, schedules: 0, knownSchedules: 1, queues: 1, refused: [] },
    ])
    const moved = await connect(other)
    t.after(() => moved.close())
    assert.deepEqual(
      (await moved.jobs()).map(({ id, state, args, tags }) => [id, state, args, tags]),
      [
        ['later', 'delayed', [3, 4], ['x']],
        ['first', 'ready', [1, 2], []],
      ],
    )
  })

  test('name the jobs that the other store refuses', async t => {
    const { run, file, other } = await bed(t)
    await run('export', file)
    const queue = await connect(other)
    t.after(() => queue.close())
    await queue.submit(call(add, 5, 6).with({ unique: 'only' }))
    const { code, stdout } = await run('import', file, '--store', other)
    assert.equal(code, 1)
    assert.match(stdout, /Refused: 1\n {2}later: another job has its unique key 'only'/)
  })

  test('take in nothing of a file that is not whole, was changed, or is of a newer skein', async t => {
    const { run, file, other } = await bed(t)
    await run('export', file)
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    const broken: readonly (readonly [lines: readonly string[], told: RegExp])[] = [
      [lines.slice(0, -1), /cut off.*SKEIN_MALFORMED_MESSAGE/s],
      [lines.filter((_, at) => at !== 3), /it says 2 jobs, and there are 1/],
      [[...lines, '{"kind":"queue"}'], /after the last one/],
      [[lines[0] ?? '', 'nonsense', ...lines.slice(1)], /Line 2 .* not JSON/],
      [[lines[0] ?? '', '{"kind":"member"}', ...lines.slice(1)], /Line 2 .* it has no member/],
      [[lines[0] ?? '', '{"kind":"schedule","name":"s"}', ...lines.slice(1)], /Line 2 .* it has no schedule/],
      [lines.map(each => each.replace('"version":1', '"version":2')), /newer skein.*SKEIN_STORE_VERSION/s],
      [['{"kind":"job"}'], /does not begin like an export/],
      [[], /cut off/],
    ]
    for (const [text, told] of broken) {
      writeFileSync(file, text.map(each => `${each}\n`).join(''))
      const { code, stderr, stdout } = await run('import', file, '--store', other)
      assert.notEqual(code, 0, stdout)
      assert.match(stderr, told)
      assert.equal(existsSync(other.slice('sqlite:'.length)), false, 'not even the store is made')
    }
  })

  test('keep the separators of lines and paragraphs in what they move', async t => {
    const { run, file, other, queue } = await bed(t)
    await queue.submit(call(add, 'a\u2028b' as never, 'c\u2029d' as never).with({ id: 'separated' }))
    await run('export', file)
    const imported = await run('import', file, '--store', other)
    assert.equal(imported.code, 0, imported.stderr)
    const moved = await connect(other)
    t.after(() => moved.close())
    assert.deepEqual((await (await moved.job('separated'))?.status())?.args, ['a\u2028b', 'c\u2029d'])
  })

  test('leave jobs alone that run, unless they are to be taken along', async t => {
    const { run, file, other, queue, url } = await bed(t)
    const worker = await work({ store: url, tasks: [nap], on: 'loop' })
    t.after(() => worker.close({ timeout: 0 }))
    const job = await queue.submit(nap)
    for await (const event of job.events()) if (event.type === 'started') break
    const refused = await run('export', file)
    assert.equal(refused.code, 1)
    assert.match(refused.stdout, /^1 job runs now, so nothing was exported\. .*--running/)
    assert.equal(existsSync(file), false)
    assert.equal((await run('export', file, '--running')).code, 0)
    assert.equal((await run('import', file, '--store', other)).code, 0)
    const moved = await connect(other)
    t.after(() => moved.close())
    assert.equal((await (await moved.job(job.id))?.status())?.state, 'ready')
  })

  test('say how they are used', async t => {
    const { run } = await bed(t)
    assert.equal((await run('export')).code, 2)
    assert.equal((await run('import')).code, 2)
    assert.match((await run('import', 'nowhere.jsonl')).stderr, /There is no file nowhere\.jsonl/)
    if (process.platform !== 'win32')
      assert.match((await run('import', '/dev/null')).stderr, /is a pipe or a device, and an export is read twice/)
    const folder = await run('import', '.')
    assert.equal(folder.code, 2)
    assert.match(folder.stderr, /\. is a folder/)
  })
})
