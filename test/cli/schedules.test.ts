import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, test, type TestContext } from 'node:test'
import { connect, type DurableQueue } from 'skein/queue'
import { sqliteStore } from 'skein/stores/sqlite'
import { root } from '../support/paths.ts'
import { type Ended, skein, start, workplace } from './skein.ts'

const module = `
import { task } from '${pathToFileURL(join(root, 'dist/index.js')).href}'
export const report = task(import.meta, function report(of, days) { return of + ' ' + days })
`

interface Place {
  readonly url: string
  readonly queue: DurableQueue
  run(...args: string[]): Promise<Ended>
  /** Starts a worker, which ends with the test. */
  work(): void
}

/** A folder with a store and a module of tasks. */
async function place(t: TestContext): Promise<Place> {
  const folder = workplace(t)
  writeFileSync(join(folder, 'work.mjs'), module)
  const url = `sqlite:${join(folder, 'jobs.db')}`
  const queue = await connect(url)
  t.after(() => queue.close())
  const env = { SKEIN_STORE: url }
  return {
    url,
    queue,
    run: (...args) => skein(folder, ['schedules', ...args], { env }),
    work: () => {
      const running = start(folder, ['worker', 'work.mjs', '--on', 'loop'], { input: '', env })
      t.after(() => running.child.kill('SIGKILL'))
    },
  }
}

const daily = ['add', 'daily', 'work.report', '"sales"', '7', '--cron', '0 8 * * mon-fri', '--zone', 'Europe/Berlin']

describe('skein schedules', () => {
  test('adds one, shows it, and lists all', async t => {
    const { queue, run } = await place(t)
    assert.match((await run()).stdout, /There are no schedules\./)
    const { code, stdout, stderr } = await run(...daily, '--overlap', 'skip', '--jitter', '1m', '--times', '3')
    assert.equal(code, 0, stderr)
    assert.match(stdout, /daily\n +state +active\n +rule +0 8 \* \* mon-fri Europe\/Berlin\n/)
    assert.match(stdout, /task +work\.report\("sales", 7\), queue default/)
    assert.match(stdout, /jobs +0 of 3\n/)
    assert.equal((await run('add', 'poll', 'work.report', '--every', '90s', '--queue', 'other')).code, 0)
    const { stdout: listed } = await run('list')
    assert.match(listed, /name +state +rule +next +last +jobs +task/)
    assert.match(listed, /daily +active +0 8 \* \* mon-fri Europe\/Berlin +\d{4}-\S+Z, in \d+ \S+ +- +0 +work\.report/)
    assert.match(listed, /poll +active +every 90 s/)
    const [status] = await queue.schedules()
    assert.deepEqual([status?.overlap, status?.jitter, status?.times, status?.args], ['skip', 60_000, 3, ['sales', 7]])
  })

  test('shows when one comes next, for programs too', async t => {
    const { run } = await place(t)
    await run(...daily)
    const { stdout } = await run('next', 'daily', '--limit', '3')
    assert.match(stdout, /^(\d{4}-\d\d-\d\dT0[67]:00:00Z\n){3}$/)
    const { stdout: json } = await run('show', 'daily', '--json', '-n', '2')
    const shown = JSON.parse(json) as { name: string; state: string; rule: unknown; next: string[] }
    assert.deepEqual([shown.name, shown.state, shown.next.length], ['daily', 'active', 2])
    assert.deepEqual(shown.rule, { cron: '0 8 * * mon-fri', timeZone: 'Europe/Berlin' })
    const { stdout: list } = await run('--json')
    assert.equal((JSON.parse(list) as { next: string }).next, shown.next[0])
  })

  test('pauses, resumes, runs by hand and removes', async t => {
    const { queue, run, work } = await place(t)
    await run(...daily)
    assert.equal((await run('pause', 'daily')).stdout, 'Schedule daily is paused.\n')
    assert.match((await run()).stdout, /daily +paused/)
    assert.equal((await run('resume', 'daily')).stdout, 'Schedule daily goes on.\n')
    const ran = JSON.parse((await run('run', 'daily', '--json')).stdout) as { name: string; done: string; job: string }
    assert.deepEqual([ran.name, ran.done], ['daily', 'run'])
    work()
    assert.equal(await (await queue.job(ran.job))?.result(), 'sales 7')
    assert.match((await run('show', 'daily')).stdout, new RegExp(`last +${ran.job} `))
    assert.equal((await run('remove', 'daily')).stdout, 'Schedule daily is removed.\n')
    assert.deepEqual(await queue.schedules(), [])
  })

  test('has jobs that a worker submits and runs', async t => {
    const { queue, run, work } = await place(t)
    work()
    assert.equal((await run('add', 'soon', 'work.report', '"x"', '1', '--every', '1s', '--times', '1')).code, 0)
    for (;;) {
      const [status] = await queue.schedules()
      const [last] = status?.runs ?? []
      if (last === undefined) continue
      assert.deepEqual([status?.state, status?.count], ['over', 1])
      assert.equal(last.id, `soon@${new Date(last.term as number).toISOString()}`)
      assert.equal(await (await queue.job(last.id))?.result(), 'x 1')
      break
    }
  })

  test('does with the others what cannot be done with one that is damaged', async t => {
    const { url, queue, run } = await place(t)
    await run(...daily)
    const store = await sqliteStore(url)
    await store.schedules?.change([{ name: 'bad', version: 0, to: { definition: 'x', progress: 'y' } }])
    await store.close()
    const paused = await run('pause', 'bad', 'daily')
    assert.equal(paused.code, 1)
    assert.match(paused.stdout, /^Schedule bad is damaged: .*\nSchedule daily is paused\.\n$/)
    const next = await run('next', 'bad', 'daily', '--limit', '1', '--json')
    assert.equal(next.code, 1)
    const [bad, good] = next.stdout.split('\n').map(line => line && (JSON.parse(line) as Record<string, unknown>))
    assert.equal((bad as { error: { code: string } }).error.code, 'SKEIN_SCHEDULE_RULE')
    assert.equal((good as { next: string[] }).next.length, 1)
    assert.equal((await run('show', 'bad')).code, 0)
    assert.equal((await run('remove', 'bad', 'daily')).code, 0)
    assert.deepEqual(await queue.schedules(), [])
  })

  test('says what is wrong with what was asked', async t => {
    const { queue, run } = await place(t)
    await run(...daily)
    const wrong: readonly (readonly [words: string[], code: number, says: RegExp])[] = [
      [['lst'], 2, /Did you mean list\?/],
      [['list', 'daily'], 2, /skein schedules show daily/],
      [['pause'], 2, /Say which schedule/],
      [['pause', 'dayly'], 1, /There is no schedule dayly\. Did you mean daily\?/],
      [['pause', 'a b'], 2, /a word of up to 150/],
      [['pause', 'daily', '--cron', '* * * * *'], 2, /--cron goes with add/],
      [['add', 'x'], 2, /Say what it is called/],
      [['add', 'x', 'work.report'], 2, /one of cron, every and at/],
      [['add', 'x', 'work.report', '--cron', '0 0 31 2 *'], 2, /never come due/],
      [['add', 'x', 'work.report', '--cron', '* * * *'], 2, /4 fields/],
      [['add', 'x', 'work.report', '--cron', '* * * * *', '--zone', 'Mars/Olympus'], 2, /There is no time zone/],
      [['add', 'x', 'work.report', '--every', '5 minutes'], 2, /every must be a duration/],
      [['add', 'x', 'work.report', 'sales', '--every', '5m'], 2, /must be JSON/],
      [['add', 'x', 'work.report', '--at', '2030-01-01T00:00:00'], 2, /with its time zone/],
      [['add', 'x', 'work.report', '--at', '2030-02-31T00:00:00Z'], 2, /must be a moment/],
      [['add', 'x', '', '--every', '5m'], 2, /Say what it is called/],
      [['add', 'x', 'work.report', '--at', '2001-01-01T00:00:00Z'], 2, /has passed/],
      [['add', 'x', 'work.report', '--every', '5m', '--overlap', 'wait'], 2, /--overlap must be one of/],
      [['next', 'daily', '--limit', '0'], 2, /--limit must be/],
    ]
    for (const [words, code, says] of wrong) {
      const ended = await run(...words)
      assert.equal(ended.code, code, words.join(' '))
      assert.match(ended.stdout + ended.stderr, says, words.join(' '))
    }
    const gone = await run('remove', 'nobody', '--json')
    assert.equal((JSON.parse(gone.stdout) as { error: { code: string } }).error.code, 'SKEIN_SCHEDULE_GONE')
    assert.equal((await queue.schedules()).length, 1)
  })
})
